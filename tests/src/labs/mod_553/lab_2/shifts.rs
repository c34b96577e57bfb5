//! What changed is found: where values lie, how far they spread, which categories there are, what is missing; and columns that have
//! nothing in them, or are not what they were.

use super::monitor::{Monitor, USUAL};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    labs::mod_106::lab_3::data::{Cell, Table, normals, words},
};
use std::time::Duration;

pub(super) const VALUES: Check = Check {
    id: "shifts-of-values-are-found",
    title: "Columns whose values moved or spread have drifted, and no others",
    follows: &[],
    needs: &[Need::Command("check")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(values(ctx)),
};

pub(super) const CATEGORIES: Check = Check {
    id: "shifts-of-categories-are-found",
    title: "Columns whose categories changed their shares, or have a new one among them, have drifted, and the new one is named",
    run: |ctx| Box::pin(categories(ctx)),
    ..VALUES
};

pub(super) const MISSING: Check = Check {
    id: "missing-values-are-drift",
    title: "A column of which a third is missing has drifted, though the rest is as it was; one that is all missing, too",
    run: |ctx| Box::pin(missing(ctx)),
    ..VALUES
};

pub(super) const CONSTANTS: Check = Check {
    id: "columns-without-variety-are-judged",
    title: "A constant is stable, another constant is drift, and of a column without any value nothing is claimed",
    run: |ctx| Box::pin(constants(ctx)),
    ..VALUES
};

pub(super) const SCHEMA: Check = Check {
    id: "changed-schemas-are-told",
    title: "A column that is gone or of another type is broken, a new one is named, and neither stops the rest",
    run: |ctx| Box::pin(schema(ctx)),
    ..VALUES
};

const ROWS: usize = 4_000;

const SHARES: &[(&str, u32)] = &[("basic", 60), ("pro", 25), ("team", 10), ("school", 5)];

/// Three columns of numbers and two of words, drawn anew at each call.
pub(super) fn usual(ctx: &Context, rows: usize) -> Table {
    let mut rng = ctx.rng();
    Table::default()
        .with("id", (0..rows).map(|row| Cell::Whole(row as i64)).collect())
        .with("amount", normals(&mut rng, rows, 100.0, 10.0))
        .with("age", normals(&mut rng, rows, 40.0, 12.0))
        .with("score", (0..rows).map(|_| Cell::Number(rng.f64())).collect())
        .with("plan", words(&mut rng, rows, SHARES))
        .with("region", words(&mut rng, rows, &[("north", 40), ("south", 35), ("west", 25)]))
}

/// The same with other columns in the place of some.
pub(super) fn with(mut table: Table, columns: Vec<(&str, Vec<Cell>)>) -> Table {
    for (name, cells) in columns {
        *table.column(name) = cells;
    }
    table
}

async fn values(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    // A direction by the seed: nobody looks for larger values only.
    let moved = if rng.bool() { 104.0 } else { 96.0 };
    let columns = vec![("amount", normals(&mut rng, ROWS, moved, 10.0)), ("age", normals(&mut rng, ROWS, 40.0, 21.0))];
    let monitor = Monitor::comparing(&ctx, &usual(&ctx, ROWS), &with(usual(&ctx, ROWS), columns), USUAL)?;
    monitor.answer(&ctx, 1).await?.only_drifted(&["amount", "age"])
}

async fn categories(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    // The most frequent one is as frequent as before.
    let changed: &[(&str, u32)] = &[("basic", 60), ("pro", 10), ("team", 25), ("school", 5)];
    let new = ctx.name("east");
    let regions = [("north", 36), ("south", 32), ("west", 22), (new.as_str(), 10)];
    let columns = vec![("plan", words(&mut rng, ROWS, changed)), ("region", words(&mut rng, ROWS, &regions))];
    let monitor = Monitor::comparing(&ctx, &usual(&ctx, ROWS), &with(usual(&ctx, ROWS), columns), USUAL)?;
    let report = monitor.answer(&ctx, 1).await?;
    report.only_drifted(&["plan", "region"])?;
    let named = expect::list(report.column("region")?, "/new_categories");
    expect::equal("`new_categories` of region", &[serde_json::Value::from(new)][..], named)?;
    // One row of it is no drift: with a cell of its own it would make p nearly 0.
    let mut single = usual(&ctx, ROWS);
    single.column("region")[rng.usize(0..ROWS)] = Cell::Text(ctx.name("once"));
    let monitor = Monitor::comparing(&ctx, &usual(&ctx, ROWS), &single, USUAL)?;
    monitor.answer(&ctx, 0).await?.only_drifted(&[])
}

async fn missing(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let mut current = usual(&ctx, ROWS);
    for cell in current.column("amount") {
        if rng.u32(0..3) == 0 {
            *cell = Cell::Nothing;
        }
    }
    current.column("age").fill(Cell::Nothing);
    for cell in current.column("region") {
        if rng.u32(0..100) == 0 {
            *cell = Cell::Nothing;
        }
    }
    let monitor = Monitor::comparing(&ctx, &usual(&ctx, ROWS), &current, USUAL)?;
    monitor.answer(&ctx, 1).await?.only_drifted(&["amount", "age"])
}

async fn constants(ctx: Context) -> Result<(), Fault> {
    let value = ctx.rng().u32(1..9);
    let number = |value: u32| vec![Cell::Number(f64::from(value)); ROWS];
    let table = |other: u32| {
        usual(&ctx, ROWS)
            .with("same", number(value))
            .with("other", number(other))
            .with("word", vec![Cell::Text("x".to_owned()); ROWS])
            .with("void", vec![Cell::Nothing; ROWS])
    };
    let monitor = Monitor::comparing(&ctx, &table(value), &table(value + 1), USUAL)?;
    let report = monitor.answer(&ctx, 1).await?;
    if let Ok(void) = report.column("void") {
        expect::equal("the verdict on void, if it has one", "inconclusive", expect::text(void, "/verdict")?)?;
    }
    for (name, expected) in [("same", "stable"), ("word", "stable"), ("other", "drift"), ("amount", "stable")] {
        report.says(name, expected)?;
    }
    Ok(())
}

async fn schema(ctx: Context) -> Result<(), Fault> {
    let mut current = usual(&ctx, ROWS);
    for cell in current.column("amount") {
        if let Cell::Number(number) = cell {
            *cell = Cell::Text(format!("{number:.2} EUR"));
        }
    }
    let gone = current.names.iter().position(|name| name == "region").unwrap_or(0);
    current.names.remove(gone);
    current.columns.remove(gone);
    let new = format!("extra_{}", ctx.rng().u32(100..1_000));
    let current = current.with(&new, vec![Cell::Whole(1); ROWS]);
    let monitor = Monitor::comparing(&ctx, &usual(&ctx, ROWS), &current, USUAL)?;
    let report = monitor.answer(&ctx, 1).await?;
    for (name, expected) in
        [("amount", "broken"), ("region", "broken"), ("age", "stable"), ("score", "stable"), ("plan", "stable")]
    {
        report.says(name, expected)?;
    }
    expect::equal("the verdict of the report", "broken", expect::text(&report.0, "/verdict")?)?;
    let named = expect::list(&report.0, "/new_columns");
    expect::equal("`new_columns` of the report", &[serde_json::Value::from(new)][..], named)
}
