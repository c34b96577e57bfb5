//! From files to calls: the inference log and OTLP/JSON spans, told apart line by line. A call that was written twice counts once;
//! one that was written twice and differs is kept as it came first, and told. Next on the data's way: `pricing.rs`.

use super::counters::Totals;
use super::error::{Error, Place};
use super::otlp;
use super::usage::{Call, Tier, Tokens};
use crate::inference_log::Record;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

/// All that files said.
#[derive(Debug, Default)]
pub struct Collected {
    /// Each call once, in the order in which it was met.
    pub calls: Vec<Call>,
    /// Token totals of metrics, to reconcile calls with.
    pub totals: Totals,
    /// Requests by tenant, those without a language model included.
    pub requests: BTreeMap<Option<String>, u64>,
    /// How many lines repeated what was known.
    pub duplicates: u64,
    /// Calls that were written twice and differ.
    pub conflicts: Vec<Conflict>,
    seen: HashMap<String, usize>,
}

/// One call, said in two ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The call.
    pub id: String,
    /// Where it stands first; this one counts.
    pub counted: String,
    /// Where it stands again, and says something else.
    pub left_out: String,
}

impl Collected {
    /// Reads a file of JSON Lines. `aliases` say which language model stands behind a model of the inference log, where its
    /// records do not.
    ///
    /// # Errors
    /// The file and line of what is neither a record nor OTLP.
    pub fn read(&mut self, path: &Path, aliases: &BTreeMap<String, String>) -> Result<(), Error> {
        let file: Arc<str> = path.display().to_string().into();
        let lines = BufReader::new(File::open(path).map_err(|source| Error::file(path, source))?).lines();
        for (line, text) in (1..).zip(lines) {
            let text = text.map_err(|source| Error::file(path, source))?;
            if !text.trim().is_empty() {
                self.line(&text, Place { file: file.clone(), line }, aliases)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, text: &str, place: Place, aliases: &BTreeMap<String, String>) -> Result<(), Error> {
        let expected = "a record of the inference log, or OTLP/JSON with resourceSpans or resourceMetrics";
        let value: Value =
            serde_json::from_str(text).map_err(|error| Error::malformed(&place, error.to_string(), expected))?;
        if value.get("resourceSpans").is_some() {
            for call in otlp::calls(&value, &place)? {
                let tenant = call.tenant.clone();
                if self.add(call) {
                    *self.requests.entry(tenant).or_default() += 1;
                }
            }
            return Ok(());
        }
        if value.get("resourceMetrics").is_some() {
            return otlp::totals(&value, &place, &mut self.totals);
        }
        let record: Record =
            serde_json::from_value(value).map_err(|error| Error::malformed(&place, error.to_string(), expected))?;
        self.record(record, place, aliases)
    }

    fn record(&mut self, record: Record, place: Place, aliases: &BTreeMap<String, String>) -> Result<(), Error> {
        let tenant = record.tenant;
        let usage = record.usage.unwrap_or_default();
        let tokens =
            Tokens::new(usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, 0, usage.reasoning_tokens)
                .map_err(|found| {
                    Error::malformed(&place, found, "parts that are no larger than their whole: they are subsets")
                })?;
        let call = Call {
            at: record.time,
            id: record.request_id,
            provider: None,
            model: usage.model.unwrap_or_else(|| aliases.get(&record.model).cloned().unwrap_or(record.model)),
            tenant: tenant.clone(),
            tier: Tier::Standard,
            tokens,
            place,
        };
        if self.add(call) {
            *self.requests.entry(tenant).or_default() += 1;
        }
        Ok(())
    }

    /// Adds a call unless it is known; says whether it was new.
    fn add(&mut self, call: Call) -> bool {
        if let Some(known) = self.seen.get(&call.id).map(|known| &self.calls[*known]) {
            if known.says_the_same_as(&call) {
                self.duplicates += 1;
            } else {
                let (counted, left_out) = (known.place.to_string(), call.place.to_string());
                self.conflicts.push(Conflict { id: call.id, counted, left_out });
            }
            return false;
        }
        self.seen.insert(call.id.clone(), self.calls.len());
        self.calls.push(call);
        true
    }
}
