//! What is asked of a module as a whole, beyond its labs' points: the quality checklist of its document, and how mature a practice a
//! submission shows. Both are data in the module's folder, and both resolve every line to evidence.
//!
//! - `evidence.rs` — what may count as evidence, that it exists, and what a run says of it
//! - `quality.rs` — `quality.toml`: the checklist, judged on the reference
//! - `maturity.rs` — `maturity.toml`: levels 0 to 4, judged on any submission

mod evidence;
mod maturity;
mod quality;

pub use evidence::{Evidence, Known};
pub use maturity::MaturityModel;
pub use quality::Checklist;

use crate::{
    labs::Lab,
    results::{ModuleResult, Results},
    submission::ManifestError,
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// Where the fixture labs' module has its files.
const FIXTURE: (&str, &str) = ("fixture", "tests/fixtures");

/// A module's own questions.
#[derive(Clone, Debug)]
pub struct Module {
    /// `mod-106`
    pub id: String,
    /// None where the module has no such file.
    pub checklist: Option<Checklist>,
    /// None where the module has no such file.
    pub maturity: Option<MaturityModel>,
}

/// The modules of a run, and all that their evidence may come from.
#[derive(Clone)]
pub struct About {
    /// The modules of the labs that are run.
    pub modules: Vec<Module>,
    /// Every lab there is: evidence may come from any.
    pub all_labs: Vec<Lab>,
    /// The repository's root.
    pub repository: PathBuf,
}

impl About {
    /// What a run says of each module.
    #[must_use]
    pub fn judged(&self, results: &Results, reference: bool) -> Vec<ModuleResult> {
        let known = Known::new(&self.all_labs, &self.repository);
        self.modules.iter().filter_map(|module| module.judged(results, &known, reference)).collect()
    }
}

impl Module {
    /// The modules of the labs that are run; `labs` are all there are, because evidence may come from any of them.
    ///
    /// # Errors
    /// A file is malformed, or evidence in it does not exist: its line.
    pub fn of_labs(wanted: &[Lab], labs: &[Lab], repository: &Path) -> Result<Vec<Self>, Box<ManifestError>> {
        let known = Known::new(labs, repository);
        let module = |lab: &Lab| lab.manifest.id.split('/').next().unwrap_or_default().to_owned();
        let ids: BTreeSet<String> = wanted.iter().map(module).collect();
        ids.into_iter().map(|id| Self::read(id, &known, repository)).collect()
    }

    fn read(id: String, known: &Known<'_>, repository: &Path) -> Result<Self, Box<ManifestError>> {
        let folder = repository.join(if id == FIXTURE.0 { FIXTURE.1 } else { &id });
        let (quality, maturity) = (folder.join("quality.toml"), folder.join("maturity.toml"));
        let checklist = if quality.is_file() { Some(Checklist::read(&quality, known)?) } else { None };
        let maturity = if maturity.is_file() { Some(MaturityModel::read(&maturity, known)?) } else { None };
        Ok(Self { id, checklist, maturity })
    }

    /// What a run says of it; the checklist is the reference's alone. None where there is nothing to say.
    fn judged(&self, results: &Results, known: &Known<'_>, reference: bool) -> Option<ModuleResult> {
        let checklist = self.checklist.as_ref().filter(|_| reference);
        let quality = checklist.map(|list| list.judged(results, known)).unwrap_or_default();
        let maturity = self.maturity.as_ref().map(|model| model.judged(results, known));
        let any = !quality.is_empty() || maturity.is_some();
        any.then(|| ModuleResult { module: self.id.clone(), quality, maturity })
    }
}

#[cfg(test)]
mod tests;
