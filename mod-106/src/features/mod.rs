//! A feature store: point-in-time training sets, an online store, a server of Feast's REST routes and a client of them, dataset lineage,
//! and a catalogue of what used what.
//!
//! | Files | What they know |
//! |---|---|
//! | `definitions` `time` | a feature repository as data |
//! | `offline/` | feature rows in files; the as-of join; training sets and their digests |
//! | `online` | the newest values, in SQLite |
//! | `wire` | the feature server's protocol, for both ends |
//! | `server/` | Feast's routes over a repository |
//! | `client` `registry` | a client of feature servers and their registries, Feast's and ours |
//! | `lineage` | what a training set was made from, logged to the tracking server |
//! | `catalogue/` | models, their runs, data, features and code: what hangs together, and where a link is missing |
//! | `error` | what can go wrong |
//!
//! Feature views are read (`definitions`, `offline`), measured (`as_of`), decided about (`lineage`, `catalogue`) and reported; only `offline`'s
//! and `online`'s files, the two ends, touch a disk.

pub mod catalogue;
pub mod client;
pub mod definitions;
mod error;
pub mod lineage;
pub mod offline;
pub mod online;
pub mod registry;
pub mod server;
pub mod time;
pub mod wire;

pub use error::Error;
