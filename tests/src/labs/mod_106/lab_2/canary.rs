//! What the canary's figures decide: champion, back out, or more traffic first.

use super::pipeline::{Pipeline, Seen};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const NEEDS: &[Need] = &[Need::Command("promote"), Need::Command("approve")];

pub(super) const GOOD: Check = Check {
    id: "a-good-canary-becomes-champion",
    title: "A canary that is not worse than the champion becomes champion",
    follows: &[],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(good(ctx)),
};

pub(super) const TOO_FEW: Check = Check {
    id: "a-canary-without-traffic-is-inconclusive",
    title: "With too few requests, or figures of other versions, nothing is decided and nothing moves",
    follows: &[],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(too_few(ctx)),
};

pub(super) const WORSE: Check = Check {
    id: "a-worse-canary-is-rolled-back",
    title: "A canary with more errors, slower answers or worse predictions is taken out by itself",
    follows: &["a-good-canary-becomes-champion"],
    needs: NEEDS,
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(worse(ctx)),
};

async fn good(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let (old, new) = pipeline.champion_and_canary().await?;
    let seen = pipeline.observed(&Seen::well(&old), &Seen::well(&new))?;
    let done = pipeline.promoted("champion", &new, &["--observations", &seen], 0).await?;
    expect::equal("the verdict on a good canary", "pass", expect::text(&done, "/canary/verdict")?)?;
    pipeline.stands("a good canary", &[("champion", &new), ("previous-champion", &old)]).await
}

async fn too_few(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let (old, new) = pipeline.champion_and_canary().await?;
    let (champion, standing) = ("champion", [("champion", old.as_str()), ("canary", new.as_str())]);
    // Every one of thirty requests went well, and proves nothing about one in a hundred.
    let few = Seen { requests: 30, labels: 30, errors: 0, ..Seen::well(&new) };
    let seen = pipeline.observed(&Seen::well(&old), &few)?;
    let done = pipeline.promoted(champion, &new, &["--observations", &seen], 4).await?;
    expect::equal("the verdict on thirty requests", "inconclusive", expect::text(&done, "/canary/verdict")?)?;
    pipeline.stands("thirty requests", &standing).await?;
    // Labels come late: the requests are many, and of thirty it is known whether the answer was right. Those look fine.
    let seen = pipeline.observed(&Seen::well(&old), &Seen { labels: 30, ..Seen::well(&new) })?;
    let done = pipeline.promoted(champion, &new, &["--observations", &seen], 4).await?;
    expect::equal("the verdict on thirty labels", "inconclusive", expect::text(&done, "/canary/verdict")?)?;
    pipeline.stands("thirty labels", &standing).await?;
    pipeline.promoted(champion, &new, &[], 4).await?;
    pipeline.stands("no observations at all", &standing).await?;
    let seen = pipeline.observed(&Seen::well(&new), &Seen::well(&old))?;
    let done = pipeline.promote(champion, &new, &["--observations", &seen]).await?;
    expect::holds("figures of other versions", done.status != 0, "an exit code other than 0", done.status)?;
    pipeline.stands("figures of other versions", &standing).await
}

async fn worse(ctx: Context) -> Result<(), Fault> {
    type SeenOf = fn(&str) -> Seen<'_>;
    let worse: [(&str, SeenOf); 3] = [
        ("more errors", |version| Seen { errors: 200, ..Seen::well(version) }),
        ("slower answers", |version| Seen { latency_ms: 27.0, ..Seen::well(version) }),
        ("worse predictions", |version| Seen { quality: 0.8, ..Seen::well(version) }),
    ];
    for (what, seen) in worse {
        let pipeline = Pipeline::new(&ctx).await?;
        let (old, new) = pipeline.champion_and_canary().await?;
        let file = pipeline.observed(&Seen::well(&old), &seen(&new))?;
        let done = pipeline.promoted("champion", &new, &["--observations", &file], 1).await?;
        expect::equal(&format!("the verdict on {what}"), "fail", expect::text(&done, "/canary/verdict")?)?;
        expect::equal(&format!("`outcome` of {what}"), "rolled-back", expect::text(&done, "/outcome")?)?;
        pipeline.stands(what, &[("champion", &old)]).await?;
    }
    Ok(())
}
