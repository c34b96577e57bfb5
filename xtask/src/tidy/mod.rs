//! `cargo xtask tidy`: what a program can check of the house style. The workspace is read once (`workspace.rs`), Rust files
//! are split into code and comments (`source.rs`), and every rule is a pure function from the workspace to findings, one
//! file each. Thresholds, names and allowed arrows are data: `xtask/tidy.toml`.
//!
//! It judges no taste and does nothing again that the compiler, Clippy or rustfmt already do.

mod architecture;
mod arrows;
mod dependencies;
mod documents;
mod labs;
mod leftovers;
mod modules;
mod names;
mod parts;
mod scripts;
mod sizes;
mod source;
mod workspace;

use anyhow::{Result, ensure};
use std::{fmt, process::ExitCode};
use workspace::Workspace;

/// One thing that is not as the house has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, from the workspace's root.
    file: String,
    /// The line, counted from one.
    line: usize,
    /// What is wrong, and the way out.
    message: String,
}

impl Finding {
    fn new(file: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.into(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// A rule: a question to the whole workspace.
type Rule = fn(&Workspace) -> Vec<Finding>;

const RULES: [Rule; 11] = [
    documents::check,
    sizes::check,
    names::check,
    leftovers::check,
    arrows::check,
    parts::check,
    dependencies::check,
    architecture::check,
    labs::check,
    modules::check,
    scripts::check,
];

/// Prints every finding as `file:line: message`; exits with 1 when there is one.
pub(crate) fn run() -> Result<ExitCode> {
    let findings = findings()?;
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same as a step of `cargo xtask test`.
pub(crate) fn expect_clean() -> Result<()> {
    let findings = findings()?;
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(findings.is_empty(), "{} findings", findings.len());
    Ok(())
}

fn findings() -> Result<Vec<Finding>> {
    let workspace = Workspace::read(&crate::cargo::root())?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&workspace)).collect();
    findings.sort();
    Ok(findings)
}
