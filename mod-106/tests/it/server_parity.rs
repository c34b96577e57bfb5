//! Our server beside MLflow 2.22: both get the same requests, good and bad, and must answer the same statuses and bodies.
//!
//! The requests are data (`server_parity.jsonl`, one a line, in order): `send` the method and path, `body` or `raw` what goes
//! along, `save` what later requests need of the answer, `compare: codes` where the message may be worded differently, and `ours`
//! with `why` where we answer otherwise on purpose. `{name}` stands for what was saved, `{x*501}` for 501 times x, and
//! `{"*": [n, value]}` for a list of n times the value. Ids and times are redacted before answers are compared.

use super::target::{Absent, OpenPair, block_on};
use libtest_mimic::{Completion, Failed, Trial};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const REQUESTS: &str = include_str!("server_parity.jsonl");
const TIMES: [&str; 4] = ["creation_time", "last_update_time", "creation_timestamp", "last_updated_timestamp"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    send: String,
    body: Option<Value>,
    raw: Option<String>,
    content_type: Option<String>,
    #[serde(default)]
    save: BTreeMap<String, String>,
    compare: Option<String>,
    ours: Option<u16>,
    why: Option<String>,
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    body: Value,
}

/// One of the two servers, with what was saved of its answers.
struct Listener {
    uri: String,
    http: reqwest::Client,
    saved: BTreeMap<String, String>,
}

/// The trial. It is ignored where MLflow's programs are missing.
pub(crate) fn trial() -> Trial {
    Trial::ignorable_test("embedded::answers-as-mlflow-does", || match OpenPair::start() {
        Ok(pair) => compare(&pair.reference, &pair.embedded).map(|()| Completion::Completed),
        Err(Absent::NotHere(reason)) => Ok(Completion::ignored_with(reason)),
        Err(Absent::Broken(reason)) => Err(Failed::from(reason)),
    })
}

fn compare(reference: &str, embedded: &str) -> Result<(), Failed> {
    let mut differences = Vec::new();
    block_on(async {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let (mut theirs, mut ours) = (Listener::new(reference, &unique), Listener::new(embedded, &unique));
        for line in REQUESTS.lines() {
            let request: Request = serde_json::from_str(line)?;
            let expected = theirs.answer(&request).await?;
            let actual = ours.answer(&request).await?;
            let same = match request.ours {
                Some(status) => actual.status == status && expected != actual,
                None => expected == actual,
            };
            if !same {
                let why = request.why.unwrap_or_default();
                differences.push(format!("{line}\n  MLflow: {expected:?}\n  ours:   {actual:?}\n  {why}"));
            }
        }
        Ok::<(), Failed>(())
    })?;
    if differences.is_empty() {
        return Ok(());
    }
    Err(Failed::from(format!("{} answers differ:\n{}", differences.len(), differences.join("\n"))))
}

impl Listener {
    fn new(uri: &str, unique: &str) -> Self {
        let saved = BTreeMap::from([("unique".to_owned(), unique.to_owned())]);
        let http = reqwest::Client::builder().no_proxy().build().expect("the defaults are sound");
        Self { uri: uri.to_owned(), http, saved }
    }

    async fn answer(&mut self, request: &Request) -> Result<Answer, Failed> {
        let (method, path) = request.send.split_once(' ').ok_or("`send` is a method and a path")?;
        let uri = format!("{}{}", self.uri, self.filled(path));
        let mut sent = self.http.request(method.parse()?, uri);
        if let Some(body) = &request.body {
            sent = sent.json(&self.expanded(body));
        }
        if let Some(raw) = &request.raw {
            sent = sent.header("Content-Type", request.content_type.as_deref().unwrap_or_default()).body(raw.clone());
        }
        let response = sent.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        for (name, pointer) in &request.save {
            let value = body.pointer(&format!("/{}", pointer.replace('.', "/"))).and_then(Value::as_str);
            let value = value.ok_or_else(|| format!("{}: no {pointer} in {body}", request.send))?;
            self.saved.insert(name.clone(), value.to_owned());
        }
        let mut body = self.redacted(body, path.contains("get-history"));
        if request.compare.as_deref() == Some("codes")
            && let Some(fields) = body.as_object_mut()
        {
            fields.remove("message");
        }
        Ok(Answer { status, body })
    }

    /// Puts in what was saved, and what is to be repeated.
    fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.saved {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        if let Some((what, count)) = filled.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')?.split_once('*'))
            && let Ok(count) = count.parse()
        {
            return what.repeat(count);
        }
        filled
    }

    fn expanded(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.filled(text)),
            Value::Array(values) => values.iter().map(|value| self.expanded(value)).collect(),
            Value::Object(fields) => match fields.get("*").and_then(Value::as_array).map(Vec::as_slice) {
                Some([Value::Number(count), value]) => {
                    let count = count.as_u64().unwrap_or_default();
                    (0..count).map(|_| self.expanded(value)).collect()
                }
                _ => fields.iter().map(|(name, value)| (name.clone(), self.expanded(value))).collect(),
            },
            other => other.clone(),
        }
    }

    /// Ids become their names, times vanish, and lists without an order of their own are sorted.
    fn redacted(&self, value: Value, ordered: bool) -> Value {
        match value {
            Value::String(text) => Value::String(self.unfilled(&text)),
            // 1 and 1.0 are one number.
            Value::Number(number) => number.as_f64().map_or(Value::Number(number), Value::from),
            Value::Array(values) => {
                let mut values: Vec<Value> = values.into_iter().map(|value| self.redacted(value, ordered)).collect();
                if !ordered && values.iter().all(is_unordered) {
                    values.sort_by_key(Value::to_string);
                }
                Value::Array(values)
            }
            Value::Object(fields) => Value::Object(self.redacted_fields(fields, ordered)),
            other => other,
        }
    }

    fn redacted_fields(&self, fields: Map<String, Value>, ordered: bool) -> Map<String, Value> {
        let redact = |(name, value): (String, Value)| {
            let value = if TIMES.contains(&name.as_str()) { json!("time") } else { self.redacted(value, ordered) };
            (name, value)
        };
        fields.into_iter().map(redact).collect()
    }

    /// Both servers count experiments alike; run ids are what differs.
    fn unfilled(&self, text: &str) -> String {
        let ids = self.saved.iter().filter(|(_, value)| value.len() == 32);
        ids.fold(text.to_owned(), |text, (name, value)| text.replace(value, name))
    }
}

/// Tags, params, metrics, aliases, versions by stage and dataset summaries come in any order.
fn is_unordered(value: &Value) -> bool {
    ["key", "alias", "current_stage", "digest"].iter().any(|field| value.get(field).is_some())
}
