//! What GitHub can say no to, one variant for each decision a caller makes.

use std::time::Duration;

/// Why a call to GitHub did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is unusable.
    #[error("{setting}: {problem}")]
    Setting {
        /// The setting, by the name of its environment variable.
        setting: &'static str,
        /// What is wrong and what to give.
        problem: String,
    },
    /// GitHub understood and said no.
    #[error("GitHub, {call}: {status}: {message}{}", advice(*status))]
    Refused {
        /// Method and path.
        call: String,
        /// The HTTP status.
        status: u16,
        /// GitHub's own words.
        message: String,
    },
    /// Too many requests, for longer than we wait.
    #[error("GitHub, {call}: the rate limit is used up; it opens again in {} s", wait.as_secs())]
    RateLimited {
        /// Method and path.
        call: String,
        /// How long GitHub asks us to wait.
        wait: Duration,
    },
    /// No answer, or none that says what happened, after several attempts.
    #[error("GitHub, {call}: {reason}; is GITHUB_API_URL right, and GitHub up?")]
    Unreachable {
        /// Method and path.
        call: String,
        /// What the last attempt met.
        reason: String,
    },
    /// The answer is not what GitHub's API description says.
    #[error("GitHub, {call}: the answer cannot be read ({reason}); is GITHUB_API_URL an API address?")]
    Garbage {
        /// Method and path.
        call: String,
        /// What was wrong with it.
        reason: String,
    },
}

impl Error {
    /// What a command exits with: 1 refused · 2 wrong settings · 3 nobody answered.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Setting { .. } => 2,
            Self::Unreachable { .. } | Self::RateLimited { .. } => 3,
            Self::Refused { .. } | Self::Garbage { .. } => 1,
        }
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        401 => "; is GITHUB_TOKEN set and still valid?",
        403 => "; the token lacks a permission (deployments: write, actions: read, statuses: write)",
        404 => "; does it exist, and may the token see it?",
        _ => "",
    }
}
