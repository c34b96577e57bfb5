//! What is no drift raises no alarm: chance, a shift too small to matter, one outlier, few rows, many columns.

use super::{
    monitor::{Monitor, USUAL, number},
    shifts::{usual, with},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    labs::mod_106::lab_3::data::{Cell, Table, normal, normals},
};
use std::time::Duration;

pub(super) const NOTHING: Check = Check {
    id: "nothing-is-no-drift",
    title: "Two samples of the same distributions raise no alarm",
    follows: &[],
    needs: &[Need::Command("check")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(nothing(ctx)),
};

pub(super) const TINY: Check = Check {
    id: "a-tiny-shift-is-no-drift",
    title: "A shift that is significant and too small to matter is no drift",
    run: |ctx| Box::pin(tiny(ctx)),
    ..NOTHING
};

pub(super) const OUTLIER: Check = Check {
    id: "one-outlier-decides-nothing",
    title: "One value of a trillion neither makes drift nor hides it, on either side, by any method",
    run: |ctx| Box::pin(outlier(ctx)),
    ..NOTHING
};

pub(super) const FEW: Check = Check {
    id: "few-rows-are-inconclusive",
    title: "Eight rows, and none, are too few to tell, however far they lie apart; how many it takes is said",
    run: |ctx| Box::pin(few(ctx)),
    ..NOTHING
};

pub(super) const MANY: Check = Check {
    id: "many-columns-are-corrected",
    title: "The p-values of many columns are corrected for the false discovery rate",
    run: |ctx| Box::pin(many(ctx)),
    ..NOTHING
};

/// Columns of numbers alone, where many rows or many runs are wanted.
fn numbers(ctx: &Context, rows: usize, mean: f64) -> Table {
    let mut rng = ctx.rng();
    Table::default()
        .with("amount", normals(&mut rng, rows, mean, 10.0))
        .with("age", normals(&mut rng, rows, 40.0, 12.0))
}

async fn nothing(ctx: Context) -> Result<(), Fault> {
    let monitor = Monitor::comparing(&ctx, &usual(&ctx, 6_000), &usual(&ctx, 6_000), USUAL)?;
    monitor.answer(&ctx, 0).await?.only_drifted(&[])
}

async fn tiny(ctx: Context) -> Result<(), Fault> {
    const ROWS: usize = 30_000;
    // 0.08 σ: p is below 1e-15, and the distribution functions lie 3 % apart.
    let monitor = Monitor::comparing(&ctx, &numbers(&ctx, ROWS, 100.0), &numbers(&ctx, ROWS, 100.8), USUAL)?;
    let report = monitor.answer(&ctx, 0).await?;
    report.only_drifted(&[])?;
    let p = number(report.column("amount")?, "/values/adjusted_p_value")?;
    expect::holds("`adjusted_p_value` of amount", p < 1e-6, "below 1e-6: the shift is significant all the same", p)
}

async fn outlier(ctx: Context) -> Result<(), Fault> {
    const ROWS: usize = 3_000;
    let far = if ctx.rng().bool() { 1e12 } else { -1e12 };
    for method in ["ks", "wasserstein", "psi"] {
        let spec = USUAL.replace("numeric: ks", &format!("numeric: {method}"));
        let (usual, moved) = (|| numbers(&ctx, ROWS, 100.0), || numbers(&ctx, ROWS, 110.0));
        let one = |mut table: Table| {
            table.column("amount")[ROWS / 2] = Cell::Number(far);
            table
        };
        for (reference, current, drifted) in [
            (usual(), one(usual()), false),
            (one(usual()), usual(), false),
            (usual(), one(moved()), true),
            (one(usual()), moved(), true),
        ] {
            let monitor = Monitor::comparing(&ctx, &reference, &current, &spec)?;
            let expected: &[&str] = if drifted { &["amount"] } else { &[] };
            monitor.answer(&ctx, i32::from(drifted)).await?.only_drifted(expected)?;
        }
    }
    Ok(())
}

async fn few(ctx: Context) -> Result<(), Fault> {
    let far = with(usual(&ctx, 8), vec![("amount", normals(&mut ctx.rng(), 8, 300.0, 10.0))]);
    let report = Monitor::comparing(&ctx, &usual(&ctx, 3_000), &far, USUAL)?.answer(&ctx, 4).await?;
    for name in ["amount", "age", "plan"] {
        report.says(name, "inconclusive")?;
    }
    let needed = number(report.column("amount")?, "/values/n_min")?;
    // For D = 0.1 at 5 % among five columns, with power 0.8: some hundred rows.
    expect::holds("`n_min` of amount", (100.0..2_000.0).contains(&needed), "some hundred rows", needed)?;
    expect::equal("the verdict with eight rows", "inconclusive", expect::text(&report.0, "/verdict")?)?;
    let report = Monitor::comparing(&ctx, &usual(&ctx, 3_000), &usual(&ctx, 0), USUAL)?.answer(&ctx, 4).await?;
    expect::equal("the verdict without a row", "inconclusive", expect::text(&report.0, "/verdict")?)
}

async fn many(ctx: Context) -> Result<(), Fault> {
    const COLUMNS: usize = 40;
    let mut rng = ctx.rng();
    let mut table = |moved: f64| {
        (0..COLUMNS).fold(Table::default(), |table, index| {
            let mean = if index == 7 { moved } else { 0.0 };
            table.with(&format!("c{index}"), (0..1_500).map(|_| Cell::Number(normal(&mut rng, mean, 1.0))).collect())
        })
    };
    let (reference, current) = (table(0.0), table(0.6));
    let report = Monitor::comparing(&ctx, &reference, &current, USUAL)?.answer(&ctx, 1).await?;
    report.only_drifted(&["c7"])?;
    let columns = expect::list(&report.0, "/columns");
    expect::equal("the number of columns that were compared", &COLUMNS, &columns.len())?;
    let of = |field: &str| columns.iter().map(|column| number(column, field)).collect::<Result<Vec<_>, _>>();
    let (plain, adjusted) = (of("/values/p_value")?, of("/values/adjusted_p_value")?);
    for (index, (found, expected)) in adjusted.iter().zip(&benjamini_hochberg(&plain)).enumerate() {
        let what = format!("`adjusted_p_value` of column {index}, Benjamini–Hochberg over all `p_value`s");
        expect::holds(&what, (found - expected).abs() <= 1e-9, &expected.to_string(), found)?;
    }
    Ok(())
}

/// Benjamini and Hochberg, 1995: p·m / rank, made monotone from the largest down.
fn benjamini_hochberg(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|left, right| values[*right].total_cmp(&values[*left]));
    let (mut adjusted, mut least) = (vec![0.0; values.len()], 1.0_f64);
    for (place, index) in order.into_iter().enumerate() {
        least = least.min(values[index] * values.len() as f64 / (values.len() - place) as f64);
        adjusted[index] = least;
    }
    adjusted
}
