//! The automated validation suite: one spec, two data sets, one verdict. Read → measure → decide → report.
//!
//! | Room | What it holds |
//! |---|---|
//! | `spec` | what is expected, from YAML |
//! | `read` | CSV, Parquet and JSON Lines as streams of columns |
//! | `measure` | from columns to numbers, without knowing a threshold |
//! | `decide` | from numbers to verdicts, each with its sentence |
//! | `run` | one validation from end to end; `compare`, `performance`, `budgets` and `signature` are its larger sections |
//! | `table` | two samples of numbers counted in the same bins |
//! | `outcome` | what a validation found, as plain data; the shape of `report.json` |
//! | `report` | the outcome as JSON, Markdown, HTML, JUnit and alerts |
//! | `error` | what stops a validation before it has a verdict |

mod budgets;
mod compare;
mod decide;
mod error;
mod measure;
pub mod outcome;
mod performance;
pub mod read;
pub mod report;
mod run;
mod signature;
pub mod spec;
pub mod table;

pub use error::Error;
pub use measure::metrics;
pub use run::{Settings, validate};

#[cfg(test)]
mod tests;
