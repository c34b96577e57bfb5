//! The workspace as the rules see it: every text file in memory, Rust files already split into code and comments. Rules do
//! no I/O, so a test hands them a workspace of three lines. Next: any rule, for instance `sizes.rs`.

use super::source::{self, Source};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Folders that hold no source of ours, wherever they are.
const SKIPPED: [&str; 6] = ["target", ".git", "reports", "__pycache__", ".venv", "node_modules"];

/// Files larger than this are data, not text that a person reads.
const LARGEST_TEXT_BYTES: u64 = 1 << 20;

/// Everything that the rules look at.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Every text file by its path from the root, with forward slashes.
    pub(crate) files: BTreeMap<String, String>,
    /// The Rust files among them, split into code and comments.
    pub(crate) sources: BTreeMap<String, Source>,
    /// What the house allows: `xtask/tidy.toml`.
    pub(crate) house: House,
}

/// The data of the rules. See the comments in `xtask/tidy.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct House {
    /// The most lines of a file, its unit tests not counted.
    pub(crate) file_lines: usize,
    /// The most lines of a function.
    pub(crate) function_lines: usize,
    /// Words that no file or module is called.
    pub(crate) banned_names: Vec<String>,
    /// Files and folders that commands write, so that the documents may name them.
    pub(crate) written: Vec<String>,
    /// For each crate, the workspace crates it may depend on.
    pub(crate) crates: BTreeMap<String, Vec<String>>,
    /// For each crate that has parts, for each part, the parts it may use.
    pub(crate) parts: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl Workspace {
    /// Reads every text file under `root`.
    ///
    /// # Errors
    /// When a file cannot be read, or `xtask/tidy.toml` is malformed.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for path in list(root).with_context(|| format!("cannot list {}", root.display()))? {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            if let Ok(text) = String::from_utf8(bytes) {
                files.insert(name, text);
            }
        }
        let house = files.get("xtask/tidy.toml").context("xtask/tidy.toml is missing")?;
        let house = toml::from_str(house).context("xtask/tidy.toml")?;
        Ok(Self::new(files, house))
    }

    /// A workspace of these files.
    pub(crate) fn new(files: BTreeMap<String, String>, house: House) -> Self {
        let sources = files
            .iter()
            .filter(|(path, _)| Path::new(path).extension().is_some_and(|extension| extension == "rs"))
            .map(|(path, text)| (path.clone(), source::read(text)))
            .collect();
        Self { files, sources, house }
    }

    /// The manifests of the members, as `(folder, text)`. A workspace of its own, which the root leaves out, is no member.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = (&str, &str)> {
        let manifests =
            self.files.iter().filter_map(|(path, text)| Some((path.strip_suffix("/Cargo.toml")?, text.as_str())));
        manifests.filter(|(_, text)| !text.lines().any(|line| line == "[workspace]"))
    }
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
            paths.extend(list(&entry.path())?);
        } else if kind.is_file() && entry.metadata()?.len() <= LARGEST_TEXT_BYTES {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

/// What the rules' tests build their workspaces from.
#[cfg(test)]
pub(super) fn example(files: &[(&str, &str)]) -> Workspace {
    let house = toml::from_str(include_str!("../../tidy.toml")).expect("the committed data is well-formed");
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Workspace::new(files, house)
}

/// What a rule says of these files, as lines `file:line: message`.
#[cfg(test)]
pub(super) fn findings(rule: super::Rule, files: &[(&str, &str)]) -> Vec<String> {
    rule(&example(files)).iter().map(ToString::to_string).collect()
}
