//! The inference log: one record for each prediction that was served, and one for each label that came to be known later. This is
//! the schema that serving writes and everything in this module reads.
//!
//! A log is JSON Lines, one object a line, in the order of `time`. The same columns as Parquet, with `features` flattened to
//! columns `feature.<name>`, are the shape for large windows. `record` holds the types, `read` the reader.

mod read;
mod record;

pub use read::{Error, Records, open};
pub use record::{Label, Record, Usage, Value};
