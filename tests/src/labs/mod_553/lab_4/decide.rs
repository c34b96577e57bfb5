//! When a retraining is due, and when it is not.

use super::{NEEDS, scene::Scene};
use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const WINDOWS: Check = Check {
    id: "one-window-raises-nothing",
    title: "It takes as many consecutive windows as the policy says; one below `enter` in between starts the count anew",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(windows(ctx)),
};

pub(super) const TREMBLING: Check = Check {
    id: "a-trembling-value-changes-nothing",
    title: "Between `leave` and `enter` a raised trigger stays raised; it takes calm windows to calm it",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(trembling(ctx)),
};

pub(super) const ONCE: Check = Check {
    id: "a-window-counts-once",
    title: "A report that is given twice, late or in another order counts once, and in the order of its window",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(once(ctx)),
};

pub(super) const ALERTS: Check = Check {
    id: "an-alert-counts-once",
    title: "An alert raises while it fires; what was delivered twice or too late changes nothing",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(alerts(ctx)),
};

pub(super) const COOL_DOWN: Check = Check {
    id: "the-cool-down-is-kept",
    title: "After a proposal nothing is due until the cool-down is over",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(cool_down(ctx)),
};

pub(super) const BUDGET: Check = Check {
    id: "the-budget-is-kept",
    title: "Neither more retrainings nor more money than the budget has, in any period; money to the cent",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(budget(ctx)),
};

pub(super) const SILENCE: Check = Check {
    id: "silence-is-a-finding",
    title: "A signal that has told nothing for too long is named, and the exit code is 1, also when reports come that cannot tell",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(silence(ctx)),
};

pub(super) const CLOCK: Check = Check {
    id: "a-clock-that-jumps-back-is-refused",
    title: "A clock from before what is written in the repository is refused, and nothing is changed",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(clock(ctx)),
};

async fn windows(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::with(&ctx, &[("windows: 2", "windows: 3")]).await?;
    for (day, drifted, outcome) in
        [(0, 4, "wait"), (1, 9, "wait"), (2, 2, "wait"), (3, 3, "wait"), (4, 4, "wait"), (5, 3, "due")]
    {
        let report = scene.drift(day, drifted)?.0;
        scene.hears(24 * (day + 1) + 1, &[&report], outcome).await?;
    }
    Ok(())
}

async fn trembling(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    scene.raised(0).await?;
    for (day, drifted, outcome) in
        [(2, 2, "due"), (3, 2, "due"), (4, 1, "due"), (5, 2, "due"), (6, 0, "due"), (7, 1, "wait"), (8, 2, "wait")]
    {
        let report = scene.drift(day, drifted)?.0;
        scene.hears(24 * (day + 1) + 1, &[&report], outcome).await?;
    }
    Ok(())
}

async fn once(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let (first, second, third) = (scene.drift(1, 7)?.0, scene.drift(0, 8)?.0, scene.drift(2, 0)?.0);
    scene.hears(49, &[&first], "wait").await?;
    let before = scene.tip().await?;
    scene.hears(50, &[&first], "wait").await?;
    scene.hears(51, &[&first, &first], "wait").await?;
    let late = scene.hears(52, &[&second], "wait").await?;
    expect::equal("the branch after signals that it knew", &before, &scene.tip().await?)?;
    let ignored = expect::list(&late, "/ignored");
    expect::equal("signals that decide says it ignored", &1, &ignored.len())?;
    expect::holds(
        "why it was ignored",
        ignored[0]["why"].as_str().is_some_and(|why| !why.is_empty()),
        "a sentence",
        ignored,
    )?;
    // Given together, in the wrong order: day 2 is calm, day 3 and 4 are loud.
    let (fourth, fifth) = (scene.drift(3, 5)?.0, scene.drift(4, 5)?.0);
    scene.hears(121, &[&fifth, &third, &fourth], "due").await.map(drop)
}

async fn alerts(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let fingerprint = ctx.name("f");
    let posted = |name: &str, status: &str, began: i64| -> Result<String, Fault> {
        let alert = json!({ "status": status, "labels": { "alertname": "ErrorBudgetBurn", "model": scene.model }, "annotations": {},
            "startsAt": scene.time(began), "endsAt": scene.time(began + 1), "fingerprint": fingerprint });
        let payload: Value = json!({ "version": "4", "receiver": "retraining", "status": status, "alerts": [alert] });
        scene.write(name, &payload.to_string())?;
        Ok(scene.path(name))
    };
    let (firing, resolved) = (posted("firing.json", "firing", 1)?, posted("resolved.json", "resolved", 1)?);
    scene.hears(2, &[&firing], "due").await?;
    let before = scene.tip().await?;
    scene.hears(3, &[&firing], "due").await?;
    expect::equal("the branch after an alert that it knew", &before, &scene.tip().await?)?;
    scene.hears(4, &[&resolved], "wait").await?;
    scene.hears(5, &[&firing], "wait").await?;
    let again = posted("again.json", "firing", 6)?;
    scene.hears(7, &[&again], "due").await.map(drop)
}

/// A proposal that runs out unapproved leaves the way free, but for the cool-down.
async fn cool_down(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::with(&ctx, &[("valid: 48h", "valid: 10h")]).await?;
    scene.raised(0).await?;
    scene.proposed(0).await?;
    let (third, fourth) = (scene.drift(2, 5)?.0, scene.drift(3, 5)?.0);
    // Proposed at hour 50; the cool-down ends at hour 122.
    let answer = scene.hears(121, &[&third, &fourth], "wait").await?;
    expect::equal("`reason` of decide", "cool-down", expect::text(&answer, "/reason")?)?;
    let estimates = scene.estimates(0.84, 0.88)?;
    let words = ["--by", scene.proposer.as_str(), "--performance", &estimates];
    scene.done("propose", 121, &words, 1).await?;
    scene.hears(122, &[], "due").await?;
    expect::equal("proposals in the repository", &1, &scene.files("proposals").await?.len())
}

async fn budget(ctx: Context) -> Result<(), Fault> {
    // 310 + 40 + 50 = 400: a cent is missing, then it is there.
    let scene = Scene::with(&ctx, &[("\"1500.00\"", "\"399.99\"")]).await?;
    let (first, second) = (scene.drift(0, 5)?.0, scene.drift(1, 5)?.0);
    let answer = scene.hears(49, &[&first, &second], "wait").await?;
    expect::equal("`reason` of decide", "budget", expect::text(&answer, "/reason")?)?;
    scene.policy(&[("\"1500.00\"", "\"400.00\"")])?;
    scene.hears(49, &[], "due").await?;
    // One retraining a month, and it is verified; another month has to come.
    let scene = Scene::with(&ctx, &[("retrainings: 3", "retrainings: 1")]).await?;
    let id = scene.full().await?;
    let well = scene.estimates(0.90, 0.93)?;
    scene.done("verify", 55, &["--by", "deployer", "--proposal", &id, "--performance", &well], 0).await?;
    let (third, fourth) = (scene.drift(8, 5)?.0, scene.drift(9, 5)?.0);
    let answer = scene.hears(241, &[&third, &fourth], "wait").await?;
    expect::equal("`reason` of decide", "budget", expect::text(&answer, "/reason")?)?;
    let fresh = scene.drift(32, 5)?.0;
    scene.hears(793, &[&fresh], "due").await.map(drop)
}

async fn silence(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let calm = scene.drift(0, 0)?.0;
    scene.hears(25, &[&calm], "wait").await?;
    scene.hears(53, &[], "wait").await?;
    // The last window that told anything ended at hour 24; at most 30 hours are expected.
    let silent = |answer: &Value| expect::equal("`silent` of decide", &json!(["drift"]), &answer["silent"]);
    silent(&scene.done("decide", 55, &[], 1).await?)?;
    let untold = scene.untold(1)?.0;
    silent(&scene.done("decide", 56, &["--signal", &untold], 1).await?)?;
    let told = scene.drift(2, 0)?.0;
    let answer = scene.hears(73, &[&told], "wait").await?;
    expect::equal("`silent` of decide", &json!([]), &answer["silent"])
}

async fn clock(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    scene.raised(0).await?;
    scene.proposed(0).await?;
    let before = scene.tip().await?;
    let old = scene.drift(0, 5)?.0;
    scene.done("decide", 30, &["--signal", &old], 1).await?;
    let future = scene.drift(9, 5)?.0;
    scene.done("decide", 51, &["--signal", &future], 2).await?;
    expect::equal("the branch afterwards", &before, &scene.tip().await?)
}
