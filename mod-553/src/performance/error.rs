//! What cannot be estimated, and why.

/// Why there is no estimate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The reference teaches too little.
    #[error(
        "the reference has {found} labelled rows, and {expected} are the least for {chunks} chunks: give it more, or fewer chunks"
    )]
    TooFew {
        /// Rows.
        found: usize,
        /// Rows needed.
        expected: usize,
        /// Chunks asked for.
        chunks: usize,
    },
    /// A class never occurs in the reference.
    #[error(
        "class {class} never occurs in the reference's labels: its scores cannot be calibrated, so leave the class out or take another reference"
    )]
    NoSuchClass {
        /// Which, from 0.
        class: usize,
    },
    /// A row is not what the others are.
    #[error("{side}, row {row}: {found}; expected {expected}")]
    Row {
        /// Reference or current.
        side: &'static str,
        /// Which, from 0.
        row: usize,
        /// What is there.
        found: String,
        /// What should be.
        expected: &'static str,
    },
    /// Columns of one side have different lengths.
    #[error("{side}: {found} {what} for {expected} rows; each row needs one")]
    Length {
        /// Reference or current.
        side: &'static str,
        /// Scores, labels, predictions.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A setting is outside its range.
    #[error("{name} is {found}, and must be {expected}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Features that do not fit.
    #[error(transparent)]
    Features(#[from] crate::multivariate::Error),
}

impl Error {
    /// Too little data is inconclusive; the rest is malformed input.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::TooFew { .. } => 4,
            Self::Features(error) => error.exit_code(),
            _ => 2,
        }
    }
}
