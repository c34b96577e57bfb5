//! Locked and hashed packages, as `target/labs/<name>`: a virtual environment of Python packages, or a folder of npm's where the lock
//! file is npm's.
//!
//! That name is a link to a folder named after the lock file's content, and it changes only when the folder is whole: a run that
//! is interrupted, or a package that cannot be had, leaves the environment of before. (A finished environment cannot simply be
//! renamed: its scripts name their interpreter by its full path.)
//!
//! Python's packages are installed by uv, which is installed by pip: it takes a tenth of the time, and what two environments share
//! is on the disk once.

use super::docker::run_logged;
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// Interpreters to look for, and the oldest that the lock files were made for.
const INTERPRETERS: [&str; 4] = ["python3.11", "python3", "python3.12", "python3.13"];
const OLDEST: (u32, u32) = (3, 11);
/// How npm calls its lock files.
const NPM_LOCK: &str = "package-lock.json";
/// The lock file of what installs all the others.
const UV_LOCK: &str = "xtask/requirements-uv.txt";
/// Written last, so a folder that has it is whole.
const STAMP: &str = ".complete";

/// Installs what the lock file lists, unless that is what is there.
pub(super) fn install(labs: &Path, name: &str, lock: &Path, force: bool) -> Result<()> {
    let packages = if lock.ends_with(NPM_LOCK) { "npm's packages" } else { "a virtual environment" };
    let requirements = fs::read(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let mut hasher = DefaultHasher::new();
    requirements.hash(&mut hasher);
    let folders = labs.join("environments");
    let folder = folders.join(format!("{name}-{:016x}", hasher.finish()));
    let link = labs.join(name);
    if !force && folder.join(STAMP).is_file() {
        if !leads_to(&link, &folder) {
            point(&link, &folder)?;
        }
        println!("{name}: current");
        return Ok(());
    }
    println!("{name}: installing {packages} of {}", lock.file_name().unwrap_or_default().display());
    let started = Instant::now();
    fs::create_dir_all(&folders).with_context(|| format!("cannot make {}", folders.display()))?;
    fill(&folder, lock, labs, &labs.join(format!("{name}.log")))?;
    point(&link, &folder)?;
    remove_others(&folders, name, &folder)?;
    println!("{name}: installed in {} s", started.elapsed().as_secs());
    Ok(())
}

fn fill(folder: &Path, lock: &Path, labs: &Path, log: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    if lock.ends_with(NPM_LOCK) {
        fill_with_npm(folder, lock, log)?;
    } else if lock.ends_with(UV_LOCK) {
        fill_with_pip(folder, lock, log)?;
    } else if let Err(error) = fill_with_uv(folder, lock, labs, log) {
        // An index that only pip's configuration names is one that uv does not know.
        println!("{error:#}\nuv could not install it, so pip does, which takes longer");
        fill_with_pip(folder, lock, log)?;
    }
    fs::write(folder.join(STAMP), "").context("cannot write the stamp")
}

/// Exactly what the lock file says, hashes compared, and no package's own scripts run.
fn fill_with_npm(folder: &Path, lock: &Path, log: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for file in [lock, &lock.with_file_name("package.json")] {
        let name = file.file_name().unwrap_or_default();
        fs::copy(file, folder.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    run_logged(install, log).context("cannot install npm's packages; on Debian, install nodejs and npm")
}

fn fill_with_pip(folder: &Path, lock: &Path, log: &Path) -> Result<()> {
    make_environment(folder, log)?;
    let mut install = Command::new(folder.join("bin/python"));
    install.args(["-m", "pip", "install", "--disable-pip-version-check", "--only-binary", ":all:", "--require-hashes"]);
    install.arg("--requirement").arg(lock);
    run_logged(install, log)
}

/// An empty environment as Python itself makes it: with its own pip, which Kubeflow's components call.
fn make_environment(folder: &Path, log: &Path) -> Result<()> {
    let mut make = Command::new(interpreter()?);
    make.args(["-m", "venv", "--clear"]).arg(folder);
    run_logged(make, log).context("cannot make a virtual environment; on Debian, install python3-venv")
}

fn fill_with_uv(folder: &Path, lock: &Path, labs: &Path, log: &Path) -> Result<()> {
    let own = labs.join("uv/bin/uv");
    if !own.is_file() {
        install(labs, "uv", &crate::cargo::root().join(UV_LOCK), false)?;
    }
    make_environment(folder, log)?;
    let mut install = Command::new(own);
    install.env("UV_CACHE_DIR", labs.join("cache"));
    install.args(["pip", "install", "--no-progress", "--only-binary", ":all:", "--require-hashes", "--python"]);
    install.arg(folder.join("bin/python")).arg("--requirement").arg(lock);
    run_logged(install, log)
}

/// The first interpreter on the path that is new enough.
fn interpreter() -> Result<&'static str> {
    let version = "import sys; print(*sys.version_info[:2])";
    for name in INTERPRETERS {
        let Ok(answer) = Command::new(name).args(["-c", version]).output() else { continue };
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let mut numbers = text.split_whitespace().map_while(|number| number.parse().ok());
        if let (Some(major), Some(minor)) = (numbers.next(), numbers.next())
            && (major, minor) >= OLDEST
        {
            return Ok(name);
        }
    }
    bail!("no Python {}.{} or newer on the path; install python3 and python3-venv", OLDEST.0, OLDEST.1)
}

/// Changes the link in one step: whoever follows it finds the old environment or the new one.
fn point(link: &Path, folder: &Path) -> Result<()> {
    let next = link.with_extension("next");
    if next.symlink_metadata().is_ok() {
        fs::remove_file(&next).with_context(|| format!("cannot remove {}", next.display()))?;
    }
    symlink(folder, &next).with_context(|| format!("cannot make {}", next.display()))?;
    // A link cannot replace a folder, such as one that was made by hand.
    if link.is_dir() && !link.is_symlink() {
        fs::remove_dir_all(link).with_context(|| format!("cannot remove {}", link.display()))?;
    }
    fs::rename(&next, link).with_context(|| format!("cannot replace {}", link.display()))
}

/// Whether the link ends at the folder, however either is spelt: through a link above them both, or relative to another place.
fn leads_to(link: &Path, folder: &Path) -> bool {
    let ends = [link, folder].map(|path| fs::canonicalize(path).ok());
    ends[0].is_some() && ends[0] == ends[1] && link.is_symlink()
}

/// Environments of earlier lock files are a gigabyte each, and nobody's any more.
fn remove_others(folders: &Path, name: &str, kept: &Path) -> Result<()> {
    for entry in fs::read_dir(folders).with_context(|| format!("cannot list {}", folders.display()))? {
        let path: PathBuf = entry?.path();
        let ours = path.file_name().is_some_and(|file| {
            file.to_string_lossy().rsplit_once('-').is_some_and(|(environment, _)| environment == name)
        });
        if ours && path != kept {
            fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_moves_to_the_new_folder_and_the_old_one_goes() {
        let labs = std::env::temp_dir().join(format!("xtask-environment-{}", std::process::id()));
        let folders = labs.join("environments");
        for folder in ["mlflow-3-aa", "mlflow-3-bb", "mlflow-2.22-aa"] {
            fs::create_dir_all(folders.join(folder)).unwrap();
        }
        point(&labs.join("mlflow-3"), &folders.join("mlflow-3-aa")).unwrap();
        point(&labs.join("mlflow-3"), &folders.join("mlflow-3-bb")).unwrap();
        remove_others(&folders, "mlflow-3", &folders.join("mlflow-3-bb")).unwrap();
        assert_eq!(fs::read_link(labs.join("mlflow-3")).unwrap(), folders.join("mlflow-3-bb"));
        assert!(leads_to(&labs.join("mlflow-3"), &folders.join("mlflow-3-bb")));
        assert!(!leads_to(&labs.join("mlflow-3"), &folders.join("mlflow-2.22-aa")));
        assert!(!leads_to(&labs.join("absent"), &folders.join("mlflow-3-bb")));
        // The same folder by another way is the same folder.
        let other = labs.join("other");
        symlink(&labs, &other).unwrap();
        assert!(leads_to(&other.join("mlflow-3"), &other.join("environments/../environments/mlflow-3-bb")));
        assert!(leads_to(&other.join("mlflow-3"), &folders.join("mlflow-3-bb")));
        assert!(!folders.join("mlflow-3-aa").exists() && folders.join("mlflow-2.22-aa").exists());
        fs::remove_dir_all(&labs).unwrap();
    }
}
