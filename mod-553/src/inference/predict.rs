//! `POST /v1/predict`: read, break if asked to, judge, predict, explain, remember, log. In this order, so that what is logged is what
//! the model saw and what the caller got.

use super::explain::{Writer, explain};
use super::faults::Faults;
use super::spend::Restraint;
use super::state::{Deployment, Remembered, Service};
use super::wire::{Answer, Question, Refusal};
use crate::inference_log::{Record, Value};
use crate::instrument::Quality;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

const LONGEST_ID: usize = 128;

/// The route.
pub(super) async fn predict(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Answer>, Refusal> {
    let (time, started) = (Timestamp::now(), Instant::now());
    let faults = service.faults();
    let question = read(&service, &body).inspect_err(|refusal| unread(&service, refusal))?;
    let request_id = question.request_id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let deployments = service.deployments();
    let deployment = deployments.choose(&request_id, faults.bad_deploy);
    service.figures.business.tenant(question.tenant.as_deref());
    let mut record = Record {
        time,
        request_id,
        model: deployment.served.model.clone(),
        version: deployment.served.version.clone(),
        variant: deployment.served.variant.clone(),
        tenant: question.tenant.clone(),
        features: question.features,
        prediction: None,
        score: None,
        latency_ms: 0.0,
        status: 200,
        usage: None,
    };
    let answered = answer(&service, deployment, &faults, &mut record, question.explain).await;
    record.latency_ms = started.elapsed().as_secs_f64() * 1_000.0;
    let labels = service.figures.labels_of(&deployment.served);
    let with = |last: &str| [&labels[..], &[last.to_owned()]].concat();
    if let Err(refusal) = &answered {
        record.status = refusal.status.as_u16();
        let outcome = if refusal.status.is_server_error() { "error" } else { "rejected" };
        service.figures.predictions.with_label_values(&with(outcome)).inc();
        service.figures.errors.with_label_values(&with(refusal.kind)).inc();
    } else {
        service.figures.predictions.with_label_values(&with("ok")).inc();
    }
    service.log(service.requests.as_ref(), &record);
    answered.map(Json)
}

/// A question that nobody understands was asked of stable: the canary is chosen by an id, and it has none.
fn unread(service: &Service, refusal: &Refusal) {
    let labels = service.figures.labels_of(&service.deployments().stable.served);
    let with = |last: &str| [&labels[..], &[last.to_owned()]].concat();
    service.figures.predictions.with_label_values(&with("rejected")).inc();
    service.figures.errors.with_label_values(&with(refusal.kind)).inc();
}

/// A question that can be understood; what cannot has no features to log.
fn read(service: &Service, body: &[u8]) -> Result<Question, Refusal> {
    let bad = |message: String| Refusal::new(StatusCode::BAD_REQUEST, "malformed", message);
    let question: Question = serde_json::from_slice(body).map_err(|error| {
        bad(format!("the body is no question: {error}; expected {{\"features\": {{…}}}}, see GET /v1/model"))
    })?;
    if let Some(id) = &question.request_id {
        if id.is_empty() || id.len() > LONGEST_ID {
            return Err(bad(format!("request_id has {} bytes; expected 1 to {LONGEST_ID}", id.len())));
        }
        if service.memory().knows(id) {
            let message = format!("request_id {id} was answered before; an id names one request");
            return Err(Refusal::new(StatusCode::CONFLICT, "duplicate", message));
        }
    }
    Ok(question)
}

async fn answer(
    service: &Service,
    deployment: &Deployment,
    faults: &Faults,
    record: &mut Record,
    explained: bool,
) -> Result<Answer, Refusal> {
    if faults.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(faults.latency_ms)).await;
    }
    {
        let mut random = service.random.lock().unwrap_or_else(PoisonError::into_inner);
        faults.upstream(&mut record.features, &mut random);
        if random.f64() < faults.error_share {
            let message = "a fault is injected on purpose: error_share";
            return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "injected", message));
        }
    }
    judge(service, deployment, record)?;
    service.figures.saw(&record.features);
    let started = Instant::now();
    let score = deployment.model.score(&record.features);
    let labels = service.figures.labels_of(&deployment.served);
    service.figures.inference_seconds.with_label_values(&labels).observe(started.elapsed().as_secs_f64());
    let fraud = score >= deployment.model.threshold;
    service.figures.score.with_label_values(&labels).observe(score);
    let class = if fraud { "fraud" } else { "legitimate" };
    service.figures.predicted_class.with_label_values(&[&labels[..], &[class.to_owned()]].concat()).inc();
    let decision = decide(service, deployment, record, fraud);
    (record.prediction, record.score) = (Some(Value::Flag(fraud)), Some(score));
    let (writer, restraint) = if explained { writer(service, record) } else { (None, None) };
    let explanation = writer.map(|writer| {
        let (text, usage) = explain(writer, &deployment.model, &record.features, score, faults.token_factor);
        let tokens = &service.figures.business.tokens;
        tokens.with_label_values(&[writer.name(), "input"]).observe(usage.input_tokens as f64);
        tokens.with_label_values(&[writer.name(), "output"]).observe(usage.output_tokens as f64);
        let cached = service.figures.business.cached_tokens.with_label_values(&[writer.name()]);
        cached.inc_by(usage.cached_input_tokens);
        record.usage = Some(usage);
        text
    });
    Ok(Answer {
        request_id: record.request_id.clone(),
        model: record.model.clone(),
        version: record.version.clone(),
        variant: record.variant.clone(),
        prediction: fraud,
        score,
        decision,
        explanation,
        spend: restraint,
        usage: record.usage.clone(),
    })
}

/// Who explains, as far as the budget goes; without a policy, nobody asks.
fn writer(service: &Service, record: &Record) -> (Option<Writer>, Option<Restraint>) {
    let Some(spend) = &service.spend else { return (Some(Writer::Usual), None) };
    let (writer, restraint) = spend.ask(record.tenant.as_deref());
    let outcome = restraint.as_ref().map_or("allowed", |restraint| restraint.outcome);
    service.figures.business.spend_decisions.with_label_values(&[outcome]).inc();
    (writer, restraint)
}

/// Counts what each value is like. A wrong type or an unknown name is the caller's mistake; nulls, outliers and new categories are
/// life, and answered.
fn judge(service: &Service, deployment: &Deployment, record: &Record) -> Result<(), Refusal> {
    let mut wrong = Vec::new();
    for (name, expected) in &deployment.expected {
        let quality = expected.judge(record.features.get(name));
        let labels = [record.model.as_str(), name, quality.word()];
        service.figures.input_values.with_label_values(&labels).inc();
        if quality == Quality::WrongType {
            wrong.push(format!("{name} has the wrong type"));
        }
    }
    let unknown = record.features.keys().filter(|name| !deployment.expected.contains_key(*name));
    wrong.extend(unknown.map(|name| format!("{name} is no feature of this model")));
    if wrong.is_empty() {
        return Ok(());
    }
    let known: Vec<&str> = deployment.expected.keys().map(String::as_str).collect();
    let message = format!("{}; the model's features are {}", wrong.join(", "), known.join(", "));
    Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "features", message))
}

/// The business' side of a prediction.
fn decide(service: &Service, deployment: &Deployment, record: &Record, fraud: bool) -> &'static str {
    let decision = if fraud { "decline" } else { "approve" };
    let served = &deployment.served;
    let labels = [served.model.as_str(), &served.variant, decision];
    let amount_usd = match record.features.get("amount_usd") {
        Some(Value::Number(amount)) if amount.is_finite() && *amount > 0.0 => *amount,
        _ => 0.0,
    };
    service.figures.business.decisions.with_label_values(&labels).inc();
    service.figures.business.amount_usd.with_label_values(&labels).inc_by(amount_usd);
    let remembered = Remembered { served: served.clone(), predicted: fraud, amount_usd, labelled: false };
    service.memory().keep(record.request_id.clone(), remembered);
    decision
}
