//! The private copy of a submission. A mutant edits the copy; a submission that scribbles over itself scribbles over the copy.

use std::{fs, io, os::unix::fs::symlink, path::Path};

/// Folders that belong to a build or to version control, and not to the submission.
const LEFT_OUT: [&str; 4] = [".git", "target", "node_modules", "__pycache__"];

/// A submission larger than this is refused: copying it would fill the disk before it has said a word.
const LARGEST_BYTES: u64 = 1 << 30;

/// Copies a folder with its modes; links stay links.
///
/// # Errors
/// A file cannot be read or written, or the folder is larger than 1 GiB.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut room = LARGEST_BYTES;
    copy_within(from, to, &mut room)
}

fn copy_within(from: &Path, to: &Path, room: &mut u64) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let target = to.join(&name);
        if kind.is_dir() {
            if !LEFT_OUT.iter().any(|left_out| name == *left_out) {
                copy_within(&entry.path(), &target, room)?;
            }
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            let size = entry.metadata()?.len();
            *room = room
                .checked_sub(size)
                .ok_or_else(|| io::Error::other(format!("{} is larger than {LARGEST_BYTES} bytes", from.display())))?;
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
