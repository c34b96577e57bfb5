//! The labs of MOD-553.

use crate::check::Check;

/// Each lab's folder, and its checks: one line a lab.
#[rustfmt::skip]
pub const LABS: &[(&str, &[Check])] = &[
];
