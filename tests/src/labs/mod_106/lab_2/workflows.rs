//! The GitHub Actions workflows: what stands between a commit and production on every feasible path, and what watches over the files
//! themselves. Nothing is run: `mod-106 workflow check` walks the paths, zizmor and GitHub's schema look at the files.
//!
//! Which environment has required reviewers is a setting of the repository, so the brief says it: `production-approval`.

use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::Value;
use std::{path::PathBuf, time::Duration};

pub(super) const READ: Check = Check {
    id: "workflows-can-be-walked",
    title: "The workflows can be read, and every path of theirs walked",
    follows: &[],
    needs: &[Need::File("workflows"), Need::Tool("mod-106")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(read(ctx)),
};

/// All others: what cannot be walked tells nothing.
const WALKED: Check = Check { follows: &[READ.id], ..READ };

pub(super) const SCHEMA: Check = Check {
    id: "workflows-follow-githubs-schema",
    title: "The workflows are valid by GitHub's schema",
    needs: &[Need::File("workflows"), Need::Tool("check-jsonschema")],
    run: |ctx| Box::pin(schema(ctx)),
    ..WALKED
};

pub(super) const ZIZMOR: Check = Check {
    id: "workflows-hold-no-known-weakness",
    title: "zizmor finds no weakness of medium severity or above",
    needs: &[Need::File("workflows"), Need::Tool("zizmor")],
    run: |ctx| Box::pin(zizmor(ctx)),
    ..WALKED
};

pub(super) const TESTS: Check = Check {
    id: "tests-precede-production",
    title: "Whatever goes to production depends on tests",
    run: |ctx| Box::pin(answered(ctx, "tests")),
    ..WALKED
};

pub(super) const APPROVAL: Check = Check {
    id: "approval-cannot-be-skipped",
    title: "Nothing reaches production without somebody's approval",
    run: |ctx| Box::pin(answered(ctx, "approval")),
    ..WALKED
};

pub(super) const ROLLOUT: Check = Check {
    id: "a-canary-precedes-production",
    title: "A few get a release before everyone does",
    run: |ctx| Box::pin(answered(ctx, "rollout")),
    ..WALKED
};

pub(super) const ROLLBACK: Check = Check {
    id: "a-workflow-rolls-back",
    title: "There is a way back",
    run: |ctx| Box::pin(answered(ctx, "rollback")),
    ..WALKED
};

pub(super) const NO_WAY_AROUND: Check = Check {
    id: "no-path-leads-around",
    title: "No feasible path leads around tests, approval or canary",
    run: |ctx| Box::pin(answered(ctx, "no_way_around")),
    ..WALKED
};

pub(super) const CONCURRENCY: Check = Check {
    id: "deployments-wait-for-each-other",
    title: "Two deployments never run at once, and none is cut off",
    run: |ctx| Box::pin(answered(ctx, "concurrency")),
    ..WALKED
};

pub(super) const PINS: Check = Check {
    id: "actions-are-pinned",
    title: "Every action is named by its commit",
    run: |ctx| Box::pin(without(ctx, &["unpinned-action"])),
    ..WALKED
};

pub(super) const PERMISSIONS: Check = Check {
    id: "tokens-may-do-little",
    title: "Every token may do what its job needs, and no more",
    run: |ctx| Box::pin(without(ctx, &["permissions-missing", "permissions-broad", "secrets-inherited"])),
    ..WALKED
};

pub(super) const KEYS: Check = Check {
    id: "no-cloud-key-is-kept",
    title: "Jobs sign in to the cloud with OIDC, not with a key that is kept",
    run: |ctx| Box::pin(without(ctx, &["long-lived-key"])),
    ..WALKED
};

/// The dry run's report, whatever it found.
async fn report(ctx: &Context) -> Result<(i32, Value), Fault> {
    let folder = ctx.file("workflows")?.display().to_string();
    let arguments = ["workflow", "check", "--json", "--protected", "production-approval", &folder];
    let output = ctx.tool("mod-106")?.run(&arguments, &[]).await?;
    if output.stdout.trim().is_empty() {
        return Err(Fault::failed("the workflows", "at least one file that can be read", output.stderr.trim()));
    }
    Ok((output.status, expect::printed_json(&output)?))
}

/// What stands against these rules; against any, if none is named.
fn findings(report: &Value, rules: &[&str]) -> String {
    let all = report["findings"].as_array().into_iter().flatten();
    let against = all.filter(|finding| rules.is_empty() || rules.iter().any(|rule| finding["rule"] == **rule));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let each = against.map(|finding| {
        // The folder is the harness's private copy; the learner knows the file's name.
        let file = text(&finding["file"]).rsplit('/').next().unwrap_or_default().to_owned();
        let path: Vec<_> = finding["path"].as_array().into_iter().flatten().map(text).collect();
        let path = if path.is_empty() { String::new() } else { format!(" ({})", path.join(" → ")) };
        format!(
            "{file}:{}:{}: {}: {}{path}",
            finding["line"],
            finding["column"],
            text(&finding["rule"]),
            text(&finding["message"])
        )
    });
    each.collect::<Vec<_>>().join("; ")
}

async fn read(ctx: Context) -> Result<(), Fault> {
    let (status, report) = report(&ctx).await?;
    let readable = status != 2 && report["paths"]["complete"] == true;
    expect::holds("the dry run", readable, "every path walked to its end", findings(&report, &[]))
}

async fn answered(ctx: Context, question: &str) -> Result<(), Fault> {
    let (_, report) = report(&ctx).await?;
    let rules: &[&str] = match question {
        "tests" => &["no-tests", "no-production"],
        "approval" => &["approval-missing", "approval-bypassed", "no-production"],
        "rollout" => &["no-rollout", "no-production"],
        "rollback" => &["no-rollback", "no-production"],
        _ => &[],
    };
    let yes = report["answers"][question] == "yes";
    expect::holds(
        &format!("the dry run's answer `{question}`"),
        yes,
        "yes",
        format!("no: {}", findings(&report, rules)),
    )
}

async fn without(ctx: Context, rules: &[&str]) -> Result<(), Fault> {
    let (_, report) = report(&ctx).await?;
    let found = findings(&report, rules);
    expect::holds("the workflows", found.is_empty(), &format!("no finding of {}", rules.join(", ")), found)
}

/// The workflow files; a folder stands for those in it.
fn files(ctx: &Context) -> Result<Vec<String>, Fault> {
    let path = ctx.file("workflows")?;
    let shown = |path: PathBuf| path.display().to_string();
    if path.is_file() {
        return Ok(vec![shown(path)]);
    }
    let entries = std::fs::read_dir(&path).map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))?;
    let yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(yaml).map(shown).collect();
    files.sort();
    Ok(files)
}

async fn schema(ctx: Context) -> Result<(), Fault> {
    let files = files(&ctx)?;
    let arguments: Vec<&str> =
        ["--builtin-schema", "vendor.github-workflows"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let output = ctx.tool("check-jsonschema")?.run(&arguments, &[]).await?;
    expect::exit(&output, "check-jsonschema --builtin-schema vendor.github-workflows", 0)
}

async fn zizmor(ctx: Context) -> Result<(), Fault> {
    let files = files(&ctx)?;
    let options = ["--offline", "--no-progress", "--color", "never", "--min-severity", "medium"];
    let arguments: Vec<&str> = options.into_iter().chain(files.iter().map(String::as_str)).collect();
    let output = ctx.tool("zizmor")?.run(&arguments, &[]).await?;
    expect::exit(&output, "zizmor --offline --min-severity medium", 0)
}
