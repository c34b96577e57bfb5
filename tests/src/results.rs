//! Everything one run found, as plain data: what `results.json` holds and every other report is rendered from. Text in here is
//! already redacted. Nothing is decided here; `run.rs` and `grade.rs` fill it, `report/` prints it.

use crate::{backend::Backend, verdict::Verdict, wire::Exchange};
use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this format; a change that old readers would misread raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// One run of the harness.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// The harness's own version.
    pub harness_version: String,
    /// When the run began, UTC.
    #[schemars(with = "String")]
    pub started_at: Timestamp,
    /// Wall-clock time of the whole run.
    pub duration_ms: u64,
    /// Every generated name and value follows from it.
    pub seed: u64,
    /// The same run again, as typed.
    pub replay: String,
    /// One entry for each lab, submission and backend.
    pub submissions: Vec<SubmissionResult>,
    /// Every check of every submission.
    pub checks: Vec<CheckResult>,
    /// The kill matrix; empty unless it was asked for.
    pub mutants: Vec<MutantResult>,
    /// Differences between backends; empty unless they were compared.
    pub parity: Vec<ParityResult>,
    /// Conditions on the whole run, such as "every check is killed by a mutant".
    pub gates: Vec<Gate>,
    /// What is asked of each module as a whole: its quality checklist, and the maturity that a submission shows.
    #[serde(default)]
    pub modules: Vec<ModuleResult>,
    /// The counts.
    pub summary: Summary,
}

impl Results {
    /// The checks of one submission, in the order they were run.
    pub fn checks_of<'a>(&'a self, submission: &'a SubmissionResult) -> impl Iterator<Item = &'a CheckResult> {
        self.checks.iter().filter(move |check| {
            (&check.lab, check.backend, &check.submission)
                == (&submission.lab, submission.backend, &submission.submission)
        })
    }
}

/// One lab answered by one submission on one backend.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SubmissionResult {
    /// `mod-106/lab-1`
    pub lab: String,
    /// The lab's title.
    pub title: String,
    /// Where it ran.
    pub backend: Backend,
    /// The submission's variant, folder or address.
    pub submission: String,
    /// How it was confined, in words.
    pub sandbox: String,
    /// What it stood on: programs, images and their versions or digests.
    pub environment: BTreeMap<String, String>,
    /// From start to ready; never on the learner's clock.
    pub startup_ms: u64,
    /// The rubric, graded.
    pub rubric: Vec<RubricResult>,
    /// Points reached.
    #[serde(with = "rust_decimal::serde::float")]
    #[schemars(with = "f64")]
    pub points: Decimal,
    /// Points that could be reached with the checks that proved something.
    #[serde(with = "rust_decimal::serde::float")]
    #[schemars(with = "f64")]
    pub max_points: Decimal,
    /// Whether every rubric line was decided; if not, the grade is not final.
    pub complete: bool,
}

/// One line of a rubric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RubricResult {
    /// The line's id.
    pub id: String,
    /// The line, as a sentence.
    pub title: String,
    /// The checks that decide it, all or nothing.
    pub checks: Vec<String>,
    /// Points reached.
    #[serde(with = "rust_decimal::serde::float")]
    #[schemars(with = "f64")]
    pub points: Decimal,
    /// Points at stake; zero where the line left the denominator.
    #[serde(with = "rust_decimal::serde::float")]
    #[schemars(with = "f64")]
    pub max_points: Decimal,
    /// What became of the line.
    pub state: LineState,
}

/// What became of a rubric line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// All its checks passed.
    Reached,
    /// The submission failed at least one of them.
    Missed,
    /// Nobody claimed it; it leaves the denominator.
    NotClaimed,
    /// The environment kept it from being decided; it leaves the denominator and the grade is incomplete.
    Undecided,
}

/// One check on one submission.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// The check's id within its lab.
    pub id: String,
    /// The lab's id.
    pub lab: String,
    /// Where it ran.
    pub backend: Backend,
    /// The submission's variant, folder or address.
    pub submission: String,
    /// What was asked.
    pub title: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Its share of the rubric line's points, if the whole line was reached.
    #[serde(with = "rust_decimal::serde::float")]
    #[schemars(with = "f64")]
    pub points: Decimal,
    /// Its share of the rubric line's points.
    #[serde(with = "rust_decimal::serde::float")]
    #[schemars(with = "f64")]
    pub max_points: Decimal,
    /// The check's own time, without start-up and waiting.
    pub duration_ms: u64,
    /// What went wrong; absent when it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// Where to look; only where the learner can do something about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What must not depend on the backend.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub observations: BTreeMap<String, String>,
    /// What was said, redacted. Kept for checks that did not pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<Exchange>,
}

/// What went wrong, in the words of the one who has to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was looked at, or why the check could not run.
    pub what: String,
    /// What a correct submission shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What this one showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
}

impl Finding {
    /// A finding that is only a reason.
    pub fn reason(what: impl Into<String>) -> Self {
        Self { what: what.into(), expected: None, actual: None }
    }

    /// All of it in one line.
    #[must_use]
    pub fn sentence(&self) -> String {
        let expected = self.expected.iter().map(|text| format!("expected {text}"));
        let actual = self.actual.iter().map(|text| format!("found {text}"));
        let details = expected.chain(actual).collect::<Vec<_>>().join(", ");
        if details.is_empty() { self.what.clone() } else { format!("{}: {details}", self.what) }
    }
}

/// One mutant of the kill matrix.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MutantResult {
    /// The mutant's name: its mistake.
    pub id: String,
    /// The lab's id.
    pub lab: String,
    /// Where it ran.
    pub backend: Backend,
    /// The mistake in a sentence.
    pub mistake: String,
    /// The check that must kill it.
    pub meant_for: String,
    /// The checks that failed on it.
    pub killed_by: Vec<String>,
    /// What became of it.
    pub fate: Fate,
    /// Why it did not die as it should, or could not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Wall-clock time, start-up included.
    pub duration_ms: u64,
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Killed by the check meant for it, and by no check that this one follows.
    Killed,
    /// The check meant for it passed: the check proves nothing.
    Survived,
    /// Another check died first: the mutant is cruder than its mistake.
    KilledByAnother,
    /// Its backend is not to be had here.
    NotRun,
    /// The mutant could not be made, or did not start.
    Broken,
}

/// One thing that differs between backends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParityResult {
    /// The lab's id.
    pub lab: String,
    /// The check's id.
    pub check: String,
    /// `verdict`, or the name of an observation.
    pub key: String,
    /// What each backend showed.
    pub values: BTreeMap<Backend, String>,
    /// The accepted reason from the lab's `parity.toml`; without one the difference is a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_because: Option<String>,
}

/// A condition on the whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    /// The condition, as a sentence.
    pub title: String,
    /// Whether it holds.
    pub holds: bool,
    /// What keeps it from holding, one item a line.
    pub problems: Vec<String>,
}

impl Gate {
    /// How the two gates of a lab's kill matrix are called.
    pub const MUTANTS: [(&str, &str); 2] =
        [("Every mutant of ", " dies by the check that is meant for it"), ("Every check of ", " kills a mutant")];

    /// Whether it is about the kill matrix of this lab.
    #[must_use]
    pub fn of_mutants_of(&self, lab: &str) -> bool {
        Self::MUTANTS.iter().any(|(before, after)| self.title == format!("{before}{lab}{after}"))
    }
}

/// What a run says of one module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleResult {
    /// `mod-106`
    pub module: String,
    /// The quality checklist, item by item; empty for a learner's submission.
    pub quality: Vec<Claim>,
    /// How mature a practice was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maturity: Option<Maturity>,
}

/// Something that is claimed, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// Kebab-case.
    pub id: String,
    /// What must be so.
    pub title: String,
    /// As bad as the worst of its evidence.
    pub state: Standing,
    /// What shows it.
    pub evidence: Vec<EvidenceResult>,
}

/// One piece of evidence, as this run leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceResult {
    /// `check …`, `lab …`, `file …`, `test …`, `sign-off by …`
    pub what: String,
    /// What the run says of it.
    pub state: Standing,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a claim stands. Ordered from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// All of its evidence holds.
    Passed,
    /// Some of it was not looked at in this run.
    NotRun,
    /// Somebody has yet to sign.
    AwaitingSignOff,
    /// Some of it does not hold.
    Failed,
}

impl Standing {
    /// As people read it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotRun => "not run",
            Self::AwaitingSignOff => "awaiting sign-off",
            Self::Failed => "failed",
        }
    }
}

/// How mature a practice was shown, from 0 to 4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Maturity {
    /// The highest level of which, and of all below it, every criterion is met.
    pub level: u8,
    /// Whether the next level was really missed; if not, what was not run decides nothing and the level is "at least".
    pub decided: bool,
    /// The level in a word or two.
    pub title: String,
    /// All of it in a sentence.
    pub sentence: String,
    /// Every level.
    pub levels: Vec<MaturityLevel>,
}

/// One level, and how its criteria stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MaturityLevel {
    /// 0 to 4.
    pub level: u8,
    /// In a word or two.
    pub title: String,
    /// What it means.
    pub meaning: String,
    /// As bad as the worst of its criteria.
    pub state: Standing,
    /// What it asks for.
    pub criteria: Vec<Claim>,
}

/// The counts of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// How many checks ended with each verdict; every verdict is present.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Points reached over all submissions.
    #[serde(with = "rust_decimal::serde::float")]
    #[schemars(with = "f64")]
    pub points: Decimal,
    /// Points that could be reached.
    #[serde(with = "rust_decimal::serde::float")]
    #[schemars(with = "f64")]
    pub max_points: Decimal,
    /// Whether every grade is final.
    pub complete: bool,
    /// The process's exit code: 0 all passed, 1 a check or gate failed, 3 something could not be had or the harness failed.
    pub exit_code: u8,
}
