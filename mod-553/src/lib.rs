#![doc = include_str!("../README.md")]

pub mod cli;
pub mod inference_log;
pub mod profile;
