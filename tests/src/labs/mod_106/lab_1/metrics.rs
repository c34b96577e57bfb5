//! Metrics: every point of a history in order and in pages, values that are no ordinary numbers, and batches up to MLflow's limits.

use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
    tracking::{Tracking, observe},
};
use serde_json::{Value, json};
use std::time::Duration;

const FOLLOWS: &[&str] = &["server-speaks-mlflow"];

pub(super) const HISTORY: Check = Check {
    id: "metric-history-is-complete",
    title: "A metric's history keeps every point, in pages, and its latest value is the latest",
    follows: FOLLOWS,
    needs: &[],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(history_is_complete(ctx)),
};

pub(super) const ODD_VALUES: Check = Check {
    id: "metrics-may-be-odd-numbers",
    title: "NaN, both infinities, huge, tiny and negative values come back as MLflow stores them",
    follows: FOLLOWS,
    needs: &[],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(odd_values(ctx)),
};

pub(super) const BATCHES: Check = Check {
    id: "batches-hold-a-thousand-metrics",
    title: "A batch takes 1000 metrics, 100 params and 100 tags; a larger one is refused whole",
    follows: FOLLOWS,
    needs: &[],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(batches(ctx)),
};

async fn history_is_complete(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?.id;
    let points: Vec<Value> = (0..25_i32).map(|step| point("loss", json!(f64::from(step) / 8.0), step)).collect();
    for half in [&points[13..], &points[..13]] {
        admin.did("runs/log-batch", json!({"run_id": run, "metrics": half})).await?;
    }
    // A repeated point is the same point: a client that retries must not bend the curve.
    admin.did("runs/log-batch", json!({"run_id": run, "metrics": &points[..3]})).await?;

    let mut steps = steps_over_pages(&admin, &run).await?;
    // MLflow promises no order of a history.
    steps.sort_unstable();
    expect::equal("the steps over all pages", &(0..25).collect::<Vec<i64>>(), &steps)?;
    // Latest is the highest step, not the last one written.
    let now = admin.run_now(&run).await?;
    let latest = expect::list(&now, "/data/metrics");
    expect::equal("the number of metrics of the run", &1, &latest.len())?;
    expect::equal("the latest step", &24, &expect::integer(&latest[0], "/step")?)?;
    expect::equal("the latest value", &json!(3.0), expect::at(&latest[0], "/value")?)?;
    let none = admin.read("metrics/get-history", &[("run_id", &run), ("metric_key", "unknown")]).await?;
    expect::equal("the history of a metric that was never logged", &0, &expect::list(&none, "/metrics").len())
}

/// The steps of `loss`, ten points a page where the server has pages: MLflow 2.22 answers with all of them and no token.
async fn steps_over_pages(admin: &Tracking, run: &str) -> Result<Vec<i64>, Fault> {
    const MOST_PAGES: usize = 10;
    let (mut steps, mut token) = (Vec::new(), String::new());
    for _ in 0..MOST_PAGES {
        let query = [("run_id", run), ("metric_key", "loss"), ("max_results", "10"), ("page_token", &token)];
        let asked = if token.is_empty() { &query[..3] } else { &query[..] };
        let page = admin.read("metrics/get-history", asked).await?;
        for metric in expect::list(&page, "/metrics") {
            steps.push(expect::integer(metric, "/step")?);
        }
        token = page["next_page_token"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            return Ok(steps);
        }
    }
    Err(Fault::failed("the pages of a history of 25 points", "an end", format!("{MOST_PAGES} pages and no end")))
}

async fn odd_values(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?.id;
    let values = [
        ("nan", json!("NaN"), f64::NAN),
        // Databases cannot compare infinity, so MLflow stores the largest number in its place.
        ("infinity", json!("Infinity"), f64::MAX),
        ("minus_infinity", json!("-Infinity"), f64::MIN),
        ("huge", json!(1e300), 1e300),
        ("tiny", json!(-2.5e-300), -2.5e-300),
        ("third", json!(1.0 / 3.0), 1.0 / 3.0),
        ("negative", json!(-7.0), -7.0),
    ];
    for (key, sent, expected) in values {
        admin
            .did("runs/log-metric", json!({"run_id": run, "key": key, "value": sent, "timestamp": 5, "step": -1}))
            .await?;
        let history = admin.read("metrics/get-history", &[("run_id", &run), ("metric_key", key)]).await?;
        let read = expect::at(&history, "/metrics/0/value")?;
        ctx.observe(key, read);
        expect::equal(&format!("the value of `{key}`"), &spelling(expected), &spelling(number(read)))?;
        expect::equal("a negative step", &-1, &expect::integer(&history, "/metrics/0/step")?)?;
    }
    let wrong = json!({"run_id": run, "key": "word", "value": "many", "timestamp": 5});
    let refused = admin.post("runs/log-metric", wrong).await?;
    observe(&ctx, "a value that is no number", &refused);
    expect::error(&refused, 400, "INVALID_PARAMETER_VALUE")
}

async fn batches(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?.id;
    let metrics = |key: &str, count| -> Vec<Value> { (0..count).map(|step| point(key, json!(step), step)).collect() };
    let pairs = |key: &str, count: i32| -> Vec<Value> {
        (0..count).map(|number| json!({"key": format!("{key}{number}"), "value": number.to_string()})).collect()
    };
    admin.did("runs/log-batch", json!({"run_id": run, "metrics": metrics("full", 1000)})).await?;
    let full =
        json!({"run_id": run, "metrics": metrics("mixed", 800), "params": pairs("p", 100), "tags": pairs("t", 100)});
    admin.did("runs/log-batch", full).await?;
    let too_much = [
        ("1001 metrics", json!({"run_id": run, "metrics": metrics("over", 1001)})),
        ("101 params", json!({"run_id": run, "metrics": metrics("over", 1), "params": pairs("q", 101)})),
        ("101 tags", json!({"run_id": run, "metrics": metrics("over", 1), "tags": pairs("u", 101)})),
        ("1001 entries in all", json!({"run_id": run, "metrics": metrics("over", 901), "params": pairs("q", 100)})),
    ];
    for (what, batch) in too_much {
        let refused = admin.post("runs/log-batch", batch).await?;
        observe(&ctx, what, &refused);
        expect::error(&refused, 400, "INVALID_PARAMETER_VALUE")?;
    }
    let history = admin.read("metrics/get-history", &[("run_id", &run), ("metric_key", "full")]).await?;
    expect::equal("the points of a full batch", &1000, &expect::list(&history, "/metrics").len())?;
    let refused = admin.read("metrics/get-history", &[("run_id", &run), ("metric_key", "over")]).await?;
    expect::equal("the points of refused batches", &0, &expect::list(&refused, "/metrics").len())?;
    let now = admin.run_now(&run).await?;
    expect::equal("the params of a full batch", &100, &expect::list(&now, "/data/params").len())
}

fn point(key: &str, value: Value, step: i32) -> Value {
    json!({"key": key, "value": value, "timestamp": 1_700_000_000_000_i64 + i64::from(step), "step": step})
}

/// Proto-JSON spells what JSON cannot say as text; some servers send 0 with `is_nan` instead, which `NaN` is not.
fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok())).unwrap_or(0.0)
}

/// All digits of a number, and one word for what equals nothing, not even itself.
fn spelling(value: f64) -> String {
    if value.is_infinite() { format!("{:e}", f64::MAX.copysign(value)) } else { format!("{value:e}") }
}
