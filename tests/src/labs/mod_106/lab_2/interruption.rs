//! What happens to a promotion in the real world: it is asked for twice, killed in the middle, and somebody else is at it too.

use super::pipeline::{Pipeline, Seen};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::Value;
use std::time::{Duration, Instant};

const NEEDS: &[Need] = &[Need::Command("promote"), Need::Command("approve"), Need::Command("status")];

pub(super) const REPEATED: Check = Check {
    id: "promoting-twice-promotes-once",
    title: "The same promotion once more changes nothing, and is written down once",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(repeated(ctx)),
};

pub(super) const KILLED: Check = Check {
    id: "a-killed-promotion-is-finished",
    title: "Killed anywhere, a promotion is finished by the next call, with the way back intact",
    follows: &["promoting-twice-promotes-once"],
    needs: NEEDS,
    limit: Duration::from_secs(180),
    exclusive: false,
    run: |ctx| Box::pin(killed(ctx)),
};

pub(super) const TWO_AT_ONCE: Check = Check {
    id: "two-promoters-make-one-champion",
    title: "Two promotions at once do not mix: one wins, the other is told",
    follows: &["promoting-twice-promotes-once"],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(two_at_once(ctx)),
};

async fn repeated(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let (old, new) = pipeline.champion_and_canary().await?;
    let seen = pipeline.observed(&Seen::well(&old), &Seen::well(&new))?;
    let words = ["--observations", seen.as_str()];
    pipeline.promoted("champion", &new, &words, 0).await?;
    let done = pipeline.promoted("champion", &new, &words, 0).await?;
    expect::equal("`outcome` of the same promotion once more", "already", expect::text(&done, "/outcome")?)?;
    pipeline.stands("two promotions", &[("champion", &new), ("previous-champion", &old)]).await?;
    expect::equal("completed promotions in the audit trail", &1, &completed(&pipeline)?)
}

async fn killed(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let mut length = Duration::from_millis(600);
    for _ in 0..8 {
        let pipeline = Pipeline::new(&ctx).await?;
        let (old, new) = (pipeline.version().await?, pipeline.version().await?);
        pipeline.server.alias(&pipeline.model, "champion", &old).await?;
        pipeline.server.alias(&pipeline.model, "candidate", &new).await?;
        pipeline.promote_killed("staging", &new, length.mul_f64(rng.f64())).await?;
        let standing = pipeline.server.aliases(&pipeline.model).await?;
        expect::equal("the champion after a kill", &Some(&old), &standing.get("champion"))?;
        let started = Instant::now();
        pipeline.promoted("staging", &new, &[], 0).await?;
        length = started.elapsed();
        pipeline.stands("a kill and the same call again", &[("staging", &new), ("champion", &old)]).await?;
        let status = pipeline.ctx.run("status", &[&pipeline.model]).await?;
        expect::exit(&status, "status", 0)?;
        let open = expect::printed_json(&status)?.get("open").cloned().unwrap_or_default();
        expect::equal("`open` of the status afterwards", &Value::Null, &open)?;
        expect::equal("completed promotions in the audit trail", &1, &completed(&pipeline)?)?;
    }
    Ok(())
}

async fn two_at_once(ctx: Context) -> Result<(), Fault> {
    for _ in 0..3 {
        let pipeline = Pipeline::new(&ctx).await?;
        let (one, two) = (pipeline.version().await?, pipeline.version().await?);
        let both =
            futures::future::join(pipeline.promote("candidate", &one, &[]), pipeline.promote("candidate", &two, &[]));
        let (first, second) = both.await;
        let codes = [first?.status, second?.status];
        let told = codes.iter().all(|code| [0, 1].contains(code)) && codes.contains(&0);
        expect::holds("two promotions at once", told, "one exit code 0, and the other 0 or 1", codes)?;
        let standing = pipeline.server.aliases(&pipeline.model).await?;
        let winner = standing.get("candidate").cloned().unwrap_or_default();
        expect::holds(
            "the candidate after two promotions at once",
            winner == one || winner == two,
            "one of both",
            &winner,
        )?;
        // Whoever was told yes is in the trail; whoever was told no is not.
        let yes = codes.iter().filter(|code| **code == 0).count();
        expect::equal("completed promotions in the audit trail", &yes, &completed(&pipeline)?)?;
    }
    Ok(())
}

fn completed(pipeline: &Pipeline) -> Result<usize, Fault> {
    Ok(super::trail::entries(pipeline)?.iter().filter(|entry| entry["action"] == "promotion.completed").count())
}
