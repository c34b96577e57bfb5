//! The automated validation suite: one spec, two data sets, one verdict. Read → measure → decide → report.
//!
//! | Room | What it holds |
//! |---|---|
//! | `outcome` | what a validation found, as plain data; the shape of `report.json` |

pub mod outcome;
