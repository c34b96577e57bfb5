//! The feature server: it answers the newest values before *now*, says what it does not know, and forgets nothing.

use super::shop::{FEATURES, Shop, Wanted};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use jiff::SignedDuration;
use serde_json::json;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(180);
const INGESTS: &[Need] = &[Need::Command("ingest"), Need::Command("materialize")];

pub(super) const UNKNOWN_ENTITIES: Check = Check {
    id: "unknown-entities-are-not-found",
    title: "The feature server answers, and says NOT_FOUND for an entity that it does not know",
    follows: &[],
    needs: &[],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(unknown_entities(ctx)),
};

async fn unknown_entities(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let (customer, merchant) = (shop.customer(), shop.merchant());
    let found = shop.online(customer, &merchant).await?;
    for feature in FEATURES {
        let answered = found.get(feature).map(|(value, status)| (value.is_null(), status.as_str()));
        expect::equal(&format!("{feature} of an entity nobody knows"), &Some((true, "NOT_FOUND")), &answered)?;
    }
    Ok(())
}

pub(super) const UNKNOWN_FEATURES: Check = Check {
    id: "unknown-features-are-refused",
    title: "A feature view or service that is not defined is refused, not answered with nothing",
    follows: &["unknown-entities-are-not-found"],
    needs: &[],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(unknown_features(ctx)),
};

async fn unknown_features(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let entities = json!({"customer_id": [shop.customer()]});
    for body in [
        json!({"features": ["customer_spent:country"], "entities": entities}),
        json!({"feature_service": ctx.name("service"), "entities": entities}),
    ] {
        let answer = shop.post("/get-online-features", &body).await?;
        ctx.observe("an unknown view or service", answer.status);
        expect::status_in(&answer, &[404, 422])?;
    }
    Ok(())
}

pub(super) const PUSH: Check = Check {
    id: "pushes-are-visible",
    title: "A pushed row is served at once",
    follows: &["unknown-entities-are-not-found"],
    needs: &[],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(pushes(ctx)),
};

async fn pushes(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let customer = shop.customer();
    for minutes in [9, 4] {
        let row = shop.spend(customer, shop.ago(minutes * 60));
        let df = json!({
            "customer_id": [customer], "event_timestamp": [row.event.to_string()], "created_timestamp": [row.created.to_string()],
            "payments_7d": [row.payments], "amount_mean_7d": [row.amount], "country": [row.country],
        });
        let body = json!({"push_source_name": "customer_spend_push", "df": df, "to": "online"});
        expect::status(&shop.post("/push", &body).await?, 200)?;
        shop.serves("after a push", &row).await?;
    }
    let body = json!({"push_source_name": ctx.name("nobody"), "df": {"customer_id": [customer]}});
    expect::status_in(&shop.post("/push", &body).await?, &[404, 422])
}

pub(super) const NEWEST: Check = Check {
    id: "online-values-are-the-newest",
    title: "After materialising until a moment, the server answers each entity's newest values of before it, and none of after it",
    follows: &["unknown-entities-are-not-found"],
    needs: INGESTS,
    limit: LIMIT,
    exclusive: true,
    run: |ctx| Box::pin(newest(ctx)),
};

async fn newest(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let until = shop.ago(3600);
    let (mut rows, mut expected) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        let customer = shop.customer();
        let age = 3600 + shop.random.i64(60..7200);
        let mut best = shop.spend(customer, shop.ago(age));
        let mut corrected = shop.spend(customer, best.event);
        corrected.created = best.created + SignedDuration::from_secs(1);
        let older_age = age + shop.random.i64(1..7200);
        let older = shop.spend(customer, shop.ago(older_age));
        let later = shop.spend(customer, until + SignedDuration::from_secs(1));
        rows.extend([later, corrected.clone(), best.clone(), older]);
        std::mem::swap(&mut best, &mut corrected);
        expected.push(best);
    }
    shop.random.shuffle(&mut rows);
    shop.ingest_spend(&rows).await?;
    shop.materialize(until).await?;
    for row in &expected {
        shop.serves("after materialising", row).await?;
    }
    Ok(())
}

pub(super) const INCREMENTAL: Check = Check {
    id: "materialisation-goes-on",
    title: "Materialising again brings what has become true since, and leaves the rest",
    follows: &["online-values-are-the-newest"],
    needs: INGESTS,
    limit: LIMIT,
    exclusive: true,
    run: |ctx| Box::pin(incremental(ctx)),
};

async fn incremental(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let (quiet, busy) = (shop.customer(), shop.customer());
    let kept = shop.spend(quiet, shop.ago(3000));
    let (first, second) = (shop.spend(busy, shop.ago(3000)), shop.spend(busy, shop.ago(1500)));
    shop.ingest_spend(&[second.clone(), kept.clone(), first.clone()]).await?;
    shop.materialize(shop.ago(2000)).await?;
    shop.serves("after the first materialisation", &first).await?;
    shop.materialize(shop.ago(1000)).await?;
    shop.serves("after the second materialisation", &second).await?;
    shop.serves("of a customer with nothing new", &kept).await
}

pub(super) const SKEW: Check = Check {
    id: "training-and-serving-agree",
    title: "A training row of this moment holds exactly what the feature server answers",
    follows: &["online-values-are-the-newest", "training-sets-keep-every-row"],
    needs: &[Need::Command("ingest"), Need::Command("materialize"), Need::Command("training-set")],
    limit: LIMIT,
    exclusive: true,
    run: |ctx| Box::pin(skew(ctx)),
};

async fn skew(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let mut wanted = Vec::new();
    let (mut spends, mut risks) = (Vec::new(), Vec::new());
    for index in 0..6 {
        let (customer, merchant) = (shop.customer(), shop.merchant());
        spends.push(shop.spend(customer, shop.ago(900)));
        spends.push(shop.spend(customer, shop.ago(600)));
        // A value that is known to be nothing must be nothing on both sides.
        if index == 0 {
            spends[1].amount = None;
        }
        risks.push(shop.risk(&merchant, shop.ago(700)));
        wanted.push(Wanted { customer, merchant, at: shop.now });
    }
    shop.ingest_spend(&spends).await?;
    shop.ingest_risk(&risks).await?;
    shop.materialize(shop.now).await?;
    let run = shop.run().await?;
    let set = shop.training_set(&wanted, &run.id).await?;
    for (row, Wanted { customer, merchant, .. }) in wanted.iter().enumerate() {
        let served = shop.online(*customer, merchant).await?;
        for feature in FEATURES {
            let served = served.get(feature).map(|(value, _)| value.clone()).unwrap_or_default();
            let what = format!("{feature} in training (expected: as served)");
            match served.as_f64() {
                Some(number) => expect::equal(&what, &Some(number), &set.number(row, feature))?,
                None => expect::equal(&what, served.as_str().unwrap_or_default(), set.text(row, feature))?,
            }
        }
    }
    Ok(())
}

pub(super) const RESTART: Check = Check {
    id: "a-restart-forgets-no-feature",
    title: "What was pushed is still served after a restart",
    follows: &["pushes-are-visible"],
    needs: &[Need::Restart],
    limit: LIMIT,
    exclusive: true,
    run: |ctx| Box::pin(restart(ctx)),
};

async fn restart(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let customer = shop.customer();
    let row = shop.spend(customer, shop.ago(240));
    let df = json!({
        "customer_id": [customer], "event_timestamp": [row.event.to_string()], "created_timestamp": [row.created.to_string()],
        "payments_7d": [row.payments], "amount_mean_7d": [row.amount], "country": [row.country],
    });
    let body = json!({"push_source_name": "customer_spend_push", "df": df, "to": "online"});
    expect::status(&shop.post("/push", &body).await?, 200)?;
    ctx.restart().await?;
    shop.serves("after a restart", &row).await
}
