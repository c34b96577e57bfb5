//! What the check found, for people (`text`), for programs (JSON, by serde) and for code scanning (`sarif`).

mod sarif;
mod text;

pub use sarif::sarif;
pub use text::text;
