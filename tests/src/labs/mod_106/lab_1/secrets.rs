//! Secrets stay where they belong: not on a command line, which every user of the machine can read, not in a log, which is shipped
//! and kept for years, and not in an image, which is pushed to a registry.

use super::tracking::Tracking;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    submission::{Account, Secret},
};
use serde_json::json;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

pub(super) const PROCESSES: Check = Check {
    id: "secrets-are-not-in-process-lists",
    title: "No secret stands on a command line",
    follows: &["server-speaks-mlflow"],
    needs: &[Need::Processes, Need::Secrets],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(not_in_process_lists(ctx)),
};

pub(super) const LOGS: Check = Check {
    id: "secrets-are-not-in-logs",
    title: "No secret stands in a log, not even after failed logins and failing requests",
    follows: &["server-speaks-mlflow"],
    needs: &[Need::Logs, Need::Secrets],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(not_in_logs(ctx)),
};

pub(super) const IMAGES: Check = Check {
    id: "secrets-are-not-in-images",
    title: "No secret is baked into an image",
    follows: &["server-speaks-mlflow"],
    needs: &[Need::Claim("images"), Need::Secrets],
    limit: Duration::from_secs(300),
    exclusive: false,
    run: |ctx| Box::pin(not_in_images(ctx)),
};

/// What is shorter than this is found everywhere by chance.
const SHORTEST: usize = 8;

async fn not_in_process_lists(ctx: Context) -> Result<(), Fault> {
    let secrets = findable(&ctx).await?;
    let processes = ctx.processes().await?;
    expect::holds("the submission's processes", !processes.is_empty(), "at least one", "none")?;
    for process in processes {
        if let Some(secret) = secrets.iter().find(|secret| process.cmdline.contains(&secret.value)) {
            let program = process.cmdline.split_whitespace().next().unwrap_or_default();
            let what = format!("the command line of process {} ({program})", process.pid);
            return Err(Fault::failed(what, "no secret", format!("the secret {}", secret.name)));
        }
    }
    Ok(())
}

async fn not_in_logs(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let right = ctx.account("admin")?;
    // What tempts a server to write down what it was told: success, a wrong user, a new user, a request that fails.
    let user = admin.user(&ctx, "logged").await?;
    let mistaken = Account { username: ctx.name("mistaken"), password: right.password };
    admin.seen_by(Some(&mistaken)).post("experiments/search", json!({"max_results": 1})).await?;
    let again = json!({"username": user.username, "password": user.password});
    admin.post("users/create", again).await?;
    admin.post("users/create", json!({"user": user.username, "password": user.password})).await?;

    let mut secrets = findable(&ctx).await?;
    secrets.push(Secret { name: "the password of a new user".to_owned(), value: user.password });
    for log in ctx.logs().await? {
        if let Some(secret) = secrets.iter().find(|secret| log.text.contains(&secret.value)) {
            let what = format!("the log {}", log.name);
            return Err(Fault::failed(what, "no secret", format!("the secret {}", secret.name)));
        }
    }
    Ok(())
}

async fn not_in_images(ctx: Context) -> Result<(), Fault> {
    let secrets = findable(&ctx).await?;
    expect::holds("`[secrets] images` of submission.toml", !ctx.images().is_empty(), "the images to search", "none")?;
    let found = ctx.secrets_in_images(&secrets).await?;
    expect::equal("secrets in the images", &Vec::<String>::new(), &found)
}

/// The declared secrets that are long enough to be told from chance; none declared is a claim nobody can check.
async fn findable(ctx: &Context) -> Result<Vec<Secret>, Fault> {
    let secrets = ctx.secrets().await?;
    let (long, short): (Vec<_>, Vec<_>) = secrets.into_iter().partition(|secret| secret.value.trim().len() >= SHORTEST);
    if let Some(secret) = short.first() {
        let actual = format!("{} characters", secret.value.trim().len());
        return Err(Fault::failed(
            format!("the secret {}", secret.name),
            format!("at least {SHORTEST} characters"),
            actual,
        ));
    }
    expect::holds("`[secrets] files` of submission.toml", !long.is_empty(), "the files that hold secrets", "none")?;
    Ok(long)
}
