//! MOD-106 lab 4, "Features and metadata": what a feature store, its training sets and a metadata catalogue must show. Its rubric, points and
//! hints are in `mod-106/labs/lab-4-features-and-metadata/lab.toml`; here is what is done to find out.
//!
//! - `online.rs` — the feature server: newest values, pushes, what is not known
//! - `training.rs` — training sets: point in time, time to live, ties, rows kept
//! - `lineage.rs` — what a training set was made from, in the tracking server
//! - `catalogue.rs` — which model used what, and where a link is missing
//! - `shop.rs` — what these are written with: rows by seed, the lab's commands, answers read by name

mod catalogue;
mod lineage;
mod online;
mod shop;
mod training;

use crate::check::Check;

/// Where the lab's data lives, seen from the repository's root.
pub const FOLDER: &str = "mod-106/labs/lab-4-features-and-metadata";

/// The lab's checks in declared order; exclusive ones run last, in this order.
pub const CHECKS: &[Check] = &[
    online::UNKNOWN_ENTITIES,
    online::UNKNOWN_FEATURES,
    online::PUSH,
    training::KEEPS_ROWS,
    training::POINT_IN_TIME,
    training::TIME_TO_LIVE,
    training::TIES,
    training::BAD_INPUT,
    lineage::REPRODUCIBLE,
    lineage::DIGEST,
    lineage::SOURCES,
    catalogue::LINKS,
    catalogue::REGISTRY,
    catalogue::GAPS,
    catalogue::PAGE,
    online::NEWEST,
    online::INCREMENTAL,
    online::SKEW,
    online::RESTART,
];
