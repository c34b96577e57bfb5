//! A folder of its own for each question: files are laid into it, and a command is run on them.

use crate::{check::Fault, context::Context};
use std::{fs, path::PathBuf};

/// The folder.
pub(super) struct Desk(PathBuf);

impl Desk {
    /// An empty one.
    pub(super) fn new(ctx: &Context) -> Result<Self, Fault> {
        Ok(Self(ctx.scratch()?))
    }

    /// Lays a file into it.
    pub(super) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Result<Self, Fault> {
        self.lay(name, content)?;
        Ok(self)
    }

    /// The same, or another content in its place.
    pub(super) fn lay(&self, name: &str, content: impl AsRef<[u8]>) -> Result<(), Fault> {
        let path = self.0.join(name);
        fs::write(&path, content).map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))
    }

    /// A file's path, there or not.
    pub(super) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// What a file holds.
    pub(super) fn read(&self, name: &str) -> Result<String, Fault> {
        fs::read_to_string(self.0.join(name))
            .map_err(|error| Fault::failed(format!("the file {name}"), "to be there, as UTF-8", error.to_string()))
    }
}
