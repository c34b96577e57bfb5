#![doc = include_str!("../README.md")]

pub mod alerts;
pub mod audit;
pub mod charts;
pub mod cli;
pub mod client;
pub mod digest;
pub mod documents;
pub mod features;
pub mod github;
pub mod governance;
pub mod promotion;
pub mod quiz;
pub mod server;
pub mod statistics;
pub mod validation;
pub mod workflow;
