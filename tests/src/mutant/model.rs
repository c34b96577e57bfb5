//! A mutant's file: strict TOML, one file a mistake, named after it. Unknown keys, a mutant that changes nothing and a pattern
//! that does not parse are errors that name the file, the line and what was expected.

use super::{CommandFault, Edit, HttpFault};
use crate::backend::Backend;
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
    #[error("{}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, column, what was found and what was expected.
        message: String,
    },
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

    /// How this mutant changes the named command, if it does.
    #[must_use]
    pub fn command(&self, name: &str) -> Option<&CommandFault> {
        self.commands.iter().find(|fault| fault.name == name)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, MutantError> {
        let malformed = |message: String| MutantError::Malformed { path: path.to_owned(), message };
        let mut mutant: Self = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        if mutant.faults.is_empty() && mutant.edits.is_empty() && mutant.commands.is_empty() {
            return Err(malformed(
                "changes nothing: expected at least one [[fault]], [[edit]] or [[command]]".to_owned(),
            ));
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
    files.iter().map(|path| Mutant::parse(path, &fs::read_to_string(path).map_err(io(path))?)).collect()
}

#[cfg(test)]
mod tests {
    use super::Mutant;
    use std::path::Path;

    fn parse(text: &str) -> Result<Mutant, String> {
        Mutant::parse(Path::new("mutants/a-mistake.toml"), text).map_err(|error| error.to_string())
    }

    const HEAD: &str = "meant_for = \"c\"\nbackend = \"embedded\"\nmistake = \"m\"\n";

    #[test]
    fn is_named_after_its_file() {
        let text = format!("{HEAD}[[command]]\nname = \"rotate\"\ninstead = [\"true\"]\n");
        let mutant = parse(&text).unwrap();
        assert_eq!(mutant.name, "a-mistake");
        assert!(mutant.command("rotate").is_some());
    }

    #[test]
    fn one_that_changes_nothing_is_refused() {
        assert!(parse(HEAD).unwrap_err().contains("changes nothing"));
    }

    #[test]
    fn an_unknown_key_and_a_broken_pattern_are_named_with_their_line() {
        let unknown = parse(&format!("{HEAD}[[fault]]\nmatch = {{ pth = \"x\" }}\n")).unwrap_err();
        assert!(unknown.contains("line 5") && unknown.contains("pth"), "{unknown}");
        let broken = parse(&format!("{HEAD}[[fault]]\nmatch = {{ path = \"(\" }}\nstatus = 200\n")).unwrap_err();
        assert!(broken.contains("line 5") && broken.contains("unclosed group"), "{broken}");
    }
}
