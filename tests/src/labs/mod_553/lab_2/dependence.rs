//! Values that follow each other, or the clock: a slow wave and a Saturday are no drift, and a shift in them is.

use super::monitor::{HEAD, Monitor, Report};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    labs::mod_106::lab_3::data::{Cell, Table, normal},
};
use fastrand::Rng;
use jiff::{Timestamp, ToSpan};
use std::time::Duration;

pub(super) const AUTOCORRELATED: Check = Check {
    id: "values-that-follow-each-other-do-not-alarm",
    title: "Series that remember their past raise no alarm, and a shift in one is found",
    follows: &["nothing-is-no-drift"],
    needs: &[Need::Command("check")],
    limit: Duration::from_secs(180),
    exclusive: false,
    run: |ctx| Box::pin(autocorrelated(ctx)),
};

pub(super) const SEASON: Check = Check {
    id: "a-weekly-season-does-not-alarm",
    title: "A weekend beside weeks raises no alarm, and a weekend unlike others does",
    run: |ctx| Box::pin(season(ctx)),
    ..AUTOCORRELATED
};

/// So sure that a correct submission fails in one run of thousands at most.
const SURE: &str = "numeric: ks\npolicy: { significance: 0.001, power: 0.8 }\n";

/// A stationary series in which neighbours correlate, with a standard deviation of 1.
fn series(rng: &mut Rng, rows: usize, correlation: f64, mean: f64) -> Vec<Cell> {
    let fresh = (1.0 - correlation * correlation).sqrt();
    let mut value = normal(rng, 0.0, 1.0);
    let next = |_| {
        value = correlation * value + fresh * normal(rng, 0.0, 1.0);
        Cell::Number(mean + value)
    };
    (0..rows).map(next).collect()
}

async fn autocorrelated(ctx: Context) -> Result<(), Fault> {
    const ROWS: usize = 3_000;
    let mut rng = ctx.rng();
    let mut table = |correlation: f64, mean: f64| {
        ["pressure", "level", "flow"]
            .iter()
            .fold(Table::default(), |table, name| table.with(name, series(&mut rng, ROWS, correlation, mean)))
    };
    // Taken for independent, such waves drift with p = 1e-20; a fair test has too few of them to say anything.
    let spec = format!("{SURE}effect: 0.02\ndependence: {{ kind: autocorrelated }}\n");
    let monitor = Monitor::comparing(&ctx, &table(0.97, 0.0), &table(0.97, 0.0), &spec)?;
    let output = monitor.run(&ctx, "check", &["@spec.yaml"]).await?;
    expect::holds("the exit code on waves alone", [0, 4].contains(&output.status), "0 or 4", output.status)?;
    let report = Report(expect::printed_json(&output)?);
    for name in ["pressure", "level", "flow"] {
        let verdict = report.verdict(name)?;
        expect::holds(&format!("the verdict on {name}"), verdict != "drift", "stable or inconclusive", verdict)?;
    }
    let spec = format!("{SURE}effect: 0.4\ndependence: {{ kind: autocorrelated }}\n");
    // A short memory: however long a submission takes it for, there are enough blocks.
    let monitor = Monitor::comparing(&ctx, &table(0.4, 0.0), &table(0.4, 1.5), &spec)?;
    monitor.answer(&ctx, 1).await?.only_drifted(&["pressure", "level", "flow"])
}

/// Rows of some hours, from an hour on: busy by day, quiet at weekends.
fn hours(rng: &mut Rng, from: Timestamp, hours: i64, rows: usize, shift: f64) -> Result<Table, Fault> {
    let (mut times, mut values) = (Vec::new(), Vec::new());
    for hour in 0..hours {
        let start = from.checked_add(hour.hours()).map_err(|error| Fault::Harness(error.to_string()))?;
        let since_monday = (start.as_second() - MONDAY).rem_euclid(7 * 86_400) / 3_600;
        let weekend = if since_monday >= 5 * 24 { -3.0 } else { 0.0 };
        let day = (since_monday as f64 / 24.0 * std::f64::consts::TAU).sin();
        for row in 0..rows {
            let time =
                start.checked_add((row as i64 * 37).seconds()).map_err(|error| Fault::Harness(error.to_string()))?;
            times.push(Cell::Text(time.to_string()));
            values.push(Cell::Number(normal(rng, weekend + day + shift, 1.0)));
        }
    }
    Ok(Table::default().with("at", times).with("load", values))
}

/// 2026-01-05 00:00 UTC, in seconds.
const MONDAY: i64 = 1_767_571_200;

async fn season(ctx: Context) -> Result<(), Fault> {
    let monday = Timestamp::from_second(MONDAY).map_err(|error| Fault::Harness(error.to_string()))?;
    let mut rng = ctx.rng();
    let reference = hours(&mut rng, monday, 5 * 168, 5, 0.0)?;
    let saturday =
        Timestamp::from_second(MONDAY + (5 * 7 + 5) * 86_400).map_err(|error| Fault::Harness(error.to_string()))?;
    let spec = format!("{SURE}effect: 0.15\ndependence: {{ kind: hour_of_week, time: at, zone: UTC }}\n");
    for (shift, exit) in [(0.0, 0), (1.5, 1)] {
        let current = hours(&mut rng, saturday, 48, 25, shift)?;
        let monitor = Monitor::new(&ctx)?.file("reference.csv", reference.csv())?.file("current.csv", current.csv())?;
        monitor.write("spec.yaml", format!("{HEAD}{spec}"))?;
        let expected = if exit == 1 { &["load"][..] } else { &[] };
        monitor.answer(&ctx, exit).await?.only_drifted(expected)?;
    }
    Ok(())
}
