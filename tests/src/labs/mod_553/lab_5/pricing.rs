//! From usage to rows: each token once, at the price of its meter, tier and day, and nothing lost.

use super::{
    desk::{ASKS, Desk, Row, column, money, number, sum},
    usage::{Call, Price, dollars, draw, lines, map, moment, seconds},
};
use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const ROWS: Check = Check {
    id: "rows-are-focus-rows",
    title: "Rows have the columns that FOCUS 1.2 demands, with values that it allows, and price times quantity is the cost",
    run: |ctx| Box::pin(rows(ctx)),
    ..ASKS
};
pub(super) const EXACT: Check = Check {
    id: "costs-are-exact",
    title: "Costs are right to the last digit, from one token to 10^15",
    follows: &["rows-are-focus-rows"],
    run: |ctx| Box::pin(exact(ctx)),
    ..ASKS
};
pub(super) const CACHED: Check = Check {
    id: "cached-tokens-are-part-of-the-input",
    title: "Tokens read from and written to the cache are part of the input, each at its own price",
    run: |ctx| Box::pin(cached(ctx)),
    ..EXACT
};
pub(super) const REASONING: Check = Check {
    id: "reasoning-tokens-are-part-of-the-output",
    title: "Reasoning tokens are part of the output, at their own price where they have one",
    run: |ctx| Box::pin(reasoning(ctx)),
    ..EXACT
};
pub(super) const EDGE: Check = Check {
    id: "the-long-price-begins-above-its-edge",
    title: "A call of exactly 200,000 input tokens, cached ones included, has the usual price; one more has the other",
    run: |ctx| Box::pin(edge(ctx)),
    ..EXACT
};
pub(super) const URGENCY: Check = Check {
    id: "urgency-has-its-price",
    title: "Batches, flex and priority have prices of their own",
    run: |ctx| Box::pin(urgency(ctx)),
    ..EXACT
};
pub(super) const DATED: Check = Check {
    id: "old-usage-keeps-its-price",
    title: "A call has the price of its day, to the second",
    run: |ctx| Box::pin(dated(ctx)),
    ..EXACT
};
pub(super) const MISSING: Check = Check {
    id: "a-model-without-a-price-is-kept-and-named",
    title: "A model that the map does not have is named, its calls are kept, and all others are priced",
    run: |ctx| Box::pin(missing(ctx)),
    ..EXACT
};
pub(super) const ONCE: Check = Check {
    id: "a-span-counts-once",
    title: "A span that comes twice, in one file or in two, counts once",
    run: |ctx| Box::pin(once(ctx)),
    ..EXACT
};
pub(super) const CALENDAR: Check = Check {
    id: "charge-periods-follow-the-calendar",
    title: "A day in Berlin has 23, 24 or 25 hours, and a month ends where its time zone ends it",
    run: |ctx| Box::pin(calendar(ctx)),
    ..EXACT
};
pub(super) const MALFORMED: Check = Check {
    id: "malformed-usage-is-refused-with-its-place",
    title: "Negative tokens, parts that are larger than their whole and broken JSON are refused with file and line, and leave no rows",
    run: |ctx| Box::pin(malformed(ctx)),
    ..EXACT
};

/// FOCUS 1.2: columns that every table has.
const MANDATORY: [&str; 22] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
    "ConsumedQuantity",
];
/// Of these, columns that may be null.
const NULLABLE: [&str; 3] = ["BillingAccountName", "ChargeClass", "ChargeDescription"];

async fn rows(ctx: Context) -> Result<(), Fault> {
    let (mut rng, model) = (ctx.rng(), ctx.name("model"));
    let price = Price::draw(&mut rng, &model);
    let calls = draw(&mut rng, 40, &[&model]);
    let desk = Desk::new(&ctx)?;
    let (usage, prices) = (desk.file("usage.jsonl", &lines(&calls))?, desk.file("prices.json", &map(&[price]))?);
    let rows = desk.price(&ctx, &[usage], &prices, &[], 0).await?;
    expect::holds("the number of rows", !rows.is_empty(), "at least one", rows.len())?;
    for row in &rows {
        for name in MANDATORY {
            let value = column(row, name)?;
            expect::holds(name, NULLABLE.contains(&name) || !value.is_empty(), "a value that is not null", value)?;
        }
        let strange: Vec<_> = row.keys().filter(|name| name.contains('_') && !name.starts_with("x_")).collect();
        expect::holds("columns that FOCUS does not know", strange.is_empty(), "only such as begin with x_", strange)?;
        expect::equal("ChargeCategory", "Usage", column(row, "ChargeCategory")?)?;
        expect::equal("BillingCurrency", "USD", column(row, "BillingCurrency")?)?;
        expect::equal("ServiceCategory", "AI and Machine Learning", column(row, "ServiceCategory")?)?;
        for name in ["BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"] {
            let value = column(row, name)?;
            let form = value.len() == 20 && value.ends_with('Z') && seconds(value) > 0;
            expect::holds(name, form, "2026-01-31T00:00:00Z", value)?;
        }
        let product = number(row, "ListUnitPrice")? * number(row, "PricingQuantity")?;
        for name in ["ListCost", "BilledCost", "EffectiveCost", "ContractedCost"] {
            expect::equal(
                &format!("{name}, ListUnitPrice times PricingQuantity"),
                &product.normalize(),
                &number(row, name)?,
            )?;
        }
    }
    Ok(())
}

/// All costs of a table.
fn total(rows: &[Row]) -> Result<rust_decimal::Decimal, Fault> {
    sum(rows, "BilledCost", |_| true)
}

/// Prices these calls by these prices at usual terms, and requires the sum.
async fn comes_to(ctx: &Context, calls: &[Call], prices: &[Price], units: i128) -> Result<Vec<Row>, Fault> {
    let desk = Desk::new(ctx)?;
    let (usage, prices) = (desk.file("usage.jsonl", &lines(calls))?, desk.file("prices.json", &map(prices))?);
    let rows = desk.price(ctx, &[usage], &prices, &[], 0).await?;
    expect::equal("the sum of BilledCost", &dollars(units), &total(&rows)?)?;
    Ok(rows)
}

async fn exact(ctx: Context) -> Result<(), Fault> {
    let (mut rng, models) = (ctx.rng(), [ctx.name("large"), ctx.name("small")]);
    let prices = models.each_ref().map(|model| Price::draw(&mut rng, model));
    let mut calls = draw(&mut rng, 400, &[&models[0], &models[1]]);
    calls[0] = Call { input: 1_000_000_000_000_000 + rng.u64(0..1_000), cached: 3, created: 0, ..calls[0].clone() };
    calls[1] = Call { input: 1, output: 0, cached: 0, created: 0, reasoning: 0, ..calls[1].clone() };
    let cost = |call: &Call| prices.iter().find(|price| price.model == call.model).map_or(0, |price| price.cost(call));
    let desk = Desk::new(&ctx)?;
    let (usage, file) = (desk.file("usage.jsonl", &lines(&calls))?, desk.file("prices.json", &map(&prices))?);
    let rows = desk.price(&ctx, &[usage], &file, &[], 0).await?;
    let mut expected = BTreeMap::<(String, &str), i128>::new();
    for call in &calls {
        *expected.entry((call.model.clone(), call.tenant.unwrap_or_default())).or_default() += cost(call);
    }
    for ((model, tenant), units) in &expected {
        let mine = |row: &Row| {
            row.get("x_Model") == Some(model) && row.get("SubAccountId").map(String::as_str) == Some(tenant)
        };
        let what = format!("the sum of BilledCost of model {model} and tenant `{tenant}`");
        expect::equal(&what, &dollars(*units), &sum(&rows, "BilledCost", mine)?)?;
    }
    let summary: Value = serde_json::from_str(&desk.text("summary.json")?)
        .map_err(|error| Fault::failed("summary.json", "JSON", error.to_string()))?;
    expect::equal("cost_usd of the summary", &dollars(expected.values().sum()), &money(&summary, "/cost_usd")?)?;
    expect::equal("requests of the summary", &400, &expect::integer(&summary, "/requests")?)
}

async fn cached(ctx: Context) -> Result<(), Fault> {
    let (mut rng, model) = (ctx.rng(), ctx.name("model"));
    let price = Price::draw(&mut rng, &model);
    let calls: Vec<_> =
        draw(&mut rng, 60, &[&model]).into_iter().map(|call| Call { output: 0, reasoning: 0, ..call }).collect();
    let units = calls.iter().map(|call| price.cost(call)).sum();
    let rows = comes_to(&ctx, &calls, &[price], units).await?;
    let tokens: u64 = calls.iter().map(|call| call.input).sum();
    expect::equal(
        "the sum of ConsumedQuantity: all input tokens, once",
        &tokens.into(),
        &sum(&rows, "ConsumedQuantity", |_| true)?,
    )
}

async fn reasoning(ctx: Context) -> Result<(), Fault> {
    let (mut rng, models) = (ctx.rng(), [ctx.name("thinking"), ctx.name("plain")]);
    let mut prices = models.each_ref().map(|model| Price::draw(&mut rng, model));
    // This one has no price of its own for reasoning, which then costs what output costs.
    prices[1].units.remove("output_cost_per_reasoning_token");
    let calls = draw(&mut rng, 60, &[&models[0], &models[1]]);
    let calls: Vec<_> = calls.into_iter().map(|call| Call { input: 0, cached: 0, created: 0, ..call }).collect();
    let units = calls.iter().map(|call| prices[usize::from(call.model == models[1])].cost(call)).sum();
    let rows = comes_to(&ctx, &calls, &prices, units).await?;
    let tokens: u64 = calls.iter().map(|call| call.output).sum();
    expect::equal(
        "the sum of ConsumedQuantity: all output tokens, once",
        &tokens.into(),
        &sum(&rows, "ConsumedQuantity", |_| true)?,
    )
}

async fn edge(ctx: Context) -> Result<(), Fault> {
    let (mut rng, model) = (ctx.rng(), ctx.name("model"));
    let (long_in, long_out) = ("input_cost_per_token_above_200k_tokens", "output_cost_per_token_above_200k_tokens");
    let mut price = Price::draw(&mut rng, &model).with(long_in, 777_771).with(long_out, 999_991);
    price.units.remove("output_cost_per_reasoning_token");
    let template = draw(&mut rng, 1, &[&model]).remove(0);
    for input in [199_999, 200_000, 200_001] {
        let cached = rng.u64(150_000..190_000);
        let call = Call { input, cached, created: 0, output: 100, reasoning: 40, ..template.clone() };
        let keys =
            if input > 200_000 { (long_in, long_out) } else { ("input_cost_per_token", "output_cost_per_token") };
        let units = price.meters(&call, keys.0, keys.1).iter().map(|(_, _, units)| units).sum();
        comes_to(&ctx, &[call], std::slice::from_ref(&price), units).await?;
    }
    Ok(())
}

async fn urgency(ctx: Context) -> Result<(), Fault> {
    let (mut rng, model) = (ctx.rng(), ctx.name("model"));
    const TIERS: [(&str, &str, &str); 3] = [
        ("batch", "input_cost_per_token_batches", "output_cost_per_token_batches"),
        ("priority", "input_cost_per_token_priority", "output_cost_per_token_priority"),
        ("flex", "input_cost_per_token_flex", "output_cost_per_token_flex"),
    ];
    let mut price = Price::draw(&mut rng, &model);
    for (_, input, output) in TIERS {
        price = price.with(input, rng.i64(1_000..900_000).into()).with(output, rng.i64(1_000..900_000).into());
    }
    let (mut calls, mut units) = (Vec::new(), 0);
    for (index, call) in draw(&mut rng, 80, &[&model]).into_iter().enumerate() {
        let call = Call { cached: 0, created: 0, reasoning: 0, ..call };
        let (service_tier, input, output) = if index % 4 == 3 {
            ("default", "input_cost_per_token", "output_cost_per_token")
        } else {
            TIERS[index % 4]
        };
        units += price.meters(&call, input, output).iter().map(|(_, _, units)| units).sum::<i128>();
        calls.push(Call { service_tier, ..call });
    }
    comes_to(&ctx, &calls, &[price], units).await.map(drop)
}

async fn dated(ctx: Context) -> Result<(), Fault> {
    let (mut rng, model) = (ctx.rng(), ctx.name("model"));
    let cut = "2026-02-15";
    let old = Price { until: Some(cut), ..Price::draw(&mut rng, &model) };
    let new = Price { from: cut, ..Price::draw(&mut rng, &model) };
    let change = seconds("2026-02-15T00:00:00Z");
    let mut calls = draw(&mut rng, 60, &[&model]);
    (calls[0].at, calls[1].at) = (change - 1, change);
    let units = calls.iter().map(|call| if call.at < change { old.cost(call) } else { new.cost(call) }).sum();
    comes_to(&ctx, &calls, &[old, new], units).await.map(drop)
}

async fn missing(ctx: Context) -> Result<(), Fault> {
    let (mut rng, known, unknown) = (ctx.rng(), ctx.name("known"), ctx.name("unheard-of"));
    let price = Price::draw(&mut rng, &known);
    let mut calls = draw(&mut rng, 50, &[&known]);
    for index in [7, 20, 33] {
        calls[index].model.clone_from(&unknown);
    }
    let desk = Desk::new(&ctx)?;
    let (usage, prices) =
        (desk.file("usage.jsonl", &lines(&calls))?, desk.file("prices.json", &map(std::slice::from_ref(&price)))?);
    let (out, left, summary) = (desk.path("rows.csv"), desk.path("unpriced.jsonl"), desk.path("summary.json"));
    let words = ["--usage", &usage, "--prices", &prices, "--out", &out, "--unpriced", &left, "--summary", &summary];
    let output = desk.run(&ctx, "price", &words, 1).await?;
    expect::holds("standard error", output.stderr.contains(&unknown), &unknown, &output.stderr)?;
    let units = calls.iter().filter(|call| call.model == known).map(|call| price.cost(call)).sum();
    expect::equal("the sum of BilledCost of what has a price", &dollars(units), &total(&desk.rows()?)?)?;
    let text = desk.text("unpriced.jsonl")?;
    let kept: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    expect::equal("the lines of unpriced.jsonl", &3, &kept.len())?;
    for (line, index) in kept.iter().zip([7, 20, 33]) {
        expect::equal("the model of an unpriced call", unknown.as_str(), expect::text(line, "/model")?)?;
        let tokens = [expect::integer(line, "/input_tokens")?, expect::integer(line, "/output_tokens")?];
        expect::equal(
            "the tokens of an unpriced call",
            &[calls[index].input as i64, calls[index].output as i64],
            &tokens,
        )?;
    }
    desk.price(&ctx, &[usage], &prices, &["--allow-unpriced"], 0).await.map(drop)
}

async fn once(ctx: Context) -> Result<(), Fault> {
    let (mut rng, model) = (ctx.rng(), ctx.name("model"));
    let price = Price::draw(&mut rng, &model);
    let calls = draw(&mut rng, 60, &[&model]);
    let units = calls.iter().map(|call| price.cost(call)).sum();
    let again: Vec<Call> = calls[20..].iter().chain(&calls[30..35]).cloned().collect();
    let desk = Desk::new(&ctx)?;
    let usage = [desk.file("first.jsonl", &lines(&calls[..40]))?, desk.file("second.jsonl", &lines(&again))?];
    let prices = desk.file("prices.json", &map(&[price]))?;
    let rows = desk.price(&ctx, &usage, &prices, &[], 0).await?;
    expect::equal("the sum of BilledCost, each span once", &dollars(units), &total(&rows)?)
}

async fn calendar(ctx: Context) -> Result<(), Fault> {
    let (mut rng, model) = (ctx.rng(), ctx.name("model"));
    let price = Price::draw(&mut rng, &model);
    // By the clocks of Berlin: a day, its hours, and the month that it belongs to.
    let days = [
        ("2026-03-28T23:00:00Z", 23, "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        ("2026-06-30T22:00:00Z", 24, "2026-06-30T22:00:00Z", "2026-07-31T22:00:00Z"),
        ("2026-10-24T22:00:00Z", 25, "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
    ];
    let template = draw(&mut rng, 1, &[&model]).remove(0);
    let mut calls = Vec::new();
    for (start, hours, _, _) in days {
        let first = seconds(start);
        for at in [first - 1, first, first + rng.i64(0..hours * 3_600), first + hours * 3_600 - 1] {
            calls.push(Call { id: calls.len() as u64, at, ..template.clone() });
        }
    }
    let desk = Desk::new(&ctx)?;
    let (usage, prices) =
        (desk.file("usage.jsonl", &lines(&calls))?, desk.file("prices.json", &map(std::slice::from_ref(&price)))?);
    let rows = desk.price(&ctx, &[usage], &prices, &["--period", "day", "--time-zone", "Europe/Berlin"], 0).await?;
    for (start, hours, month_start, month_end) in days {
        let mine: Vec<Row> = rows
            .iter()
            .filter(|row| row.get("ChargePeriodStart").is_some_and(|found| found == start))
            .cloned()
            .collect();
        expect::equal(
            &format!("BilledCost of the day from {start}"),
            &dollars(3 * price.cost(&template)),
            &total(&mine)?,
        )?;
        let end = moment(seconds(start) + hours * 3_600);
        for row in &mine {
            expect::equal("ChargePeriodEnd", end.as_str(), column(row, "ChargePeriodEnd")?)?;
            expect::equal("BillingPeriodStart", month_start, column(row, "BillingPeriodStart")?)?;
            expect::equal("BillingPeriodEnd", month_end, column(row, "BillingPeriodEnd")?)?;
        }
    }
    Ok(())
}

async fn malformed(ctx: Context) -> Result<(), Fault> {
    let (mut rng, model) = (ctx.rng(), ctx.name("model"));
    let price = Price::draw(&mut rng, &model);
    let calls = draw(&mut rng, 30, &[&model]);
    let at = rng.usize(5..25);
    let good = Call { input: 123_456, cached: 1_000, output: 5_000, reasoning: 100, ..calls[at].clone() };
    let broken = [
        good.line().replace("\"123456\"", "\"-1\""),
        Call { cached: 123_457, ..good.clone() }.line(),
        Call { reasoning: 5_001, ..good.clone() }.line(),
        good.line().replace("\"123456\"", "\"many\""),
        "{\"resourceSpans\": [\n".to_owned(),
    ];
    for line in broken {
        let desk = Desk::new(&ctx)?;
        let mut all: Vec<String> = calls.iter().map(Call::line).collect();
        all[at].clone_from(&line);
        let (usage, prices) =
            (desk.file("usage.jsonl", &all.concat())?, desk.file("prices.json", &map(std::slice::from_ref(&price)))?);
        let (out, left) = (desk.path("rows.csv"), desk.path("unpriced.jsonl"));
        let output = desk
            .run(&ctx, "price", &["--usage", &usage, "--prices", &prices, "--out", &out, "--unpriced", &left], 2)
            .await?;
        let place = format!("usage.jsonl:{}", at + 1);
        expect::holds(&format!("standard error on {line}"), output.stderr.contains(&place), &place, &output.stderr)?;
        expect::holds("rows.csv after a refusal", !desk.has("rows.csv"), "no such file", "a file")?;
    }
    Ok(())
}
