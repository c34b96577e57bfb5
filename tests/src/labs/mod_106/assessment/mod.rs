//! The assessment: an answer sheet to a paper of the quiz. A submission is one file; the quiz's own grader judges it.
//!
//! | File | What it asks |
//! |---|---|
//! | `sheet` | is it a whole sheet, and to this paper? read with the check's own eyes |
//! | `grade` | is it good enough, altogether and by content item? |
//! | `grader` | how the paper is drawn and the sheet is graded |

mod grade;
mod grader;
mod sheet;

use crate::check::Check;

/// Where the lab's texts, solution, starter and mutants are.
pub const FOLDER: &str = "mod-106/labs/assessment-quiz";

/// The checks, in the order in which the report shows them.
pub const CHECKS: &[Check] = &[
    sheet::BELONGS,
    sheet::EACH_ONCE,
    grade::FORM,
    sheet::ANSWERED,
    grade::PRINCIPLES,
    grade::TRACKING,
    grade::REGISTRY,
    grade::DELIVERY,
    grade::VALIDATION,
    grade::FEATURES,
    grade::GOVERNANCE,
    grade::PASSES,
];
