//! Profiles: small, mergeable in any order, and honest about what they no longer know.

use super::{
    monitor::{Monitor, Report, USUAL, number},
    shifts::{usual, with},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    labs::mod_106::lab_3::data::{Cell, Table, normals},
};
use std::{fs, time::Duration};

pub(super) const MERGED: Check = Check {
    id: "profiles-merge-in-any-order",
    title: "Profiles of parts, merged in any order, say what the whole says, within the error that is stated",
    follows: &["distances-are-exact"],
    needs: &[Need::Command("check"), Need::Command("profile"), Need::Command("merge")],
    limit: Duration::from_secs(180),
    exclusive: false,
    run: |ctx| Box::pin(merged(ctx)),
};

pub(super) const COARSE: Check = Check {
    id: "sketches-do-not-guess",
    title: "Where the threshold lies within a sketch's error the verdict is unresolved; a profile that was cut off is refused",
    run: |ctx| Box::pin(coarse(ctx)),
    ..MERGED
};

const PARTS: usize = 5;
const ROWS: usize = 12_000;

fn part(table: &Table, index: usize) -> Table {
    let rows = table.rows();
    let slice = |column: &Vec<Cell>| column[rows * index / PARTS..rows * (index + 1) / PARTS].to_vec();
    Table { names: table.names.clone(), columns: table.columns.iter().map(slice).collect() }
}

async fn made(ctx: &Context, monitor: &Monitor, command: &str, words: &[&str]) -> Result<(), Fault> {
    let output = monitor.run(ctx, command, words).await?;
    expect::exit(&output, &format!("{command} {}", words.join(" ").replace('@', "")), 0)
}

async fn merged(ctx: Context) -> Result<(), Fault> {
    let (reference, current) =
        (usual(&ctx, ROWS), with(usual(&ctx, ROWS), vec![("amount", normals(&mut ctx.rng(), ROWS, 104.0, 10.0))]));
    let monitor = Monitor::comparing(&ctx, &reference, &current, USUAL)?;
    let exact = monitor.answer(&ctx, 1).await?;
    exact.only_drifted(&["amount"])?;
    made(&ctx, &monitor, "profile", &["@reference.csv", "--to", "@reference.profile.json"]).await?;
    let sizes =
        ["reference.csv", "reference.profile.json"].map(|name| fs::metadata(monitor.path(name)).map(|it| it.len()));
    let [Ok(data), Ok(profile)] = sizes else {
        return Err(Fault::failed("the file given with --to", "a profile", "no file"));
    };
    expect::holds(
        "the size of the profile",
        profile < data / 4,
        &format!("at most a quarter of {data} bytes"),
        profile,
    )?;
    for index in 0..PARTS {
        monitor.write(&format!("part{index}.csv"), part(&current, index).csv())?;
        let (from, to) = (format!("@part{index}.csv"), format!("@part{index}.profile.json"));
        made(&ctx, &monitor, "profile", &[&from, "--to", &to]).await?;
    }
    let mut rng = ctx.rng();
    let mut order: Vec<usize> = (0..PARTS).collect();
    for _ in 0..2 {
        rng.shuffle(&mut order);
        // As a tree, not as a chain: two first, then those with the rest.
        let names: Vec<String> = order.iter().map(|index| format!("@part{index}.profile.json")).collect();
        made(&ctx, &monitor, "merge", &[&names[0], &names[1], "--to", "@half.profile.json"]).await?;
        let rest = [&names[2], &names[3], "@half.profile.json", names[4].as_str(), "--to", "@current.profile.json"];
        made(&ctx, &monitor, "merge", &rest).await?;
        for reference in ["reference.csv", "reference.profile.json"] {
            let spec = format!("monitor: lab\nreference: {reference}\ncurrent: current.profile.json\n{USUAL}");
            monitor.write("spec.yaml", spec)?;
            let report = monitor.answer(&ctx, 1).await?;
            report.only_drifted(&["amount"])?;
            within(&exact, &report)?;
        }
    }
    Ok(())
}

/// D of every column of numbers, and the counts of rows, as all the data say them.
fn within(exact: &Report, sketched: &Report) -> Result<(), Fault> {
    let rows = number(&sketched.0, "/current/rows")?;
    expect::holds("`current.rows` of merged profiles", rows == ROWS as f64, &ROWS.to_string(), rows)?;
    for name in ["amount", "age", "score"] {
        let (all, found) = (exact.statistic(name, "ks")?, sketched.statistic(name, "ks")?);
        let error = number(sketched.column(name)?, "/precision/error")?;
        let what = format!("D of {name} from profiles, with a stated error of {error}");
        // The bound holds with 99 % for each side; twice as far is never reached.
        expect::holds(&what, (found - all).abs() <= 2.0 * error, &format!("{all}, give or take the error"), found)?;
        expect::holds(
            &format!("the stated error of {name}"),
            error > 0.0 && error <= 0.02,
            "above 0, at most 0.02",
            error,
        )?;
    }
    Ok(())
}

async fn coarse(ctx: Context) -> Result<(), Fault> {
    let (reference, current) =
        (usual(&ctx, ROWS), with(usual(&ctx, ROWS), vec![("amount", normals(&mut ctx.rng(), ROWS, 104.0, 10.0))]));
    let monitor = Monitor::comparing(&ctx, &reference, &current, USUAL)?;
    let exact = monitor.answer(&ctx, 1).await?.statistic("amount", "ks")?;
    for name in ["reference", "current"] {
        let (from, to) = (format!("@{name}.csv"), format!("@{name}.profile.json"));
        made(&ctx, &monitor, "profile", &[&from, "--to", &to]).await?;
    }
    let head = "monitor: lab\nreference: reference.profile.json\ncurrent: current.profile.json\n";
    let spec = |effect: f64| format!("{head}{}", USUAL.replace("effect: 0.1", &format!("effect: {effect}")));
    monitor.write("spec.yaml", spec(0.1))?;
    let report = monitor.answer(&ctx, 1).await?;
    let found = report.statistic("amount", "ks")?;
    expect::holds("D of amount from profiles", (found - exact).abs() < 0.02, &exact.to_string(), found)?;
    // A threshold at the very distance that was found: only the data can tell.
    monitor.write("spec.yaml", spec(found))?;
    monitor.answer(&ctx, 4).await?.says("amount", "unresolved")?;
    let path = monitor.path("current.profile.json");
    let text = fs::read(&path).map_err(|error| Fault::Harness(error.to_string()))?;
    monitor.write("current.profile.json", &text[..text.len() * 2 / 3])?;
    let output = monitor.run(&ctx, "check", &["@spec.yaml"]).await?;
    expect::exit(&output, "check spec.yaml, with a profile that was cut off", 2)?;
    let named = output.stderr.contains("current.profile.json");
    expect::holds("what standard error says", named, "the file's name", &output.stderr)
}
