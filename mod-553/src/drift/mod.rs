//! The drift monitor: a reference and current data, one verdict for each column, each with its sentence.
//! Spec → read → measure → decide → report; the service does the same for each window that closes.
//!
//! | Room | What it holds |
//! |---|---|
//! | `spec` | methods, thresholds and windows, from YAML |
//! | `input/` | files, inference logs and URLs as one shape: columns |
//! | `measure/` | from two columns to numbers, exact in memory or from sketches; knows no threshold |
//! | `decide` | from numbers to verdicts: effect *and* corrected significance *and* enough values |
//! | `order` | values that follow each other, or the clock |
//! | `pairs` | which columns of both sides belong together |
//! | `check` | one comparison from end to end, columns side by side on all cores |
//! | `outcome` | what was found, as plain data; the shape of `drift.json` |
//! | `report/` | the outcome as JSON, HTML, Prometheus metrics and alerts |
//! | `service/` | the same for each window of a stream that closes |
//! | `error` | what stops a comparison before it has a verdict |

mod check;
mod decide;
mod error;
mod input;
mod measure;
mod order;
pub mod outcome;
mod pairs;
pub mod report;
pub mod service;
pub mod spec;

pub use check::{Settings, Stream, check, kernels, profile};
pub use error::Error;
pub use input::{Data, Fetched, Table, fetch};
pub use order::{Series, history};
