//! The inference log: one record for each prediction that was served, and one for each label that came to be known later. This is
//! the schema that serving writes and everything in this module reads.
//!
//! A log is JSON Lines, one object a line, in the order of `time`. The same columns as Parquet, with `features` flattened to
//! columns `feature.<name>`, are the shape for large windows.
//!
//! | File | What it holds |
//! |---|---|
//! | `record` | the types of a line |
//! | `read` | records, line by line |
//! | `labels` | labels, line by line |
//! | `columns` | records as Arrow and Parquet |
//! | `schema` | both lines as JSON Schema, for whoever writes them in another language |

mod columns;
mod labels;
mod read;
mod record;
mod schema;

pub use columns::{FEATURE, Shape, ValueKind, to_parquet};
pub use labels::read_labels;
pub use read::{Error, Records, open};
pub use record::{Label, Record, Usage, Value};
pub use schema::{LABEL_SCHEMA, RECORD_SCHEMA};
