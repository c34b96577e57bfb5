//! Decides what to run: which submission of which lab on which backend. Reads manifests and nothing else; whether a backend is to
//! be had is found out when it is tried.

use crate::{
    backend::Backend,
    labs::Lab,
    submission::{Manifest, ManifestError},
};
use std::path::{Path, PathBuf};

/// Where submissions come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The lab's own solution.
    Reference,
    /// A learner's folder.
    Folder(PathBuf),
    /// A service that already runs.
    Attached(String),
}

/// Which backends are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The cheapest at hand.
    Cheapest,
    /// Every one for which there is a variant.
    All,
    /// These.
    These(Vec<Backend>),
}

/// One submission to one lab, on one backend.
#[derive(Clone)]
pub struct Target {
    /// The lab it answers.
    pub lab: Lab,
    /// Where it runs. A service that was attached to counts as a program of this machine.
    pub backend: Backend,
    /// As reports name it.
    pub label: String,
    /// Whether it may start containers.
    pub containers: bool,
    /// What to start.
    pub origin: Origin,
}

/// What there is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A folder and the manifest's name in it.
    Folder(PathBuf, String),
    /// An address.
    Attached(String),
    /// Nothing, and why.
    Missing(String),
}

impl Target {
    /// What the submission says about itself; none for a service that was attached to.
    #[must_use]
    pub fn manifest(&self) -> Option<Manifest> {
        let Origin::Folder(folder, name) = &self.origin else { return None };
        Manifest::read(&folder.join(name)).ok()
    }
}

/// A folder's manifests, by file name, the cheapest backend first.
///
/// # Errors
/// A manifest is malformed, or there is none.
pub fn manifests(folder: &Path) -> Result<Vec<(String, Manifest)>, Box<ManifestError>> {
    let entries = std::fs::read_dir(folder).map_err(|error| ManifestError::whole(folder, error.to_string()))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter(|name| name.starts_with("submission.") && name.ends_with(".toml")).collect();
    names.sort();
    if names.is_empty() {
        let missing = folder.join("submission.toml");
        return Err(Box::new(ManifestError::whole(&missing, "expected a submission.toml in this folder, found none")));
    }
    let read = |name: String| Manifest::read(&folder.join(&name)).map(|manifest| (name, manifest));
    let mut manifests = names.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    manifests.sort_by_key(|(_, manifest)| manifest.backend);
    Ok(manifests)
}

/// The targets of one lab, in groups: of each group, the first one that is to be had here is run.
///
/// # Errors
/// A manifest is malformed.
pub fn targets(lab: &Lab, source: &Source, selection: &Selection) -> Result<Vec<Vec<Target>>, Box<ManifestError>> {
    let folder = match source {
        Source::Attached(url) => {
            let origin = Origin::Attached(url.clone());
            return Ok(vec![vec![Target {
                lab: lab.clone(),
                backend: Backend::Process,
                label: url.clone(),
                containers: false,
                origin,
            }]]);
        }
        Source::Reference => lab.folder.join("solution"),
        Source::Folder(folder) => folder.clone(),
    };
    let manifests = manifests(&folder)?;
    let target = |(name, manifest): &(String, Manifest)| Target {
        lab: lab.clone(),
        backend: manifest.backend,
        label: label(source, &folder, manifest),
        containers: manifest.backend == Backend::Containers || manifest.requires.docker,
        origin: Origin::Folder(folder.clone(), name.clone()),
    };
    let missing = |backend: Backend| Target {
        lab: lab.clone(),
        backend,
        label: folder_name(&folder),
        containers: false,
        origin: Origin::Missing(format!("there is no variant for the backend {backend} in {}", folder.display())),
    };
    Ok(match selection {
        Selection::Cheapest => vec![manifests.iter().map(target).collect()],
        Selection::All => manifests.iter().map(|manifest| vec![target(manifest)]).collect(),
        Selection::These(wanted) => {
            let of = |backend: &Backend| {
                let found: Vec<Target> =
                    manifests.iter().filter(|(_, manifest)| manifest.backend == *backend).map(target).collect();
                if found.is_empty() { vec![missing(*backend)] } else { found }
            };
            wanted.iter().map(of).collect()
        }
    })
}

fn label(source: &Source, folder: &Path, manifest: &Manifest) -> String {
    match source {
        Source::Reference => format!("reference ({})", manifest.variant()),
        Source::Folder(_) | Source::Attached(_) => folder_name(folder),
    }
}

fn folder_name(folder: &Path) -> String {
    folder.file_name().map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned())
}
