//! The outcome for whoever reads it: one file for each form. None of them decides anything.
//!
//! | File | For whom |
//! |---|---|
//! | `json` | programs; `schemas/drift.schema.json` is its schema |
//! | `html` | people: one file, without scripts, with each column's two distributions |
//! | `prometheus` | Prometheus, as a text file or a scrape |
//! | `alerts` | whoever owns what drifted |

mod alerts;
mod html;
mod json;
mod prometheus;

pub use alerts::{alert, alerts, fold};
pub use html::html;
pub use json::{SCHEMA, json};
pub use prometheus::{Budget, prometheus};
