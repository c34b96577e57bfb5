//! Is the canary worse than the champion? Read → measure → decide: a file of observations, a confidence interval for each measure,
//! a verdict against a margin.
//!
//! Each measure asks for *non-inferiority*: how much worse the canary may be at the most is the margin, fixed beforehand. The whole
//! interval below the margin is a pass, the whole interval above is a fail, and an interval that holds the margin is inconclusive:
//! more traffic will tell. The tempting wrong choice is a test for *difference*: with little traffic nothing differs significantly,
//! and every canary passes.
//!
//! - `observations.rs` — the file, checked
//! - `interval.rs` — Newcombe's interval for two proportions, Welch's for two means
//! - `verdict.rs` — limits, and the decision

mod interval;
mod observations;
mod verdict;

pub use interval::{Interval, difference_of_means, difference_of_proportions};
pub use observations::{Observations, Side};
pub use verdict::{Judgement, Limits, Measure, Measured, Verdict, judge};
