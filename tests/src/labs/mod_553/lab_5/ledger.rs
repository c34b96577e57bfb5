//! Rows against counters, token by token, and where budgets stand, dollar by dollar.

use super::{
    desk::{ASKS, Desk, costs, decimal, money, named},
    usage::{Call, Price, draw, lines, map, moment, seconds},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use rust_decimal::Decimal;

pub(super) const RESETS: Check = Check {
    id: "counters-that-begin-again-lose-nothing",
    title: "Rows agree with counters that were scraped three times and began again at zero in between",
    follows: &["costs-are-exact"],
    needs: &[Need::Command("price"), Need::Command("reconcile")],
    run: |ctx| Box::pin(resets(ctx)),
    ..ASKS
};
pub(super) const DIFFERENCES: Check = Check {
    id: "every-difference-is-named",
    title: "A single token that rows lack is found and named; calls without a price are no difference",
    run: |ctx| Box::pin(differences(ctx)),
    ..RESETS
};
pub(super) const MONTHS: Check = Check {
    id: "a-month-ends-where-its-time-zone-ends-it",
    title: "A month's budget counts what was spent from its first to its last moment in its time zone, for its model or tenant alone",
    follows: &[],
    needs: &[Need::Command("budget")],
    run: |ctx| Box::pin(months(ctx)),
    ..ASKS
};
pub(super) const AMOUNT: Check = Check {
    id: "exactly-the-amount-is-not-too-much",
    title: "A budget that is spent to the last digit is not exceeded, and a billionth of a dollar more exceeds it",
    run: |ctx| Box::pin(amount(ctx)),
    ..MONTHS
};

/// A scrape of counters: cumulative sums by model and direction.
fn scrape(sums: &[(&str, &str, u64)]) -> String {
    let head = "# TYPE gen_ai_client_token_usage histogram\n".to_owned();
    sums.iter().fold(head, |text, (model, direction, value)| {
        text + &format!("gen_ai_client_token_usage_sum{{gen_ai_request_model=\"{model}\",gen_ai_token_type=\"{direction}\"}} {value}\n")
    })
}

async fn resets(ctx: Context) -> Result<(), Fault> {
    let (mut rng, model) = (ctx.rng(), ctx.name("model"));
    let price = Price::draw(&mut rng, &model);
    let calls = draw(&mut rng, 60, &[&model]);
    let tokens = |calls: &[Call]| {
        let sum = |of: fn(&Call) -> u64| calls.iter().map(of).sum::<u64>();
        [(model.as_str(), "input", sum(|call| call.input)), (model.as_str(), "output", sum(|call| call.output))]
    };
    let desk = Desk::new(&ctx)?;
    let (usage, prices) = (desk.file("usage.jsonl", &lines(&calls))?, desk.file("prices.json", &map(&[price]))?);
    desk.price(&ctx, &[usage], &prices, &[], 0).await?;
    // The service was restarted after the second scrape.
    let scrapes = [&calls[..25], &calls[..45], &calls[45..48], &calls[45..]];
    let mut paths = Vec::new();
    for (number, seen) in scrapes.into_iter().enumerate() {
        paths.push(desk.file(&format!("scrape-{number}.prom"), &scrape(&tokens(seen)))?);
    }
    let (rows, unpriced) = (desk.path("rows.csv"), desk.path("unpriced.jsonl"));
    let mut words = vec!["--rows", &rows, "--unpriced", &unpriced, "--json"];
    words.extend(paths.iter().flat_map(|path| ["--scrape", path.as_str()]));
    let found = desk.json(&ctx, "reconcile", &words, 0).await?;
    for (_, direction, count) in tokens(&calls) {
        let line = named(&found, "tokens", direction)?;
        expect::equal(
            &format!("what counters say of {direction}"),
            &(count as i64),
            &expect::integer(line, "/counted")?,
        )?;
        expect::equal(&format!("what rows charge of {direction}"), &Decimal::from(count), &money(line, "/charged")?)?;
        expect::equal("the difference", &Decimal::ZERO, &money(line, "/difference")?)?;
    }
    Ok(())
}

async fn differences(ctx: Context) -> Result<(), Fault> {
    let (mut rng, known, unknown) = (ctx.rng(), ctx.name("known"), ctx.name("unheard-of"));
    let price = Price::draw(&mut rng, &known);
    let mut calls = draw(&mut rng, 40, &[&known]);
    calls[9].model.clone_from(&unknown);
    let desk = Desk::new(&ctx)?;
    let (usage, prices) = (desk.file("usage.jsonl", &lines(&calls))?, desk.file("prices.json", &map(&[price]))?);
    desk.price(&ctx, &[usage], &prices, &["--allow-unpriced"], 0).await?;
    let sum = |model: &str, of: fn(&Call) -> u64| calls.iter().filter(|call| call.model == model).map(of).sum::<u64>();
    let less = 1 + rng.u64(0..1_000);
    let counters = scrape(&[
        (&known, "input", sum(&known, |call| call.input)),
        (&known, "output", sum(&known, |call| call.output) + less),
        (&unknown, "input", calls[9].input),
        (&unknown, "output", calls[9].output),
    ]);
    let scraped = desk.file("scrape.prom", &counters)?;
    let (rows, unpriced) = (desk.path("rows.csv"), desk.path("unpriced.jsonl"));
    let words = ["--rows", &rows, "--unpriced", &unpriced, "--json", "--scrape", &scraped];
    let output = desk.run(&ctx, "reconcile", &words, 1).await?;
    let found = expect::printed_json(&output)?;
    let all = found.as_array().map(Vec::as_slice).unwrap_or_default();
    expect::equal("the number of lines, one for each model and direction", &4, &all.len())?;
    for line in all {
        let output_of_known = line["model"] == *known && line["tokens"] == "output";
        let expected = if output_of_known { Decimal::from(less) } else { Decimal::ZERO };
        let what = format!("the difference of {} {}", line["model"], line["tokens"]);
        expect::equal(&what, &expected, &money(line, "/difference")?)?;
    }
    expect::holds("standard error", output.stderr.contains(&known), &format!("{known} is named"), &output.stderr)
}

/// An hour that costs this much, in units of 10⁻¹⁰ dollars.
fn hour(
    start: i64,
    units: i64,
    model: &'static str,
    tenant: &'static str,
) -> (String, String, String, &'static str, &'static str) {
    (moment(start), moment(start + 3_600), Decimal::new(units, 10).to_string(), model, tenant)
}

async fn months(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    // By the clocks of New York, March 2026 has a day of 23 hours, and its first hour is the sixth in UTC.
    let (start, end) = (seconds("2026-03-01T05:00:00Z"), seconds("2026-04-01T04:00:00Z"));
    let (models, tenants) = (["large", "small"], ["north", "south"]);
    let mut rows = Vec::new();
    let mut spent = [0_i64; 3];
    for index in 0..300 {
        let at = match index {
            0 => start - 3_600,
            1 => start,
            2 => end - 3_600,
            3 => end,
            _ => start - 86_400 + 3_600 * rng.i64(0..800),
        };
        let (units, model, tenant) = (rng.i64(1..30_000_000_000), models[rng.usize(..2)], tenants[rng.usize(..2)]);
        rows.push(hour(at, units, model, tenant));
        if at >= start && at < end {
            spent[0] += units;
            spent[1] += if model == "large" { units } else { 0 };
            spent[2] += if tenant == "south" { units } else { 0 };
        }
    }
    let desk = Desk::new(&ctx)?;
    let budgets = "time_zone: America/New_York\nbudgets:\n  - { name: all, usd: \"1000000\", period: month }\n  \
                   - { name: large, usd: \"1000000\", period: month, model: large }\n  \
                   - { name: south, usd: \"1000000.5\", period: month, tenant: south }\n";
    let (rows, budgets) = (desk.file("rows.csv", &costs(&rows))?, desk.file("budgets.yaml", budgets)?);
    let state = desk.path("state.json");
    let words = ["--rows", &rows, "--budgets", &budgets, "--at", "2026-04-01T03:59:59Z", "--state", &state, "--json"];
    let found = desk.json(&ctx, "budget", &words, 0).await?;
    for (name, units) in ["all", "large", "south"].into_iter().zip(spent) {
        let standing = named(&found["budgets"], "budget", name)?;
        expect::equal(
            &format!("spent_usd of {name}"),
            &Decimal::new(units, 10).normalize(),
            &money(standing, "/spent_usd")?,
        )?;
        let left = money(standing, "/amount_usd")? - Decimal::new(units, 10);
        expect::equal(&format!("left_usd of {name}"), &left.normalize(), &money(standing, "/left_usd")?)?;
        for (key, at) in [("/period_start", start), ("/period_end", end)] {
            expect::equal(key, &at, &seconds(expect::text(standing, key)?))?;
        }
        expect::equal("the verdict", "within", expect::text(standing, "/verdict")?)?;
    }
    expect::holds("the file named with --state", desk.has("state.json"), "a file", "none")
}

async fn amount(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let start = seconds("2026-05-11T00:00:00Z");
    for more in [0, 1] {
        // Three hours whose costs have ten digits behind the point, which add up to an amount with nine.
        let parts = [rng.i64(10_000_000_000..90_000_000_000), rng.i64(10_000_000_000..90_000_000_000)];
        let whole = (parts[0] + parts[1]) / 10 * 10 + 100_000_000_000;
        let units = [parts[0], parts[1], whole - parts[0] - parts[1] + 10 * more];
        let rows: Vec<_> =
            units.iter().zip(0..).map(|(units, index)| hour(start + 3_600 * index, *units, "large", "north")).collect();
        let desk = Desk::new(&ctx)?;
        let usd = Decimal::new(whole, 10).normalize();
        let budgets = format!("time_zone: UTC\nbudgets:\n  - {{ name: day, usd: \"{usd}\", period: day }}\n");
        let (rows, budgets) = (desk.file("rows.csv", &costs(&rows))?, desk.file("budgets.yaml", &budgets)?);
        let words = ["--rows", &rows, "--budgets", &budgets, "--at", "2026-05-11T23:59:59Z", "--json"];
        let exit = if more == 0 { 0 } else { 1 };
        let found = desk.json(&ctx, "budget", &words, exit).await?;
        let standing = named(&found["budgets"], "budget", "day")?;
        let verdict = if more == 0 { "within" } else { "exceeded" };
        expect::equal("the verdict", verdict, expect::text(standing, "/verdict")?)?;
        let left = decimal("left", if more == 0 { "0" } else { "-0.000000001" })?;
        expect::equal("left_usd", &left, &money(standing, "/left_usd")?)?;
    }
    Ok(())
}
