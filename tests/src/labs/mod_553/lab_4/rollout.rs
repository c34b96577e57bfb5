//! Canary, verification, and the way back.

use super::{
    NEEDS,
    scene::{Scene, sha},
};
use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const CANARY: Check = Check {
    id: "a-rollout-begins-with-a-canary",
    title: "The canary gets its share of the traffic; what else the manifest says stays",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(canary(ctx)),
};

pub(super) const GOOD: Check = Check {
    id: "a-good-canary-gets-all-traffic",
    title: "A canary that is no worse becomes the stable version",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(good(ctx)),
};

pub(super) const BAD: Check = Check {
    id: "a-bad-canary-goes-back",
    title: "A canary that is worse beyond doubt is taken back at once, with exit code 1",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(bad(ctx)),
};

pub(super) const FEW: Check = Check {
    id: "few-samples-decide-nothing",
    title: "With too few requests the answer is 4, and nothing is changed",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(few(ctx)),
};

pub(super) const VERIFIED: Check = Check {
    id: "verification-decides",
    title: "Afterwards the whole interval must be on the good side; on the bad side it goes back, and between both the answer is 4",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(verified(ctx)),
};

pub(super) const REVERT: Check = Check {
    id: "a-rollback-is-a-revert",
    title: "The manifest is byte by byte what it was, the commit says what it reverts, and nobody else's commit is gone",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(revert(ctx)),
};

pub(super) const POISON: Check = Check {
    id: "what-was-rolled-back-does-not-come-back",
    title: "Neither the data window is proposed again, nor the model served again",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(poison(ctx)),
};

async fn serves(scene: &Scene, stable: u32, canary: Value) -> Result<(), Fault> {
    let manifest = scene.manifest().await?;
    let expected = json!({ "version": stable.to_string(), "digest": sha(stable) });
    expect::equal("`stable` of the manifest", &expected, expect::at(&manifest, "/stable")?)?;
    expect::equal("`canary` of the manifest", &canary, manifest.get("canary").unwrap_or(&Value::Null))?;
    expect::equal("`owner` of the manifest", &json!("ml"), expect::at(&manifest, "/owner")?)
}

fn tenth(version: u32) -> Value {
    json!({ "version": version.to_string(), "digest": sha(version), "share": "0.1" })
}

async fn canary(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let [old, new] = scene.versions;
    scene.raised(0).await?;
    let id = scene.proposed(0).await?;
    let begin = |file: &str| ["--by", "deployer", "--proposal", &id, "--candidate", file].map(str::to_owned);
    let (right, other) = (scene.candidate(new, 1)?, scene.candidate(new, 0)?);
    let refused = async |file: &str| {
        let words = begin(file);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        scene.done("roll-out", 53, &words, 1).await.map(drop)
    };
    // Without approvals, and with other data than was approved.
    refused(&right).await?;
    scene.approved(&id, 0).await?;
    refused(&other).await?;
    serves(&scene, old, Value::Null).await?;
    let words = begin(&right);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    scene.done("roll-out", 53, &words, 0).await?;
    serves(&scene, old, tenth(new)).await
}

async fn judged(scene: &Scene, requests: u32, errors: [u32; 2], code: i32) -> Result<Value, Fault> {
    let id = scene.canary().await?;
    let seen = scene.observations(requests, errors)?;
    scene.done("roll-out", 54, &["--by", "deployer", "--proposal", &id, "--observations", &seen], code).await
}

async fn good(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    // One per cent of errors more is within the margin of five.
    let answer = judged(&scene, 20_000, [200, 400], 0).await?;
    expect::equal("`outcome`", "full", expect::text(&answer, "/outcome")?)?;
    serves(&scene, scene.versions[1], Value::Null).await
}

async fn bad(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let answer = judged(&scene, 20_000, [200, 2000], 1).await?;
    expect::equal("`outcome`", "rolled-back", expect::text(&answer, "/outcome")?)?;
    serves(&scene, scene.versions[0], Value::Null).await
}

async fn few(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let answer = judged(&scene, 199, [0, 0], 4).await?;
    expect::equal("`outcome`", "inconclusive", expect::text(&answer, "/outcome")?)?;
    serves(&scene, scene.versions[0], tenth(scene.versions[1])).await?;
    expect::equal("what the latest commit did", "canary", step(&scene, "main").await?.as_str())
}

/// The trailer of a commit that says which step it was.
async fn step(scene: &Scene, commit: &str) -> Result<String, Fault> {
    let format = "--format=%(trailers:key=Retraining-Step,valueonly)";
    Ok(scene.bare(&["log", "-1", format, commit]).await?.trim().to_owned())
}

async fn verified(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let new = scene.versions[1];
    let id = scene.full().await?;
    let (unclear, well) = (scene.estimates(0.84, 0.90)?, scene.estimates(0.85, 0.93)?);
    let words = |file: &'_ str| ["--by", "deployer", "--proposal", &id, "--performance", file].map(str::to_owned);
    for (file, code, outcome, last) in [(&unclear, 4, "inconclusive", "full"), (&well, 0, "verified", "verified")] {
        let words = words(file);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = scene.done("verify", 55, &words, code).await?;
        expect::equal("`outcome` of verify", outcome, expect::text(&answer, "/outcome")?)?;
        expect::equal("what the latest commit did", last, step(&scene, "main").await?.as_str())?;
    }
    serves(&scene, new, Value::Null).await?;
    let scene = Scene::new(&ctx).await?;
    let id = scene.full().await?;
    let badly = scene.estimates(0.80, 0.84)?;
    scene.done("verify", 55, &["--by", "deployer", "--proposal", &id, "--performance", &badly], 1).await?;
    serves(&scene, scene.versions[0], Value::Null).await
}

async fn revert(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let path = format!("deployments/{}.json", scene.model);
    let before = scene.show(&path).await?;
    let id = scene.full().await?;
    let steps = scene.bare(&["log", "-2", "--format=%H", "main"]).await?;
    scene.colleague("notes.txt", |text| format!("{text}seen\n")).await?;
    let theirs = scene.tip().await?;
    let words = ["--by", "ada", "--proposal", &id, "--reason", "customers complain"];
    scene.done("roll-back", 60, &words, 0).await?;
    expect::equal("the manifest after a rollback", &before, &scene.show(&path).await?)?;
    let message = scene.bare(&["log", "-1", "--format=%B", "main"]).await?;
    for commit in steps.lines() {
        let line = format!("This reverts commit {commit}.");
        expect::holds("the rollback's message", message.contains(&line), &line, &message)?;
    }
    expect::equal(
        "the parent of the rollback",
        &theirs,
        &scene.bare(&["rev-parse", "main~1"]).await?.trim().to_owned(),
    )?;
    // And once more, which changes nothing.
    let tip = scene.tip().await?;
    scene.done("roll-back", 61, &words, 0).await?;
    expect::equal("the branch after a second rollback", &tip, &scene.tip().await?)
}

async fn poison(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let id = scene.full().await?;
    scene.done("roll-back", 60, &["--by", "ada", "--proposal", &id, "--reason", "customers complain"], 0).await?;
    let poison = scene.json(&format!("poison/{}.json", scene.model)).await?;
    let found: Vec<&Value> =
        expect::list(&poison, "/poisoned").iter().filter(|bad| bad["proposal"] == json!(id)).collect();
    expect::equal(
        "`digest` of what is poisoned",
        &vec![&json!(sha(scene.versions[1]))],
        &found.iter().map(|bad| &bad["digest"]).collect(),
    )?;
    // The cool-down is over, and the trigger is still raised by the same windows.
    let answer = scene.done("decide", 123, &[], 1).await?;
    expect::equal("`reason` of decide", "poisoned", expect::text(&answer, "/reason")?)?;
    let estimates = scene.estimates(0.84, 0.88)?;
    scene.done("propose", 123, &["--by", &scene.proposer, "--performance", &estimates], 1).await?;
    // New windows make a new proposal; the old model stays where it is.
    scene.raised(4).await?;
    let next = scene.proposed(4).await?;
    expect::holds("the next proposal's id", next != id, "another", &next)?;
    scene.approved(&next, 4).await?;
    let (same, other) = (scene.candidate(scene.versions[1], 5)?, scene.candidate(scene.versions[1] + 1, 5)?);
    scene.done("roll-out", 149, &["--by", "deployer", "--proposal", &next, "--candidate", &same], 1).await?;
    scene.done("roll-out", 149, &["--by", "deployer", "--proposal", &next, "--candidate", &other], 0).await.map(drop)
}
