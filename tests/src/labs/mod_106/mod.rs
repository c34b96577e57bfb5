//! The labs of MOD-106, MLOps and experiment tracking.

pub mod lab_1;
