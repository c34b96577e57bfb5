//! What a submission stands on: one room for each service, its backends side by side. `s3/` is the given bucket, `docker.rs`
//! finds out whether containers are to be had here. A world decides nothing about a submission.

pub mod docker;
pub mod s3;
