//! Changes to the private copy of the reference submission, made before it starts. An edit that no longer applies is an error:
//! a mutant that silently became the reference would survive and nobody would know why.

use super::MutantError;
use serde::Deserialize;
use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// One change to one file. Exactly one of `replace` (with `with`), `content`, `append` and `delete` is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawEdit")]
pub struct Edit {
    /// Relative to the submission's folder.
    pub file: PathBuf,
    /// What becomes of it.
    pub change: Change,
}

/// What an edit does to its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Every occurrence of `what` becomes `with`; there must be one.
    Replace {
        /// The text to look for.
        what: String,
        /// The text in its place.
        with: String,
    },
    /// The whole content is this.
    Content(String),
    /// This follows the present content.
    Append(String),
    /// The file is gone.
    Delete,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEdit {
    file: PathBuf,
    replace: Option<String>,
    with: Option<String>,
    content: Option<String>,
    append: Option<String>,
    #[serde(default)]
    delete: bool,
}

impl TryFrom<RawEdit> for Edit {
    type Error = String;

    fn try_from(raw: RawEdit) -> Result<Self, String> {
        if !raw.file.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(format!("`file` is `{}`: expected a path inside the submission's folder", raw.file.display()));
        }
        let change = match (raw.replace, raw.with, raw.content, raw.append, raw.delete) {
            (Some(what), Some(with), None, None, false) => Change::Replace { what, with },
            (None, None, Some(content), None, false) => Change::Content(content),
            (None, None, None, Some(text), false) => Change::Append(text),
            (None, None, None, None, true) => Change::Delete,
            _ => {
                return Err(
                    "expected exactly one of `replace` with `with`, `content`, `append`, `delete = true`".to_owned()
                );
            }
        };
        Ok(Self { file: raw.file, change })
    }
}

impl Edit {
    pub(super) fn apply(&self, mutant: &str, copy: &Path) -> Result<(), MutantError> {
        let path = copy.join(&self.file);
        let io = |source| MutantError::Io { path: path.clone(), source };
        match &self.change {
            Change::Replace { what, with } => {
                let text = fs::read_to_string(&path).map_err(io)?;
                if !text.contains(what) {
                    let message = format!("`{}` does not contain `{what}` any more", self.file.display());
                    return Err(MutantError::Stale { mutant: mutant.to_owned(), message });
                }
                fs::write(&path, text.replace(what, with)).map_err(io)
            }
            Change::Content(text) => fs::write(&path, text).map_err(io),
            Change::Append(text) => {
                let before = fs::read_to_string(&path).map_err(io)?;
                fs::write(&path, before + text).map_err(io)
            }
            Change::Delete => fs::remove_file(&path).map_err(io),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Edit;
    use std::fs;

    fn check(edit: &str, expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("start.sh");
        fs::write(&file, "serve --auth basic\n").unwrap();
        let outcome = toml::from_str::<Edit>(edit)
            .map_err(|error| error.to_string())
            .and_then(|edit| edit.apply("m", folder.path()).map_err(|error| error.to_string()));
        match expected {
            Ok(text) => {
                outcome.unwrap();
                assert_eq!(fs::read_to_string(file).unwrap_or_default(), text);
            }
            Err(part) => assert!(outcome.unwrap_err().contains(part)),
        }
    }

    #[test]
    fn each_change_does_what_it_says_and_a_stale_one_is_an_error() {
        check("file = 'start.sh'\nreplace = 'basic'\nwith = 'none'", Ok("serve --auth none\n"));
        check("file = 'start.sh'\ncontent = 'exit 0'", Ok("exit 0"));
        check("file = 'start.sh'\nappend = 'x'", Ok("serve --auth basic\nx"));
        check("file = 'start.sh'\ndelete = true", Ok(""));
        check("file = 'start.sh'\nreplace = 'bearer'\nwith = 'none'", Err("does not contain `bearer`"));
        check("file = '../start.sh'\ndelete = true", Err("inside the submission's folder"));
        check("file = 'start.sh'\nreplace = 'a'", Err("exactly one of"));
    }
}
