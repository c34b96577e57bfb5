//! The plain things that a running submission hands to checks.

use std::fmt;

/// Credentials that the submission hands to the checks.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// As declared.
    pub username: String,
    /// As declared, or as its file reads at this moment.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("username", &self.username).finish_non_exhaustive()
    }
}

/// How a named command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOutput {
    /// The exit code; a command ended by signal N reads as 128 + N.
    pub status: i32,
    /// Standard output, bounded.
    pub stdout: String,
    /// Standard error, bounded.
    pub stderr: String,
}

/// One process of the submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// As the host numbers it.
    pub pid: i32,
    /// The arguments, joined by spaces: what any user of the machine can read with `ps`.
    pub cmdline: String,
    /// The environment as `KEY=value`, where it can be read.
    pub environ: Vec<String>,
}

/// Something that the submission has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogText {
    /// `stdout`, `stderr`, a file's path or the log command.
    pub name: String,
    /// Its content, bounded.
    pub text: String,
}

/// Something that must never be readable by others.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Where it comes from: a file's path, or the variable that handed it over.
    pub name: String,
    /// The secret itself.
    pub value: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}
