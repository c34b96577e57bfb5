//! The labs: one folder each, with its checks in Rust and its rubric, hints and texts in `lab.toml`.

use crate::check::Check;
use std::path::PathBuf;

/// A lab, ready to be run.
#[derive(Clone)]
pub struct Lab {
    /// Its folder: `lab.toml`, `solution/`, `starter/`, `mutants/`.
    pub folder: PathBuf,
    /// What `lab.toml` says.
    pub manifest: LabManifest,
    /// Its checks, in declared order.
    pub checks: &'static [Check],
}

/// `lab.toml`, as read.
#[derive(Clone, Debug)]
pub struct LabManifest {
    /// `mod-106/lab-1`
    pub id: String,
    /// As people read it.
    pub title: String,
    /// What is worth points.
    pub rubric: Vec<RubricLine>,
    /// A hint for each check id.
    pub hints: std::collections::BTreeMap<String, String>,
    /// The services it stands on.
    pub world: Vec<String>,
}

/// One line of a rubric: all or nothing.
#[derive(Clone, Debug)]
pub struct RubricLine {
    /// Kebab-case.
    pub id: String,
    /// As people read it.
    pub title: String,
    /// What it is worth.
    pub points: rust_decimal::Decimal,
    /// The checks that must all pass.
    pub checks: Vec<String>,
}
