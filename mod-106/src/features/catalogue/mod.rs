//! The metadata catalogue: for each model version the run that made it, the data and features that run read, and the code it ran.
//!
//! `read` asks the tracking server; `assemble` puts what it said beside what the feature registry defines, and names every link that is
//! missing; `page` writes it down. A gap is shown where the link would be: a catalogue that leaves it out looks complete.

mod assemble;
mod page;
mod read;

pub use assemble::{Catalogue, Gap};
pub use page::write;
pub use read::{ModelRecord, VersionRecord, read_models};
