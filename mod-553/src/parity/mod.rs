//! What Evidently 0.7.23 would say: its tests, defaults, thresholds, bins and quirks, so that a team can compare before it switches. Nothing
//! here is a recommendation; `exhibits` shows where these verdicts are wrong, and `decision` is what we decide by.
//!
//! | Room | What it holds |
//! |---|---|
//! | `stat_test` | the 18 tests of numbers and categories, their thresholds, and which is taken by default |
//! | `column` | a column's score and verdict |
//! | `numbers`, `categories` | the scores |
//! | `bins` | Sturges' bins over both sides pooled, and what fills an empty one |
//! | `kernel` | the kernel of `empirical_mmd` |
//! | `twister` | numpy's generator, without which its permutation test cannot be repeated |
//! | `dataset` | the verdict of a data set |
//!
//! The two tests of texts (`perc_text_content_drift`, `abs_text_content_drift`) train a classifier of words and are not here. Source:
//! `evidently/legacy/calculations/stattests` and `data_drift.py` of that release.

mod bins;
mod categories;
mod column;
mod dataset;
mod kernel;
mod numbers;
mod stat_test;
mod twister;

pub use column::{Categories, Column, Numbers, Outcome, Refused, score};
pub use dataset::{DatasetDrift, dataset};
pub use kernel::statistic as mmd_statistic;
pub use stat_test::StatTest;
