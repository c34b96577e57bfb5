//! Training sets: each entity row with the features as they were then, no value from the future, none too old, no row lost.

use super::shop::{FEATURES, Shop, Wanted, label};
use crate::{
    check::{Check, Fault, Need},
    context::{Call, Context},
    expect,
};
use jiff::SignedDuration;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(180);
const NEEDS: &[Need] = &[Need::Command("ingest"), Need::Command("training-set")];
const SECOND: SignedDuration = SignedDuration::from_secs(1);

pub(super) const KEEPS_ROWS: Check = Check {
    id: "training-sets-keep-every-row",
    title: "A training set has each entity row once, in order, with its label, also where nothing is known",
    follows: &[],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(keeps_rows(ctx)),
};

async fn keeps_rows(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let (known, merchant) = (shop.customer(), shop.merchant());
    let row = shop.spend(known, shop.ago(7200));
    let risk = shop.risk(&merchant, shop.ago(3600));
    shop.ingest_spend(std::slice::from_ref(&row)).await?;
    shop.ingest_risk(std::slice::from_ref(&risk)).await?;
    let mut wanted = Vec::new();
    for index in 0..12 {
        // Some ask about strangers, some about a time before anything was known.
        let customer = if index % 3 == 0 { shop.customer() } else { known };
        let at = if index % 4 == 1 { shop.ago(9000 + index) } else { shop.ago(1800 - index) };
        wanted.push(Wanted { customer, merchant: merchant.clone(), at });
    }
    let run = shop.run().await?;
    let set = shop.training_set(&wanted, &run.id).await?;
    expect::equal("the number of training rows", &wanted.len(), &set.rows.len())?;
    for (index, wanted) in wanted.iter().enumerate() {
        expect::equal("the column `row`, which says the order", &Some(index as f64), &set.number(index, "row"))?;
        expect::equal("the column `label`", label(index), set.text(index, "label"))?;
        let expected = (wanted.customer == known && wanted.at >= row.event).then_some(&row);
        set.holds("of a training row", index, expected)?;
        let expected = (wanted.at >= risk.event).then_some(risk.rate);
        expect::equal("chargeback_rate of a training row", &expected, &set.number(index, "chargeback_rate"))?;
    }
    let missing = FEATURES.iter().filter(|name| !set.rows[0].contains_key(**name)).collect::<Vec<_>>();
    expect::holds("the columns of the training set", missing.is_empty(), "every feature of the service", missing)
}

pub(super) const POINT_IN_TIME: Check = Check {
    id: "no-value-is-from-the-future",
    title: "A training row sees what was true at its own second, and nothing of the second after",
    follows: &["training-sets-keep-every-row"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(point_in_time(ctx)),
};

async fn point_in_time(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let merchant = shop.merchant();
    let (mut rows, mut wanted, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..10 {
        let customer = shop.customer();
        // Always at half a minute, so that a second later is still the same minute.
        let minutes = shop.random.i64(60..5000);
        let at = shop.ago(minutes * 60) + SignedDuration::from_secs(30);
        let earlier = SignedDuration::from_secs(shop.random.i64(60..3600));
        let before = shop.spend(customer, at - earlier);
        let exact = shop.spend(customer, at);
        let after = shop.spend(customer, at + SECOND);
        rows.push(before.clone());
        rows.push(after);
        if index % 2 == 0 {
            rows.push(exact.clone());
        }
        expected.push(if index % 2 == 0 { exact } else { before });
        wanted.push(Wanted { customer, merchant: merchant.clone(), at });
    }
    shop.random.shuffle(&mut rows);
    shop.ingest_spend(&rows).await?;
    let run = shop.run().await?;
    let set = shop.training_set(&wanted, &run.id).await?;
    for (index, expected) in expected.iter().enumerate() {
        set.holds("at the second that was asked about", index, Some(expected))?;
    }
    Ok(())
}

pub(super) const TIME_TO_LIVE: Check = Check {
    id: "old-values-are-not-used",
    title: "A value older than its view's time to live is left out; one exactly that old is used",
    follows: &["training-sets-keep-every-row"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(time_to_live(ctx)),
};

async fn time_to_live(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let (customer, merchant) = (shop.customer(), shop.merchant());
    let risk = shop.risk(&merchant, shop.ago(6 * 3600));
    shop.ingest_risk(std::slice::from_ref(&risk)).await?;
    let ttl = SignedDuration::from_hours(2);
    let moments = [risk.event + ttl - SECOND, risk.event + ttl, risk.event + ttl + SECOND];
    let wanted = moments.map(|at| Wanted { customer, merchant: merchant.clone(), at });
    let run = shop.run().await?;
    let set = shop.training_set(&wanted, &run.id).await?;
    let found: Vec<_> = (0..3).map(|row| set.number(row, "chargeback_rate")).collect();
    let what = "chargeback_rate one second before, at, and one second after the end of its time to live (2 hours)";
    expect::equal(what, &vec![Some(risk.rate), Some(risk.rate), None], &found)
}

pub(super) const TIES: Check = Check {
    id: "corrections-win",
    title: "Of two rows for the same moment, the one created later counts",
    follows: &["training-sets-keep-every-row"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(ties(ctx)),
};

async fn ties(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let merchant = shop.merchant();
    let (mut rows, mut wanted, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..10 {
        let customer = shop.customer();
        let minutes = shop.random.i64(100..4000);
        let event = shop.ago(minutes * 60);
        for correction in 0..3 {
            let mut row = shop.spend(customer, event);
            row.created = event + SignedDuration::from_secs(60 + correction);
            if correction == 2 {
                expected.push(row.clone());
            }
            rows.push(row);
        }
        wanted.push(Wanted { customer, merchant: merchant.clone(), at: event + SignedDuration::from_mins(30) });
    }
    shop.random.shuffle(&mut rows);
    shop.ingest_spend(&rows).await?;
    let run = shop.run().await?;
    let set = shop.training_set(&wanted, &run.id).await?;
    for (index, expected) in expected.iter().enumerate() {
        set.holds("of a moment that was corrected twice", index, Some(expected))?;
    }
    Ok(())
}

pub(super) const BAD_INPUT: Check = Check {
    id: "bad-entity-rows-are-refused",
    title: "Entity rows without a zone, with a ragged line or without a join key are refused by name, and leave no file behind",
    follows: &["training-sets-keep-every-row"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(bad_input(ctx)),
};

async fn bad_input(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let (customer, merchant, at) = (shop.customer(), shop.merchant(), shop.ago(60));
    let good = shop.entities(&[Wanted { customer, merchant, at }])?;
    let text = std::fs::read_to_string(&good).map_err(|error| Fault::Harness(error.to_string()))?;
    let zoneless = at.to_string();
    let run = shop.run().await?;
    for (what, bad, named) in [
        ("a time without a zone", text.replace(&zoneless, zoneless.trim_end_matches('Z')), "event_timestamp"),
        ("a line with too few fields", format!("{text}7,8\n"), ""),
        ("no column customer_id", text.replace("customer_id", "customer"), "customer_id"),
    ] {
        let path = shop.path("bad.csv");
        std::fs::write(&path, bad).map_err(|error| Fault::Harness(error.to_string()))?;
        let out = shop.path("out.csv");
        let arguments = [&path.display().to_string(), &out.display().to_string(), run.id.as_str()];
        let call = Call { limit: Duration::from_secs(120), ..Call::of("training-set", &arguments) };
        let done = ctx.call(call).await?;
        let said = format!("{}{}", done.stdout, done.stderr);
        expect::holds(&format!("the exit code for {what}"), done.status != 0, "anything but 0", done.status)?;
        expect::holds(
            &format!("the message for {what}"),
            said.contains(named),
            &format!("a word about {named}"),
            said,
        )?;
        expect::holds(&format!("the file for {what}"), !out.exists(), "none, not even half of one", out.display())?;
    }
    Ok(())
}
