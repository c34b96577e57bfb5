//! The checks, and what they stand on. A lab's checks see a submission only over HTTP, on the command line and in its files.

pub mod backend;
pub mod check;
pub mod cli;
pub mod context;
pub mod expect;
pub mod fixture;
pub mod grade;
pub mod labs;
pub mod module;
pub mod mutant;
pub mod patience;
pub mod private;
pub mod redact;
pub mod report;
pub mod results;
pub mod run;
pub mod submission;
pub mod tool;
pub mod tracking;
pub mod verdict;
pub mod wire;
pub mod world;
