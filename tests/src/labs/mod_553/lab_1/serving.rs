//! The service about itself: the text that it shows, counters that begin at 0, histograms, and counts that agree with what was sent.

use super::{
    caller::{CATEGORIES, Caller, NUMBERS, Predicted},
    exposition::{Labels, Scrape},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    wire::Body,
};
use http::Method;
use serde_json::{Value, json};
use std::{fs, time::Duration};

pub(super) const PREDICT: (&str, &str) = ("http_route", "/v1/predict");
const REQUESTS: &str = "http_server_request_duration_seconds";

pub(super) const EXPOSITION: Check = Check {
    id: "metrics-are-well-formed",
    title: "GET /metrics answers Prometheus' text format, each family with its help and type, and promtool finds no fault",
    follows: &[],
    needs: &[Need::File("training"), Need::Tool("promtool"), Need::Tool("bash")],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(exposition(ctx)),
};

async fn exposition(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let payment = caller.payment();
    caller.predict(&payment, None).await?;
    let answer = caller.send(caller.request(Method::GET, "/metrics")).await?;
    expect::status(&answer, 200)?;
    let kind = answer.header("content-type").unwrap_or_default().to_owned();
    let told = kind.starts_with("text/plain") && kind.contains("version=0.0.4");
    expect::holds("content-type of GET /metrics", told, "text/plain; version=0.0.4", &kind)?;
    let scrape = Scrape::read(answer.what(), &answer.text())?;
    for name in scrape.names() {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let family = if scrape.types.contains_key(&name) { &name } else { base };
        let whole = scrape.types.contains_key(family) && scrape.helped.contains(family);
        expect::holds(&format!("the metric {name}"), whole, "# HELP and # TYPE before it", whole)?;
    }
    linted(&ctx, &answer.text()).await
}

/// promtool's own opinion of an exposition.
pub(super) async fn linted(ctx: &Context, text: &str) -> Result<(), Fault> {
    let path = ctx.scratch()?.join("metrics.txt");
    fs::write(&path, text).map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))?;
    let script = "exec promtool check metrics < \"$1\"";
    ctx.tool("promtool")?;
    let output = ctx.tool("bash")?.run(&["-c", script, "lint", &path.display().to_string()], &[]).await?;
    expect::exit(&output, "promtool check metrics", 0)
}

pub(super) const HISTOGRAMS: Check = Check {
    id: "latencies-are-histograms",
    title: "Durations of requests and of the model are histograms whose buckets tell 10 ms from 250 ms from seconds",
    follows: &[],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(histograms(ctx)),
};

async fn histograms(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    for _ in 0..5 {
        let payment = caller.payment();
        caller.predict(&payment, None).await?;
    }
    let scrape = caller.scrape().await?;
    for name in [REQUESTS, "model_inference_duration_seconds"] {
        expect::equal(&format!("the type of {name}"), &Some("histogram"), &scrape.types.get(name).map(String::as_str))?;
        let (buckets, count, sum) = (format!("{name}_bucket"), format!("{name}_count"), format!("{name}_sum"));
        let mut counted = 0;
        for sample in scrape.of(&count, &[]) {
            let bounds = ladder(&scrape, &buckets, &sample.labels);
            sensible(name, &bounds, sample.value)?;
            let labels: Vec<_> = sample.labels.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
            let seconds = scrape.sum(&sum, &labels).unwrap_or(f64::NAN);
            let possible = sample.value == 0.0 || (seconds > 0.0 && seconds < 60.0 * sample.value);
            expect::holds(&sum, possible, "seconds, more than none and less than a minute each", seconds)?;
            counted += 1;
        }
        expect::holds(&count, counted > 0, "a series", "none")?;
    }
    let buckets = format!("{REQUESTS}_bucket");
    let objective = scrape.of(&buckets, &[PREDICT, ("le", "0.25")]).next();
    expect::holds("the buckets of /v1/predict", objective.is_some(), "a bound at 0.25 s, the objective's", "none")
}

/// The bounds of one histogram, ascending, with what they count.
fn ladder(scrape: &Scrape, buckets: &str, labels: &Labels) -> Vec<(f64, f64)> {
    let with: Vec<_> = labels.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
    let bound = |le: &str| if le == "+Inf" { f64::INFINITY } else { le.parse().unwrap_or(f64::NAN) };
    let all = scrape.of(buckets, &with).filter_map(|sample| Some((bound(sample.labels.get("le")?), sample.value)));
    let mut bounds: Vec<(f64, f64)> = all.collect();
    bounds.sort_by(|left, right| left.0.total_cmp(&right.0));
    bounds
}

fn sensible(name: &str, bounds: &[(f64, f64)], count: f64) -> Result<(), Fault> {
    let finite: Vec<f64> = bounds.iter().map(|(bound, _)| *bound).filter(|bound| bound.is_finite()).collect();
    let wide = finite.len() >= 8
        && finite.first().is_some_and(|bound| *bound <= 0.01)
        && finite.last().is_some_and(|bound| *bound >= 2.5);
    expect::holds(&format!("the buckets of {name}"), wide, "8 or more, from 0.01 s or less to 2.5 s or more", &finite)?;
    let ascending = bounds.is_sorted_by(|left, right| left.1 <= right.1);
    expect::holds(
        &format!("the buckets of {name}"),
        ascending,
        "each counts at least what the one before does",
        bounds,
    )?;
    let last = bounds.last().filter(|(bound, _)| bound.is_infinite()).map(|(_, counted)| *counted);
    expect::equal(&format!("the bucket +Inf of {name} beside its _count"), &Some(count), &last)
}

pub(super) const ZERO: Check = Check {
    id: "counters-begin-at-zero",
    title: "What an alert divides by or looks for is there before it first happens",
    follows: &[],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(zero(ctx)),
};

async fn zero(ctx: Context) -> Result<(), Fault> {
    let caller = Caller::new(&ctx)?;
    let scrape = caller.scrape().await?;
    let there = |name: &str, with: &[(&str, &str)]| {
        let found = scrape.of(name, with).next().is_some();
        expect::holds(&format!("{name}{with:?} of a service that nothing has happened to"), found, "a series", "none")
    };
    for outcome in ["ok", "error", "rejected"] {
        there("model_predictions_total", &[("outcome", outcome)])?;
    }
    for correct in ["true", "false"] {
        there("model_labels_total", &[("correct", correct)])?;
    }
    for decision in ["approve", "decline"] {
        there("business_decisions_total", &[("decision", decision)])?;
        there("business_amount_usd_total", &[("decision", decision)])?;
    }
    there("business_loss_usd_total", &[])?;
    there("telemetry_label_overflow_total", &[("label", "tenant")])?;
    for feature in NUMBERS.iter().chain(&CATEGORIES) {
        for state in ["ok", "null"] {
            there("model_input_values_total", &[("feature", feature), ("state", state)])?;
        }
    }
    NUMBERS.iter().try_for_each(|feature| {
        there("model_input_values_total", &[("feature", feature), ("state", "out_of_range")])
    })?;
    CATEGORIES
        .iter()
        .try_for_each(|feature| there("model_input_values_total", &[("feature", feature), ("state", "unseen")]))
}

pub(super) const COUNTED: Check = Check {
    id: "predictions-are-counted-exactly",
    title: "Requests, predictions, decisions, amounts and tenants are counted as often as they were sent",
    follows: &["latencies-are-histograms"],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(60),
    exclusive: true,
    run: |ctx| Box::pin(counted(ctx)),
};

async fn counted(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let tenants = [None, Some("north"), Some("south")];
    let before = caller.scrape().await?;
    let mut sent = Vec::new();
    for _ in 0..caller.random.usize(40..90) {
        let (payment, tenant) = (caller.payment(), tenants[caller.random.usize(..3)]);
        sent.push((caller.predict(&payment, tenant).await?, tenant));
    }
    let after = caller.scrape().await?;
    let grew = |name: &str, with: &[(&str, &str)], expected: f64| {
        let (found, what) = (after.grew(&before, name, with), format!("how far {name}{with:?} grew"));
        // Amounts are sums of cents in binary fractions.
        expect::holds(&what, (found - expected).abs() <= 1e-6 * expected.max(1.0), &expected.to_string(), found)
    };
    let all = sent.len() as f64;
    grew("http_server_request_duration_seconds_count", &[PREDICT, ("http_response_status_code", "200")], all)?;
    grew("model_predictions_total", &[("outcome", "ok")], all)?;
    grew("model_predictions_total", &[], all)?;
    grew("model_inference_duration_seconds_count", &[], all)?;
    for decision in ["approve", "decline"] {
        let of: Vec<&Predicted> =
            sent.iter().map(|(predicted, _)| predicted).filter(|predicted| predicted.decision == decision).collect();
        grew("business_decisions_total", &[("decision", decision)], of.len() as f64)?;
        let amount = of.iter().map(|predicted| predicted.amount_usd).sum();
        grew("business_amount_usd_total", &[("decision", decision)], amount)?;
    }
    for tenant in ["north", "south"] {
        let of = sent.iter().filter(|(_, asked)| *asked == Some(tenant)).count();
        grew("business_requests_total", &[("tenant", tenant)], of as f64)?;
    }
    grew("business_requests_total", &[], all)
}

pub(super) const MALFORMED: Check = Check {
    id: "malformed-requests-are-refused-and-counted",
    title: "What cannot be understood gets a 4xx that says why, is counted as rejected, and never as a prediction",
    follows: &["predictions-are-counted-exactly"],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(60),
    exclusive: true,
    run: |ctx| Box::pin(malformed(ctx)),
};

async fn malformed(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let before = caller.scrape().await?;
    let good = json!({ "features": caller.payment().features });
    let with = |feature: &str, value: Value| {
        let mut body = good.clone();
        body["features"][feature] = value;
        body.to_string()
    };
    let random = &mut caller.random.clone();
    let junk: String = (0..random.usize(1..200)).map(|_| random.alphanumeric()).collect();
    let mut bodies = vec![
        format!("x{junk}"),
        "[]".to_owned(),
        "{}".to_owned(),
        good.to_string().replace("\"features\"", "\"featurs\""),
        json!({ "features": 7 }).to_string(),
        json!({ "features": good["features"], junk.clone(): 1 }).to_string(),
        with("amount_usd", json!("a lot")),
        with("channel", json!(7)),
        with(&format!("f{junk}"), json!(1)),
        json!({ "request_id": "", "features": good["features"] }).to_string(),
    ];
    random.shuffle(&mut bodies);
    for body in &bodies {
        let request = caller.request(Method::POST, "/v1/predict").header("content-type", "application/json");
        let answer = caller.send(request.body(Body::Bytes(body.clone().into()))).await?;
        let refused = (400..500).contains(&answer.status);
        expect::holds(&format!("POST /v1/predict of {body}"), refused, "a status 4xx", answer.quoted())?;
        let why = answer.json()?;
        expect::holds("the body of a refusal", why.get("error").is_some(), "JSON with `error`", why)?;
    }
    let after = caller.scrape().await?;
    let sent = bodies.len() as f64;
    let refused: f64 = (400..500)
        .map(|status| {
            let status = status.to_string();
            let with = [PREDICT, ("http_response_status_code", status.as_str())];
            after.grew(&before, "http_server_request_duration_seconds_count", &with)
        })
        .sum();
    expect::equal("how many 4xx of /v1/predict were counted", &sent, &refused)?;
    let outcome = |outcome| after.grew(&before, "model_predictions_total", &[("outcome", outcome)]);
    expect::equal("how far model_predictions_total{outcome=\"rejected\"} grew", &sent, &outcome("rejected"))?;
    expect::equal("how far model_predictions_total{outcome=\"ok\"} grew", &0.0, &outcome("ok"))?;
    let payment = caller.payment();
    caller.predict(&payment, None).await.map(drop)
}
