//! Dashboards as Rust types: one set of templates, from which every dashboard of the module is built, written as Grafana's JSON, linted,
//! and previewed as a page from the same queries, so that a reader sees them without Grafana.
//!
//! | Room | What it holds |
//! |---|---|
//! | `panel` | dashboards, rows and panels, and what they are written as for Grafana |
//! | `templates` | the shared set: how an objective, a rate, a share, a quantile are shown, everywhere alike |
//! | `library` | the dashboards of the inference service |
//! | `lint` | queries read by a parser before Prometheus reads them |
//! | `lines` | curves as inline SVG |
//! | `preview` | the page |
//!
//! Another part builds a dashboard of its own from `templates`, and gets linting and preview with it.

mod error;
mod library;
mod lines;
mod lint;
mod panel;
mod preview;
pub mod templates;

pub use error::Error;
pub use library::all;
pub use lint::{Finding, lint};
pub use panel::{Dashboard, Kind, Panel, Query, Row, Unit};
pub use preview::{Answer, Preview, ask, page};
