//! The truth, told late: what it says of the model, and what its mistakes cost.

use super::caller::{Caller, Predicted};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::time::Duration;

pub(super) const DELAYED: Check = Check {
    id: "labels-tell-how-good-the-model-is",
    title: "Labels that come later are counted beside the predictions that they belong to, and put a price on mistakes",
    follows: &["predictions-are-counted-exactly"],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(60),
    exclusive: true,
    run: |ctx| Box::pin(delayed(ctx)),
};

fn word(flag: bool) -> &'static str {
    if flag { "fraud" } else { "legitimate" }
}

async fn delayed(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let mut waiting: Vec<(Predicted, bool)> = Vec::new();
    for _ in 0..caller.random.usize(50..90) {
        let payment = caller.payment();
        // Often not what the model thinks, so that every cell of the table is filled.
        let label = if caller.random.bool() { payment.fraud } else { caller.random.bool() };
        waiting.push((caller.predict(&payment, None).await?, label));
    }
    // Labels come in an order of their own, and some never come.
    caller.random.shuffle(&mut waiting);
    let told = waiting.split_off(waiting.len() / 4);
    let before = caller.scrape().await?;
    for (predicted, label) in &told {
        expect::status_in(&caller.tell(&predicted.request_id, *label).await?, &[200, 202, 204])?;
    }
    let after = caller.scrape().await?;
    let count = |keep: &dyn Fn(bool, bool) -> bool| {
        told.iter().filter(|(predicted, label)| keep(predicted.fraud, *label)).count() as f64
    };
    for correct in [true, false] {
        let (found, expected) = (
            after.grew(&before, "model_labels_total", &[("correct", &correct.to_string())]),
            count(&|predicted, label| (predicted == label) == correct),
        );
        expect::equal(&format!("how far model_labels_total{{correct=\"{correct}\"}} grew"), &expected, &found)?;
    }
    for (predicted, actual) in [(true, true), (true, false), (false, true), (false, false)] {
        let with = [("predicted", word(predicted)), ("actual", word(actual))];
        let found = after.grew(&before, "model_confusion_total", &with);
        let expected = count(&|said, label| said == predicted && label == actual);
        expect::equal(&format!("how far model_confusion_total{with:?} grew"), &expected, &found)?;
    }
    let lost: f64 = told
        .iter()
        .filter(|(predicted, label)| *label && predicted.decision == "approve")
        .map(|(predicted, _)| predicted.amount_usd)
        .sum();
    let found = after.grew(&before, "business_loss_usd_total", &[]);
    let close = (found - lost).abs() <= 1e-6 * lost.max(1.0);
    expect::holds("how far business_loss_usd_total grew", close, &format!("{lost}, the fraud that was approved"), found)
}

pub(super) const ONCE: Check = Check {
    id: "a-label-counts-once",
    title: "A label that is told again changes nothing, and one of a prediction that nobody asked for is a 404",
    follows: &["labels-tell-how-good-the-model-is"],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(30),
    exclusive: true,
    run: |ctx| Box::pin(once(ctx)),
};

async fn once(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let payment = caller.payment();
    let predicted = caller.predict(&payment, None).await?;
    let before = caller.scrape().await?;
    let times = caller.random.usize(2..6);
    for _ in 0..times {
        expect::status_in(&caller.tell(&predicted.request_id, true).await?, &[200, 202, 204, 409])?;
    }
    expect::status(&caller.tell(&ctx.name("nobody"), true).await?, 404)?;
    let after = caller.scrape().await?;
    let what = format!("how far model_labels_total grew after one label was told {times} times, and one of nothing");
    expect::equal(&what, &1.0, &after.grew(&before, "model_labels_total", &[]))?;
    expect::equal("how far model_confusion_total grew", &1.0, &after.grew(&before, "model_confusion_total", &[]))
}
