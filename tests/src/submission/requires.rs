//! What a submission needs to find on this machine. What is missing makes its checks *not run*, with the reason: a machine
//! without Docker says nothing about a learner.

use super::{expand::Expansion, manifest::Requires};
use crate::world::docker;
use std::path::{Path, PathBuf};

/// Folders in which Debian puts servers, outside most people's PATH.
const SERVER_FOLDERS: [&str; 1] = ["/usr/sbin"];

/// Where Debian puts each PostgreSQL version.
const POSTGRESQL_VERSIONS: &str = "/usr/lib/postgresql";

/// The first requirement that this machine does not meet, in words for a report.
pub(super) async fn unmet(requires: &Requires, variables: &Expansion, path: &str) -> Option<String> {
    let missing = first_unmet(requires, variables, path).await?;
    Some(match &requires.hint {
        Some(hint) => format!("{missing}; {hint}"),
        None => missing,
    })
}

async fn first_unmet(requires: &Requires, variables: &Expansion, path: &str) -> Option<String> {
    let folders = program_folders(path);
    if let Some(program) = requires.programs.iter().find(|program| !on_any(&folders, program)) {
        return Some(format!("the program `{program}` is not on this machine"));
    }
    for file in &requires.files {
        match variables.expand(file) {
            Ok(file) if Path::new(&file).exists() => {}
            Ok(file) => return Some(format!("the file {file} is not on this machine")),
            Err(error) => return Some(error.to_string()),
        }
    }
    if (requires.docker || !requires.images.is_empty())
        && let Err(reason) = docker::at_hand().await
    {
        return Some(reason);
    }
    for image in &requires.images {
        if !docker::has_image(image).await {
            return Some(format!("the image {image} is not on this machine"));
        }
    }
    None
}

/// The folders of PATH, then those in which servers hide.
pub(super) fn program_folders(path: &str) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::split_paths(path).collect();
    folders.extend(SERVER_FOLDERS.map(PathBuf::from));
    let versions = std::fs::read_dir(POSTGRESQL_VERSIONS).into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders
}

/// Where a program of this machine is: on PATH, or where servers hide.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    program_folders(&path).into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn on_any(folders: &[PathBuf], program: &str) -> bool {
    folders.iter().any(|folder| folder.join(program).is_file())
}
