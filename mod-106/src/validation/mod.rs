//! The automated validation suite: one spec, two data sets, one verdict. Read → measure → decide → report.
//!
//! | Room | What it holds |
//! |---|---|
//! | `outcome` | what a validation found, as plain data; the shape of `report.json` |
//! | `report` | the outcome as JSON, Markdown, HTML, JUnit and alerts |

pub mod outcome;
pub mod report;
