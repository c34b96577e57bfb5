//! What our verdicts are worth, and where those of other tools are not: measured, drawn, written down.
//!
//! | Room | What it holds |
//! |---|---|
//! | `draw` | data by seed: independent, tied, slow, seasonal |
//! | `calibration` | how often each decision is wrong when nothing has changed |
//! | `several` | the same for decisions about several columns, and about performance |
//! | `power` | how often each sees a shift |
//! | `figures` | both as tables and curves, for `calibration/` |
//! | `cases` | data on which tools are fooled, and what we say of them |
//! | `peers` | the same data given to the tools themselves |
//! | `page` | the exhibits as a page |

pub mod calibration;
mod cases;
mod draw;
mod error;
mod figures;
mod page;
mod peers;
pub mod power;
mod several;

pub use cases::{Case, Peer, cases};
pub use error::Error;
pub use figures::{calibration_table, power_chart, power_table};
pub use page::{Shown, markdown, page};
pub use peers::{Answer, answer};
