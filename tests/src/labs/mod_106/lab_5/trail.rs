//! The audit trail as a page: it shows every entry, and is not shown as sound when it is not.

use super::compliance::{finding, judged, sound};
use super::document::document;
use super::story::Story;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::json;
use std::time::Duration;

pub(super) const PAGE: Check = Check {
    id: "the-trail-is-readable",
    title: "The audit trail is a page with every entry, its chain verified",
    follows: &[],
    needs: &[Need::Command("audit-page")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(page(ctx)),
};

pub(super) const BROKEN: Check = Check {
    id: "broken-chains-are-found",
    title: "A trail in which one letter was changed is shown as broken, and resolves no control",
    follows: &["the-trail-is-readable"],
    needs: &[Need::Command("audit-page"), Need::Command("compliance-report")],
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(broken(ctx)),
};

pub(super) const CUT: Check = Check {
    id: "cut-trails-are-found",
    title: "A trail whose end was cut off is found by the head that the registry keeps",
    follows: &[],
    needs: &[Need::Command("compliance-report")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(cut(ctx)),
};

async fn story(ctx: &Context) -> Result<(Story, Vec<String>), Fault> {
    let mut story = Story::begin(ctx, "trail").await?;
    let version = story.version(ctx).await?;
    let actors: Vec<String> = (0..4).map(|_| story.word()).collect();
    for actor in &actors {
        story.record("promotion.completed", actor, &version);
    }
    Ok((story, actors))
}

async fn page(ctx: Context) -> Result<(), Fault> {
    let (story, actors) = story(&ctx).await?;
    let page = document(&ctx, "audit-page", "audit-trail", &["--trail", &story.trail()?], 0).await?;
    expect::equal("the chain of a sound trail", "verified", expect::text(&page.json, "/chain")?)?;
    page.shows("the chain's state", "verified")?;
    page.shows("the last digest", &story.head())?;
    expect::equal("the number of entries", &4, &expect::list(&page.json, "/entries").len())?;
    for actor in &actors {
        page.shows("who did it", actor)?;
    }
    // A writer that was stopped in the middle of a line has not broken the chain.
    let torn = format!("{}\n{{\"sequence\":5,\"ti", story.lines.join("\n"));
    let torn = document(&ctx, "audit-page", "audit-trail", &["--trail", &story.file("torn.jsonl", &torn)?], 0).await?;
    expect::equal("the entries before a half-written line", &4, &expect::list(&torn.json, "/entries").len())
}

async fn broken(ctx: Context) -> Result<(), Fault> {
    let (mut story, actors) = story(&ctx).await?;
    // The third line's writer is somebody else now.
    story.lines[2] = story.lines[2].replacen(&actors[2], "somebody", 1);
    let page = document(&ctx, "audit-page", "audit-trail", &["--trail", &story.trail()?], 1).await?;
    expect::equal("the chain of a changed trail", "broken", expect::text(&page.json, "/chain")?)?;
    page.shows("the chain's state", "broken")?;
    page.shows("the broken line", "line 3")?;
    page.hides("who did what cannot be believed", "somebody")?;

    let (mut story, version) = sound(&ctx, "broken").await?;
    story.lines[0] = story.lines[0].replacen("promotion.intended", "promotion.imagined", 1);
    let report = judged(&ctx, &story, &version, 1).await?;
    expect::equal("a control over a broken trail", "contradicted", finding(&report, "audit")?)
}

async fn cut(ctx: Context) -> Result<(), Fault> {
    let (mut story, version) = sound(&ctx, "cut").await?;
    let actor = story.word();
    story.record("rollback.completed", &actor, &version);
    let head = format!("{}:{}", story.lines.len(), story.head());
    let tag = json!({"name": story.model, "key": "promotion.audit_head", "value": head});
    story.server.did("registered-models/set-tag", tag).await?;
    let report = judged(&ctx, &story, &version, 0).await?;
    expect::equal("a control over the whole trail", "resolved", finding(&report, "audit")?)?;
    story.lines.pop();
    let report = judged(&ctx, &story, &version, 1).await?;
    expect::equal("a control over a trail without its end", "contradicted", finding(&report, "audit")?)
}
