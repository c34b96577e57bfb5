//! The sketches: mod-553's own source files, by their paths. Not by a dependency, because mod-553 brings a web server, git and a database
//! along, and each would be built here again; and not as a copy, because two would drift apart. What compares profiles stays there.

#[path = "../../src/profile/categories.rs"]
mod categories;
#[path = "../../src/profile/column.rs"]
mod column;
#[path = "../../src/profile/error.rs"]
mod error;
#[path = "../../src/profile/file.rs"]
mod file;
#[path = "../../../mod-106/src/validation/read/foreign.rs"]
mod foreign;
#[path = "../../src/profile/moments.rs"]
mod moments;
#[path = "../../src/profile/numbers.rs"]
mod numbers;
#[path = "../../src/profile/table.rs"]
mod table;

pub use categories::{CategoryProfile, Frequent};
pub use column::{ColumnProfile, Kind, Values};
pub use error::Error;
pub use file::{MOST_BYTES, VERSION, parse, read, write};
pub use moments::Moments;
pub use numbers::NumberProfile;
pub use table::Profile;
