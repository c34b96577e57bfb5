//! Has it drifted? A column has, only if the difference is large enough to matter *and* chance does not explain it, after correction
//! for all the columns that were asked and for all the days on which it was looked at. Where neither can be known the verdict is
//! *inconclusive*, with the number of values that would be needed.
//!
//! | Room | What it holds |
//! |---|---|
//! | `policy` | what is asked: significance, power, correction, looks |
//! | `method` | how two samples can be compared, and what each calls its effect |
//! | `evidence` | what was measured of one column |
//! | `measure` | from two samples to evidence |
//! | `dependence` | the same for values that follow each other or the clock |
//! | `judge` | from the evidence of a family of columns to verdicts |
//! | `looks` | the e-process of one column, for whoever looks every day |
//! | `sentence` | why, in one sentence |
//!
//! Nothing here reads a file or a clock; `drift` does.

pub mod dependence;
mod evidence;
mod judge;
mod looks;
mod measure;
mod method;
mod policy;
mod sentence;

pub use evidence::{Aspect, Decision, Evidence, Reason, Verdict};
pub use judge::judge;
pub use looks::Watch;
pub use measure::{Side, categories, missing, numbers};
pub use method::Method;
pub use policy::{Correction, Looks, Policy, Question};

#[cfg(test)]
mod tests;
