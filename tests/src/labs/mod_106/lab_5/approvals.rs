//! The approval record: an approval counts for what the approver saw, for as long as it holds, and never for one's own work.

use super::document::{Document, document};
use super::story::{Story, Version, digest};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const RECORD: Check = Check {
    id: "approvals-are-recorded",
    title: "The approval record tells who approved what, when, and until when it holds",
    follows: &[],
    needs: &[Need::Command("approval-record")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(recorded(ctx)),
};

pub(super) const OWN: Check = Check {
    id: "self-approval-is-a-violation",
    title: "Whoever approves their own version violates the rules, in whatever letters they write their name",
    follows: &["approvals-are-recorded"],
    needs: &[Need::Command("approval-record")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(own(ctx)),
};

pub(super) const OTHERS: Check = Check {
    id: "other-approvals-do-not-count",
    title: "Approvals of another version or report, and expired ones, do not count",
    follows: &["approvals-are-recorded"],
    needs: &[Need::Command("approval-record")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(others(ctx)),
};

async fn record(ctx: &Context, story: &Story, version: &Version, needed: &str, exit: i32) -> Result<Document, Fault> {
    let at = story.now.to_string();
    let arguments = [story.model.as_str(), &version.number, "--approvals", needed, "--valid-days", "30", "--at", &at];
    document(ctx, "approval-record", "approval-record", &arguments, exit).await
}

fn counts(record: &Document, approver: &str) -> Result<bool, Fault> {
    let entry = record.entry("/approvals", "approver", approver)?;
    Ok(expect::at(entry, "/counts")? == &Value::Bool(true))
}

async fn recorded(ctx: Context) -> Result<(), Fault> {
    let mut story = Story::begin(&ctx, "approved").await?;
    let version = story.version(&ctx).await?;
    let (first, second) = (story.word(), story.word());
    let alone = record(&ctx, &story, &version, "2", 1).await?;
    expect::equal("whether nobody's approval is enough", &json!(false), expect::at(&alone.json, "/approved")?)?;
    story.approve(&version, &first).await?;
    record(&ctx, &story, &version, "2", 1).await?;
    story.approve(&version, &second).await?;
    let record = record(&ctx, &story, &version, "2", 0).await?;
    expect::equal("whether two are enough of two", &json!(true), expect::at(&record.json, "/approved")?)?;
    expect::equal("the author", story.author.as_str(), expect::text(&record.json, "/author")?)?;
    expect::equal("the report", version.report_digest.as_str(), expect::text(&record.json, "/digest")?)?;
    for approver in [&first, &second] {
        expect::equal("whether an approval counts", &true, &counts(&record, approver)?)?;
        record.shows("the approver", approver)?;
        let expires = expect::text(record.entry("/approvals", "approver", approver)?, "/expires")?;
        // Given a day ago, for thirty days.
        expect::equal("when it expires", story.days_ago(-29).to_string().as_str(), expires)?;
    }
    record.shows("the report", &version.report_digest)?;
    record.shows("the author", &story.author)
}

async fn own(ctx: Context) -> Result<(), Fault> {
    let mut story = Story::begin(&ctx, "own").await?;
    let version = story.version(&ctx).await?;
    let (other, own) = (story.word(), story.author.to_uppercase());
    story.approve(&version, &other).await?;
    story.approve(&version, &own).await?;
    let record = record(&ctx, &story, &version, "1", 1).await?;
    expect::equal("whether the author's own approval counts", &false, &counts(&record, &own)?)?;
    expect::equal("whether the other's counts", &true, &counts(&record, &other)?)?;
    let violations = expect::list(&record.json, "/violations");
    let named = violations.iter().filter_map(Value::as_str).any(|violation| violation.contains(&own));
    expect::holds("the violations", named, &format!("one that names {own}"), violations)?;
    record.shows("a violation", "violation")
}

async fn others(ctx: Context) -> Result<(), Fault> {
    let mut story = Story::begin(&ctx, "others").await?;
    let version = story.version(&ctx).await?;
    let (elsewhere, unseen, late, good) = (story.word(), story.word(), story.word(), story.word());
    let another = digest(b"another report");
    story.approve_as(&version, &elsewhere, "17", &version.report_digest, story.days_ago(1)).await?;
    story.approve_as(&version, &unseen, &version.number, &another, story.days_ago(1)).await?;
    story.approve_as(&version, &late, &version.number, &version.report_digest, story.days_ago(31)).await?;
    let none = record(&ctx, &story, &version, "1", 1).await?;
    for approver in [&elsewhere, &unseen, &late] {
        expect::equal("whether an approval of something else counts", &false, &counts(&none, approver)?)?;
        let reason = expect::text(none.entry("/approvals", "approver", approver)?, "/reason")?;
        expect::holds("why it does not count", !reason.is_empty(), "a reason", reason)?;
        none.shows("why it does not count", reason)?;
    }
    expect::equal("whether they are enough", &json!(false), expect::at(&none.json, "/approved")?)?;
    story.approve_as(&version, &good, &version.number, &version.report_digest, story.days_ago(29)).await?;
    let one = record(&ctx, &story, &version, "1", 0).await?;
    expect::equal("whether an approval that still holds counts", &true, &counts(&one, &good)?)
}
