//! Where a world and a submission live: in our own processes, as programs of this machine, or in containers.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One of the three kinds of environment that the same checks run in. Ordered from the cheapest to the dearest.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// Our own binaries; nothing but Rust is needed.
    Embedded,
    /// Programs found on this machine.
    Process,
    /// Containers, where Docker is at hand.
    Containers,
}

impl Backend {
    /// All of them, the cheapest first.
    pub const ALL: [Self; 3] = [Self::Embedded, Self::Process, Self::Containers];

    /// As manifests, reports and the command line spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Process => "process",
            Self::Containers => "containers",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
