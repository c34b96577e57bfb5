//! Where a receiver's secrets come from: a file or a variable, never the configuration itself, which lies in a repository.

use super::error::Error;
use secrecy::{ExposeSecret, SecretString};
use std::fs;
use std::path::{Path, PathBuf};

/// A place where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// A file; line breaks at its end do not count.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
    /// Text that is none: a URL without a token in it.
    Open(String),
}

impl Secret {
    /// Fetches it.
    ///
    /// # Errors
    /// [`Error::Secret`] when there is none, or an empty one.
    pub(super) fn read(
        &self,
        receiver: &str,
        field: &str,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<SecretString, Error> {
        let error = |problem: String| Error::Secret { receiver: receiver.to_owned(), field: field.to_owned(), problem };
        let text = match self {
            Self::File(path) => fs::read_to_string(path)
                .map_err(|source| error(format!("{}: {source}; write the secret there, mode 600", path.display())))?,
            Self::Variable(name) => variable(name).ok_or_else(|| {
                error(format!("the variable {name} is not set; export it, or give the secret in a file"))
            })?,
            Self::Open(text) => text.clone(),
        };
        let secret = SecretString::from(text.trim_end_matches(['\r', '\n']));
        if secret.expose_secret().trim().is_empty() {
            return Err(error(format!("{} is empty", self.place())));
        }
        Ok(secret)
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::File(path) => format!("file {}", path.display()),
            Self::Variable(name) => format!("variable {name}"),
            Self::Open(text) => text.clone(),
        }
    }

    /// The same, with a file looked for beside the configuration.
    pub(super) fn beside(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_without_its_line_break_and_an_absent_one_is_named_by_its_place() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key"), "abc\r\n").unwrap();
        let file = Secret::File("key".into()).beside(folder.path());
        assert_eq!(file.read("r", "secret_file", &|_| None).unwrap().expose_secret(), "abc");
        fs::write(folder.path().join("key"), "\n").unwrap();
        assert!(file.read("r", "secret_file", &|_| None).unwrap_err().to_string().contains("is empty"));
        let absent = Secret::Variable("HOOK_SECRET".to_owned()).read("hook", "secret_env", &|_| None).unwrap_err();
        insta::assert_snapshot!(
            absent,
            @"receiver hook: secret_env: the variable HOOK_SECRET is not set; export it, or give the secret in a file"
        );
    }
}
