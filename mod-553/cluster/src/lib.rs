//! Profiles as DataFusion aggregates: one plan, which runs embedded on one machine and unchanged on a Ballista cluster.
//!
//! Profiling is a map and an associative merge. Each partition of the data becomes one sketch a column, the sketches travel instead of
//! the rows (about 40 KB a column and partition, whatever its size), and are merged where the plan ends. The file that comes out is the
//! one that `mod-553 drift` reads.
//!
//! | File | What it holds |
//! |---|---|
//! | `profile` | the sketches: mod-553's own source, not a copy of it |
//! | `aggregate` | one column's sketch as an aggregate function |
//! | `plan` | files to a plan, and its answer to a profile |
//! | `cluster` | a scheduler, an executor, and the way to them |
//! | `error` | what can go wrong |

pub mod aggregate;
pub mod cluster;
mod error;
pub mod plan;
pub mod profile;

pub use error::Error;
