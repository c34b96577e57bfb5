//! How good a model still is: estimated while labels are missing, measured when they come, and said when they never do.

use super::monitor::{Monitor, number};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    labs::mod_106::lab_3::data::{Cell, Table, normal},
    submission::CommandOutput,
};
use fastrand::Rng;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const ESTIMATED: Check = Check {
    id: "performance-is-estimated-without-labels",
    title: "The accuracy of rows without labels is estimated from scores that must be calibrated first, and its fall is told",
    follows: &[],
    needs: &[Need::Command("estimate")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(estimated(ctx)),
};

pub(super) const LATE: Check = Check {
    id: "late-labels-are-joined",
    title: "Labels that come late, twice or out of order count once, in the window of their prediction; until they are ripe nothing is said",
    follows: &[],
    needs: &[Need::Command("measure")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(late(ctx)),
};

pub(super) const NEVER: Check = Check {
    id: "labels-that-never-come-are-told",
    title: "A window whose labels never came is no good window, however good the few are that did",
    run: |ctx| Box::pin(never(ctx)),
    ..LATE
};

/// Rows with a score and what was true: the scores are over-confident, in the same way on both sides. `spread` is how far the model
/// can tell classes apart; the second value is how often it is right at 0.5.
fn scored(rng: &mut Rng, rows: usize, spread: f64) -> (Table, f64) {
    let (mut scores, mut labels, mut right) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..rows {
        let logit = normal(rng, 0.0, spread);
        let (told, real) = (1.0 / (1.0 + (-2.5 * logit).exp()), 1.0 / (1.0 + (-logit).exp()));
        let label = rng.f64() < real;
        right += f64::from(u8::from(label == (told >= 0.5)));
        scores.push(Cell::Number(told));
        labels.push(Cell::Whole(i64::from(label)));
    }
    (Table::default().with("score", scores).with("label", labels), right / rows as f64)
}

async fn estimated(ctx: Context) -> Result<(), Fault> {
    const ROWS: usize = 2_000;
    let mut rng = ctx.rng();
    let (reference, _) = scored(&mut rng, 4_000, 2.0);
    let monitor = Monitor::new(&ctx)?.file("reference.csv", reference.csv())?;
    for (spread, changed) in [(2.0, false), (0.7, true)] {
        let (mut current, truth) = scored(&mut rng, ROWS, spread);
        // Without labels: nobody has them yet.
        current.names.truncate(1);
        current.columns.truncate(1);
        monitor.write("current.csv", current.csv())?;
        let rows = ROWS.to_string();
        let files = ["--reference", "@reference.csv", "--current", "@current.csv"];
        let words = [&files[..], &["--label", "label", "--score", "score", "--chunk-rows", &rows]].concat();
        let output = monitor.run(&ctx, "estimate", &words).await?;
        if changed {
            expect::exit(&output, "estimate, of scores that tell less than before", 1)?;
        }
        let report = expect::printed_json(&output)?;
        let estimates = expect::list(&report, "/chunks/0/estimates");
        let accuracy = estimates.iter().find(|estimate| estimate["metric"] == "accuracy");
        let accuracy = accuracy.ok_or_else(|| {
            Fault::failed("`chunks[0].estimates`", "one whose `metric` is accuracy", format!("{estimates:?}"))
        })?;
        let found = number(accuracy, "/estimated")?;
        let near = (found - truth).abs() < 0.035;
        expect::holds("`estimated` of accuracy", near, &format!("{truth}, which the labels would say"), found)?;
        let expected = if changed { "changed" } else { "usual" };
        expect::equal("`state` of accuracy", expected, expect::text(accuracy, "/state")?)?;
    }
    Ok(())
}

/// An hour of predictions, and their labels as they come.
struct Hour {
    name: String,
    hour: i64,
    predictions: usize,
    accuracy: f64,
}

impl Hour {
    fn request(&self, index: usize) -> String {
        format!("{}-{}-{index}", self.name, self.hour)
    }

    fn log(&self) -> String {
        let line = |index: usize| {
            json!({
                "time": format!("2026-01-05T{:02}:{:02}:{:02}Z", self.hour, index % 60, index / 60 % 60), "request_id": self.request(index),
                "model": "m", "version": "1", "features": {"x": index}, "prediction": "yes", "score": 0.9, "latency_ms": 3.0, "status": 200,
            })
            .to_string()
                + "\n"
        };
        (0..self.predictions).map(line).collect()
    }

    /// Labels of the first so many predictions, in an order of their own; and how many are right.
    fn labels(&self, rng: &mut Rng, count: usize) -> (Vec<String>, f64) {
        let mut right = 0.0;
        let mut line = |index: usize| {
            let is_right = rng.f64() < self.accuracy;
            right += f64::from(u8::from(is_right));
            let label = if is_right { "yes" } else { "no" };
            json!({"request_id": self.request(index), "label": label, "observed_at": format!("2026-01-05T{:02}:30:00Z", self.hour + 1)})
                .to_string()
                + "\n"
        };
        let mut lines: Vec<String> = (0..count).map(&mut line).collect();
        rng.shuffle(&mut lines);
        (lines, right / count as f64)
    }
}

const WORDS: [&str; 14] = [
    "--log",
    "@log.jsonl",
    "--labels",
    "@labels.jsonl",
    "--positive",
    "yes",
    "--limit",
    "accuracy=0.8",
    "--window",
    "1h",
    "--maturity",
    "3h",
    "--now",
    "2026-01-05T10:00:00Z",
];

async fn measured(ctx: &Context, log: &str, labels: &[String]) -> Result<CommandOutput, Fault> {
    let monitor = Monitor::new(ctx)?.file("log.jsonl", log)?.file("labels.jsonl", labels.concat())?;
    monitor.run(ctx, "measure", &WORDS).await
}

/// The window that begins at this hour.
fn window(report: &Value, hour: i64) -> Result<&Value, Fault> {
    let start = format!("2026-01-05T{hour:02}:00:00Z");
    let found = expect::list(report, "/windows").iter().find(|window| window["start"] == start.as_str());
    found.ok_or_else(|| {
        let starts = format!("{:?}", expect::texts(report, "/windows", "/start"));
        Fault::failed("`windows`", format!("one whose `start` is {start}"), starts)
    })
}

fn standing(report: &Value, hour: i64, expected: &str) -> Result<(), Fault> {
    let window = window(report, hour)?;
    let what = format!("`standing` of {hour:02}:00 ({})", window["why"]);
    expect::equal(&what, expected, expect::text(window, "/standing")?)
}

async fn late(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let of = |hour: i64, accuracy: f64| Hour { name: ctx.name("r"), hour, predictions: 600, accuracy };
    let (good, bad, young) = (of(1, 0.95), of(3, 0.6), of(8, 0.6));
    let (mut labels, share) = good.labels(&mut rng, 600);
    let (worse, _) = bad.labels(&mut rng, 600);
    labels.extend(worse);
    labels.extend(young.labels(&mut rng, 200).0);
    // Told twice, and of requests that no log has.
    let again: Vec<String> = labels.iter().step_by(4).cloned().collect();
    labels.extend(again);
    let foreign = of(2, 0.0).labels(&mut rng, 40).0;
    labels.extend(foreign);
    rng.shuffle(&mut labels);
    let log = [good.log(), bad.log(), young.log()].concat();
    let output = measured(&ctx, &log, &labels).await?;
    expect::exit(&output, "measure, with one window that is worse than its limit", 1)?;
    let report = expect::printed_json(&output)?;
    standing(&report, 1, "held")?;
    standing(&report, 3, "broken")?;
    standing(&report, 8, "pending")?;
    let held = window(&report, 1)?;
    expect::equal("`labelled` of 01:00", &600, &expect::integer(held, "/labelled")?)?;
    let found = expect::list(held, "/measures").iter().find(|measure| measure["metric"] == "accuracy");
    let found = found.and_then(|measure| measure["value"].as_f64());
    let near = found.is_some_and(|value| (value - share).abs() < 1e-9);
    expect::holds("the accuracy of 01:00", near, &share.to_string(), found)?;
    expect::equal("`orphans`", &40, &expect::integer(&report, "/orphans")?)
}

async fn never(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let hour = Hour { name: ctx.name("r"), hour: 1, predictions: 600, accuracy: 0.99 };
    let (labels, _) = hour.labels(&mut rng, 150);
    let output = measured(&ctx, &hour.log(), &labels).await?;
    expect::exit(
        &output,
        "measure, with labels of a quarter of the predictions, long after the last could have come",
        4,
    )?;
    let report = expect::printed_json(&output)?;
    standing(&report, 1, "unlabelled")?;
    let coverage = number(window(&report, 1)?, "/coverage")?;
    expect::holds("`coverage` of 01:00", (coverage - 0.25).abs() < 1e-9, "0.25", coverage)
}
