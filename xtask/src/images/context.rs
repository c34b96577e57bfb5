//! What one image is built from: a copy of the few folders it needs, beside this machine's settings for pip, and a fingerprint
//! of all that decides what the image will be. The settings are no part of the fingerprint: they say how packages are reached,
//! and the lock file says which ones they are.

use super::Image;
use anyhow::{Context as _, Result};
use std::{
    collections::BTreeMap,
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

/// pip's settings that make sense inside a build; the others name files or habits of this machine.
const PIP_VARIABLES: [&str; 6] =
    ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_PROXY", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES"];
/// Where systems keep the certificates they trust.
const CERTIFICATES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
/// Where the settings lie inside a build.
const HOST: &str = "images/host";

/// A folder that Docker builds from.
pub(super) struct BuildContext {
    pub(super) folder: PathBuf,
    /// Changes when anything changes that decides what the image will be.
    pub(super) fingerprint: String,
}

/// Copies an image's sources into a fresh folder under `target/labs/` and adds this machine's settings.
pub(super) fn collect(labs: &Path, solution: &Path, image: &Image, base_id: &str) -> Result<BuildContext> {
    let folder = labs.join("context").join(image.tag.replace(['/', ':'], "-"));
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let mut files = BTreeMap::new();
    for source in image.sources {
        read_folder(solution, Path::new(source), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    (base_id, image.dockerfile).hash(&mut hasher);
    for (path, content) in &files {
        (path, content).hash(&mut hasher);
        copy(solution, &folder, path)?;
    }
    write_host_settings(&folder.join(HOST))?;
    Ok(BuildContext { folder, fingerprint: format!("{:016x}", hasher.finish()) })
}

fn read_folder(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let entries = fs::read_dir(root.join(folder)).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            // Left behind by a Python that ran from the source tree.
            if entry.file_name() != "__pycache__" {
                read_folder(root, &path, files)?;
            }
        } else {
            let content = fs::read(entry.path()).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(path, content);
        }
    }
    Ok(())
}

/// `fs::copy` keeps the mode, so a script stays a script.
fn copy(from: &Path, to: &Path, path: &Path) -> Result<()> {
    let target = to.join(path);
    let parent = target.parent().unwrap_or(to);
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    fs::copy(from.join(path), &target).with_context(|| format!("cannot copy {}", path.display()))?;
    Ok(())
}

/// How pip reaches its index from here: certificates, its configuration file, and its variables as a shell reads them.
fn write_host_settings(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let inside = Path::new("/build/host");
    let mut settings = String::new();
    let bundle = env::var_os("PIP_CERT").map(PathBuf::from).into_iter().chain(CERTIFICATES.map(PathBuf::from));
    if let Some(bundle) = bundle.into_iter().find(|path| path.is_file()) {
        fs::copy(&bundle, folder.join("certificates.pem"))
            .with_context(|| format!("cannot copy {}", bundle.display()))?;
        settings += &format!("PIP_CERT={}\n", inside.join("certificates.pem").display());
    }
    if let Some(file) = pip_configuration() {
        fs::copy(&file, folder.join("pip.conf")).with_context(|| format!("cannot copy {}", file.display()))?;
        settings += &format!("PIP_CONFIG_FILE={}\n", inside.join("pip.conf").display());
    }
    for variable in PIP_VARIABLES {
        if let Ok(value) = env::var(variable) {
            settings += &format!("{variable}='{}'\n", value.replace('\'', r"'\''"));
        }
    }
    fs::write(folder.join("pip.env"), settings).context("cannot write pip.env")
}

fn pip_configuration() -> Option<PathBuf> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let named = env::var_os("PIP_CONFIG_FILE").map(PathBuf::from);
    let own = home.iter().flat_map(|home| [home.join(".config/pip/pip.conf"), home.join(".pip/pip.conf")]);
    named.into_iter().chain(own).chain([PathBuf::from("/etc/pip.conf")]).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: Image = Image { tag: "a/b:1", dockerfile: "d/Dockerfile", sources: &["d"] };

    /// The fingerprint of a solution whose one file holds this.
    fn fingerprint(content: &str, base_id: &str) -> String {
        let root = env::temp_dir().join(format!("xtask-context-{}-{content}-{base_id}", std::process::id()));
        fs::create_dir_all(root.join("solution/d/__pycache__")).unwrap();
        fs::write(root.join("solution/d/Dockerfile"), content).unwrap();
        fs::write(root.join("solution/d/__pycache__/x.pyc"), base_id).unwrap();
        let context = collect(&root.join("labs"), &root.join("solution"), &IMAGE, base_id).unwrap();
        assert!(context.folder.join("d/Dockerfile").is_file(), "the source is copied");
        assert!(!context.folder.join("d/__pycache__").exists(), "a cache is not");
        assert!(context.folder.join("images/host/pip.env").is_file(), "the settings are there");
        fs::remove_dir_all(&root).unwrap();
        context.fingerprint
    }

    #[test]
    fn a_fingerprint_follows_sources_and_base_and_nothing_else() {
        assert_eq!(fingerprint("FROM x", "id1"), fingerprint("FROM x", "id1"));
        assert_ne!(fingerprint("FROM x", "id1"), fingerprint("FROM y", "id1"));
        assert_ne!(fingerprint("FROM x", "id1"), fingerprint("FROM x", "id2"));
    }
}
