//! What a detector refuses: settings outside their range, states that no detector wrote, and values that would make it blind.

/// Why a detector did not take what it was given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A value that is no number would stay in every mean from then on.
    #[error(
        "the value is {value}, and a detector that took it would never alarm again: leave missing values out and count them apart"
    )]
    NotFinite {
        /// What was given.
        value: f64,
    },
    /// A value whose square cannot be summed up.
    #[error("the value {value:e} is beyond ±{largest:e}: scale the column, or look for a wrong unit", largest = super::LARGEST)]
    TooLarge {
        /// What was given.
        value: f64,
    },
    /// A detector of errors got something else.
    #[error(
        "{detector} takes errors, 0 for a right answer and 1 for a wrong one; found {value}: numbers are for adwin, page_hinkley and kswin"
    )]
    NotABit {
        /// Its name.
        detector: &'static str,
        /// What was given.
        value: f64,
    },
    /// A detector of bounded losses got something outside.
    #[error(
        "{detector} takes values from 0 to 1; found {value}: its bounds hold for no others, so scale it or use adwin"
    )]
    NotAShare {
        /// Its name.
        detector: &'static str,
        /// What was given.
        value: f64,
    },
    /// A setting is outside its range.
    #[error("{detector}: {name} is {found}, and must be {expected}")]
    Setting {
        /// The detector.
        detector: &'static str,
        /// The setting.
        name: &'static str,
        /// What it is.
        found: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// A state is not one that this detector can have come to.
    #[error("{detector}: this is not a state of it: {found}; start anew, or go back to an older state")]
    State {
        /// The detector.
        detector: &'static str,
        /// What contradicts what.
        found: &'static str,
    },
}

impl Error {
    /// All of them are malformed input.
    pub fn exit_code(&self) -> u8 {
        2
    }

    #[cold]
    pub(super) fn unusable(value: f64) -> Self {
        if value.is_finite() { Self::TooLarge { value } } else { Self::NotFinite { value } }
    }
}

/// Checks the settings of one detector.
pub(super) struct Check(pub(super) &'static str);

impl Check {
    /// Whether `found` is as it must be.
    pub(super) fn that(
        &self,
        holds: bool,
        name: &'static str,
        found: f64,
        expected: &'static str,
    ) -> Result<(), Error> {
        if holds { Ok(()) } else { Err(Error::Setting { detector: self.0, name, found, expected }) }
    }

    /// Whether `found` lies between 0 and 1, both excluded.
    pub(super) fn probability(&self, name: &'static str, found: f64) -> Result<(), Error> {
        self.that(found > 0.0 && found < 1.0, name, found, "between 0 and 1")
    }

    /// Whether a state fits together.
    pub(super) fn state(&self, holds: bool, found: &'static str) -> Result<(), Error> {
        if holds { Ok(()) } else { Err(Error::State { detector: self.0, found }) }
    }
}
