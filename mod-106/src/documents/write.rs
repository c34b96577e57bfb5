//! Files under a temporary name in the same folder, then renamed: a reader sees the old document or the new one, never a half.

use super::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Writes one file. The folder is made when it is not there.
///
/// # Errors
/// When the folder cannot be written; the old file is as it was.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    write_all(&[(path.to_owned(), content.to_owned())])
}

/// Writes several files that belong together: all are complete under temporary names before the first is renamed.
///
/// # Errors
/// When one cannot be written; then none was touched, unless a rename itself fails half-way.
pub fn write_all(files: &[(PathBuf, Vec<u8>)]) -> Result<(), Error> {
    let mut written = Vec::with_capacity(files.len());
    for (path, content) in files {
        let file = prepare(path, content).map_err(|source| Error::Write { path: path.clone(), source })?;
        written.push((path, file));
    }
    for (path, file) in written {
        file.persist(path).map_err(|error| Error::Write { path: path.clone(), source: error.error })?;
    }
    Ok(())
}

fn prepare(path: &Path, content: &[u8]) -> std::io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    if path.is_dir() {
        return Err(std::io::Error::other("a folder is in its place"));
    }
    let mut builder = tempfile::Builder::new();
    // Documents are for others to read; temporary files are born private.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.prefix(".").suffix(".part").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::{write, write_all};

    #[test]
    fn all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let (good, blocked) = (folder.path().join("sub/a.md"), folder.path().join("b.md"));
        write(&good, b"old").unwrap();
        std::fs::create_dir(&blocked).unwrap();
        let error = write_all(&[(good.clone(), b"new".to_vec()), (blocked, b"x".to_vec())]).unwrap_err().to_string();
        assert!(error.contains("b.md") && error.contains("a folder is in its place"), "{error}");
        assert_eq!(std::fs::read(&good).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(good.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
    }
}
