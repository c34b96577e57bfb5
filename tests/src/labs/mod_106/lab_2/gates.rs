//! What bars the way. Each check takes a version that would pass, and takes one thing away.

use super::pipeline::{APPROVER, AUTHOR, Pipeline, hours_ago};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const PROMOTE: &[Need] = &[Need::Command("promote")];
const APPROVE: &[Need] = &[Need::Command("promote"), Need::Command("approve")];

pub(super) const UNTESTED: Check = Check {
    id: "untested-versions-are-refused",
    title: "A version whose tests failed, or about whose tests nobody says anything, does not reach staging",
    follows: &[],
    needs: PROMOTE,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(untested(ctx)),
};

pub(super) const INVALID: Check = Check {
    id: "failed-validations-are-refused",
    title: "A version whose validation failed, was inconclusive or is missing does not reach staging",
    follows: &[],
    needs: PROMOTE,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(invalid(ctx)),
};

pub(super) const CHANGED: Check = Check {
    id: "changed-reports-are-refused",
    title: "A version whose validation report is not the one that its digest names does not reach staging",
    follows: &[],
    needs: PROMOTE,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(changed(ctx)),
};

pub(super) const STALE: Check = Check {
    id: "stale-validations-are-refused",
    title: "A validation older than a week, or from the future, does not count",
    follows: &[],
    needs: PROMOTE,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(stale(ctx)),
};

pub(super) const UNSIGNED: Check = Check {
    id: "models-without-signature-are-refused",
    title: "A model that does not say what goes in and what comes out does not reach staging",
    follows: &[],
    needs: PROMOTE,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(unsigned(ctx)),
};

pub(super) const SELF_APPROVAL: Check = Check {
    id: "authors-cannot-approve-themselves",
    title: "Without an approval, or with its author's own, a version does not become canary",
    follows: &[],
    needs: APPROVE,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(self_approval(ctx)),
};

pub(super) const OTHER_REPORT: Check = Check {
    id: "approvals-are-bound-to-the-report",
    title: "An approval of another report, or of another version, does not count",
    follows: &[],
    needs: APPROVE,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(other_report(ctx)),
};

/// A version that stands at candidate and would be let through to staging, but for these tags.
async fn barred(ctx: &Context, why: &str, spoiled: &[(&str, &str)]) -> Result<(), Fault> {
    let pipeline = Pipeline::new(ctx).await?;
    let version = pipeline.version().await?;
    pipeline.server.alias(&pipeline.model, "candidate", &version).await?;
    for (key, value) in spoiled {
        pipeline.server.tag(&pipeline.model, &version, key, value).await?;
    }
    refused(&pipeline, &version, why).await
}

async fn refused(pipeline: &Pipeline, version: &str, why: &str) -> Result<(), Fault> {
    let done = pipeline.promoted("staging", version, &[], 1).await?;
    expect::equal(&format!("`outcome` of promoting {why}"), "refused", expect::text(&done, "/outcome")?)?;
    pipeline.stands(&format!("promoting {why}"), &[("candidate", version)]).await
}

async fn untested(ctx: Context) -> Result<(), Fault> {
    barred(&ctx, "a version whose tests failed", &[("tests.status", "failed")]).await?;
    barred(&ctx, "a version that nobody tested", &[("tests.status", "")]).await
}

async fn invalid(ctx: Context) -> Result<(), Fault> {
    for status in ["failed", "inconclusive", ""] {
        let why = format!("a version whose validation.status is {status:?}");
        barred(&ctx, &why, &[("validation.status", status)]).await?;
    }
    Ok(())
}

async fn changed(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let version = pipeline.version().await?;
    pipeline.server.alias(&pipeline.model, "candidate", &version).await?;
    pipeline
        .server
        .store(&pipeline.run, "validation/report.json", "{\"status\": \"passed\", \"edited\": true}")
        .await?;
    refused(&pipeline, &version, "a version whose report was changed after its validation").await
}

async fn stale(ctx: Context) -> Result<(), Fault> {
    for (hours, when) in [(8 * 24, "eight days ago"), (-2 * 24, "in two days from now")] {
        let why = format!("a version that was validated {when}");
        barred(&ctx, &why, &[("validation.time", &hours_ago(hours))]).await?;
    }
    Ok(())
}

async fn unsigned(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let version = pipeline.version().await?;
    pipeline.server.alias(&pipeline.model, "candidate", &version).await?;
    let without = "artifact_path: model\nflavors:\n  python_function:\n    loader_module: none\n";
    pipeline.server.store(&pipeline.run, "model/MLmodel", without).await?;
    refused(&pipeline, &version, "a model without signature").await
}

async fn self_approval(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let version = pipeline.version().await?;
    pipeline.server.alias(&pipeline.model, "staging", &version).await?;
    pipeline.promoted("canary", &version, &[], 1).await?;
    pipeline.approve(&version, AUTHOR, 1).await?;
    // Whoever can write tags can also pretend that `approve` had said yes: the gate has to look for itself.
    pipeline.server.tag(&pipeline.model, &version, "promotion.author", APPROVER).await?;
    pipeline.approve(&version, AUTHOR, 0).await?;
    pipeline.server.tag(&pipeline.model, &version, "promotion.author", AUTHOR).await?;
    pipeline.promoted("canary", &version, &[], 1).await?;
    pipeline.stands("an approval by its author", &[("staging", &version)]).await
}

async fn other_report(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let (version, other) = (pipeline.version().await?, pipeline.version().await?);
    pipeline.server.alias(&pipeline.model, "staging", &version).await?;
    pipeline.approve(&other, APPROVER, 0).await?;
    pipeline.promoted("canary", &version, &[], 1).await?;
    pipeline.approve(&version, APPROVER, 0).await?;
    // The version is validated again after the approval: the report is another, and nobody has approved that one.
    let report = "{\"status\": \"passed\", \"again\": true}";
    pipeline.server.store(&pipeline.run, "validation/report.json", report).await?;
    let digest = format!("sha256:{}", crate::wire::Body::Bytes(report.into()).sha256());
    pipeline.server.tag(&pipeline.model, &version, "validation.report_digest", &digest).await?;
    pipeline.promoted("canary", &version, &[], 1).await?;
    pipeline.stands("an approval of another report", &[("staging", &version)]).await?;
    pipeline.approve(&version, APPROVER, 0).await?;
    pipeline.promoted("canary", &version, &[], 0).await.map(drop)
}
