//! Schema and data quality: clean data pass in each format; each defect is found by the expectation that is about it, and by no other.

use super::{
    data::{Cell, Table, normals, words},
    suite::Suite,
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
};
use std::time::Duration;

const NEEDS: &[Need] = &[Need::Command("validate")];

pub(super) const CLEAN: Check = Check {
    id: "clean-data-pass",
    title: "Clean data pass, as CSV and as JSON Lines",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(180),
    exclusive: false,
    run: |ctx| Box::pin(clean(ctx)),
};

pub(super) const PARQUET: Check = Check {
    id: "parquet-is-judged-alike",
    title: "Parquet in several row groups is judged as CSV is: what is clean passes, and the last row counts",
    follows: &["clean-data-pass"],
    run: |ctx| Box::pin(parquet(ctx)),
    ..CLEAN
};

pub(super) const SCHEMA: Check = Check {
    id: "schema-defects-are-found",
    title: "A column too few, one too many and a wrong type are found",
    run: |ctx| Box::pin(schema(ctx)),
    ..CLEAN
};

pub(super) const VALUES: Check = Check {
    id: "value-defects-are-found",
    title: "Nulls, NaN, values out of range, unknown categories and wrong patterns are found",
    run: |ctx| Box::pin(values(ctx)),
    ..CLEAN
};

pub(super) const ROWS: Check = Check {
    id: "row-defects-are-found",
    title: "Repeated ids, duplicate rows, too few rows and stale data are found",
    run: |ctx| Box::pin(rows(ctx)),
    ..CLEAN
};

/// What is expected of `customers`; ids are the expectations' names in the report.
const SPEC: &str = r#"expectations:
  - { id: columns, expect: columns, values: [id, age, amount, plan, email, seen], exact: true }
  - { id: type, expect: type, column: age, type: integer, max_share: 0.0 }
  - { id: nulls, expect: nulls, column: amount, max_share: 0.01 }
  - { id: finite, expect: finite, column: amount, max_share: 0.0 }
  - { id: range, expect: range, column: age, min: 18, max: 90, max_share: 0.0 }
  - { id: categories, expect: categories, column: plan, values: [basic, pro], max_share: 0.0 }
  - { id: pattern, expect: pattern, column: email, pattern: "^[a-z0-9]+@example[.]org$", max_share: 0.0 }
  - { id: unique, expect: unique, column: id }
  - { id: duplicates, expect: duplicates, columns: [age, email] }
  - { id: rows, expect: rows, min: 100 }
  - { id: freshness, expect: freshness, column: seen, max_age: 24h }
"#;

fn customers(ctx: &Context) -> Table {
    let mut rng = ctx.rng();
    let rows = 200 + rng.usize(0..50);
    // An hour ago: fresh whenever the check runs.
    let seen = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    let seen = Cell::Text(seen.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    Table::default()
        .with("id", (0..rows).map(|row| Cell::Whole(1_000 + row as i64)).collect())
        .with("age", (0..rows).map(|row| Cell::Whole(age(row, &mut rng))).collect())
        .with("amount", normals(&mut rng, rows, 100.0, 15.0))
        .with("plan", words(&mut rng, rows, &[("basic", 70), ("pro", 30)]))
        .with("email", (0..rows).map(|row| Cell::Text(format!("u{row}x{}@example.org", rng.u32(..)))).collect())
        .with("seen", vec![seen; rows])
}

/// Both bounds occur in every table: they are in the range.
fn age(row: usize, rng: &mut fastrand::Rng) -> i64 {
    match row {
        0 => 18,
        1 => 90,
        _ => rng.i64(18..=90),
    }
}

async fn clean(ctx: Context) -> Result<(), Fault> {
    let table = customers(&ctx);
    let suite = Suite::of(&ctx, &table, SPEC)?;
    suite.answer(&ctx, 0, &[]).await?.only_failed(&[])?;
    let spec = format!("suite: lab\ncurrent: current.jsonl\n{SPEC}");
    let suite = Suite::new(&ctx)?.file("current.jsonl", table.json_lines())?.file("spec.yaml", spec)?;
    suite.answer(&ctx, 0, &[]).await?.only_failed(&[])
}

async fn parquet(ctx: Context) -> Result<(), Fault> {
    let of = |table: &Table| {
        let spec = format!("suite: lab\ncurrent: current.parquet\n{SPEC}");
        Suite::new(&ctx)?.file("current.parquet", table.parquet()?)?.file("spec.yaml", spec)
    };
    of(&customers(&ctx))?.answer(&ctx, 0, &[]).await?.only_failed(&[])?;
    let mut old = customers(&ctx);
    *old.column("age").last_mut().expect("a table has rows") = Cell::Whole(91);
    of(&old)?.answer(&ctx, 1, &[]).await?.only_failed(&["range"])?;
    let mut gaps = customers(&ctx);
    let rows = gaps.rows();
    gaps.column("amount")[rows - 8..].fill(Cell::Nothing);
    of(&gaps)?.answer(&ctx, 1, &[]).await?.only_failed(&["nulls"])
}

/// Validates what a change made of clean data: exactly these expectations fail.
async fn finds(ctx: &Context, change: impl FnOnce(&mut Table, usize), expected: &[&str]) -> Result<(), Fault> {
    let mut table = customers(ctx);
    let row = ctx.rng().usize(..table.rows() / 2);
    change(&mut table, row);
    Suite::of(ctx, &table, SPEC)?.answer(ctx, 1, &[]).await?.only_failed(expected)
}

async fn schema(ctx: Context) -> Result<(), Fault> {
    let extra = |table: &mut Table, _: usize| {
        let column = vec![Cell::Whole(1); table.rows()];
        *table = std::mem::take(table).with("surprise", column);
    };
    finds(&ctx, extra, &["columns"]).await?;
    // Half a year is no whole number.
    let halves = |table: &mut Table, row: usize| table.column("age")[row] = Cell::Number(30.5);
    finds(&ctx, halves, &["type"]).await
}

async fn values(ctx: Context) -> Result<(), Fault> {
    let nulls = |table: &mut Table, row: usize| table.column("amount")[row..row + 8].fill(Cell::Nothing);
    finds(&ctx, nulls, &["nulls"]).await?;
    let old = |table: &mut Table, row: usize| table.column("age")[row] = Cell::Whole(91);
    finds(&ctx, old, &["range"]).await?;
    let nan = |table: &mut Table, row: usize| table.column("amount")[row] = Cell::Number(f64::NAN);
    finds(&ctx, nan, &["finite"]).await?;
    let plan = |table: &mut Table, row: usize| table.column("plan")[row] = Cell::Text("gratis".to_owned());
    finds(&ctx, plan, &["categories"]).await?;
    let email = |table: &mut Table, row: usize| table.column("email")[row] = Cell::Text("nobody".to_owned());
    finds(&ctx, email, &["pattern"]).await
}

async fn rows(ctx: Context) -> Result<(), Fault> {
    let twice = |table: &mut Table, row: usize| {
        let id = table.column("id")[row].clone();
        table.column("id")[row + 1] = id;
    };
    finds(&ctx, twice, &["unique"]).await?;
    let duplicate = |table: &mut Table, row: usize| {
        for name in ["age", "email"] {
            let value = table.column(name)[row].clone();
            table.column(name)[row + 1] = value;
        }
    };
    finds(&ctx, duplicate, &["duplicates"]).await?;
    let few = |table: &mut Table, _: usize| table.columns.iter_mut().for_each(|column| column.truncate(99));
    finds(&ctx, few, &["rows"]).await?;
    let stale = |table: &mut Table, _: usize| {
        table.column("seen").fill(Cell::Text("2020-01-01T00:00:00Z".to_owned()));
    };
    finds(&ctx, stale, &["freshness"]).await
}
