//! Drift: found when it is there, and only then. Large samples make every difference significant, small ones none; one outlier must
//! neither make drift nor hide it.

use super::{
    data::{Cell, Table, normals, words},
    suite::Suite,
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::time::Duration;

pub(super) const LOCATION: Check = Check {
    id: "drift-in-location-is-found",
    title: "A column whose values moved has drifted, and no other",
    follows: &["clean-data-pass"],
    needs: &[Need::Command("validate")],
    limit: Duration::from_secs(180),
    exclusive: false,
    run: |ctx| Box::pin(location(ctx)),
};

pub(super) const SPREAD: Check = Check {
    id: "drift-in-spread-is-found",
    title: "A column with the same mean and another spread has drifted",
    run: |ctx| Box::pin(spread(ctx)),
    ..LOCATION
};

pub(super) const CATEGORIES: Check = Check {
    id: "drift-in-categories-is-found",
    title: "A column whose rare categories changed places has drifted",
    run: |ctx| Box::pin(categories(ctx)),
    ..LOCATION
};

pub(super) const NOTHING: Check = Check {
    id: "nothing-is-no-drift",
    title: "Two large samples of the same distributions raise no alarm",
    run: |ctx| Box::pin(nothing(ctx)),
    ..LOCATION
};

pub(super) const TINY: Check = Check {
    id: "a-tiny-shift-is-no-drift",
    title: "A shift that is significant and too small to matter is no drift",
    run: |ctx| Box::pin(tiny(ctx)),
    ..LOCATION
};

pub(super) const OUTLIER: Check = Check {
    id: "one-outlier-decides-nothing",
    title: "One outlier neither makes drift nor hides it",
    run: |ctx| Box::pin(outlier(ctx)),
    ..LOCATION
};

pub(super) const FEW: Check = Check {
    id: "few-rows-are-inconclusive",
    title: "Eight rows are too few to tell, however far they lie apart",
    run: |ctx| Box::pin(few(ctx)),
    ..LOCATION
};

const DRIFT: &str = "drift: { significance: 0.05, power: 0.8, effect: 0.1, numeric: ks, categorical: chi_squared, exclude: [id], \
                     max_categories: 50 }";

const ROWS: usize = 4_000;

/// Three columns of numbers and one of words, each as asked: mean and spread of `amount`, and the words' shares.
fn table(ctx: &Context, rows: usize, mean: f64, deviation: f64, shares: &[(&str, u32)]) -> Table {
    let mut rng = ctx.rng();
    Table::default()
        .with("id", (0..rows).map(|row| Cell::Whole(row as i64)).collect())
        .with("amount", normals(&mut rng, rows, mean, deviation))
        .with("age", normals(&mut rng, rows, 40.0, 12.0))
        .with("score", (0..rows).map(|_| Cell::Number(rng.f64())).collect())
        .with("plan", words(&mut rng, rows, shares))
}

const SHARES: &[(&str, u32)] = &[("basic", 60), ("pro", 25), ("team", 10), ("school", 5)];

fn usual(ctx: &Context, rows: usize) -> Table {
    table(ctx, rows, 100.0, 10.0, SHARES)
}

async fn location(ctx: Context) -> Result<(), Fault> {
    let moved = table(&ctx, ROWS, 104.0, 10.0, SHARES);
    let suite = Suite::comparing(&ctx, &usual(&ctx, ROWS), &moved, DRIFT)?;
    suite.answer(&ctx, 1, &[]).await?.only_failed(&["drift.amount"])
}

async fn spread(ctx: Context) -> Result<(), Fault> {
    let wider = table(&ctx, ROWS, 100.0, 18.0, SHARES);
    let suite = Suite::comparing(&ctx, &usual(&ctx, ROWS), &wider, DRIFT)?;
    suite.answer(&ctx, 1, &[]).await?.only_failed(&["drift.amount"])
}

async fn categories(ctx: Context) -> Result<(), Fault> {
    let swapped =
        table(&ctx, ROWS, 100.0, 10.0, &[("basic", 60), ("pro", 8), ("team", 10), ("school", 5), ("new", 17)]);
    let suite = Suite::comparing(&ctx, &usual(&ctx, ROWS), &swapped, DRIFT)?;
    suite.answer(&ctx, 1, &[]).await?.only_failed(&["drift.plan"])
}

async fn nothing(ctx: Context) -> Result<(), Fault> {
    let suite = Suite::comparing(&ctx, &usual(&ctx, 20_000), &usual(&ctx, 20_000), DRIFT)?;
    suite.answer(&ctx, 0, &[]).await?.only_failed(&[])
}

async fn tiny(ctx: Context) -> Result<(), Fault> {
    // 0.06 σ: at 40,000 rows p is below 1e-10, and the distribution functions lie 2.4 % apart.
    let shifted = table(&ctx, 40_000, 100.6, 10.0, SHARES);
    let suite = Suite::comparing(&ctx, &usual(&ctx, 40_000), &shifted, DRIFT)?;
    suite.answer(&ctx, 0, &[]).await?.only_failed(&[])
}

async fn outlier(ctx: Context) -> Result<(), Fault> {
    let drift = DRIFT.replace("numeric: ks", "numeric: psi");
    let mut outlier = usual(&ctx, ROWS);
    outlier.column("amount")[0] = Cell::Number(1e12);
    let suite = Suite::comparing(&ctx, &usual(&ctx, ROWS), &outlier, &drift)?;
    suite.answer(&ctx, 0, &[]).await?.only_failed(&[])?;
    let mut both = table(&ctx, ROWS, 110.0, 10.0, SHARES);
    both.column("amount")[0] = Cell::Number(1e12);
    let suite = Suite::comparing(&ctx, &usual(&ctx, ROWS), &both, &drift)?;
    suite.answer(&ctx, 1, &[]).await?.only_failed(&["drift.amount"])?;
    // Also in the reference, whose quantiles make the bins.
    let mut reference = usual(&ctx, ROWS);
    reference.column("amount")[0] = Cell::Number(-1e12);
    let moved = table(&ctx, ROWS, 110.0, 10.0, SHARES);
    let suite = Suite::comparing(&ctx, &reference, &moved, &drift)?;
    suite.answer(&ctx, 1, &[]).await?.only_failed(&["drift.amount"])
}

async fn few(ctx: Context) -> Result<(), Fault> {
    let far = table(&ctx, 8, 200.0, 10.0, SHARES);
    let answer = Suite::comparing(&ctx, &usual(&ctx, ROWS), &far, DRIFT)?.answer(&ctx, 4, &[]).await?;
    expect::equal("the verdict on drift.amount with eight rows", "inconclusive", answer.verdict("drift.amount")?)?;
    expect::equal("the verdict of the suite", "inconclusive", expect::text(&answer.report, "/verdict")?)
}
