//! Calls and prices: drawn by the seed, written as the brief has it, and what they come to, in whole numbers of 10⁻¹⁰ dollars.

use fastrand::Rng;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;
use std::collections::BTreeMap;

/// A call of a language model.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub(super) id: u64,
    /// Seconds since 1970.
    pub(super) at: i64,
    pub(super) model: String,
    pub(super) tenant: Option<&'static str>,
    /// As providers answer it; empty for the usual one.
    pub(super) service_tier: &'static str,
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cached: u64,
    pub(super) created: u64,
    pub(super) reasoning: u64,
}

impl Call {
    /// A trace with one span, in one line.
    pub(super) fn line(&self) -> String {
        let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let count = |key: &str, value: u64| json!({ "key": key, "value": { "intValue": value.to_string() } });
        let mut attributes = vec![
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.provider.name", "openai"),
            text("gen_ai.request.model", &self.model),
            count("gen_ai.usage.input_tokens", self.input),
            count("gen_ai.usage.output_tokens", self.output),
            count("gen_ai.usage.cache_read.input_tokens", self.cached),
            count("gen_ai.usage.cache_creation.input_tokens", self.created),
            count("gen_ai.usage.reasoning.output_tokens", self.reasoning),
        ];
        attributes.extend(self.tenant.map(|tenant| text("tenant", tenant)));
        if !self.service_tier.is_empty() {
            attributes.push(text("openai.response.service_tier", self.service_tier));
        }
        let start = i128::from(self.at) * 1_000_000_000;
        let span = json!({
            "traceId": format!("{:032x}", self.id / 7 + 1), "spanId": format!("{:016x}", self.id + 1), "name": "chat",
            "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 1_500_000_000).to_string(), "attributes": attributes,
        });
        json!({ "resourceSpans": [{ "resource": { "attributes": [] }, "scopeSpans": [{ "spans": [span] }] }] })
            .to_string()
            + "\n"
    }
}

/// All calls as JSON Lines.
pub(super) fn lines(calls: &[Call]) -> String {
    calls.iter().map(Call::line).collect()
}

/// A moment in seconds.
pub(super) fn seconds(text: &str) -> i64 {
    text.parse::<Timestamp>().map_or(0, Timestamp::as_second)
}

/// A moment as text.
pub(super) fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// Calls of these models in the first hundred days of 2026.
pub(super) fn draw(rng: &mut Rng, count: u64, models: &[&str]) -> Vec<Call> {
    let call = |id| {
        let (fresh, cached, created) = (rng.u64(0..60_000), rng.u64(0..40_000), rng.u64(0..9_000));
        let (shown, reasoning) = (rng.u64(0..4_000), rng.u64(0..9_000));
        Call {
            id,
            at: seconds("2026-01-01T00:00:00Z") + rng.i64(0..8_640_000),
            model: models[rng.usize(..models.len())].to_owned(),
            tenant: [None, Some("north"), Some("south")][rng.usize(..3)],
            service_tier: "",
            input: fresh + cached + created,
            output: shown + reasoning,
            cached,
            created,
            reasoning,
        }
    };
    (0..count).map(call).collect()
}

/// What a model costs between two dates, in units of 10⁻¹⁰ dollars a token, by the keys of the price map.
#[derive(Clone, Debug)]
pub(super) struct Price {
    pub(super) model: String,
    pub(super) from: &'static str,
    pub(super) until: Option<&'static str>,
    pub(super) units: BTreeMap<&'static str, i128>,
}

/// Keys that every drawn price has.
const KEYS: [&str; 5] = [
    "input_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
    "output_cost_per_token",
    "output_cost_per_reasoning_token",
];

impl Price {
    /// A price that differs at every key, with five or six digits.
    pub(super) fn draw(rng: &mut Rng, model: &str) -> Self {
        let units = KEYS.map(|key| (key, i128::from(rng.i64(1_000..400_000) * 2 + 1)));
        Self { model: model.to_owned(), from: "2025-06-01", until: None, units: units.into() }
    }

    pub(super) fn with(mut self, key: &'static str, units: i128) -> Self {
        self.units.insert(key, units);
        self
    }

    fn line(&self) -> String {
        let until = self.until.map(|until| format!(r#" "valid_until": "{until}","#)).unwrap_or_default();
        let prices = self.units.iter().map(|(key, units)| format!(r#""{key}": {units}e-10"#)).collect::<Vec<_>>();
        format!(
            r#"    {{ "model": "{}", "litellm_provider": "openai", "mode": "chat", "max_tokens": 8192, "valid_from": "{}",{until} {} }}"#,
            self.model,
            self.from,
            prices.join(", ")
        )
    }

    /// What a call costs, by meter: tokens and units. `keys` are those of input and output that apply to it.
    pub(super) fn meters(&self, call: &Call, input: &str, output: &str) -> Vec<(&'static str, u64, i128)> {
        let own = |key: &str, whole: &str| self.units.get(key).or_else(|| self.units.get(whole)).copied().unwrap_or(0);
        let meters = [
            ("input", call.input - call.cached - call.created, own(input, input)),
            ("cache_read", call.cached, own(KEYS[1], input)),
            ("cache_creation", call.created, own(KEYS[2], input)),
            ("output", call.output - call.reasoning, own(output, output)),
            ("reasoning", call.reasoning, own(KEYS[4], output)),
        ];
        meters
            .into_iter()
            .filter(|(_, tokens, _)| *tokens > 0)
            .map(|(meter, tokens, units)| (meter, tokens, i128::from(tokens) * units))
            .collect()
    }

    /// What a call costs at the usual prices, in units.
    pub(super) fn cost(&self, call: &Call) -> i128 {
        self.meters(call, KEYS[0], KEYS[3]).iter().map(|(_, _, units)| units).sum()
    }
}

/// The map as a file, one price a line.
pub(super) fn map(prices: &[Price]) -> String {
    let lines: Vec<String> = prices.iter().map(Price::line).collect();
    format!("{{\n  \"source\": \"drawn for this check\",\n  \"prices\": [\n{}\n  ]\n}}\n", lines.join(",\n"))
}

/// Units as dollars.
pub(super) fn dollars(units: i128) -> Decimal {
    Decimal::from_i128_with_scale(units, 10).normalize()
}
