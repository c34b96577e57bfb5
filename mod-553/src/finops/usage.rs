//! What was consumed: one call of a language model, with its tokens. Cached tokens are part of the input and reasoning tokens part of
//! the output (OpenTelemetry's GenAI conventions); [`Tokens`] cannot be built otherwise, and takes them apart into meters that do not
//! overlap, so that nothing can be charged twice. Next on the data's way: `pricing.rs`.

use super::error::Place;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Tokens of one call, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_creation: u64,
    reasoning: u64,
}

impl Tokens {
    /// Checks that parts are no larger than what they are parts of.
    ///
    /// # Errors
    /// Says which part is too large.
    pub fn new(input: u64, output: u64, cache_read: u64, cache_creation: u64, reasoning: u64) -> Result<Self, String> {
        let cached = cache_read.checked_add(cache_creation);
        if cached.is_none_or(|cached| cached > input) {
            return Err(format!(
                "{cache_read} tokens read from the cache and {cache_creation} written to it, of {input} input tokens"
            ));
        }
        if reasoning > output {
            return Err(format!("{reasoning} reasoning tokens of {output} output tokens"));
        }
        Ok(Self { input, output, cache_read, cache_creation, reasoning })
    }

    /// All input tokens, cached ones included: what decides the price tier.
    pub fn input(&self) -> u64 {
        self.input
    }

    /// All output tokens, reasoning ones included.
    pub fn output(&self) -> u64 {
        self.output
    }

    /// So many tokens are charged at each meter; together they are the input and the output.
    pub fn by_meter(&self) -> [(Meter, u64); 5] {
        [
            (Meter::Input, self.input - self.cache_read - self.cache_creation),
            (Meter::CacheRead, self.cache_read),
            (Meter::CacheCreation, self.cache_creation),
            (Meter::Output, self.output - self.reasoning),
            (Meter::Reasoning, self.reasoning),
        ]
    }
}

/// What is charged; no token is counted at two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meter {
    /// Input that no cache had a part in.
    Input,
    /// Input that came from the provider's cache.
    CacheRead,
    /// Input that was written to the provider's cache.
    CacheCreation,
    /// Output that the caller sees.
    Output,
    /// Output that was spent on reasoning.
    Reasoning,
}

impl Meter {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Input, Self::CacheRead, Self::CacheCreation, Self::Output, Self::Reasoning];

    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheCreation => "cache_creation",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
        }
    }

    /// The meter of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meter| meter.word() == word)
    }

    /// What it is a part of; a part without a price of its own costs what the whole costs.
    pub fn whole(self) -> Self {
        match self {
            Self::Input | Self::CacheRead | Self::CacheCreation => Self::Input,
            Self::Output | Self::Reasoning => Self::Output,
        }
    }
}

/// How urgent a call was, as providers sell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// As usual.
    #[default]
    Standard,
    /// Within a day, for less.
    Batches,
    /// Before others, for more.
    Priority,
    /// When there is room, for less.
    Flex,
}

impl Tier {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Batches => "batches",
            Self::Priority => "priority",
            Self::Flex => "flex",
        }
    }

    /// Reads what providers answer as `service_tier`.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "" | "default" | "auto" | "standard" | "standard_only" => Some(Self::Standard),
            "batch" | "batches" => Some(Self::Batches),
            "priority" => Some(Self::Priority),
            "flex" => Some(Self::Flex),
            _ => None,
        }
    }
}

/// A call of a language model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it began.
    pub at: Timestamp,
    /// What names it everywhere: a request's id, or a trace's and a span's.
    pub id: String,
    /// Who sold it, in OpenTelemetry's words: `openai`, `gcp.vertex_ai`.
    pub provider: Option<String>,
    /// The model that was asked.
    pub model: String,
    /// For whom.
    pub tenant: Option<String>,
    /// How urgently.
    pub tier: Tier,
    /// What it took.
    pub tokens: Tokens,
    /// Where that is written.
    pub place: Place,
}

impl Call {
    /// Whether this is the same call, wherever it was written down.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let Self { at, provider, model, tenant, tier, tokens, .. } = self;
        (at, provider, model, tenant, tier, tokens)
            == (&other.at, &other.provider, &other.model, &other.tenant, &other.tier, &other.tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::{Meter, Tokens};
    use proptest::prelude::*;

    #[test]
    fn parts_are_not_larger_than_the_whole() {
        assert!(Tokens::new(10, 0, 6, 5, 0).unwrap_err().contains("of 10 input tokens"));
        assert!(Tokens::new(0, 3, 0, 0, 4).unwrap_err().contains("of 3 output tokens"));
        assert!(Tokens::new(5, 0, u64::MAX, 2, 0).is_err());
        assert!(Tokens::new(10, 4, 6, 4, 4).is_ok());
    }

    proptest! {
        #[test]
        fn meters_add_up_to_input_and_output(parts in proptest::array::uniform5(0_u64..1_000_000_000_000_000)) {
            let [fresh, read, created, shown, reasoning] = parts;
            let tokens = Tokens::new(fresh + read + created, shown + reasoning, read, created, reasoning).unwrap();
            let of = |whole: Meter| -> u64 {
                tokens.by_meter().iter().filter(|(meter, _)| meter.whole() == whole).map(|(_, count)| count).sum()
            };
            prop_assert_eq!(of(Meter::Input), tokens.input());
            prop_assert_eq!(of(Meter::Output), tokens.output());
        }
    }
}
