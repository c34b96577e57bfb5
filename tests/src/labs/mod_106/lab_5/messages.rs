//! Messages: they carry the records' facts, and are refused when the records do not bear them out.

use super::document::{document, write};
use super::story::{Story, Version};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::json;
use std::time::Duration;

pub(super) const RELEASE: Check = Check {
    id: "release-notes-carry-the-facts",
    title: "A release note tells what changed, who approved and whom to ask",
    follows: &[],
    needs: &[Need::Command("message")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(release(ctx)),
};

pub(super) const INCIDENT: Check = Check {
    id: "incident-notes-carry-the-facts",
    title: "An incident note tells what was taken out, why, by whom, and what answers now",
    follows: &[],
    needs: &[Need::Command("message")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(incident(ctx)),
};

pub(super) const DEPRECATION: Check = Check {
    id: "deprecations-carry-the-facts",
    title: "A deprecation tells what replaces the version, and until when it can be used",
    follows: &[],
    needs: &[Need::Command("message")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(deprecation(ctx)),
};

pub(super) const UNFOUNDED: Check = Check {
    id: "unfounded-messages-are-refused",
    title: "No release of what is not in production, no incident that did not happen, no end of what has no successor",
    follows: &[],
    needs: &[Need::Command("message")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(unfounded(ctx)),
};

/// Two versions; the second is champion after the first.
async fn two(ctx: &Context) -> Result<(Story, Version, Version), Fault> {
    let mut story = Story::begin(ctx, "messages").await?;
    let (first, second) = (story.version(ctx).await?, story.version(ctx).await?);
    story.server.alias(&story.model, "champion", &second.number).await?;
    story.server.alias(&story.model, "previous-champion", &first.number).await?;
    Ok((story, first, second))
}

async fn release(ctx: Context) -> Result<(), Fault> {
    let (mut story, first, second) = two(&ctx).await?;
    let approver = story.word();
    story.approve(&second, &approver).await?;
    let trail = story.trail()?;
    let arguments = ["release", &story.model, &second.number, "--trail", &trail];
    let note = document(&ctx, "message", "release", &arguments, 0).await?;
    expect::equal("the note's version", second.number.as_str(), expect::text(&note.json, "/version")?)?;
    let facts = [
        ("the model", &story.model),
        ("the owner", &story.owner),
        ("who approved", &approver),
        ("the description", &second.description),
        ("the report", &second.report_digest),
    ];
    for (what, value) in facts {
        note.shows(what, value)?;
    }
    for version in [&first, &second] {
        let (key, value) = &version.metrics[0];
        note.shows("a metric", key)?;
        note.shows("a metric's value", &value.to_string())?;
    }
    note.shows("a param that changed", &second.params[1].1)?;
    note.shows("what it was before", &first.params[1].1)
}

async fn incident(ctx: Context) -> Result<(), Fault> {
    let (mut story, first, second) = two(&ctx).await?;
    let (actor, reason) = (story.word(), story.word());
    let mark = json!({"time": story.now.to_string(), "actor": actor, "reason": reason, "operation": 7});
    story.server.tag(&story.model, &second.number, "promotion.poisoned", &mark.to_string()).await?;
    story.server.alias(&story.model, "champion", &first.number).await?;
    story.record("rollback.completed", &actor, &second);
    let trail = story.trail()?;
    let arguments = ["incident", &story.model, &second.number, "--trail", &trail];
    let note = document(&ctx, "message", "incident", &arguments, 0).await?;
    expect::equal("what answers now", first.number.as_str(), expect::text(&note.json, "/champion")?)?;
    let facts = [
        ("the model", story.model.as_str()),
        ("who took it out", &actor),
        ("why", &reason),
        ("the owner", &story.owner),
        ("what the audit trail says", "rollback.completed"),
        ("what answers now", &format!("version {}", first.number)),
    ];
    for (what, value) in facts {
        note.shows(what, value)?;
    }
    Ok(())
}

async fn deprecation(ctx: Context) -> Result<(), Fault> {
    let (story, first, second) = two(&ctx).await?;
    let arguments = ["deprecation", &story.model, &first.number];
    let undated = document(&ctx, "message", "deprecation", &arguments, 0).await?;
    undated.shows("a date that nobody set", "gap")?;
    story.server.tag(&story.model, &first.number, "retire_on", "2031-05-17").await?;
    let note = document(&ctx, "message", "deprecation", &arguments, 0).await?;
    expect::equal("what replaces it", second.number.as_str(), expect::text(&note.json, "/champion")?)?;
    note.shows("the date", "2031-05-17")?;
    note.shows("what replaces it", &format!("version {}", second.number))?;
    note.shows("the owner", &story.owner)
}

async fn unfounded(ctx: Context) -> Result<(), Fault> {
    let (story, first, second) = two(&ctx).await?;
    for (kind, version) in [("release", &first), ("incident", &second), ("deprecation", &second)] {
        let folder = ctx.scratch()?;
        let output = write(&ctx, "message", &[kind, &story.model, &version.number], &folder).await?;
        expect::exit(&output, &format!("message {kind} of version {}", version.number), 1)?;
        let written = folder.join(format!("{kind}.md")).exists();
        expect::holds(&format!("{kind}.md after a refusal"), !written, "no file", "a file")?;
    }
    Ok(())
}
