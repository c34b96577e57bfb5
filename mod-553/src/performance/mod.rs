//! How good a model still is: estimated while labels are missing, measured when they have come.
//!
//! | File | What it holds |
//! |---|---|
//! | `cbpe` | confidence-based estimation of a classifier's metrics from its calibrated scores |
//! | `dle` | direct estimation of a regressor's loss |
//! | `isotonic` | isotonic calibration, and whether scores need it |
//! | `expected` | metrics of what is true with a probability |
//! | `judge` | an estimate beside what is usual |
//! | `ledger` | predictions and their labels, joined whenever either comes |
//! | `window` | what a window's labels say, or why they say nothing yet |
//! | `error` | what cannot be estimated |
//!
//! Both estimators know the inputs only: they see a shift of what is asked, and are blind when the same question has another answer
//! (concept drift). Only labels show that; so estimates bridge the time until labels come, and the ledger checks them afterwards.

mod cbpe;
mod dle;
mod error;
mod expected;
mod isotonic;
mod judge;
mod ledger;
mod window;

pub use cbpe::{Calibration, Cbpe, Estimator, Outcomes};
pub use dle::{Dle, LossEstimator};
pub use error::Error;
pub use isotonic::{Isotonic, Point, calibration_error};
pub use judge::{Estimate, State};
pub use ledger::{Anomalies, Ledger};
pub use window::{Measure, Standing, Task, Terms, Window};

#[cfg(test)]
mod tests;
