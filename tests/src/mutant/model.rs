//! A mutant's file: strict TOML, one file a mistake, named after it. Unknown keys, a mutant that changes nothing and a pattern
//! that does not parse are errors that name the file, the line and what was expected.

use super::{CommandFault, Edit, HttpFault, Place};
use crate::{
    backend::Backend,
    submission::{ManifestError, read_toml},
};
use serde::Deserialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A reference submission with one mistake in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// The file's name without `.toml`: the mistake in kebab-case.
    #[serde(skip)]
    pub name: String,
    /// The one check that must kill it.
    pub meant_for: String,
    /// The cheapest backend on which the mistake shows.
    pub backend: Backend,
    /// What a learner got wrong, in one sentence.
    pub mistake: String,
    /// Faults of the HTTP exchanges; the first that matches applies.
    #[serde(default, rename = "fault")]
    pub faults: Vec<HttpFault>,
    /// Changes to files before the start.
    #[serde(default, rename = "edit")]
    pub edits: Vec<Edit>,
    /// Changes to named commands.
    #[serde(default, rename = "command")]
    pub commands: Vec<CommandFault>,
}

/// Why mutants cannot be used. Always the harness's fault, never a learner's.
#[derive(Debug, thiserror::Error)]
pub enum MutantError {
    /// The file or its folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a mutant.
    #[error("{0}")]
    Malformed(#[from] Box<ManifestError>),
    /// An edit does not apply any more: the reference has moved on and the mutant has not.
    #[error("mutant {mutant}: {message}")]
    Stale {
        /// The mutant's name.
        mutant: String,
        /// Which edit, and why.
        message: String,
    },
}

impl Mutant {
    /// Applies the edits to a private copy of the submission.
    ///
    /// # Errors
    /// A file cannot be read or written, or an edit's text does not occur in it.
    pub fn apply_edits(&self, copy: &Path) -> Result<(), MutantError> {
        self.edits.iter().try_for_each(|edit| edit.apply(&self.name, copy))
    }

    /// How this mutant changes the named command when it is called with these arguments, if it does.
    #[must_use]
    pub fn command(&self, name: &str, arguments: &[String]) -> Option<&CommandFault> {
        self.commands.iter().find(|fault| fault.name == name && fault.applies(arguments))
    }

    /// The faults that stand before a service of the world, or before the submission itself.
    pub fn faults_before(&self, place: Option<Place>) -> impl Iterator<Item = &HttpFault> {
        self.faults.iter().filter(move |fault| fault.world == place)
    }

    fn read(path: &Path) -> Result<Self, MutantError> {
        let (mut mutant, _) = read_toml::<Self>(path)?;
        if mutant.faults.is_empty() && mutant.edits.is_empty() && mutant.commands.is_empty() {
            let message = "changes nothing: expected at least one [[fault]], [[edit]] or [[command]]";
            return Err(Box::new(ManifestError::whole(path, message)).into());
        }
        mutant.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(mutant)
    }
}

/// Reads every `*.toml` of a folder, in the order of their names. A folder that does not exist holds no mutants.
///
/// # Errors
/// The first file that cannot be read or is not a mutant.
pub fn load(folder: &Path) -> Result<Vec<Mutant>, MutantError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| MutantError::Io { path, source }
    };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let path = entry.map_err(io(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    files.iter().map(|path| Mutant::read(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Mutant, MutantError};

    fn read(text: &str) -> Result<Mutant, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a-mistake.toml");
        std::fs::write(&path, text).unwrap();
        Mutant::read(&path).map_err(|error| match error {
            MutantError::Malformed(error) => format!("{}:{}: {}", error.line, error.column, error.message),
            other => other.to_string(),
        })
    }

    const HEAD: &str = "meant_for = \"c\"\nbackend = \"embedded\"\nmistake = \"m\"\n";

    #[test]
    fn is_named_after_its_file() {
        let text = format!("{HEAD}[[command]]\nname = \"rotate\"\ninstead = [\"true\"]\n");
        let mutant = read(&text).unwrap();
        assert_eq!(mutant.name, "a-mistake");
        assert!(mutant.command("rotate", &[]).is_some());
    }

    #[test]
    fn one_that_changes_nothing_is_refused() {
        assert!(read(HEAD).unwrap_err().contains("changes nothing"));
    }

    #[test]
    fn an_unknown_key_and_a_broken_pattern_are_named_with_their_line() {
        let unknown = read(&format!("{HEAD}[[fault]]\nmatch = {{ pth = \"x\" }}\n")).unwrap_err();
        assert!(unknown.starts_with("5:") && unknown.contains("pth"), "{unknown}");
        let broken = read(&format!("{HEAD}[[fault]]\nmatch = {{ path = \"(\" }}\nstatus = 200\n")).unwrap_err();
        assert!(broken.starts_with("5:") && broken.contains("unclosed group"), "{broken}");
    }

    #[test]
    fn faults_know_where_they_stand() {
        let text = format!(
            "{HEAD}[[fault]]\nmatch = {{}}\nstatus = 500\n[[fault]]\nworld = \"github\"\nmatch = {{}}\ndrop = true\n"
        );
        let mutant = read(&text).unwrap();
        assert_eq!(mutant.faults_before(None).count(), 1);
        assert_eq!(mutant.faults_before(Some(super::Place::Github)).count(), 1);
        assert_eq!(mutant.faults_before(Some(super::Place::Tracking)).count(), 0);
        assert!(read(&format!("{HEAD}[[fault]]\nworld = \"s4\"\nmatch = {{}}\n")).unwrap_err().starts_with("5:"));
    }
}
