//! MOD-106 lab 1, "Deploy MLflow tracking and registry": what a deployment must show. Its rubric, points and hints are in
//! `mod-106/labs/lab-1-tracking-and-registry/lab.toml`; here is what is done to find out.
//!
//! - `health.rs` `authentication.rs` `permissions.rs` — it runs, and lets the right people do the right things
//! - `experiments.rs` `runs.rs` `metrics.rs` `search.rs` — tracking
//! - `registry.rs` — the model registry
//! - `artifacts.rs` `traversal.rs` — the artifact store, and the ways out of it
//! - `tls.rs` `secrets.rs` `durability.rs` `rotation.rs` `backup.rs` — operations
//! - `probe.rs` `keepsake.rs` — what these are written with

mod artifacts;
mod authentication;
mod backup;
mod durability;
mod experiments;
mod health;
mod keepsake;
mod metrics;
mod permissions;
mod probe;
mod registry;
mod rotation;
mod runs;
mod search;
mod secrets;
mod tls;
mod traversal;

use crate::check::Check;

/// Where the lab's data lives, seen from the repository's root.
pub const FOLDER: &str = "mod-106/labs/lab-1-tracking-and-registry";

/// The lab's checks in declared order; exclusive ones run last, in this order.
pub const CHECKS: &[Check] = &[
    health::SPEAKS_REST,
    authentication::NO_CREDENTIALS,
    authentication::WRONG_PASSWORD,
    permissions::READER,
    permissions::STRANGER,
    permissions::PROMOTION,
    experiments::LIFECYCLE,
    runs::LIFECYCLE,
    runs::PARAMS,
    runs::TAGS,
    runs::DATASETS,
    metrics::HISTORY,
    metrics::ODD_VALUES,
    metrics::BATCHES,
    search::FILTERS,
    search::PAGES,
    registry::VERSIONS,
    registry::CONCURRENT,
    registry::STAGES,
    registry::ALIASES,
    registry::SEARCH,
    artifacts::ROUND_TRIP,
    artifacts::ODD_NAMES,
    artifacts::IN_BUCKET,
    traversal::PATHS,
    traversal::SOURCES,
    traversal::LOCATIONS,
    tls::TLS,
    secrets::PROCESSES,
    secrets::LOGS,
    secrets::IMAGES,
    durability::RESTART,
    rotation::ROTATION,
    backup::RESTORE,
];
