//! Statistics as pure functions on plain slices: no data set, no spec, no verdict. `validation` builds on them, and so may any
//! later monitor.
//!
//! | Room | What it holds |
//! |---|---|
//! | `order` | sorting numbers, and quantiles of what is sorted |
//! | `counting` | sorting numbers that repeat |
//! | `kolmogorov` | the distributions of the Kolmogorov–Smirnov statistic, exact and for large samples |
//! | `ks` | the two-sample Kolmogorov–Smirnov test |
//! | `chi_squared` | χ² of contingency tables, central and non-central distribution |
//! | `wasserstein` | the earth mover's distance, plain and safe from outliers |
//! | `bins` | bins fixed on the reference's quantiles |
//! | `divergence` | PSI and Jensen–Shannon, with their bias under no drift |
//! | `correction` | Benjamini–Hochberg and Holm |
//! | `power` | how many values a test needs to find a given effect |
//! | `interval` | confidence intervals of shares, means and ratios |
//! | `roc` | the area under the ROC curve with DeLong's interval |
//!
//! Numbers that are not defined are `None` or NaN as each function says; nothing here panics on an empty slice.

pub mod bins;
pub mod chi_squared;
pub mod correction;
mod counting;
pub mod divergence;
pub mod interval;
pub mod kolmogorov;
pub mod ks;
pub mod order;
pub mod power;
pub mod roc;
pub mod wasserstein;
