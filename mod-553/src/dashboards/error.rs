//! Why a dashboard was not made, or not shown.

/// One variant for each thing that a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be written, or a page not be made.
    #[error(transparent)]
    Document(#[from] mod_106::documents::Error),
    /// Prometheus does not answer.
    #[error(transparent)]
    Prometheus(#[from] crate::slo::prometheus::Error),
    /// Files are not as the templates make them.
    #[error("not as generated: {}; run `mod-553 dashboards generate`", files.join(", "))]
    Stale {
        /// Which.
        files: Vec<String>,
    },
    /// Queries that nobody should put on a wall.
    #[error("{}", findings.join("\n"))]
    Lint {
        /// One line each.
        findings: Vec<String>,
    },
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Prometheus(error) => error.exit_code(),
            _ => 1,
        }
    }
}
