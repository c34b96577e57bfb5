//! The model behind the data: its performance in every slice, its budgets, and whether it can take the data at all.

use super::{
    data::{Cell, Table, normals},
    suite::Suite,
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::json;
use std::time::Duration;

pub(super) const SLICES: Check = Check {
    id: "a-bad-slice-is-found",
    title: "A slice in which the model fails is found, although all rows together look well",
    follows: &["clean-data-pass"],
    needs: &[Need::Command("validate")],
    limit: Duration::from_secs(180),
    exclusive: false,
    run: |ctx| Box::pin(slices(ctx)),
};

pub(super) const BUDGETS: Check = Check {
    id: "budgets-are-kept",
    title: "Latency, size and memory beyond their budgets are found",
    run: |ctx| Box::pin(budgets(ctx)),
    ..SLICES
};

pub(super) const SIGNATURE: Check = Check {
    id: "a-signature-mismatch-is-found",
    title: "Data that the model's signature does not take are found",
    run: |ctx| Box::pin(signature(ctx)),
    ..SLICES
};

/// Labels and scores of a model that is right nine times in ten, but for `bad` segments, in which it guesses.
fn predictions(ctx: &Context, bad: &[&str]) -> Table {
    let mut rng = ctx.rng();
    let segments = ["north", "north", "north", "south", "south", "south", "west"];
    let mut columns: [Vec<Cell>; 3] = Default::default();
    for row in 0..6_000 {
        let segment = segments[row % segments.len()];
        let right = rng.f64() < if bad.contains(&segment) { 0.5 } else { 0.92 };
        let label = rng.bool();
        let score = if label == right { 0.5 + rng.f64() / 2.0 } else { rng.f64() / 2.0 };
        let cells = [Cell::Whole(label.into()), Cell::Number(score), Cell::Text(segment.to_owned())];
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
    }
    let [labels, scores, segments] = columns;
    Table::default().with("label", labels).with("score", scores).with("segment", segments)
}

const PERFORMANCE: &str = "performance: { task: binary, label: label, score: score, positive: \"1\", threshold: 0.5, metrics: \
                           [{ metric: accuracy, min: 0.75, slices: true }], slices: [segment] }";

async fn slices(ctx: Context) -> Result<(), Fault> {
    let good = Suite::of(&ctx, &predictions(&ctx, &[]), PERFORMANCE)?;
    good.answer(&ctx, 0, &[]).await?.only_failed(&[])?;
    let answer = Suite::of(&ctx, &predictions(&ctx, &["west"]), PERFORMANCE)?.answer(&ctx, 1, &[]).await?;
    let metrics = expect::list(&answer.report, "/performance/metrics");
    let verdicts: Vec<_> = metrics
        .iter()
        .map(|metric| (metric["slice"]["segment"].as_str().unwrap_or("all rows"), metric["verdict"].as_str()))
        .collect();
    for segment in ["all rows", "north", "south"] {
        let found = verdicts.iter().find(|(slice, _)| *slice == segment).and_then(|(_, verdict)| *verdict);
        expect::equal(&format!("the verdict on the accuracy of {segment}"), &Some("passed"), &found)?;
    }
    let found = verdicts.iter().find(|(slice, _)| *slice == "west").and_then(|(_, verdict)| *verdict);
    expect::equal("the verdict on the accuracy of the slice west", &Some("failed"), &found)
}

const BUDGET: &str = "budgets:
  - { id: latency-p99, column: latency_ms, quantile: 0.99, max: 200, unit: ms }
  - { id: model-size, size_of: model, max: 100KB }
  - { id: memory, metrics: metrics.json, key: memory.peak_mb, max: 512 }
";

async fn budgets(ctx: Context) -> Result<(), Fault> {
    let table = |slow: f64| {
        let mut rng = ctx.rng();
        let mut latency = normals(&mut rng, 2_000, 50.0, 5.0);
        // Three in a hundred: their mean moves little, their p99 is what they are.
        latency.iter_mut().take(60).for_each(|cell| *cell = Cell::Number(slow));
        Table::default().with("latency_ms", latency)
    };
    let suite = |slow: f64, bytes: usize, peak_mb: u32| {
        Suite::of(&ctx, &table(slow), BUDGET)?
            .file("model/weights.bin", vec![7_u8; bytes])?
            .file("metrics.json", json!({"memory": {"peak_mb": peak_mb}}).to_string())
    };
    suite(150.0, 90_000, 500)?.answer(&ctx, 0, &[]).await?.only_failed(&[])?;
    suite(450.0, 90_000, 500)?.answer(&ctx, 1, &[]).await?.only_failed(&["latency-p99"])?;
    suite(150.0, 150_000, 500)?.answer(&ctx, 1, &[]).await?.only_failed(&["model-size"])?;
    suite(150.0, 90_000, 513)?.answer(&ctx, 1, &[]).await?.only_failed(&["memory"])
}

async fn signature(ctx: Context) -> Result<(), Fault> {
    let model = |kind: &str, name: &str| {
        let inputs = json!([{"type": "double", "name": "amount", "required": true}, {"type": kind, "name": name, "required": true}]);
        format!("flavors: {{}}\nsignature:\n  inputs: '{inputs}'\n  outputs: '[{{\"type\": \"double\"}}]'\n")
    };
    let mut rng = ctx.rng();
    let table = Table::default()
        .with("amount", normals(&mut rng, 300, 1.0, 1.0))
        .with("plan", vec![Cell::Text("basic".into()); 300]);
    let suite =
        |text: String| Suite::of(&ctx, &table, "signature: { model: model/MLmodel }")?.file("model/MLmodel", text);
    suite(model("string", "plan"))?.answer(&ctx, 0, &[]).await?.only_failed(&[])?;
    suite(model("string", "region"))?.answer(&ctx, 1, &[]).await?.only_failed(&["signature"])?;
    suite(model("long", "plan"))?.answer(&ctx, 1, &[]).await?.only_failed(&["signature"])
}
