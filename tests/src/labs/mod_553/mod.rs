//! The labs of MOD-553.

pub mod lab_1;
pub mod lab_2;
pub mod lab_3;
pub mod lab_4;
pub mod lab_5;

use crate::check::Check;

/// Each lab's folder, and its checks: one line a lab.
#[rustfmt::skip]
pub const LABS: &[(&str, &[Check])] = &[
    (lab_1::FOLDER, lab_1::CHECKS),
    (lab_2::FOLDER, lab_2::CHECKS),
    (lab_3::FOLDER, lab_3::CHECKS),
    (lab_4::FOLDER, lab_4::CHECKS),
    (lab_5::FOLDER, lab_5::CHECKS),
];
