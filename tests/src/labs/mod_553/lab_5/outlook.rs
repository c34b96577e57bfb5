//! What is to come, with an interval that holds; what is strange, and what is only a weekend.

use super::{
    desk::{ASKS, Desk, costs, float, named},
    usage::{moment, seconds},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use fastrand::Rng;

pub(super) const INTERVAL: Check = Check {
    id: "a-forecast-has-an-interval-that-holds",
    title: "Without noise the forecast is right; with noise its 90 % interval holds what comes, and is no wider than it needs to be",
    needs: &[Need::Command("forecast")],
    run: |ctx| Box::pin(interval(ctx)),
    ..ASKS
};
pub(super) const FEW: Check = Check {
    id: "few-days-are-inconclusive",
    title: "Twenty days make no forecast, and two weeks say nothing about what is strange",
    needs: &[Need::Command("forecast"), Need::Command("anomalies")],
    run: |ctx| Box::pin(few(ctx)),
    ..ASKS
};
pub(super) const SPIKE: Check = Check {
    id: "a-spike-is-found",
    title: "A day that costs twice what such days cost is found, with its model, although last month had a greater one",
    needs: &[Need::Command("anomalies")],
    run: |ctx| Box::pin(spike(ctx)),
    ..ASKS
};
pub(super) const QUIET: Check = Check {
    id: "ordinary-days-are-quiet",
    title: "Weekends and ordinary noise are not strange",
    run: |ctx| Box::pin(quiet(ctx)),
    ..SPIKE
};

/// A Monday.
const FIRST: &str = "2026-01-05T00:00:00Z";

/// What a day costs before noise: working days and weekends, and a little more each day.
fn usual(scale: f64, day: usize) -> f64 {
    scale * (if day % 7 > 4 { 31.0 } else { 100.0 + 3.0 * (day % 7) as f64 }) + 0.2 * day as f64
}

/// A number from a normal distribution.
fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * rng.f64().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}

/// A table with one row a day and model.
fn table(series: &[(&'static str, Vec<f64>)]) -> String {
    let day = |index: i64| moment(seconds(FIRST) + 86_400 * index);
    let lines: Vec<_> = series
        .iter()
        .flat_map(|(model, values)| {
            (0..).zip(values).map(|(index, usd)| (day(index), day(index + 1), format!("{usd:.6}"), *model, "north"))
        })
        .collect();
    costs(&lines)
}

/// The day with this number, as a date.
fn date(index: usize) -> String {
    moment(seconds(FIRST) + 86_400 * index as i64).chars().take(10).collect()
}

async fn interval(ctx: Context) -> Result<(), Fault> {
    const PAST: usize = 56;
    const AHEAD: usize = 14;
    let mut rng = ctx.rng();
    let (runs, mut held) = (14, 0);
    for run in 0..runs {
        let (scale, noise) = (1.0 + rng.f64(), if run == 0 { 0.0 } else { 5.0 + 5.0 * rng.f64() });
        let values: Vec<f64> = (0..PAST + AHEAD).map(|day| usual(scale, day) + noise * normal(&mut rng)).collect();
        let desk = Desk::new(&ctx)?;
        let rows = desk.file("rows.csv", &table(&[("large", values[..PAST].to_vec())]))?;
        let from = date(PAST);
        let words = ["--rows", &rows, "--from", &from, "--days", "14", "--level", "0.9"];
        let found = desk.json(&ctx, "forecast", &words, 0).await?;
        let [estimate, low, high] =
            [float(&found, "/total/estimate")?, float(&found, "/total/low")?, float(&found, "/total/high")?];
        let coming: f64 = values[PAST..].iter().sum();
        expect::equal("the number of days", &AHEAD, &expect::list(&found, "/days").len())?;
        expect::equal("the first day", from.as_str(), expect::text(&found, "/days/0/day")?)?;
        if noise == 0.0 {
            let near = (estimate - coming).abs() < 0.01 * coming;
            expect::holds("total.estimate of days without noise", near, &format!("{coming} or 1 % off"), estimate)?;
            continue;
        }
        expect::holds("total", low < estimate && estimate < high, "low < estimate < high", [low, estimate, high])?;
        // Fourteen days' noise, twice as wide as a normal distribution asks for, and room for what the fit does not know.
        let widest = 2.0 * 2.0 * 1.645 * noise * (AHEAD as f64).sqrt() * 1.5;
        expect::holds("the width of total", high - low < widest, &format!("less than {widest}"), high - low)?;
        held += usize::from(low <= coming && coming <= high);
    }
    // Of thirteen, fewer than eight would be an accident of one in ten thousand.
    expect::holds("how often the 90 % interval held what came", held >= 8, "8 of 13 or more", held)
}

async fn few(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let values: Vec<f64> = (0..20).map(|day| usual(1.0, day) + normal(&mut rng)).collect();
    let desk = Desk::new(&ctx)?;
    let rows = desk.file("rows.csv", &table(&[("large", values.clone())]))?;
    desk.run(&ctx, "forecast", &["--rows", &rows, "--from", &date(20), "--days", "7", "--level", "0.9"], 4).await?;
    let rows = desk.file("fewer.csv", &table(&[("large", values[..14].to_vec())]))?;
    let found = desk.json(&ctx, "anomalies", &["--rows", &rows, "--day", &date(13), "--json"], 4).await?;
    expect::equal(
        "the verdict on everything",
        "inconclusive",
        expect::text(named(&found, "series", "total")?, "/verdict")?,
    )
}

async fn spike(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    // A working day: at weekends twice as much is not far off.
    let day = 49 + rng.usize(0..5);
    let mut series =
        |scale: f64| -> Vec<f64> { (0..=day).map(|day| usual(scale, day) + 3.0 * normal(&mut rng)).collect() };
    let (mut large, small) = (series(1.0), series(0.3));
    large[day - 14] *= 30.0;
    large[day] *= 2.2;
    let desk = Desk::new(&ctx)?;
    let rows = desk.file("rows.csv", &table(&[("large", large), ("small", small)]))?;
    let found = desk.json(&ctx, "anomalies", &["--rows", &rows, "--day", &date(day), "--json"], 1).await?;
    for (name, verdict) in [("total", "anomaly"), ("model:large", "anomaly"), ("model:small", "normal")] {
        let line = named(&found, "series", name)?;
        expect::equal(&format!("the verdict on {name}"), verdict, expect::text(line, "/verdict")?)?;
        let why = expect::text(line, "/why")?;
        expect::holds("why", why.split_whitespace().count() >= 5, "a sentence", why)?;
    }
    Ok(())
}

async fn quiet(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    for _ in 0..8 {
        let day = 42 + rng.usize(0..14);
        let values: Vec<f64> = (0..=day).map(|day| usual(1.0, day) + 4.0 * normal(&mut rng)).collect();
        let desk = Desk::new(&ctx)?;
        let rows = desk.file("rows.csv", &table(&[("large", values)]))?;
        let found = desk.json(&ctx, "anomalies", &["--rows", &rows, "--day", &date(day), "--json"], 0).await?;
        expect::equal(
            "the verdict on everything",
            "normal",
            expect::text(named(&found, "series", "total")?, "/verdict")?,
        )?;
    }
    Ok(())
}
