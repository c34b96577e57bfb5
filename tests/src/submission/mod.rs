//! A submission: read its manifest, start it, wait until it is ready, ask it things, stop it and all that it started.

mod deployment;
mod parts;

pub use deployment::Deployment;
pub use parts::{Account, CommandOutput, LogText, Process, Secret};
