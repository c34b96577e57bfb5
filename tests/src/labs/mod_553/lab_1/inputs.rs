//! What a model is given: values that are missing, out of range or unknown, and inputs that moved away from training.

use super::caller::{CATEGORIES, Caller, NUMBERS, Payment};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use futures::future::try_join_all;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

pub(super) const QUALITY: Check = Check {
    id: "input-quality-is-counted",
    title: "Values that are missing, out of range or never seen in training are answered, and counted as such",
    follows: &["predictions-are-counted-exactly"],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(60),
    exclusive: true,
    run: |ctx| Box::pin(quality(ctx)),
};

async fn quality(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let before = caller.scrape().await?;
    let mut expected: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for _ in 0..caller.random.usize(40..80) {
        let mut payment = caller.payment();
        for name in NUMBERS.into_iter().chain(CATEGORIES) {
            let state = spoil(&ctx, &mut caller, &mut payment, name);
            *expected.entry((name, state)).or_default() += 1;
        }
        caller.predict(&payment, None).await?;
    }
    let after = caller.scrape().await?;
    for name in NUMBERS.into_iter().chain(CATEGORIES) {
        for state in ["ok", "null", "out_of_range", "unseen"] {
            let with = [("feature", name), ("state", state)];
            let (found, sent) =
                (after.grew(&before, "model_input_values_total", &with), expected.get(&(name, state)).copied());
            let what = format!("how far model_input_values_total{{feature=\"{name}\", state=\"{state}\"}} grew");
            expect::equal(&what, &f64::from(sent.unwrap_or(0)), &found)?;
        }
    }
    Ok(())
}

/// Leaves a value, takes it away or puts another in its place; says which.
fn spoil(ctx: &Context, caller: &mut Caller, payment: &mut Payment, name: &'static str) -> &'static str {
    let mut set = |value: Value| drop(payment.features.insert(name.to_owned(), value));
    let (low, high) = if NUMBERS.contains(&name) { caller.range(name) } else { (0.0, 0.0) };
    match caller.random.u8(0..6) {
        0 => {
            set(Value::Null);
            "null"
        }
        1 => {
            payment.features.remove(name);
            "null"
        }
        2 if CATEGORIES.contains(&name) => {
            set(json!(ctx.name("level")));
            "unseen"
        }
        // Further away than the brief's margin of once the span.
        2 => {
            let beyond = (high - low) * (1.5 + caller.random.f64());
            set(json!(if caller.random.bool() { high + beyond } else { low - beyond }));
            "out_of_range"
        }
        _ if CATEGORIES.contains(&name) => {
            let levels: Vec<String> = caller.levels(name).into_iter().collect();
            set(json!(levels[caller.random.usize(..levels.len())]));
            "ok"
        }
        // Well inside: a submission holds some rows out, and has not seen the very ends.
        _ => {
            set(json!(typical(caller, name)));
            "ok"
        }
    }
}

/// A value between the deciles of training.
fn typical(caller: &mut Caller, name: &str) -> f64 {
    let mut values: Vec<f64> =
        caller.payments.iter().filter_map(|payment| payment.features.get(name).and_then(Value::as_f64)).collect();
    values.sort_by(f64::total_cmp);
    values[caller.random.usize(values.len() / 10..values.len() * 9 / 10)]
}

pub(super) const DRIFT: Check = Check {
    id: "a-shifted-input-is-signalled",
    title: "Inputs as in training raise no drift signal; a shifted feature raises its own, and no other's",
    follows: &["predictions-are-counted-exactly"],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(120),
    exclusive: true,
    run: |ctx| Box::pin(drift(ctx)),
};

/// The brief's longest window.
const WINDOW: usize = 1_000;
/// What the brief calls drift.
const DRIFTED: f64 = 0.2;

async fn drift(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let usual: Vec<Payment> = (0..WINDOW).map(|_| caller.payment()).collect();
    send(&caller, &usual).await?;
    let quiet = signals(&caller).await?;
    let loud: Vec<_> = quiet.iter().filter(|(_, psi)| psi.is_nan() || **psi >= DRIFTED).collect();
    expect::holds("model_feature_psi of inputs as in training", loud.is_empty(), "below 0.2 for each feature", &loud)?;
    let shifted = NUMBERS[caller.random.usize(..2)];
    let factor = 4.0 + 4.0 * caller.random.f64();
    let mut moved: Vec<Payment> = (0..WINDOW).map(|_| caller.payment()).collect();
    for payment in &mut moved {
        let value = payment.features.get(shifted).and_then(Value::as_f64).unwrap_or(0.0);
        payment.features.insert(shifted.to_owned(), json!(value * factor));
    }
    send(&caller, &moved).await?;
    for (feature, psi) in signals(&caller).await? {
        let (drifts, what) = (feature == shifted, format!("model_feature_psi{{feature=\"{feature}\"}}"));
        let expected = format!("{} 0.2, for only {shifted} moved", if drifts { "above" } else { "below" });
        expect::holds(&what, (psi > DRIFTED) == drifts, &expected, psi)?;
    }
    Ok(())
}

async fn send(caller: &Caller, payments: &[Payment]) -> Result<(), Fault> {
    for some in payments.chunks(16) {
        try_join_all(some.iter().map(|payment| caller.predict(payment, None))).await?;
    }
    Ok(())
}

/// The drift signal of each feature.
async fn signals(caller: &Caller) -> Result<BTreeMap<&'static str, f64>, Fault> {
    let scrape = caller.scrape().await?;
    let signal = |name: &'static str| {
        let found = scrape.of("model_feature_psi", &[("feature", name)]).map(|sample| sample.value).next();
        let what = format!("model_feature_psi{{feature=\"{name}\"}}");
        found.map(|psi| (name, psi)).ok_or_else(|| Fault::failed(what, "a series", "none"))
    };
    NUMBERS.into_iter().chain(CATEGORIES).map(signal).collect()
}
