//! Data as columns, wherever they are and however they are written.
//!
//! | File | What it does |
//! |---|---|
//! | `fetch` | what a location names: a file here, or one that is fetched by its URL first |
//! | `data` | the opened data: a table that is scanned by columns, or a profile |

mod data;
mod fetch;

pub use data::{Data, Table};
pub(super) use fetch::s3;
pub use fetch::{Fetched, fetch};
