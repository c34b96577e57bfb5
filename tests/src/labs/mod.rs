//! The labs: one folder each, with its checks in Rust and its rubric, hints and texts in `lab.toml`.
//! Next on the data's way: `manifest.rs` is what `lab.toml` may say; `run/` runs the checks.

mod manifest;
pub mod mod_106;
pub mod mod_553;

pub use manifest::{Complaint, LabManifest, RubricLine};

use crate::{
    check::Check,
    submission::{ManifestError, read_toml},
};
use std::path::{Path, PathBuf};

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

impl Lab {
    /// Reads a lab's `lab.toml` and compares it with its checks.
    ///
    /// # Errors
    /// The file, line and column of what is wrong.
    pub fn read(folder: PathBuf, checks: &'static [Check]) -> Result<Self, Box<ManifestError>> {
        let path = folder.join("lab.toml");
        let (manifest, text) = read_toml::<LabManifest>(&path)?;
        match manifest.agrees_with(checks) {
            Ok(()) => Ok(Self { folder, manifest, checks }),
            Err(complaint) => Err(Box::new(ManifestError::naming(&path, &text, &complaint.at, complaint.message))),
        }
    }
}

/// Every lab of the repository.
///
/// # Errors
/// A malformed `lab.toml`.
pub fn load_all(repository: &Path) -> Result<Vec<Lab>, Box<ManifestError>> {
    all().map(|(folder, checks)| Lab::read(repository.join(folder), checks)).collect()
}

/// Every lab's folder and checks.
fn all() -> impl Iterator<Item = (&'static str, &'static [Check])> {
    mod_106::LABS.iter().chain(mod_553::LABS).copied()
}

#[cfg(test)]
mod tests {
    use super::{Lab, all, load_all};
    use rust_decimal::Decimal;
    use std::{collections::BTreeSet, path::Path};

    #[test]
    fn every_lab_is_worth_a_hundred_points_and_agrees_with_its_checks() {
        for lab in load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap() {
            let points: Decimal = lab.manifest.rubric.iter().map(|line| line.points).sum();
            assert_eq!(points, Decimal::ONE_HUNDRED, "{}", lab.manifest.id);
        }
    }

    #[test]
    fn every_lab_names_its_objectives_and_the_competencies_that_it_shows() {
        for Lab { manifest, .. } in load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap() {
            let said = [&manifest.objectives, &manifest.competencies, &manifest.criteria];
            assert!(said.iter().all(|list| !list.is_empty()), "{}", manifest.id);
        }
    }

    #[test]
    fn checks_follow_only_checks_that_were_declared_before() {
        for (lab, checks) in all() {
            let mut declared = BTreeSet::new();
            for check in checks {
                for followed in check.follows {
                    assert!(declared.contains(followed), "{lab}: {} follows {followed}", check.id);
                }
                assert!(declared.insert(check.id), "{lab}: two checks are called {}", check.id);
            }
        }
    }
}
