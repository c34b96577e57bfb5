//! The way up: every stage in its order, none skipped, and a dry run that only says what it would do.

use super::pipeline::{APPROVER, Pipeline, Seen};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::time::Duration;

pub(super) const WALK: Check = Check {
    id: "a-version-walks-through-every-stage",
    title: "A version goes from candidate over staging and canary to champion, and the champion before is kept",
    follows: &[],
    needs: &[Need::Command("promote"), Need::Command("approve")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(walks(ctx)),
};

pub(super) const SKIP: Check = Check {
    id: "stages-cannot-be-skipped",
    title: "A version that did not stand on the stage before is refused",
    follows: &[],
    needs: &[Need::Command("promote")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(skips(ctx)),
};

pub(super) const DRY_RUN: Check = Check {
    id: "a-dry-run-changes-nothing",
    title: "A dry run says what would happen, with the exit code of the real run, and changes nothing",
    follows: &[],
    needs: &[Need::Command("promote")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(dry_run(ctx)),
};

async fn walks(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let old = pipeline.version().await?;
    pipeline.server.alias(&pipeline.model, "champion", &old).await?;
    let version = pipeline.version().await?;
    let (new, old) = (version.as_str(), old.as_str());
    let done = pipeline.promoted("candidate", new, &[], 0).await?;
    expect::equal("`outcome` of a promotion", "promoted", expect::text(&done, "/outcome")?)?;
    pipeline.stands("a promotion to candidate", &[("candidate", new), ("champion", old)]).await?;
    pipeline.promoted("staging", new, &[], 0).await?;
    pipeline.stands("a promotion to staging", &[("staging", new), ("champion", old)]).await?;
    pipeline.approve(new, APPROVER, 0).await?;
    pipeline.promoted("canary", new, &[], 0).await?;
    pipeline.stands("a promotion to canary", &[("canary", new), ("champion", old)]).await?;
    let seen = pipeline.observed(&Seen::well(old), &Seen::well(new))?;
    pipeline.promoted("champion", new, &["--observations", &seen], 0).await?;
    pipeline.stands("a promotion to champion", &[("champion", new), ("previous-champion", old)]).await
}

async fn skips(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let version = pipeline.version().await?;
    pipeline.approve(&version, APPROVER, 0).await?;
    for stage in ["staging", "canary", "champion"] {
        let done = pipeline.promoted(stage, &version, &[], 1).await?;
        expect::equal(&format!("`outcome` of skipping to {stage}"), "refused", expect::text(&done, "/outcome")?)?;
    }
    pipeline.stands("three refusals", &[]).await?;
    let done = pipeline.promote("candidate", "4711", &[]).await?;
    expect::exit(&done, "promote of a version that does not exist", 1)
}

async fn dry_run(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let version = pipeline.version().await?;
    pipeline.promoted("candidate", &version, &[], 0).await?;
    pipeline.promoted("staging", &version, &["--dry-run"], 0).await?;
    pipeline.stands("a dry run", &[("candidate", &version)]).await?;
    pipeline.server.tag(&pipeline.model, &version, "tests.status", "failed").await?;
    pipeline.promoted("staging", &version, &["--dry-run"], 1).await?;
    pipeline.stands("a dry run that was refused", &[("candidate", &version)]).await
}
