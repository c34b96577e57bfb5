//! The embedded tracking server: MLflow 2.22's REST API over SQLite and object storage.
//!
//! A request's way: [`listen`] accepts it, [`routes`] finds its entry in the route table, [`auth`] says who sends it and
//! whether they may, [`parameters`] reads its fields, the handler in [`routes`] checks them against [`limits`], asks
//! [`store`] (with filters read by [`search`]) or [`artifacts`], and [`error`] turns whatever went wrong into MLflow's
//! error bodies. Start reading in [`listen`], then [`routes`].
//!
//! [`observe`] counts what happens, for Prometheus.
//!
//! Deliberately absent: a user interface, traces, the gateway, webhooks, and any route that fetches a URL for its caller.

pub mod artifacts;
pub mod auth;
pub mod config;
pub mod error;
pub mod limits;
pub mod listen;
pub mod observe;
pub mod parameters;
pub mod python_text;
pub mod records;
pub mod routes;
pub mod search;
pub mod state;
pub mod store;
