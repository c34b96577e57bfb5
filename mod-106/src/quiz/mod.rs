//! The quiz: papers drawn from a question bank by seed, taken on a terminal, graded against a key that learners never get.
//!
//! The bank lies in `mod-106/quiz/questions/` and is built into the program; the key lies in `mod-106/quiz/key/`, is read from a folder
//! that instructors name, and is built into nothing. On the data's way:
//!
//! | File | What it holds |
//! |---|---|
//! | `bank` | questions as data, validated as they are read |
//! | `paper` | a paper: drawn by seed, balanced, with a digest |
//! | `answer` | one answer: from a file, from a keyboard, or blank |
//! | `sheet` | the file of a learner's answers, bound to its paper |
//! | `session` | taking a paper, question by question |
//! | `key` | the right answers, and how short answers are compared |
//! | `verify` | whether bank and key fit together |
//! | `credit` | exact fractions of a question's points |
//! | `grade` | answers become points, points become feedback |
//! | `render` | papers, keys and grades as people read them |

pub mod answer;
pub mod bank;
pub mod credit;
pub mod error;
pub mod grade;
pub mod key;
pub mod paper;
pub mod render;
pub mod session;
pub mod sheet;
pub mod verify;

pub use error::Error;
