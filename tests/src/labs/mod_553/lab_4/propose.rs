//! What a proposal says, and whose word counts.

use super::{
    NEEDS,
    scene::{Scene, digest},
};
use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const EVIDENCE: Check = Check {
    id: "a-proposal-names-its-evidence",
    title: "The proposal in the repository names each file by its digest, its window, and the data window that follows from them",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(evidence(ctx)),
};

pub(super) const MONEY: Check = Check {
    id: "the-impact-is-exact",
    title: "Loss, benefit and cost are exact decimals, with both ends of their intervals",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(money(ctx)),
};

pub(super) const WORTH: Check = Check {
    id: "what-is-not-worth-it-is-not-proposed",
    title: "Nothing is proposed unless the whole interval of the benefit is above the cost; where the cost lies within, the answer is 4",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(worth(ctx)),
};

pub(super) const TWICE: Check = Check {
    id: "proposing-twice-proposes-once",
    title: "The same proposal once more is the same id and no new commit",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(twice(ctx)),
};

pub(super) const OWN: Check = Check {
    id: "nobody-approves-their-own",
    title: "Whoever proposed does not approve, in whatever letters; one person twice is one",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(own(ctx)),
};

pub(super) const EXPIRED: Check = Check {
    id: "approvals-run-out",
    title: "After its time a proposal is neither approved nor begun",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(expired(ctx)),
};

pub(super) const CHANGED: Check = Check {
    id: "approvals-hold-for-what-was-approved",
    title: "Whoever changes a proposal after it was approved has lost its approvals",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(changed(ctx)),
};

async fn evidence(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let files = [scene.drift(0, 5)?, scene.drift(1, 6)?];
    scene.hears(49, &[&files[0].0, &files[1].0], "due").await?;
    let id = scene.proposed(0).await?;
    let proposal = scene.json(&format!("proposals/{id}.json")).await?;
    let found = expect::list(&proposal, "/evidence");
    expect::equal("entries under `evidence`", &2, &found.len())?;
    for (number, (entry, (_, digest))) in (0..).zip(found.iter().zip(&files)) {
        expect::equal("`digest` of the evidence", digest.as_str(), expect::text(entry, "/digest")?)?;
        let window = json!({ "start": scene.time(24 * number), "end": scene.time(24 * (number + 1)) });
        expect::equal("`window` of the evidence", &window, expect::at(entry, "/window")?)?;
        expect::equal("`trigger` of the evidence", "drift", expect::text(entry, "/trigger")?)?;
    }
    let window = json!({ "start": scene.time(48 - 28 * 24), "end": scene.time(48) });
    expect::equal("`data_window`", &window, expect::at(&proposal, "/data_window")?)?;
    expect::equal("`id`", id.as_str(), expect::text(&proposal, "/id")?)?;
    expect::equal("`proposed_by`", scene.proposer.as_str(), expect::text(&proposal, "/proposed_by")?)?;
    expect::equal("`expires_at`", scene.time(98).as_str(), expect::text(&proposal, "/expires_at")?)
}

/// Figures that come out even, so that only the arithmetic is asked about.
async fn money(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let (per_day, days) = (1000 * rng.u32(10..60), rng.u32(10..60));
    let (day_words, horizon) = (format!("predictions_per_day: {per_day}"), format!("horizon_days: {days}"));
    let scene =
        Scene::with(&ctx, &[("predictions_per_day: 20000", &day_words), ("horizon_days: 30", &horizon)]).await?;
    scene.raised(0).await?;
    let id = scene.proposed(0).await?;
    let proposal = scene.json(&format!("proposals/{id}.json")).await?;
    // 0.04 to 0.08 of accuracy is lost, half to nine tenths of it comes back, at 0.12 a prediction: in ten-thousandths, to stay exact.
    let predictions = u64::from(per_day) * u64::from(days);
    let amount = |ten_thousandths: u64| format!("{}.{:02}", ten_thousandths / 10_000, ten_thousandths % 10_000 / 100);
    let expected: Value = json!([amount(predictions * 24), amount(predictions * 864 / 10)]);
    expect::equal("`impact.benefit`", &expected, expect::at(&proposal, "/impact/benefit")?)?;
    expect::equal("`impact.cost`", "400.00", expect::text(&proposal, "/impact/cost")?)?;
    expect::equal("`impact.loss`", &json!(["0.04", "0.08"]), expect::at(&proposal, "/impact/loss")?)?;
    expect::equal("`impact.currency`", "EUR", expect::text(&proposal, "/impact/currency")?)
}

async fn worth(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    scene.raised(0).await?;
    let before = scene.tip().await?;
    // 72,000 EUR for all of the accuracy: 0.001 of it brings at most 64.80, 0.004 to 0.08 brings 144 to 5,184.
    for (lower, upper, code) in [(0.919, 0.92, 1), (0.84, 0.916, 4)] {
        let estimates = scene.estimates(lower, upper)?;
        scene.done("propose", 50, &["--by", &scene.proposer, "--performance", &estimates], code).await?;
    }
    expect::equal("the branch after proposals that were not made", &before, &scene.tip().await?)
}

async fn twice(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    scene.raised(0).await?;
    let id = scene.proposed(0).await?;
    let before = scene.tip().await?;
    let estimates = scene.estimates(0.84, 0.88)?;
    let answer = scene.done("propose", 51, &["--by", &scene.proposer, "--performance", &estimates], 0).await?;
    expect::equal("`outcome` of the second propose", "already", expect::text(&answer, "/outcome")?)?;
    expect::equal("`proposal` of the second propose", id.as_str(), expect::text(&answer, "/proposal")?)?;
    expect::equal("the branch after the second propose", &before, &scene.tip().await?)
}

async fn own(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    scene.raised(0).await?;
    let id = scene.proposed(0).await?;
    let candidate = scene.candidate(scene.versions[1], 1)?;
    for name in [scene.proposer.clone(), scene.proposer.to_uppercase()] {
        scene.done("approve", 51, &["--by", &name, "--proposal", &id], 1).await?;
    }
    let ada = ctx.name("ada");
    for name in [ada.clone(), ada.to_uppercase()] {
        scene.done("approve", 51, &["--by", &name, "--proposal", &id], 0).await?;
    }
    let before = scene.tip().await?;
    scene.done("roll-out", 52, &["--by", "deployer", "--proposal", &id, "--candidate", &candidate], 1).await?;
    expect::equal("the branch after a refusal", &before, &scene.tip().await?)?;
    let authors = scene.bare(&["log", "--format=%an", "main", "--", "approvals"]).await?;
    expect::equal("who made the commits under approvals/", ada.as_str(), authors.trim())
}

async fn expired(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    scene.raised(0).await?;
    let id = scene.proposed(0).await?;
    // Proposed at hour 50, valid until hour 98.
    let (ada, ben, cyd) = (ctx.name("ada"), ctx.name("ben"), ctx.name("cyd"));
    scene.done("approve", 97, &["--by", &ada, "--proposal", &id], 0).await?;
    scene.done("approve", 98, &["--by", &ben, "--proposal", &id], 1).await?;
    let candidate = scene.candidate(scene.versions[1], 1)?;
    let begin = ["--by", "deployer", "--proposal", &id, "--candidate", &candidate];
    scene.done("approve", 97, &["--by", &cyd, "--proposal", &id], 0).await?;
    scene.done("roll-out", 99, &begin, 1).await.map(drop)
}

async fn changed(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    scene.raised(0).await?;
    let id = scene.proposed(0).await?;
    let path = format!("proposals/{id}.json");
    let approved = digest(scene.show(&path).await?.as_bytes());
    let people = scene.approved(&id, 0).await?;
    for person in &people {
        let approval = scene.json(&format!("approvals/{id}/{person}.json")).await?;
        expect::equal(
            "`proposal_digest` of an approval",
            approved.as_str(),
            expect::text(&approval, "/proposal_digest")?,
        )?;
    }
    scene.colleague(&path, |text| text.replace("\"400.00\"", "\"4.00\"")).await?;
    let candidate = scene.candidate(scene.versions[1], 1)?;
    let before = scene.tip().await?;
    scene.done("roll-out", 53, &["--by", "deployer", "--proposal", &id, "--candidate", &candidate], 1).await?;
    expect::equal("the branch after a refusal", &before, &scene.tip().await?)
}
