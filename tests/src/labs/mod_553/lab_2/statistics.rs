//! The figures themselves, computed here a second time, and the same figures from every format.

use super::{
    monitor::{HEAD, Monitor, USUAL},
    shifts::{usual, with},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    labs::mod_106::lab_3::data::{Cell, Table, normal, normals, words},
};
use std::{collections::BTreeMap, time::Duration};

pub(super) const DISTANCES: Check = Check {
    id: "distances-are-exact",
    title: "Kolmogorov–Smirnov's D with ties, Wasserstein's W₁ and χ² of homogeneity are right to nine digits",
    follows: &[],
    needs: &[Need::Command("check")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(distances(ctx)),
};

pub(super) const BINNED: Check = Check {
    id: "binned-measures-are-exact",
    title: "PSI and Jensen–Shannon's distance are right to nine digits, over bins fixed on the reference's quantiles",
    run: |ctx| Box::pin(binned(ctx)),
    ..DISTANCES
};

pub(super) const FORMATS: Check = Check {
    id: "formats-are-judged-alike",
    title: "CSV, Parquet and JSON Lines give the same verdicts and the same figures",
    run: |ctx| Box::pin(formats(ctx)),
    ..DISTANCES
};

/// So many that a sketch of them cannot be right by chance.
const COUNT: usize = 8_000;

async fn distances(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    // Rounded to tenths, so that most values are tied.
    let mut side =
        |mean: f64| -> Vec<f64> { (0..COUNT).map(|_| (normal(&mut rng, mean, 1.0) * 10.0).round() / 10.0).collect() };
    let (left, right) = (side(0.0), side(0.35));
    let mut rng = ctx.rng();
    let plans = words(&mut rng, COUNT, &[("a", 50), ("b", 30), ("c", 20)]);
    let other = words(&mut rng, COUNT, &[("a", 30), ("b", 45), ("c", 25)]);
    let report = compared(&ctx, (&left, &plans), (&right, &other)).await?;
    let (distance, area) = apart(&left, &right);
    close("Kolmogorov–Smirnov's D of amount", report.statistic("amount", "ks")?, distance)?;
    close("W₁ of amount, in its own unit", report.statistic("amount", "wasserstein")?, area)?;
    close("χ² of plan", report.statistic("plan", "chi_squared")?, chi_squared(&plans, &other))
}

async fn compared(
    ctx: &Context,
    reference: (&[f64], &[Cell]),
    current: (&[f64], &[Cell]),
) -> Result<super::monitor::Report, Fault> {
    let table = |(numbers, words): (&[f64], &[Cell])| {
        let numbers = numbers.iter().map(|value| Cell::Number(*value)).collect();
        Table::default().with("amount", numbers).with("plan", words.to_vec())
    };
    Monitor::comparing(ctx, &table(reference), &table(current), USUAL)?.answer(ctx, 1).await
}

fn close(what: &str, found: f64, expected: f64) -> Result<(), Fault> {
    let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
    expect::holds(&format!("the `statistic`: {what}"), near, &expected.to_string(), found)
}

/// The largest distance between two empirical distribution functions, looked at behind each different value, and the area between them.
fn apart(left: &[f64], right: &[f64]) -> (f64, f64) {
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (left, right) = (sorted(left), sorted(right));
    let mut points = sorted(&[left.as_slice(), &right].concat());
    points.dedup();
    let below = |values: &[f64], at: f64| values.partition_point(|value| *value <= at) as f64 / values.len() as f64;
    let gaps: Vec<f64> = points.iter().map(|at| (below(&left, *at) - below(&right, *at)).abs()).collect();
    let area = points.windows(2).zip(&gaps).map(|(pair, gap)| gap * (pair[1] - pair[0])).sum();
    (gaps.iter().copied().fold(0.0, f64::max), area)
}

/// Pearson's statistic of a table with two rows; both are samples, the reference too.
fn chi_squared(left: &[Cell], right: &[Cell]) -> f64 {
    let counts = counts_of(left, right);
    let sizes = [left.len() as f64, right.len() as f64];
    let all = sizes[0] + sizes[1];
    let cells = counts.iter().flat_map(|pair| [(pair, 0), (pair, 1)]);
    cells
        .map(|(pair, side)| {
            let expected = (pair[0] + pair[1]) * sizes[side] / all;
            (pair[side] - expected).powi(2) / expected
        })
        .sum()
}

fn counts_of(left: &[Cell], right: &[Cell]) -> Vec<[f64; 2]> {
    let mut counts: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    for (side, cells) in [left, right].into_iter().enumerate() {
        for cell in cells {
            counts.entry(format!("{cell:?}")).or_default()[side] += 1.0;
        }
    }
    counts.into_values().collect()
}

async fn binned(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let mut side =
        |mean: f64, spread: f64| -> Vec<f64> { (0..COUNT).map(|_| normal(&mut rng, mean, spread)).collect() };
    // Sizes that differ by chance and by more.
    let (left, right) = (side(0.0, 1.0), side(0.3, 1.4));
    let right = right[..COUNT / 2 + 1].to_vec();
    let mut rng = ctx.rng();
    let plans = words(&mut rng, left.len(), &[("a", 50), ("b", 30), ("c", 20)]);
    let other = words(&mut rng, right.len(), &[("a", 30), ("b", 45), ("c", 25)]);
    let report = compared(&ctx, (&left, &plans), (&right, &other)).await?;
    for (name, table) in [("amount", deciles(&left, &right)), ("plan", counts_of(&plans, &other))] {
        close(&format!("PSI of {name}"), report.statistic(name, "psi")?, stability(&table))?;
        let found = report.statistic(name, "jensen_shannon")?;
        close(&format!("Jensen–Shannon's distance of {name}"), found, jensen_shannon(&table))?;
    }
    Ok(())
}

/// Counts of both sides in ten bins: half-open to the left, between the reference's deciles, the outer ones without end.
fn deciles(left: &[f64], right: &[f64]) -> Vec<[f64; 2]> {
    let mut sorted = left.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let place = share * (sorted.len() - 1) as f64;
        let (below, part) = (place.floor() as usize, place.fract());
        let above = (below + 1).min(sorted.len() - 1);
        sorted[below] + part * (sorted[above] - sorted[below])
    };
    let edges: Vec<f64> = (1..10).map(|bin| quantile(f64::from(bin) / 10.0)).collect();
    let mut counts = vec![[0.0; 2]; 10];
    for (side, values) in [left, right].into_iter().enumerate() {
        for value in values {
            counts[edges.iter().filter(|edge| value > edge).count()][side] += 1.0;
        }
    }
    counts
}

/// Σ (p − q) ln(p / q), of shares to which half a count was added in each bin.
fn stability(table: &[[f64; 2]]) -> f64 {
    let bins = table.len() as f64;
    let total = |side: usize| table.iter().map(|pair| pair[side]).sum::<f64>() + 0.5 * bins;
    let (m, n) = (total(0), total(1));
    table
        .iter()
        .map(|pair| {
            let (p, q) = ((pair[0] + 0.5) / m, (pair[1] + 0.5) / n);
            (p - q) * (p / q).ln()
        })
        .sum()
}

/// The root of the divergence in bits, of plain shares.
fn jensen_shannon(table: &[[f64; 2]]) -> f64 {
    let total = |side: usize| table.iter().map(|pair| pair[side]).sum::<f64>();
    let (m, n) = (total(0), total(1));
    let half = |share: f64, middle: f64| if share > 0.0 { share * (share / middle).log2() } else { 0.0 };
    let terms = table.iter().map(|pair| {
        let (p, q) = (pair[0] / m, pair[1] / n);
        half(p, f64::midpoint(p, q)) + half(q, f64::midpoint(p, q))
    });
    (terms.sum::<f64>() / 2.0).sqrt()
}

async fn formats(ctx: Context) -> Result<(), Fault> {
    const ROWS: usize = 3_000;
    let mut rng = ctx.rng();
    let mut current = with(usual(&ctx, ROWS), vec![("amount", normals(&mut rng, ROWS, 105.0, 10.0))]);
    // Nothing in a column of whole numbers and in one of words: Parquet says so in another way than text does.
    for name in ["age", "plan"] {
        for cell in current.column(name).iter_mut().filter(|_| rng.u32(0..50) == 0) {
            *cell = Cell::Nothing;
        }
    }
    let reference = usual(&ctx, ROWS);
    let monitor = Monitor::comparing(&ctx, &reference, &current, USUAL)?
        .file("reference.parquet", reference.parquet()?)?
        .file("current.parquet", current.parquet()?)?
        .file("reference.jsonl", reference.json_lines())?
        .file("current.jsonl", current.json_lines())?;
    let first = monitor.answer(&ctx, 1).await?;
    first.only_drifted(&["amount"])?;
    for ending in ["parquet", "jsonl"] {
        monitor.write("spec.yaml", format!("{}{USUAL}", HEAD.replace("csv", ending)))?;
        let report = monitor.answer(&ctx, 1).await?;
        for name in ["amount", "age", "score", "plan", "region"] {
            expect::equal(
                &format!("the verdict on {name} from {ending}"),
                first.verdict(name)?,
                report.verdict(name)?,
            )?;
            let (csv, other) = (&first.column(name)?["measures"], &report.column(name)?["measures"]);
            expect::equal(&format!("`measures` of {name} from {ending}, as from CSV"), csv, other)?;
        }
    }
    Ok(())
}
