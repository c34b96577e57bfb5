//! What a comparison found, as plain data: the shape of `drift.json`, which every report is made from. A number that is not finite has
//! no place in JSON: it is left out, and the sentence in `why` says what happened.

use crate::decision::{Decision, Method, Policy};
use mod_106::validation::outcome::{Bin, Facts, Precision};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of this shape; it rises when a reader of an older report would misread a newer one.
pub const VERSION: u32 = 1;

/// One comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The version of this shape.
    pub version: u32,
    /// The monitor's name.
    pub monitor: String,
    /// `mod-553 <version>`.
    pub tool: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How long it took.
    pub duration_seconds: f64,
    /// All columns in one word.
    pub verdict: Verdict,
    /// All columns in one sentence.
    pub why: String,
    /// The window of a stream; absent when files were compared.
    pub window: Option<Window>,
    /// What the data were like.
    pub reference: Dataset,
    /// What they are like now.
    pub current: Dataset,
    /// How the columns are judged together.
    pub family: Family,
    /// One entry a column, in the reference's order.
    pub columns: Vec<Column>,
    /// Columns that the reference does not have, and that nothing can therefore be said of; at most a hundred.
    #[serde(default)]
    pub new_columns: Vec<String>,
    /// What a reader should know and no verdict says.
    pub notes: Vec<String>,
}

/// What became of a column, or of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The difference is too small to matter, or chance explains it.
    Stable,
    /// There are too few values to tell.
    Inconclusive,
    /// The sketches are too coarse to tell.
    Unresolved,
    /// It cannot be compared: the column is gone, or of another type.
    Broken,
    /// The difference is large and significant, and there are enough values to say so.
    Drift,
}

impl Verdict {
    /// The word in reports and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Inconclusive => "inconclusive",
            Self::Unresolved => "unresolved",
            Self::Broken => "broken",
            Self::Drift => "drift",
        }
    }

    /// Whether somebody should look.
    pub fn is_concern(self) -> bool {
        matches!(self, Self::Drift | Self::Broken)
    }

    /// The exit code that it stands for.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Stable => 0,
            Self::Drift | Self::Broken => 1,
            Self::Inconclusive | Self::Unresolved => 4,
        }
    }
}

/// A stretch of time: from its start, up to and without its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// RFC 3339.
    pub start: String,
    /// RFC 3339.
    pub end: String,
}

/// One side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dataset {
    /// As it was given.
    pub location: String,
    /// `csv`, `parquet`, `arrow`, `jsonl`, `log`, `profile` or `stream`.
    pub format: String,
    /// `sha256:<hex>` of the file that was read; of a log, of its columns; absent for profiles and streams.
    pub digest: Option<String>,
    /// How many rows it has.
    pub rows: u64,
    /// How many columns.
    pub columns: usize,
}

/// How the columns are judged together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Family {
    /// Significance, power, correction, looks.
    pub policy: Policy,
    /// Columns by verdict.
    pub counts: Counts,
}

/// How many columns came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are the verdicts")]
pub struct Counts {
    pub stable: usize,
    pub inconclusive: usize,
    pub unresolved: usize,
    pub broken: usize,
    pub drift: usize,
}

impl Counts {
    /// Counts them.
    pub fn of(columns: &[Column]) -> Self {
        let count = |verdict| columns.iter().filter(|column| column.verdict == verdict).count();
        Self {
            stable: count(Verdict::Stable),
            inconclusive: count(Verdict::Inconclusive),
            unresolved: count(Verdict::Unresolved),
            broken: count(Verdict::Broken),
            drift: count(Verdict::Drift),
        }
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its name.
    pub column: String,
    /// `numbers` or `categories`; of a column that changed its type, both.
    pub kind: String,
    /// Who is told.
    pub owner: String,
    /// How loudly: `info`, `warning`, `error`, `critical`.
    pub severity: String,
    /// What became of it: of its values and of what is missing, the worse.
    pub verdict: Verdict,
    /// One sentence that a person on call understands.
    pub why: String,
    /// What was decided of its values, and from what; absent when they could not be compared.
    pub values: Option<Decision>,
    /// What was decided of the share that is missing; absent when nothing is.
    pub missing: Option<Decision>,
    /// Whether every value was looked at.
    pub precision: Precision,
    /// Every measure that was taken.
    pub measures: Vec<Measure>,
    /// Counts of the reference.
    pub reference: Facts,
    /// Counts of the current data.
    pub current: Facts,
    /// Both sides, binned alike.
    pub distribution: Vec<Bin>,
    /// Categories that only the current data have; at most ten.
    pub new_categories: Vec<String>,
}

/// One measure of difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measure {
    /// Which.
    pub method: Method,
    /// Its statistic: D, χ², PSI, JS distance, W₁ in the column's unit.
    pub statistic: Option<f64>,
    /// The effect size: free of unit and of what chance adds.
    pub effect: Option<f64>,
    /// What `effect` is.
    pub effect_name: String,
    /// The p-value of the test that belongs to it.
    pub p_value: Option<f64>,
}
