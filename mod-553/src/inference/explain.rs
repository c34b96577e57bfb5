//! Why a payment was declined, in words, and what those words cost.
//!
//! The text comes from a template over the model's contributions; no language model is called. Its tokens are counted on the prompt and
//! the answer that one would have been given, at four characters a token, so that usage grows and shrinks with what is really asked,
//! and everything behind it (the log, the counters, the bills) has true quantities to work on.

use super::model::Model;
use crate::inference_log::{Usage, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Who writes: two tiers of a language model, as far as tokens go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// Sees every contribution.
    Usual,
    /// Sees the largest alone, and names no value.
    Brief,
}

impl Writer {
    /// What its tokens are counted under.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Usual => "template-explainer",
            Self::Brief => "template-explainer-brief",
        }
    }

    /// The one of this name.
    pub(super) fn called(name: &str) -> Option<Self> {
        [Self::Usual, Self::Brief].into_iter().find(|writer| writer.name() == name)
    }
}

/// The part of each prompt that is the same, and so comes from a provider's cache.
const PROMPT: &str = "You explain to a clerk why a payment was approved or declined. Use two sentences. Name the features that mattered \
most, with their values, and what each did to the probability of fraud. Do not speak about the customer's character, and do not guess at \
facts that are not given. The features, their contributions to the log odds, and the decision follow.";

const CHARACTERS_A_TOKEN: usize = 4;

/// The words and their usage.
pub(super) fn explain(
    writer: Writer,
    model: &Model,
    features: &BTreeMap<String, Value>,
    score: f64,
    token_factor: f64,
) -> (String, Usage) {
    let mut contributions: Vec<(&str, f64)> = model.contributions(features).collect();
    contributions.sort_by(|left, right| right.1.abs().total_cmp(&left.1.abs()));
    if writer == Writer::Brief {
        contributions.truncate(1);
    }
    let mut facts = String::new();
    for (name, contribution) in &contributions {
        // Writing to a string cannot fail.
        let _ = writeln!(facts, "{name} = {}: {contribution:+.2}", shown(features.get(*name)));
    }
    let told: Vec<String> = contributions
        .iter()
        .take(2)
        .map(|(name, contribution)| {
            let direction = if *contribution > 0.0 { "raised" } else { "lowered" };
            match writer {
                Writer::Usual => format!("{name} ({}) {direction} it", shown(features.get(*name))),
                Writer::Brief => format!("{name} {direction} it"),
            }
        })
        .collect();
    let decision = if score >= model.threshold { "declined" } else { "approved" };
    let text = format!(
        "The payment was {decision} at a probability of fraud of {:.0} %. Mostly, {}.",
        score * 100.0,
        told.join(" and ")
    );
    let (cached, facts, output) = (tokens(PROMPT), tokens(&facts), tokens(&text));
    let times = |count: u64| (count as f64 * token_factor).round() as u64;
    let usage = Usage {
        model: Some(writer.name().to_owned()),
        input_tokens: times(cached + facts),
        output_tokens: times(output),
        cached_input_tokens: times(cached),
        reasoning_tokens: 0,
        cost_usd: None,
    };
    (text, usage)
}

fn tokens(text: &str) -> u64 {
    text.chars().count().div_ceil(CHARACTERS_A_TOKEN) as u64
}

fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::Number(number)) => mod_106::documents::number(*number),
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Flag(flag)) => flag.to_string(),
        _ => "missing".to_owned(),
    }
}
