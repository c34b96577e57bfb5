//! Files under a temporary name in the same folder, then renamed: a reader sees the old document or the new one, never a half.
//! Whoever is killed in between leaves a hidden `.part` file beside it, which nobody reads and which the next run does not trip over.

use super::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that does not stand under its name yet. Dropped before [`finish`](Self::finish), it leaves no trace.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    file: NamedTempFile,
}

impl Unfinished {
    /// Begins a file that will be called `path`. The folder is made when it is not there.
    ///
    /// # Errors
    /// When the folder cannot be written, or a folder is in the file's place.
    pub fn begin(path: &Path) -> Result<Self, Error> {
        let file = temporary(path).map_err(|reason| Error::Write { path: path.to_owned(), reason })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// What writes into it.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Where its bytes are until it is finished.
    pub fn place(&self) -> &Path {
        self.file.path()
    }

    /// Gives it its name. Its bytes are on the disk then, whatever happens to the machine.
    ///
    /// # Errors
    /// When that cannot be done; the old file is as it was.
    pub fn finish(self) -> Result<(), Error> {
        let Self { path, file } = self;
        let failed = |reason| Error::Write { path: path.clone(), reason };
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map(drop).map_err(|error| failed(error.error))
    }
}

/// Writes one file. The folder is made when it is not there.
///
/// # Errors
/// When the folder cannot be written; the old file is as it was.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    complete(path, content)?.finish()
}

/// Writes several files that belong together: all are complete under temporary names before the first is renamed.
///
/// # Errors
/// When one cannot be written; then none was touched, unless a rename itself fails half-way.
pub fn write_all(files: &[(PathBuf, Vec<u8>)]) -> Result<(), Error> {
    let written = files.iter().map(|(path, content)| complete(path, content)).collect::<Result<Vec<_>, Error>>()?;
    written.into_iter().try_for_each(Unfinished::finish)
}

fn complete(path: &Path, content: &[u8]) -> Result<Unfinished, Error> {
    let mut unfinished = Unfinished::begin(path)?;
    let written = unfinished.file().write_all(content).and_then(|()| unfinished.file().sync_all());
    written.map_err(|reason| Error::Write { path: path.to_owned(), reason })?;
    Ok(unfinished)
}

fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    if path.is_dir() {
        return Err(io::Error::other("a folder is in its place"));
    }
    let mut builder = tempfile::Builder::new();
    // Documents are for others to read; temporary files are born private.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.prefix(".").suffix(".part").tempfile_in(folder)
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
