//! The compliance report: a control is resolved by evidence that was looked at again, and by nothing that was merely written down.

use super::document::{Document, document};
use super::story::{Story, Version};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::json;
use std::time::Duration;

pub(super) const RESOLVES: Check = Check {
    id: "controls-resolve-to-evidence",
    title: "Every control of a sound version resolves to evidence with its digest",
    follows: &[],
    needs: &[Need::Command("compliance-report")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(resolves(ctx)),
};

pub(super) const MISSING: Check = Check {
    id: "unresolved-controls-fail",
    title: "A control without evidence fails the report, which says what to do",
    follows: &["controls-resolve-to-evidence"],
    needs: &[Need::Command("compliance-report")],
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(missing(ctx)),
};

pub(super) const ARTIFACT: Check = Check {
    id: "changed-artifacts-are-found",
    title: "A file that was changed after its review contradicts its control",
    follows: &["controls-resolve-to-evidence"],
    needs: &[Need::Command("compliance-report")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(artifact(ctx)),
};

pub(super) const REPORT: Check = Check {
    id: "changed-reports-are-found",
    title: "A validation report that was written anew voids the validation and its approvals",
    follows: &["controls-resolve-to-evidence"],
    needs: &[Need::Command("compliance-report")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(report(ctx)),
};

/// Each control's id is what it needs.
pub(super) const CONTROLS: &str = r#"
title = "Release controls"
[[control]]
id = "run"
title = "It comes from a run"
needs = [{ kind = "run" }]
[[control]]
id = "dataset"
title = "Its data is known"
needs = [{ kind = "dataset", context = "training" }]
[[control]]
id = "artifact"
title = "Its weights are those that were reviewed"
needs = [{ kind = "artifact", path = "model/weights.bin", digest_tag = "reviewed.weights" }]
[[control]]
id = "metric"
title = "It is good enough"
needs = [{ kind = "metric", key = "auc", min = 0.005 }]
[[control]]
id = "validation"
title = "It was validated"
framework = "What is released was measured"
needs = [{ kind = "validation" }]
[[control]]
id = "approval"
title = "Somebody else approved"
needs = [{ kind = "approval" }]
[[control]]
id = "audit"
title = "Its promotion is on record"
needs = [{ kind = "audit", action = "promotion.completed" }]
[[control]]
id = "test"
title = "It was tested"
needs = [{ kind = "test" }, { kind = "tag", key = "owner" }]
"#;

/// A version for which every control holds.
pub(super) async fn sound(ctx: &Context, prefix: &str) -> Result<(Story, Version), Fault> {
    let mut story = Story::begin(ctx, prefix).await?;
    let version = story.version(ctx).await?;
    let approver = story.word();
    story.approve(&version, &approver).await?;
    story.record("promotion.intended", &approver, &version);
    story.record("promotion.completed", &approver, &version);
    story.server.tag(&story.model, &version.number, "reviewed.weights", &version.weights_digest).await?;
    Ok((story, version))
}

/// The report on a version; the command must end with this exit code.
pub(super) async fn judged(ctx: &Context, story: &Story, version: &Version, exit: i32) -> Result<Document, Fault> {
    let (trail, controls) = (story.trail()?, story.file("controls.toml", CONTROLS)?);
    let arguments = [story.model.as_str(), &version.number, "--controls", &controls, "--trail", &trail];
    document(ctx, "compliance-report", "compliance-report", &arguments, exit).await
}

/// What became of a control.
pub(super) fn finding<'a>(report: &'a Document, control: &str) -> Result<&'a str, Fault> {
    expect::text(report.entry("/controls", "id", control)?, "/finding")
}

fn evidence_digest<'a>(report: &'a Document, control: &str) -> Result<&'a str, Fault> {
    expect::text(report.entry("/controls", "id", control)?, "/evidence/0/digest")
}

async fn resolves(ctx: Context) -> Result<(), Fault> {
    let (story, version) = sound(&ctx, "sound").await?;
    let report = judged(&ctx, &story, &version, 0).await?;
    expect::equal("whether all is resolved", &json!(true), expect::at(&report.json, "/resolved")?)?;
    for control in ["run", "dataset", "artifact", "metric", "validation", "approval", "audit", "test"] {
        expect::equal(&format!("the control {control}"), "resolved", finding(&report, control)?)?;
    }
    let digests = [
        ("artifact", &version.weights_digest),
        ("validation", &version.report_digest),
        ("audit", &story.head()),
        ("dataset", &version.dataset_digest),
    ];
    for (control, digest) in digests {
        expect::equal(
            &format!("the digest of {control}'s evidence"),
            digest.as_str(),
            evidence_digest(&report, control)?,
        )?;
        report.shows("a digest of evidence", digest)?;
    }
    let run = expect::text(report.entry("/controls", "id", "run")?, "/evidence/0/link")?;
    expect::holds("the link to the run", run.contains(&version.run.id), &version.run.id, run)?;
    report.shows("where a demand comes from", "What is released was measured")
}

async fn missing(ctx: Context) -> Result<(), Fault> {
    // Everything is there but one piece; which one changes from round to round.
    for control in ["approval", "audit", "artifact", "test"] {
        let (mut story, version) = sound(&ctx, "lacking").await?;
        let delete = |key: String| json!({"name": story.model, "version": version.number, "key": key});
        match control {
            "approval" => {
                let now = story.server.version_now(&story.model, &version.number).await?;
                for key in crate::tracking::tags(&now).into_keys().filter(|key| key.starts_with("approval.")) {
                    let body = delete(key);
                    expect::status(
                        &story.server.call(http::Method::DELETE, "model-versions/delete-tag", body).await?,
                        200,
                    )?;
                }
            }
            "artifact" => {
                let body = delete("reviewed.weights".to_owned());
                expect::status(
                    &story.server.call(http::Method::DELETE, "model-versions/delete-tag", body).await?,
                    200,
                )?;
            }
            "test" => {
                let body = delete("tests.status".to_owned());
                expect::status(
                    &story.server.call(http::Method::DELETE, "model-versions/delete-tag", body).await?,
                    200,
                )?;
            }
            _ => {
                story.lines.pop();
            }
        }
        let report = judged(&ctx, &story, &version, 1).await?;
        expect::equal(&format!("the control {control} without evidence"), "missing", finding(&report, control)?)?;
        expect::equal("the control run", "resolved", finding(&report, "run")?)?;
        expect::equal("whether all is resolved", &json!(false), expect::at(&report.json, "/resolved")?)?;
        let line = report.entry("/controls", "id", control)?;
        let next = expect::text(line, "/evidence/0/next")?;
        expect::holds("what to do next", next.len() > 10, "a sentence", next)?;
        report.shows("what to do next", next)?;
    }
    Ok(())
}

async fn artifact(ctx: Context) -> Result<(), Fault> {
    let (story, version) = sound(&ctx, "tampered").await?;
    story.server.store(&version.run, "model/weights.bin", "somebody else's weights").await?;
    let report = judged(&ctx, &story, &version, 1).await?;
    expect::equal("the control over a changed file", "contradicted", finding(&report, "artifact")?)?;
    let now = super::story::digest(b"somebody else's weights");
    expect::equal("the digest of the file as it is now", now.as_str(), evidence_digest(&report, "artifact")?)?;
    report.shows("the digest that was reviewed", &version.weights_digest)?;
    expect::equal("the control over the report, which nobody changed", "resolved", finding(&report, "validation")?)
}

async fn report(ctx: Context) -> Result<(), Fault> {
    let (story, version) = sound(&ctx, "rewritten").await?;
    let rewritten = "{\"version\": 1, \"suite\": \"cases\", \"verdict\": \"passed\", \"expectations\": []}";
    story.server.store(&version.run, "validation/report.json", rewritten).await?;
    let report = judged(&ctx, &story, &version, 1).await?;
    expect::equal("the control over a report written anew", "contradicted", finding(&report, "validation")?)?;
    let approval = finding(&report, "approval")?;
    expect::holds("the approval of a report that was written anew", approval != "resolved", "not resolved", approval)?;
    expect::equal("the control over the weights, which nobody changed", "resolved", finding(&report, "artifact")?)
}
