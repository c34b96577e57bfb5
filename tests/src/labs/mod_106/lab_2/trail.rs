//! The audit trail, read with our own eyes: JSON Lines, each entry holding the digest of the one before.

use super::pipeline::{APPROVER, Pipeline};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{fs, time::Duration};

const LIMIT: Duration = Duration::from_secs(60);
const NEEDS: &[Need] = &[Need::Command("promote"), Need::Command("approve"), Need::Command("verify")];

pub(super) const WHOLE: Check = Check {
    id: "the-audit-trail-tells-who-did-what",
    title: "Every approval, refusal and promotion is an entry of an unbroken chain",
    follows: &[],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(whole(ctx)),
};

pub(super) const TAMPERED: Check = Check {
    id: "tampering-with-the-trail-is-found",
    title: "A changed, removed or reordered entry is named; a line torn by a crash is no tampering",
    follows: &["the-audit-trail-tells-who-did-what"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(tampered(ctx)),
};

/// The entries of a pipeline's trail.
pub(super) fn entries(pipeline: &Pipeline) -> Result<Vec<Value>, Fault> {
    let path = pipeline.trail();
    let text = fs::read_to_string(&path)
        .map_err(|error| Fault::failed("the file named with --trail", "an audit trail", error.to_string()))?;
    let read = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            Fault::failed(format!("line {} of the audit trail", number + 1), "JSON", error.to_string())
        })
    };
    text.lines().enumerate().map(read).collect()
}

async fn told(ctx: &Context) -> Result<Pipeline, Fault> {
    let pipeline = Pipeline::new(ctx).await?;
    let version = pipeline.version().await?;
    pipeline.server.alias(&pipeline.model, "staging", &version).await?;
    pipeline.promoted("canary", &version, &[], 1).await?;
    pipeline.approve(&version, APPROVER, 0).await?;
    pipeline.promoted("canary", &version, &[], 0).await?;
    Ok(pipeline)
}

async fn whole(ctx: Context) -> Result<(), Fault> {
    let pipeline = told(&ctx).await?;
    let text = fs::read_to_string(pipeline.trail()).unwrap_or_default();
    let mut previous = format!("sha256:{}", "0".repeat(64));
    for ((number, line), entry) in text.lines().enumerate().zip(entries(&pipeline)?) {
        let place = format!("entry {} of the audit trail", number + 1);
        expect::equal(&format!("`sequence` of {place}"), &Some(number as u64 + 1), &entry["sequence"].as_u64())?;
        expect::equal(&format!("`previous` of {place}"), previous.as_str(), expect::text(&entry, "/previous")?)?;
        let covered = line.rfind(",\"digest\":").map_or("", |end| &line[..end]);
        let digest = Sha256::new().chain_update(covered).chain_update("}").finalize();
        let digest = digest.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"));
        expect::equal(&format!("`digest` of {place}"), digest.as_str(), expect::text(&entry, "/digest")?)?;
        for field in ["time", "actor", "action", "subject"] {
            expect::text(&entry, &format!("/{field}"))?;
        }
        previous = digest;
    }
    let all = entries(&pipeline)?;
    for (action, actor) in
        [("promotion.refused", "pipeline"), ("approval.given", APPROVER), ("promotion.completed", "pipeline")]
    {
        let found = all.iter().any(|entry| entry["action"] == action && entry["actor"] == actor);
        expect::holds(&format!("an entry {action} by {actor}"), found, "one", &all)?;
    }
    let trail = pipeline.trail().display().to_string();
    expect::exit(&ctx.run("verify", &["--trail", &trail]).await?, "verify of an untouched trail", 0)
}

async fn tampered(ctx: Context) -> Result<(), Fault> {
    let pipeline = told(&ctx).await?;
    let text = fs::read_to_string(pipeline.trail()).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    let swapped = [&lines[..1], &[lines[2], lines[1]], &lines[3..]].concat().join("\n") + "\n";
    let removed = [&lines[..1], &lines[2..]].concat().join("\n") + "\n";
    let cut = lines[..lines.len() - 1].join("\n") + "\n";
    let head = entries(&pipeline)?.last().map(|entry| entry["digest"].as_str().unwrap_or_default().to_owned());
    let head = head.unwrap_or_default();
    let changed = text.replacen(APPROVER, "eve", 1);
    let torn = format!("{text}{}", &lines[0][..lines[0].len() / 2]);
    let cases: [(&str, &str, &[&str], i32); 5] = [
        ("a changed name", &changed, &[], 1),
        ("two swapped entries", &swapped, &[], 1),
        ("a removed entry", &removed, &[], 1),
        ("a cut end, with the head known", &cut, &["--head", &head], 1),
        ("a torn last line", &torn, &[], 0),
    ];
    for (what, content, more, code) in cases {
        let path = ctx.scratch()?.join("audit.jsonl");
        fs::write(&path, content).map_err(|error| Fault::Harness(error.to_string()))?;
        let path = path.display().to_string();
        let done = ctx.run("verify", &[&["--trail", path.as_str()], more].concat()).await?;
        expect::exit(&done, &format!("verify of a trail with {what}"), code)?;
    }
    Ok(())
}
