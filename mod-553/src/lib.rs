#![doc = include_str!("../README.md")]

pub mod cli;
pub mod dashboards;
pub mod decision;
pub mod drift;
pub mod incident;
pub mod inference;
pub mod inference_log;
pub mod instrument;
pub mod multivariate;
pub mod online;
pub mod performance;
pub mod playbook;
pub mod profile;
pub mod slo;
pub mod statistics;
