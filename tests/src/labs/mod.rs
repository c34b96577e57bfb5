//! The labs: one folder each, with its checks in Rust and its rubric, hints and texts in `lab.toml`.
//! Next on the data's way: `manifest.rs` is what `lab.toml` may say; `run/` runs the checks.

mod manifest;
pub mod mod_106;

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
    Ok(vec![Lab::read(repository.join(mod_106::lab_1::FOLDER), &mod_106::lab_1::CHECKS)?])
}

#[cfg(test)]
mod tests {
    use super::{LabManifest, mod_106};
    use rust_decimal::Decimal;

    #[test]
    fn lab_1_is_worth_a_hundred_points_and_agrees_with_its_checks() {
        let text = include_str!("../../../mod-106/labs/lab-1-tracking-and-registry/lab.toml");
        let manifest: LabManifest = toml::from_str(text).unwrap();
        manifest.agrees_with(&mod_106::lab_1::CHECKS).unwrap();
        let points: Decimal = manifest.rubric.iter().map(|line| line.points).sum();
        assert_eq!(points, Decimal::ONE_HUNDRED);
    }

    #[test]
    fn checks_follow_only_checks_that_were_declared_before() {
        let checks = &mod_106::lab_1::CHECKS;
        for (number, check) in checks.iter().enumerate() {
            for followed in check.follows {
                assert!(
                    checks[..number].iter().any(|earlier| earlier.id == *followed),
                    "{} follows {followed}",
                    check.id
                );
            }
        }
    }
}
