//! Somebody who asks for predictions: payments by seed, drawn from the data that the submission trained on, and scrapes between them.

use super::exposition::Scrape;
use crate::{
    check::Fault,
    context::Context,
    expect,
    wire::{Answer, Request},
};
use http::Method;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, fs};

/// Features that are numbers, as the brief names them.
pub(super) const NUMBERS: [&str; 4] = ["account_age_days", "amount_usd", "attempts_24h", "hour"];
/// Features that are categories.
pub(super) const CATEGORIES: [&str; 2] = ["channel", "merchant"];

/// A payment of the training data.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) features: Map<String, Value>,
    pub(super) fraud: bool,
}

impl Payment {
    pub(super) fn amount_usd(&self) -> f64 {
        self.features.get("amount_usd").and_then(Value::as_f64).unwrap_or(0.0)
    }
}

/// What a prediction was answered with.
#[derive(Clone, Debug)]
pub(super) struct Predicted {
    pub(super) request_id: String,
    pub(super) fraud: bool,
    pub(super) decision: String,
    pub(super) amount_usd: f64,
}

/// A caller with the training data at hand.
pub(super) struct Caller {
    ctx: Context,
    base: String,
    pub(super) random: fastrand::Rng,
    pub(super) payments: Vec<Payment>,
}

impl Caller {
    /// Reads the training data that the submission names.
    pub(super) fn new(ctx: &Context) -> Result<Self, Fault> {
        let path = ctx.file("training")?;
        let text = fs::read_to_string(&path)
            .map_err(|error| Fault::failed("the file `training`", "a CSV file", error.to_string()))?;
        let payments = read(&text)?;
        Ok(Self { ctx: ctx.clone(), base: ctx.endpoint("inference")?.to_owned(), random: ctx.rng(), payments })
    }

    /// One of the payments that the model learnt from.
    pub(super) fn payment(&mut self) -> Payment {
        self.payments[self.random.usize(..self.payments.len())].clone()
    }

    /// The smallest and the largest value of a number in training.
    pub(super) fn range(&self, name: &str) -> (f64, f64) {
        let values = self.payments.iter().filter_map(|payment| payment.features.get(name).and_then(Value::as_f64));
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    }

    /// The categories of training.
    pub(super) fn levels(&self, name: &str) -> BTreeSet<String> {
        let values = self.payments.iter().filter_map(|payment| payment.features.get(name).and_then(Value::as_str));
        values.map(str::to_owned).collect()
    }

    /// A request to the service.
    pub(super) fn request(&self, method: Method, target: &str) -> Request {
        Request::new(method, &self.base, target)
    }

    /// Asks, without looking at the answer.
    pub(super) async fn ask(&self, target: &str, body: &Value) -> Result<Answer, Fault> {
        Ok(self.ctx.wire().send(self.request(Method::POST, target).json(body)).await?)
    }

    /// Sends something that may be no request at all.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, Fault> {
        Ok(self.ctx.wire().send(request).await?)
    }

    /// Asks for a prediction of a payment, and requires one.
    pub(super) async fn predict(&self, payment: &Payment, tenant: Option<&str>) -> Result<Predicted, Fault> {
        let request_id = self.ctx.name("payment");
        let mut body = json!({ "request_id": request_id, "features": payment.features });
        if let Some(tenant) = tenant {
            body["tenant"] = json!(tenant);
        }
        let answer = expect::json(&self.ask("/v1/predict", &body).await?)?;
        expect::equal("request_id of the answer", request_id.as_str(), expect::text(&answer, "/request_id")?)?;
        let decision = expect::text(&answer, "/decision")?.to_owned();
        let fraud = expect::at(&answer, "/prediction")?
            .as_bool()
            .ok_or_else(|| Fault::failed("`prediction` of an answer", "true or false", answer.to_string()))?;
        Ok(Predicted { request_id, fraud, decision, amount_usd: payment.amount_usd() })
    }

    /// Tells what was true of a prediction.
    pub(super) async fn tell(&self, request_id: &str, label: bool) -> Result<Answer, Fault> {
        self.ask("/v1/feedback", &json!({ "request_id": request_id, "label": label })).await
    }

    /// What the service says of itself now.
    pub(super) async fn scrape(&self) -> Result<Scrape, Fault> {
        let answer = self.send(self.request(Method::GET, "/metrics")).await?;
        expect::status(&answer, 200)?;
        Scrape::read(answer.what(), &answer.text())
    }
}

fn read(text: &str) -> Result<Vec<Payment>, Fault> {
    let bad = |found: &str| Fault::failed("the file `training`", "the lab's payments.csv", found);
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut payments = Vec::new();
    for line in lines {
        let mut payment = Payment { features: Map::new(), fraud: false };
        for (name, field) in header.iter().zip(line.split(',')) {
            if *name == "fraud" {
                payment.fraud = field == "true";
            } else if NUMBERS.contains(name) {
                let number: f64 = field.parse().map_err(|_| bad(line))?;
                payment.features.insert((*name).to_owned(), json!(number));
            } else {
                payment.features.insert((*name).to_owned(), json!(field));
            }
        }
        let whole = NUMBERS.iter().chain(&CATEGORIES).all(|name| payment.features.contains_key(*name));
        if !whole {
            return Err(bad(line));
        }
        payments.push(payment);
    }
    if payments.len() < 1_000 { Err(bad("fewer than 1000 rows")) } else { Ok(payments) }
}
