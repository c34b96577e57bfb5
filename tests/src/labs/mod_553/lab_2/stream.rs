//! One value at a time: the moment of a change, and no alarm without one.

use super::monitor::Monitor;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    labs::mod_106::lab_3::data::normal,
    submission::CommandOutput,
};
use serde_json::Value;
use std::{fmt::Write, time::Duration};

pub(super) const MOMENT: Check = Check {
    id: "the-moment-of-a-change-is-found",
    title: "A detector that adapts its window finds a change soon after it happened, and nothing where nothing did",
    follows: &[],
    needs: &[Need::Command("stream")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(moment(ctx)),
};

pub(super) const EXACT: Check = Check {
    id: "alarms-are-exact",
    title: "Page–Hinkley's test alarms at the very values that its definition says, also when it was interrupted",
    run: |ctx| Box::pin(exact(ctx)),
    ..MOMENT
};

fn lines(values: &[f64]) -> String {
    values.iter().fold(String::new(), |mut text, value| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{value:?}");
        text
    })
}

/// The indices of alarms: one JSON object a line.
fn alarms(output: &CommandOutput) -> Result<Vec<u64>, Fault> {
    let index = |line: &str| {
        let found: Option<Value> = serde_json::from_str(line).ok();
        found.and_then(|it| it["index"].as_u64()).ok_or_else(|| {
            Fault::failed("a line on standard output", "a JSON object with `index`, a whole number", line.to_owned())
        })
    };
    output.stdout.lines().filter(|line| !line.trim().is_empty()).map(index).collect()
}

async fn moment(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let at = rng.usize(2_500..3_500);
    let mut values: Vec<f64> = (0..6_000).map(|_| normal(&mut rng, 0.0, 1.0)).collect();
    let monitor = Monitor::new(&ctx)?.file("quiet.txt", lines(&values))?;
    values[at..].iter_mut().for_each(|value| *value += 1.5);
    monitor.write("changed.txt", lines(&values))?;
    // So strict that chance alarms once in a thousand runs.
    let words = ["--detector", "adwin", "--set", "delta=0.00001"];
    let output = monitor.run(&ctx, "stream", &[&["@quiet.txt"], &words[..]].concat()).await?;
    expect::exit(&output, "stream quiet.txt --detector adwin --set delta=0.00001", 0)?;
    expect::equal("the alarms where nothing changed", &Vec::<u64>::new(), &alarms(&output)?)?;
    let output = monitor.run(&ctx, "stream", &[&["@changed.txt"], &words[..]].concat()).await?;
    expect::exit(&output, "stream changed.txt --detector adwin --set delta=0.00001", 1)?;
    let found = alarms(&output)?;
    let soon = found.first().is_some_and(|index| (at as u64..at as u64 + 200).contains(index));
    expect::holds("the first alarm's `index`", soon, &format!("{at} to {}", at + 200), found)
}

/// Page (1954) and Hinkley (1971) as River 0.26 has them, in both directions: after an alarm all begins anew with the next value.
fn page_hinkley(values: &[f64]) -> Vec<u64> {
    let (min, delta, threshold, alpha) = (30.0, 0.005, 50.0, 0.9999);
    let mut found = Vec::new();
    let (mut count, mut mean, mut up, mut down, mut least, mut most) = (0.0, 0.0, 0.0_f64, 0.0_f64, f64::MAX, f64::MIN);
    for (index, value) in values.iter().enumerate() {
        count += 1.0;
        mean += (value - mean) / count;
        let deviation = value - mean;
        up = alpha * up + deviation - delta;
        down = alpha * down + deviation + delta;
        (least, most) = (least.min(up), most.max(down));
        if count >= min && (up - least > threshold || most - down > threshold) {
            found.push(index as u64);
            (count, mean, up, down, least, most) = (0.0, 0.0, 0.0, 0.0, f64::MAX, f64::MIN);
        }
    }
    found
}

async fn exact(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let mut mean = 0.0;
    let mut next = |index: usize| {
        if index.is_multiple_of(700) {
            mean += if rng.bool() { 1.0 } else { -1.0 };
        }
        normal(&mut rng, mean, 1.0)
    };
    let values: Vec<f64> = (0..5_000).map(&mut next).collect();
    let expected = page_hinkley(&values);
    let monitor = Monitor::new(&ctx)?.file("all.txt", lines(&values))?.file("grows.txt", lines(&values[..2_345]))?;
    let words = ["--detector", "page_hinkley", "--set", "threshold=50"];
    let output = monitor.run(&ctx, "stream", &[&["@all.txt"], &words[..]].concat()).await?;
    expect::equal("the alarms of Page–Hinkley's test", &expected, &alarms(&output)?)?;
    // The same file, read while it grows: what was read before is not read again.
    let words = [&["@grows.txt"], &words[..], &["--state", "@state.json"]].concat();
    let mut found = alarms(&monitor.run(&ctx, "stream", &words).await?)?;
    monitor.write("grows.txt", lines(&values))?;
    found.extend(alarms(&monitor.run(&ctx, "stream", &words).await?)?);
    expect::equal("the alarms of two runs with one --state", &expected, &found)
}
