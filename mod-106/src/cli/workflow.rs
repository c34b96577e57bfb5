//! `mod-106 workflow`: the dry run of GitHub Actions workflows.

use crate::workflow::{BOUND, Policy, PolicyFile, Report, check, report};
use anyhow::Context;
use clap::Subcommand;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// `mod-106 workflow …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Find every way to production without running anything
    ///
    /// Walks all feasible paths of the workflows, with what only a run can tell left open, and says whether tests, an approval and a
    /// canary come before production on each of them. Local workflows that are called are read too.
    Check(Check),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing but notes · 1 findings · 2 a file or the configuration is malformed")]
struct Check {
    /// Workflow files, or folders of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// An environment whose required reviewers approve what goes to production; that it has them is a setting of the repository,
    /// not of the file
    #[arg(long, value_name = "NAME")]
    protected: Vec<String>,
    /// An environment that is production [default: production, prod]
    #[arg(long, value_name = "NAME")]
    production: Vec<String>,
    /// The same, and what commands do, as a file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Walk at most so many paths in each workflow
    #[arg(long, value_name = "N", default_value_t = BOUND)]
    max_paths: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print SARIF 2.1.0
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
}

/// Why the command ends other than well, its report being printed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file, or the configuration, cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// There are findings.
    #[error("the check found {0}")]
    Found(String),
}

/// Does what was asked.
///
/// # Errors
/// [`Failure`], or what the file system says.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Action::Check(arguments) = arguments.action;
    let mut files = Vec::new();
    for path in &arguments.files {
        files.extend(workflows(path)?);
    }
    let policy = policy(&arguments)?;
    let report = check(&files, &policy, arguments.max_paths);
    print(&report, &arguments)?;
    let count = report.findings.len();
    let found = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    if report.is_malformed() {
        let first = report
            .findings
            .first()
            .map(|first| format!("{}:{}:{}: {}", first.file, first.place.line, first.place.column, first.message));
        return Err(Failure::Malformed(first.unwrap_or(found)).into());
    }
    if report.passes() { Ok(()) } else { Err(Failure::Found(found).into()) }
}

fn policy(arguments: &Check) -> anyhow::Result<Policy> {
    let malformed = |path: &Path, error: String| Failure::Malformed(format!("{}: {error}", path.display()));
    let file = match &arguments.config {
        None => PolicyFile::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| malformed(path, error.to_string()))?;
            toml::from_str(&text).map_err(|error| malformed(path, error.to_string()))?
        }
    };
    let at = arguments.config.as_deref().unwrap_or(Path::new("the configuration"));
    Ok(Policy::new(file, &arguments.protected, &arguments.production)
        .map_err(|error| malformed(at, error.to_string()))?)
}

/// A folder stands for its workflows.
fn workflows(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Failure::Malformed(format!("{}: no .yml or .yaml file in this folder", path.display())).into());
    }
    Ok(found)
}

fn print(report: &Report, arguments: &Check) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(report)?)?;
    } else if arguments.sarif {
        writeln!(output, "{}", serde_json::to_string_pretty(&report::sarif(report))?)?;
    } else {
        let colours = output.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        write!(output, "{}", report::text(report, colours))?;
    }
    Ok(())
}
