//! The figures themselves, computed here a second time: statistics to nine digits, and p-values corrected for their number.

use super::{
    data::{Cell, Table, normal, words},
    suite::{Answer, Suite, number},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::{collections::BTreeMap, time::Duration};

pub(super) const EXACT: Check = Check {
    id: "statistics-are-exact",
    title: "Kolmogorov–Smirnov's D with ties and χ² of homogeneity are right to nine digits",
    follows: &["clean-data-pass"],
    needs: &[Need::Command("validate")],
    limit: Duration::from_secs(180),
    exclusive: false,
    run: |ctx| Box::pin(exact(ctx)),
};

pub(super) const CORRECTED: Check = Check {
    id: "many-columns-are-corrected",
    title: "The p-values of many columns are corrected for the false discovery rate",
    run: |ctx| Box::pin(corrected(ctx)),
    ..EXACT
};

const DRIFT: &str = "drift: { significance: 0.05, correction: benjamini_hochberg, numeric: ks, categorical: chi_squared, precision: exact }";

/// So many that a sketch of them cannot be right by chance.
const COUNT: usize = 20_000;

async fn exact(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    // Rounded to tenths, so that most values are tied.
    let mut side =
        |mean: f64| -> Vec<f64> { (0..COUNT).map(|_| (normal(&mut rng, mean, 1.0) * 10.0).round() / 10.0).collect() };
    let (left, right) = (side(0.0), side(0.35));
    let mut rng = ctx.rng();
    let (plans, other) = (
        words(&mut rng, COUNT, &[("a", 50), ("b", 30), ("c", 20)]),
        words(&mut rng, COUNT, &[("a", 30), ("b", 45), ("c", 25)]),
    );
    let table = |numbers: &[f64], words: &[Cell]| {
        let numbers = numbers.iter().map(|value| Cell::Number(*value)).collect();
        Table::default().with("amount", numbers).with("plan", words.to_vec())
    };
    let suite = Suite::comparing(&ctx, &table(&left, &plans), &table(&right, &other), DRIFT)?;
    let answer = suite.answer(&ctx, 1, &[]).await?;
    close(&answer, "amount", "Kolmogorov–Smirnov's D", distance(&left, &right))?;
    close(&answer, "plan", "χ² of homogeneity", chi_squared(&plans, &other))
}

fn close(answer: &Answer, column: &str, what: &str, expected: f64) -> Result<(), Fault> {
    let found = number(answer.drift(column)?, "/statistic")?;
    let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
    expect::holds(&format!("{what} of {column} (`statistic`)"), near, &expected.to_string(), found)
}

/// The largest distance between two empirical distribution functions, looked at behind each value, so that ties count at once.
fn distance(left: &[f64], right: &[f64]) -> f64 {
    let below =
        |values: &[f64], at: f64| values.iter().filter(|value| **value <= at).count() as f64 / values.len() as f64;
    let mut points: Vec<f64> = left.iter().chain(right).copied().collect();
    points.sort_by(f64::total_cmp);
    points.dedup();
    points.into_iter().map(|at| (below(left, at) - below(right, at)).abs()).fold(0.0, f64::max)
}

/// Pearson's statistic of a table with two rows; both are samples, the reference too.
fn chi_squared(left: &[Cell], right: &[Cell]) -> f64 {
    let mut counts: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    for (side, cells) in [left, right].into_iter().enumerate() {
        for cell in cells {
            counts.entry(format!("{cell:?}")).or_default()[side] += 1.0;
        }
    }
    let sizes = [left.len() as f64, right.len() as f64];
    let all = sizes[0] + sizes[1];
    let cells = counts.values().flat_map(|pair| [(pair, 0), (pair, 1)]);
    cells
        .map(|(pair, side)| {
            let expected = (pair[0] + pair[1]) * sizes[side] / all;
            (pair[side] - expected).powi(2) / expected
        })
        .sum()
}

async fn corrected(ctx: Context) -> Result<(), Fault> {
    const COLUMNS: usize = 60;
    let mut rng = ctx.rng();
    let mut table = || {
        (0..COLUMNS).fold(Table::default(), |table, index| {
            let column = (0..1_500).map(|_| Cell::Number(normal(&mut rng, 0.0, 1.0))).collect();
            table.with(&format!("c{index}"), column)
        })
    };
    let (reference, current) = (table(), table());
    let answer = Suite::comparing(&ctx, &reference, &current, DRIFT)?.answer(&ctx, 0, &[]).await?;
    let columns = expect::list(&answer.report, "/drift/columns");
    expect::equal("the number of columns that were compared", &COLUMNS, &columns.len())?;
    let of = |field: &str| columns.iter().map(|column| number(column, field)).collect::<Result<Vec<_>, _>>();
    let (plain, adjusted) = (of("/p_value")?, of("/adjusted_p_value")?);
    let expected = benjamini_hochberg(&plain);
    for (index, (found, expected)) in adjusted.iter().zip(&expected).enumerate() {
        let near = (found - expected).abs() <= 1e-9;
        let what = format!("`adjusted_p_value` of column {index}, Benjamini–Hochberg over all `p_value`s");
        expect::holds(&what, near, &expected.to_string(), found)?;
    }
    Ok(())
}

/// Benjamini and Hochberg, 1995: p·m / rank, made monotone from the largest down.
fn benjamini_hochberg(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|left, right| values[*right].total_cmp(&values[*left]));
    let (mut adjusted, mut least) = (vec![0.0; values.len()], 1.0_f64);
    for (place, index) in order.into_iter().enumerate() {
        let rank = (values.len() - place) as f64;
        least = least.min(values[index] * values.len() as f64 / rank);
        adjusted[index] = least;
    }
    adjusted
}
