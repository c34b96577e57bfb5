//! What one validation found, as plain data: the answer of `measure` and `decide`, and the shape of `report.json`.
//!
//! Nothing is rendered here and nothing is computed, so that every report says the same. `expectations` is the whole list of
//! decisions, in the order of the spec; the other sections hold what is behind some of them and name them by `id`. A number that
//! is not finite has no place in JSON: it is left out, and the sentence in `why` says what happened.

mod drift;
mod performance;

pub use drift::{Bin, BinKind, Correction, Drift, DriftColumn, Method};
pub use performance::{CalibrationBin, Confusion, Metric, Performance};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of this shape; it rises when a reader of an older report would misread a newer one.
pub const VERSION: u32 = 1;

/// One validation: of one spec, on one pair of data sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The version of this shape, [`VERSION`].
    pub version: u32,
    /// The suite's name, from the spec.
    pub suite: String,
    /// What the suite is for, from the spec.
    pub description: Option<String>,
    /// The spec's path, as it was given.
    pub spec: String,
    /// `sha256:<hex>` of the spec's bytes.
    pub spec_digest: String,
    /// `mod-106 <version>`.
    pub tool: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How long it took.
    pub duration_seconds: f64,
    /// All expectations in one word; see [`Outcome::decide`].
    pub verdict: Verdict,
    /// How many expectations came to which verdict.
    pub counts: Counts,
    /// The data that were looked at: `current` first, `reference` where the spec names one.
    pub datasets: Vec<Dataset>,
    /// Every decision, in the order of the spec.
    pub expectations: Vec<Expectation>,
    /// Reference against current, one entry a column; absent when the spec asks for no drift.
    pub drift: Option<Drift>,
    /// Predictions against labels; absent when the spec asks for none.
    pub performance: Option<Performance>,
    /// Latency, size and other budgets.
    pub budgets: Vec<Budget>,
    /// The model's signature against the data; absent when the spec asks for none.
    pub signature: Option<Signature>,
    /// What a reader should know and no verdict says, such as columns that were sketched.
    pub notes: Vec<String>,
}

impl Outcome {
    /// The verdict of a suite: only *critical* expectations decide it. One that failed fails the suite, one that could not be
    /// looked at (`error`) comes next, then `inconclusive`; warnings are shown and alerted on, and never stop a release.
    pub fn decide(expectations: &[Expectation]) -> Verdict {
        let deciding = || expectations.iter().filter(|expectation| expectation.severity == Severity::Critical);
        [Verdict::Failed, Verdict::Error, Verdict::Inconclusive]
            .into_iter()
            .find(|verdict| deciding().any(|expectation| expectation.verdict == *verdict))
            .unwrap_or(Verdict::Passed)
    }

    /// The expectation with this id.
    pub fn expectation(&self, id: &str) -> Option<&Expectation> {
        self.expectations.iter().find(|expectation| expectation.id == id)
    }
}

/// What became of an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// The data are too few, or too coarsely sketched, to tell.
    Inconclusive,
    /// It could not be looked at, such as a range of a column of text.
    Error,
}

impl Verdict {
    /// The word in reports and tags.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
        }
    }
}

/// How much an expectation matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Somebody should look at it; it does not stop a release.
    Warning,
    /// It decides the suite.
    #[default]
    Critical,
}

impl Severity {
    /// The word in specs, reports and alerts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// How many expectations came to which verdict, of every severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are the verdicts")]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub inconclusive: usize,
    pub error: usize,
}

impl Counts {
    /// Counts them.
    pub fn of(expectations: &[Expectation]) -> Self {
        let count = |verdict| expectations.iter().filter(|expectation| expectation.verdict == verdict).count();
        Self {
            passed: count(Verdict::Passed),
            failed: count(Verdict::Failed),
            inconclusive: count(Verdict::Inconclusive),
            error: count(Verdict::Error),
        }
    }
}

/// Which data set something is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// What the model learned from, or was last accepted on.
    Reference,
    /// What is validated.
    #[default]
    Current,
}

impl Side {
    /// The word in specs and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Current => "current",
        }
    }
}

/// One thing that was expected, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// Unique in the suite: letters, digits, `-`, `_` and `.`; part of metric names and alert labels.
    pub id: String,
    /// What is expected, in the spec's words: `nulls`, `range`, `drift`, `performance`, `budget`, `signature` …
    pub kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// Who is told.
    pub owner: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// The data set that it is about; of drift, `current`.
    pub on: Side,
    /// What became of it.
    pub verdict: Verdict,
    /// What was measured, such as `null_share`; the last part of its metric's name.
    pub measure: String,
    /// The measured value, where it is a finite number.
    pub measured: Option<f64>,
    /// A confidence interval around it, where there is one.
    pub interval: Option<Interval>,
    /// What it had to be.
    pub threshold: Threshold,
    /// Whether every row was looked at, or a sketch of them.
    pub precision: Precision,
    /// One sentence: what was found, what was expected and, of a failure, what to do next.
    pub why: String,
    /// Some of the values or rows that break it, for people; at most five.
    pub examples: Vec<String>,
}

/// What a measured value had to be; both ends are included, and either may be open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Threshold {
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
    /// In words, where it is not a number: `one of 3 categories`.
    pub words: Option<String>,
}

/// A confidence interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// How sure: 0.95.
    pub confidence: f64,
    /// How it was made: `wilson`, `delong`, `newcombe`, `student`, `bootstrap` …
    pub method: String,
}

/// Whether every value was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Precision {
    /// Every value.
    Exact,
    /// A sketch of them. What all of them would give lies within `error` of what is given, as surely as the sketches' own bounds
    /// hold: KLL's with 99 % for each side that is sketched, those of frequent items always. Each method carries them through to
    /// its effect: Kolmogorov–Smirnov's D by the triangle inequality, tables of counts bin by bin, in the bins that are
    /// shown, and W₁ with the reference's quartiles taken for right.
    Sketched {
        /// Of drift, in the unit of the effect; of a budget, in the budget's.
        error: f64,
        /// `KLL k=1000` or `frequent items`.
        sketch: String,
    },
}

/// A data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dataset {
    /// Which one.
    pub side: Side,
    /// The path, as the spec gives it.
    pub path: String,
    /// `csv`, `parquet` or `jsonl`.
    pub format: String,
    /// The file's size.
    pub bytes: u64,
    /// `sha256:<hex>` of the file's bytes.
    pub digest: String,
    /// How many rows it has.
    pub rows: u64,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// A column, and what is missing from it. The four kinds of absence are counted apart, for each has another cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `boolean`, `integer`, `float`, `text`, `timestamp`, or `other` of a nested column, which nothing looks into.
    pub kind: String,
    /// What was counted, when some expectation or the search for drift looked at this column.
    pub facts: Option<Facts>,
}

/// What was counted of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// All rows.
    pub rows: u64,
    /// Rows without a value.
    pub nulls: u64,
    /// Not a number.
    pub nans: u64,
    /// +∞.
    pub positive_infinities: u64,
    /// −∞.
    pub negative_infinities: u64,
    /// Of numbers, the least finite one.
    pub min: Option<f64>,
    /// Of numbers, the greatest finite one.
    pub max: Option<f64>,
    /// Of numbers, the mean of the finite ones.
    pub mean: Option<f64>,
    /// How many different values there are, nulls and NaN left out.
    pub distinct: Option<f64>,
    /// How far `distinct` may be off, with 95 % confidence, where HyperLogLog estimated it; absent where it was counted.
    #[serde(default)]
    pub distinct_error: Option<f64>,
}

/// A budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Budget {
    /// The expectation that this is behind.
    pub id: String,
    /// What is limited: `p99 of latency_ms`, `size of model/`, `latency.p99 in metrics.json`.
    pub subject: String,
    /// What was spent.
    pub spent: Option<f64>,
    /// What may be spent.
    pub limit: f64,
    /// `ms`, `bytes`, or empty.
    pub unit: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// A model's signature against the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Signature {
    /// The expectation that this is behind.
    pub id: String,
    /// The `MLmodel` file, as the spec gives it.
    pub model: String,
    /// Every input, and every output that the data hold.
    pub fields: Vec<SignatureField>,
    /// Columns of the data that the signature does not know.
    pub unknown_columns: Vec<String>,
}

/// One input of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SignatureField {
    /// Its name.
    pub name: String,
    /// The type that the model expects: `double`, `long`, `string` …
    pub expected: String,
    /// The type of the data's column; absent when there is none.
    pub found: Option<String>,
    /// Whether the model can do without.
    pub required: bool,
    /// What became of it.
    pub verdict: Verdict,
    /// One sentence.
    pub why: String,
}

/// A finite number, or nothing: what JSON can hold.
pub fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectation(severity: Severity, verdict: Verdict) -> Expectation {
        Expectation {
            id: "age".to_owned(),
            kind: "range".to_owned(),
            severity,
            owner: "data".to_owned(),
            column: None,
            on: Side::Current,
            verdict,
            measure: "outside_share".to_owned(),
            measured: Some(0.0),
            interval: None,
            threshold: Threshold::default(),
            precision: Precision::Exact,
            why: String::new(),
            examples: Vec::new(),
        }
    }

    #[test]
    fn only_what_is_critical_decides() {
        fn check(given: &[(Severity, Verdict)], expected: Verdict) {
            let all: Vec<_> = given.iter().map(|(severity, verdict)| expectation(*severity, *verdict)).collect();
            assert_eq!(Outcome::decide(&all), expected);
        }
        use Severity::{Critical, Warning};
        check(&[], Verdict::Passed);
        check(&[(Warning, Verdict::Failed)], Verdict::Passed);
        check(&[(Critical, Verdict::Inconclusive), (Critical, Verdict::Passed)], Verdict::Inconclusive);
        check(&[(Critical, Verdict::Inconclusive), (Critical, Verdict::Error)], Verdict::Error);
        check(&[(Critical, Verdict::Error), (Critical, Verdict::Failed)], Verdict::Failed);
    }
}
