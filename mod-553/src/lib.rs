#![doc = include_str!("../README.md")]

pub mod cli;
pub mod decision;
pub mod inference_log;
pub mod profile;
pub mod statistics;
