//! Finds the repository, our own binaries and the labs that were named.

use crate::{labs::Lab, private::Keeper, submission::launch::Tools};
use std::path::{Path, PathBuf};

/// The repository's root. The crate's own place is right wherever the workspace was built; a runner that was copied elsewhere is
/// told by `LAB_REPOSITORY`.
#[must_use]
pub fn repository() -> PathBuf {
    if let Some(told) = std::env::var_os("LAB_REPOSITORY") {
        return PathBuf::from(told);
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Our own binaries, which lie beside `lab-runner`.
#[must_use]
pub fn tools_beside(lab_runner: &Path, repository: &Path, keeper: Keeper) -> Tools {
    let binaries = lab_runner.parent().unwrap_or(Path::new(".")).to_path_buf();
    Tools { lab_runner: lab_runner.to_path_buf(), binaries, keeper, labs: repository.join("target/labs") }
}

/// The labs that `words` name, each a lab's id or a module's; all of them when there are no words.
///
/// # Errors
/// A word that names nothing, with the list of what there is.
pub(super) fn choose(labs: Vec<Lab>, words: &[String]) -> Result<Vec<Lab>, String> {
    let names = |lab: &Lab, word: &str| {
        let id = lab.manifest.id.as_str();
        id == word || id.split('/').next() == Some(word)
    };
    if let Some(unknown) = words.iter().find(|word| !labs.iter().any(|lab| names(lab, word))) {
        let known: Vec<&str> = labs.iter().map(|lab| lab.manifest.id.as_str()).collect();
        return Err(format!("there is no lab or module `{unknown}`; there are: {}", known.join(", ")));
    }
    let wanted = |lab: &Lab| words.is_empty() || words.iter().any(|word| names(lab, word));
    Ok(labs.into_iter().filter(wanted).collect())
}
