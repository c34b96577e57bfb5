//! What can go wrong with a quiz. Messages name the file and, where there is one, the line, the value and the way out.

use std::path::{Path, PathBuf};

/// A quiz's errors.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be written.
    #[error(transparent)]
    Document(#[from] crate::documents::Error),
    /// A file could not be read.
    #[error("cannot read {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found, what was expected, and where.
        problem: String,
    },
    /// A place of an answer sheet is not what it should be.
    #[error("{}:{line}: {problem}", path.display())]
    Sheet {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What was found and what was expected.
        problem: String,
    },
    /// A paper of this size cannot be drawn.
    #[error("a paper has {smallest} to {largest} questions, not {asked}: give --questions between these")]
    Size {
        /// What was asked for.
        asked: usize,
        /// One question a content item.
        smallest: usize,
        /// The whole bank.
        largest: usize,
    },
    /// Bank and key do not fit.
    #[error("the key does not fit the questions: {}", problems.join("; "))]
    Unfit {
        /// Every misfit.
        problems: Vec<String>,
    },
    /// The grade is below what is asked for.
    #[error("not passed: {percent} % of the points, {needed} % are needed")]
    NotPassed {
        /// The grade.
        percent: String,
        /// The least grade that passes.
        needed: u32,
    },
    /// The terminal or pipe is gone.
    #[error("cannot go on asking: {0}; all answers so far are saved")]
    Terminal(std::io::Error),
}

impl Error {
    pub(super) fn reading(path: &Path, reason: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), reason }
    }

    pub(super) fn malformed(path: &Path, problem: impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), problem: problem.to_string() }
    }

    /// 1 where the quiz was done and not passed or a file could not be written, 2 where what was given is wrong.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotPassed { .. } | Self::Terminal(_) | Self::Document(_) => 1,
            _ => 2,
        }
    }
}
