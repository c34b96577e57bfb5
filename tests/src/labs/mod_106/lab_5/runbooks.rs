//! Runbooks are run: what is written in them is what works, and what does not work stops them.

use super::document::{Document, write};
use super::story::{Story, Version};
use crate::{
    check::{Check, Fault, Need},
    context::{Call, Context},
    expect,
    submission::CommandOutput,
    wire::Body,
};
use serde_json::json;
use std::{path::PathBuf, time::Duration};

const NEEDS: &[Need] = &[Need::Command("runbook"), Need::Command("run-runbook")];

pub(super) const DEPLOY: Check = Check {
    id: "the-deploy-runbook-deploys",
    title: "The runbook of a deployment brings an approved version into production, on record",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(deploys(ctx)),
};

pub(super) const ROLLBACK: Check = Check {
    id: "the-rollback-runbook-rolls-back",
    title: "The runbook of a rollback puts the version before back, marks the bad one and tells people",
    follows: &["the-deploy-runbook-deploys"],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(rolls_back(ctx)),
};

pub(super) const ROTATE: Check = Check {
    id: "the-rotation-runbook-rotates",
    title: "The runbook of a rotation gives an account another password, and ends the old one",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(rotates(ctx)),
};

pub(super) const RESTORE: Check = Check {
    id: "the-restore-runbook-restores",
    title: "The runbook of a restore puts the reviewed file back, and only that one",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(restores(ctx)),
};

pub(super) const DRIFT: Check = Check {
    id: "the-drift-runbook-answers-drift",
    title: "The runbook for drift measures first: it rolls back on drift, and changes nothing without",
    follows: &["the-deploy-runbook-deploys"],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(answers_drift(ctx)),
};

pub(super) const STOPS: Check = Check {
    id: "runbooks-stop-at-a-deviation",
    title: "A step that does not do what it should ends the run, and no later step is run",
    follows: &[],
    needs: &[Need::Command("run-runbook")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(stops(ctx)),
};

pub(super) const DRY: Check = Check {
    id: "runbooks-are-shown-first",
    title: "Without --execute nothing is done, and values never become commands",
    follows: &["runbooks-stop-at-a-deviation"],
    needs: &[Need::Command("run-runbook")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(dry(ctx)),
};

/// Generates a runbook for a version, and runs it with these variables.
async fn run(
    ctx: &Context,
    story: &Story,
    kind: &str,
    version: &str,
    set: &[(&str, &str)],
) -> Result<CommandOutput, Fault> {
    let folder = ctx.scratch()?;
    let output = write(ctx, "runbook", &[kind, &story.model, version], &folder).await?;
    expect::exit(&output, &format!("runbook {kind}"), 0)?;
    let file = folder.join(format!("{kind}.md")).display().to_string();
    execute(ctx, &file, set).await
}

async fn execute(ctx: &Context, file: &str, set: &[(&str, &str)]) -> Result<CommandOutput, Fault> {
    let set: Vec<String> =
        set.iter().flat_map(|(name, value)| ["--set".to_owned(), format!("{name}={value}")]).collect();
    let mut words = vec![file, "--execute"];
    words.extend(set.iter().map(String::as_str));
    ctx.call(Call::of("run-runbook", &words)).await
}

/// A version that everybody has approved.
async fn approved(ctx: &Context, story: &mut Story) -> Result<Version, Fault> {
    let version = story.version(ctx).await?;
    let approver = story.word();
    story.approve(&version, &approver).await?;
    Ok(version)
}

/// What was seen of a canary that does as well as the champion.
fn observations(story: &Story, champion: &str, canary: &str) -> Result<String, Fault> {
    let latency: Vec<f64> = (0..300_u32).map(|at| 20.0 + f64::from(at % 7) / 10.0).collect();
    let quality: Vec<f64> = (0..300_u32).map(|at| 0.9 + f64::from(at % 5) / 1000.0).collect();
    let side = |version: &str| json!({"version": version, "requests": 2000, "errors": 2, "latency_ms": latency, "quality": quality});
    let seen = json!({"baseline": side(champion), "canary": side(canary)});
    story.file(&format!("observations-{canary}.json"), &seen.to_string())
}

/// Brings a version into production with the runbook.
async fn deploy(ctx: &Context, story: &Story, before: &str, version: &Version) -> Result<PathBuf, Fault> {
    let out = ctx.scratch()?;
    let (seen, folder) = (observations(story, before, &version.number)?, out.display().to_string());
    let trail = story.path("trail.jsonl").display().to_string();
    let set = [("OBSERVATIONS", seen.as_str()), ("OUT", &folder), ("TRAIL", &trail)];
    expect::exit(&run(ctx, story, "deploy", &version.number, &set).await?, "run-runbook deploy.md", 0)?;
    Ok(out)
}

/// Two versions; the second is champion, brought there by the runbook.
async fn deployed(ctx: &Context) -> Result<(Story, Version, Version), Fault> {
    let mut story = Story::begin(ctx, "deploy").await?;
    let first = approved(ctx, &mut story).await?;
    let second = approved(ctx, &mut story).await?;
    story.server.alias(&story.model, "champion", &first.number).await?;
    deploy(ctx, &story, &first.number, &second).await?;
    Ok((story, first, second))
}

async fn champion(story: &Story) -> Result<Option<String>, Fault> {
    Ok(story.server.aliases(&story.model).await?.get("champion").cloned())
}

async fn deploys(ctx: Context) -> Result<(), Fault> {
    let mut story = Story::begin(&ctx, "deploy").await?;
    let first = approved(&ctx, &mut story).await?;
    story.server.alias(&story.model, "champion", &first.number).await?;
    // Nobody has approved this one.
    let unseen = story.version(&ctx).await?;
    let out = ctx.scratch()?.display().to_string();
    let (seen, trail) =
        (observations(&story, &first.number, &unseen.number)?, story.path("trail.jsonl").display().to_string());
    let set = [("OBSERVATIONS", seen.as_str()), ("OUT", &out), ("TRAIL", &trail)];
    let refused = run(&ctx, &story, "deploy", &unseen.number, &set).await?;
    expect::exit(&refused, "run-runbook deploy.md without an approval", 1)?;
    expect::equal("the champion after a refusal", &Some(first.number.clone()), &champion(&story).await?)?;
    let second = approved(&ctx, &mut story).await?;
    let out = deploy(&ctx, &story, &first.number, &second).await?;
    expect::equal("the champion after the deployment", &Some(second.number.clone()), &champion(&story).await?)?;
    let note = Document::read(&out, "release")?;
    note.shows("the release note's version", &format!("version {}", second.number))?;
    let trail = std::fs::read_to_string(trail).unwrap_or_default();
    let recorded = trail.contains(&format!("model:{}/{}", story.model, second.number));
    expect::holds("the audit trail", recorded, "entries about the version", trail)
}

async fn rolls_back(ctx: Context) -> Result<(), Fault> {
    let (mut story, first, second) = deployed(&ctx).await?;
    let (out, reason) = (ctx.scratch()?, story.word());
    let (folder, trail) = (out.display().to_string(), story.path("trail.jsonl").display().to_string());
    let set = [("REASON", reason.as_str()), ("OUT", &folder), ("TRAIL", &trail)];
    let output = run(&ctx, &story, "rollback", &second.number, &set).await?;
    expect::exit(&output, "run-runbook rollback.md", 0)?;
    expect::equal("the champion after the rollback", &Some(first.number.clone()), &champion(&story).await?)?;
    let note = Document::read(&out, "incident")?;
    note.shows("the incident note's reason", &reason)?;
    let tags = crate::tracking::tags(&story.server.version_now(&story.model, &second.number).await?);
    let marked = tags.contains_key("promotion.poisoned");
    expect::holds("the tags of the version that was rolled back", marked, "promotion.poisoned", tags)
}

async fn rotates(ctx: Context) -> Result<(), Fault> {
    let mut story = Story::begin(&ctx, "rotate").await?;
    let version = story.version(&ctx).await?;
    let account = story.server.user(&ctx, "robot").await?;
    let old = story.file("old-password", &account.password)?;
    let new = story.path("new-password").display().to_string();
    let set = [("ACCOUNT", account.username.as_str()), ("OLD_PASSWORD_FILE", &old), ("NEW_PASSWORD_FILE", &new)];
    let output = run(&ctx, &story, "rotate", &version.number, &set).await?;
    expect::exit(&output, "run-runbook rotate.md", 0)?;
    let password = std::fs::read_to_string(&new).unwrap_or_default();
    let password = password.trim_end();
    expect::holds(
        "the new password",
        password.len() >= 20 && password != account.password,
        "20 characters or more",
        password.len(),
    )?;
    let told = output.stdout.contains(password) || output.stderr.contains(password);
    expect::holds("what the runbook printed", !told, "no password", "the new password")?;
    let search = [("max_results", "1")];
    let before = story.server.seen_by(Some(&account)).get("experiments/search", &search).await?;
    expect::status(&before, 401)?;
    let account = crate::submission::Account { password: password.to_owned(), ..account };
    let now = story.server.seen_by(Some(&account)).get("experiments/search", &search).await?;
    expect::status(&now, 200)
}

async fn restores(ctx: Context) -> Result<(), Fault> {
    let mut story = Story::begin(&ctx, "restore").await?;
    let version = story.version(&ctx).await?;
    story.server.tag(&story.model, &version.number, "reviewed.weights", &version.weights_digest).await?;
    let report = story.server.download(&version.run, "validation/report.json").await?;
    expect::equal("the report before", &version.report_digest, &format!("sha256:{}", report.sha256))?;
    let original = story.server.send(
        story.server.request(http::Method::GET, crate::tracking::artifact(&version.run, "validation/report.json")),
    );
    let original = original.await?.text();
    let tampered = "{\"verdict\": \"passed\"}";
    let body = || Body::Bytes(tampered.to_owned().into());
    expect::status(&story.server.upload(&version.run, "validation/report.json", body()).await?, 200)?;
    // A copy that is not the one that was reviewed must not be put back.
    let wrong = story.file("wrong-copy.json", "{\"verdict\": \"failed\"}")?;
    let output = run(&ctx, &story, "restore", &version.number, &[("COPY", &wrong)]).await?;
    expect::exit(&output, "run-runbook restore.md with another copy", 1)?;
    story.server.holds(&version.run, "validation/report.json", tampered).await?;
    let copy = story.file("copy.json", &original)?;
    let output = run(&ctx, &story, "restore", &version.number, &[("COPY", &copy)]).await?;
    expect::exit(&output, "run-runbook restore.md", 0)?;
    story.server.holds(&version.run, "validation/report.json", &original).await
}

async fn answers_drift(ctx: Context) -> Result<(), Fault> {
    let (story, first, second) = deployed(&ctx).await?;
    let mut rng = ctx.rng();
    let mut rows = |name: &str, shift: f64| -> Result<String, Fault> {
        // The mean of twelve uniform numbers is nearly normal.
        let mut text = "amount\n".to_owned();
        for _ in 0..3000 {
            let sum: f64 = (0..12).map(|_| rng.f64()).sum();
            text += &format!("{:.6}\n", sum - 6.0 + shift);
        }
        story.file(name, &text)
    };
    let (reference, same, moved) = (rows("reference.csv", 0.0)?, rows("same.csv", 0.0)?, rows("moved.csv", 1.0)?);
    let out = ctx.scratch()?;
    let (folder, trail) = (out.display().to_string(), story.path("trail.jsonl").display().to_string());
    let calm = [("REFERENCE", reference.as_str()), ("CURRENT", &same), ("OUT", &folder), ("TRAIL", &trail)];
    let output = run(&ctx, &story, "drift", &second.number, &calm).await?;
    expect::exit(&output, "run-runbook drift.md without drift", 1)?;
    expect::equal("the champion without drift", &Some(second.number.clone()), &champion(&story).await?)?;
    let drifted = [("REFERENCE", reference.as_str()), ("CURRENT", &moved), ("OUT", &folder), ("TRAIL", &trail)];
    let output = run(&ctx, &story, "drift", &second.number, &drifted).await?;
    expect::exit(&output, "run-runbook drift.md with drift", 0)?;
    expect::equal("the champion after drift", &Some(first.number.clone()), &champion(&story).await?)?;
    Document::read(&out, "incident")?.shows("the incident note's model", &story.model)
}

async fn stops(ctx: Context) -> Result<(), Fault> {
    let folder = ctx.scratch()?;
    let seen = |step: &str| folder.join(step).exists();
    let runbook = "# A drill\n\n```toml variables\nFOLDER = \"\"\n```\n\n```sh step=first\ntouch \"$FOLDER/first\"\n```\n\n\
        ```sh step=second exit=3\ntouch \"$FOLDER/second\"\nexit 3\n```\n\n```sh\ntouch \"$FOLDER/shown\"\n```\n\n\
        ```sh step=third expect=\"^yes$\"\ntouch \"$FOLDER/third\"\necho no\n```\n\n```sh step=fourth\ntouch \"$FOLDER/fourth\"\n```\n";
    let file = write_file(&folder, "drill.md", runbook)?;
    let output = execute(&ctx, &file, &[("FOLDER", &folder.display().to_string())]).await?;
    expect::exit(&output, "run-runbook of a drill", 1)?;
    for (step, ran) in [("first", true), ("second", true), ("shown", false), ("third", true), ("fourth", false)] {
        expect::equal(&format!("whether the step {step} ran"), &ran, &seen(step))?;
    }
    let named = output.stderr.contains("third");
    expect::holds("what is said of the deviation", named, "the step's name", &output.stderr)?;
    let unfilled = execute(&ctx, &file, &[]).await?;
    expect::exit(&unfilled, "run-runbook without a variable", 2)?;
    let misspelt = write_file(&folder, "misspelt.md", "# x\n\n```sh step=one exti=1\ntrue\n```\n")?;
    expect::exit(&execute(&ctx, &misspelt, &[]).await?, "run-runbook with a misspelt attribute", 2)
}

async fn dry(ctx: Context) -> Result<(), Fault> {
    let folder = ctx.scratch()?;
    let runbook = "# A drill\n\n```toml variables\nFOLDER = \"\"\nNAME = \"\"\n```\n\n```sh step=only\nprintf '%s' \"$NAME\" > \"$FOLDER/name\"\n```\n";
    let file = write_file(&folder, "drill.md", runbook)?;
    let (place, name) =
        (folder.display().to_string(), "x\"; touch \"$FOLDER/injected\"; $(touch \"$FOLDER/injected\") `id` '");
    let set = [format!("FOLDER={place}"), format!("NAME={name}")];
    let shown = ctx.run("run-runbook", &[&file, "--set", &set[0], "--set", &set[1]]).await?;
    expect::exit(&shown, "run-runbook without --execute", 0)?;
    expect::holds("what is shown", shown.stdout.contains("only"), "the step's name", &shown.stdout)?;
    expect::equal("whether the step ran", &false, &folder.join("name").exists())?;
    let done = execute(&ctx, &file, &[("FOLDER", &place), ("NAME", name)]).await?;
    expect::exit(&done, "run-runbook --execute", 0)?;
    expect::equal(
        "the value that the step saw",
        name,
        &std::fs::read_to_string(folder.join("name")).unwrap_or_default(),
    )?;
    expect::equal("whether a value became a command", &false, &folder.join("injected").exists())
}

fn write_file(folder: &std::path::Path, name: &str, content: &str) -> Result<String, Fault> {
    let path = folder.join(name);
    std::fs::write(&path, content).map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))?;
    Ok(path.display().to_string())
}
