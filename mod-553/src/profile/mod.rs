//! Mergeable profiles: what a data set is like, in a few dozen kilobytes a column, whatever its size. The same profile is made from
//! one file, from a stream and from many machines: each profiles its part, and the parts are merged in any order.
//!
//! | Room | What it holds |
//! |---|---|
//! | `moments` | count, mean, variance, least and greatest, merged without loss |
//! | `numbers` | a column of numbers: moments, a KLL sketch of its quantiles, HyperLogLog of its different values |
//! | `categories` | a column of categories: frequent items and HyperLogLog |
//! | `column` | one column: its kind, its nulls, and one of the two |
//! | `table` | a whole data set: its columns by name |
//! | `file` | a profile as a file; its sketches are the bytes that DataSketches of Java, C++ and Python read |
//! | `sketch_ks` | Kolmogorov–Smirnov on sketches: drift, none, or unresolved |
//!
//! NaN, nulls and both infinities are counted apart and never reach a sketch: each has another cause, and a sketch refuses NaN.

mod categories;
mod column;
mod error;
mod file;
mod moments;
mod numbers;
mod sketch_ks;
mod table;

use mod_106::validation::read::foreign;

pub use categories::{CategoryProfile, Frequent};
pub use column::{ColumnProfile, Kind, Values};
pub use error::Error;
pub use file::{MOST_BYTES, VERSION, parse, read, write};
pub use moments::Moments;
pub use numbers::NumberProfile;
pub use sketch_ks::{SketchKs, Tail, compare};
pub use table::Profile;
