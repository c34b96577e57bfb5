//! Feature rows in files, and training sets made from them.
//!
//! The data's way: `table` reads Parquet or CSV into typed columns → `as_of` finds, for each entity row, the one feature row
//! that was true then → `training` puts columns together → `write` writes them in one step, with a digest. `latest` is the same question
//! asked for now, which materialisation needs; `append` adds rows to a source.

mod append;
mod as_of;
mod latest;
mod table;
mod training;
mod write;

pub use append::append;
pub use as_of::{FeatureRow, Known, Wanted, as_of};
pub use latest::{LatestRow, latest};
pub use table::{Column, ColumnKind, read_table};
pub use training::{TrainingRequest, TrainingSet, training_set};
pub use write::{Written, digest_of_file, write_table};
