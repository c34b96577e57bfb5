//! The way back: the champion before is restored, once, and what was rolled back stays out.

use super::pipeline::{Pipeline, Seen};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect, tracking,
};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const NEEDS: &[Need] = &[Need::Command("promote"), Need::Command("rollback")];

pub(super) const RESTORES: Check = Check {
    id: "rollback-restores-the-previous-champion",
    title: "A rollback makes the previous champion the champion again; with figures, only if they say so",
    follows: &[],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(restores(ctx)),
};

pub(super) const TWICE: Check = Check {
    id: "rolling-back-twice-rolls-back-once",
    title: "A second rollback changes nothing, and succeeds",
    follows: &["rollback-restores-the-previous-champion"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(twice(ctx)),
};

pub(super) const STAYS_OUT: Check = Check {
    id: "rolled-back-versions-stay-out",
    title: "A version that was rolled back is not promoted again by automation",
    follows: &["rollback-restores-the-previous-champion"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(stays_out(ctx)),
};

/// A champion with a predecessor: (older, newer).
async fn two_champions(pipeline: &Pipeline) -> Result<(String, String), Fault> {
    let (old, new) = (pipeline.version().await?, pipeline.version().await?);
    pipeline.server.alias(&pipeline.model, "previous-champion", &old).await?;
    pipeline.server.alias(&pipeline.model, "champion", &new).await?;
    Ok((old, new))
}

async fn restores(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let (old, new) = two_champions(&pipeline).await?;
    let fine = pipeline.observed(&Seen::well(&old), &Seen::well(&new))?;
    pipeline.roll_back(&["--observations", &fine], 0).await?;
    pipeline.stands("figures without fault", &[("champion", &new), ("previous-champion", &old)]).await?;
    let bad = pipeline.observed(&Seen::well(&old), &Seen { errors: 200, ..Seen::well(&new) })?;
    pipeline.roll_back(&["--observations", &bad], 0).await?;
    pipeline.stands("an automatic rollback", &[("champion", &old)]).await?;

    let pipeline = Pipeline::new(&ctx).await?;
    let (old, new) = two_champions(&pipeline).await?;
    let done = pipeline.roll_back(&["--version", &new, "--reason", "complaints"], 0).await?;
    expect::equal("`outcome` of a rollback", "rolled-back", expect::text(&done, "/outcome")?)?;
    pipeline.stands("a rollback by hand", &[("champion", &old)]).await?;
    // There is nothing before the first champion: leaving nobody in its place would be worse than any model.
    let done = pipeline.roll_back(&["--version", &old], 1).await?;
    expect::equal("`outcome` without a previous champion", "refused", expect::text(&done, "/outcome")?)?;
    pipeline.stands("a rollback without a previous champion", &[("champion", &old)]).await
}

async fn twice(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let (old, new) = two_champions(&pipeline).await?;
    pipeline.roll_back(&["--version", &new], 0).await?;
    for words in [&["--version", new.as_str()][..], &[]] {
        let done = pipeline.roll_back(words, 0).await?;
        expect::equal("`outcome` of a second rollback", "already", expect::text(&done, "/outcome")?)?;
        pipeline.stands("a second rollback", &[("champion", &old)]).await?;
    }
    Ok(())
}

async fn stays_out(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let (old, new) = two_champions(&pipeline).await?;
    pipeline.roll_back(&["--version", &new, "--reason", "complaints"], 0).await?;
    let now = tracking::tags(&pipeline.server.version_now(&pipeline.model, &new).await?);
    let mark = now.get("promotion.poisoned").cloned().unwrap_or_default();
    expect::holds("the tag promotion.poisoned", mark.contains("complaints"), "a mark with the reason", &mark)?;
    let done = pipeline.promoted("candidate", &new, &[], 1).await?;
    expect::equal("`outcome` of promoting it again", "refused", expect::text(&done, "/outcome")?)?;
    // Also when somebody helps it over the first stage.
    pipeline.server.alias(&pipeline.model, "candidate", &new).await?;
    pipeline.promoted("staging", &new, &[], 1).await?;
    pipeline.stands("promoting what was rolled back", &[("champion", &old), ("candidate", &new)]).await
}
