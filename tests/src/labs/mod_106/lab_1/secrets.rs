//! Secrets stay where they belong: not on a command line, which every user of the machine can read, not in a log, which is shipped
//! and kept for years, and not in an image, which is pushed to a registry.

use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    submission::{Account, Secret},
    tracking::Tracking,
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

/// The declared secrets, taken apart; none declared, or one that can be guessed, is the submission's fault.
async fn findable(ctx: &Context) -> Result<Vec<Secret>, Fault> {
    let secrets: Vec<Secret> = ctx.secrets().await?.iter().flat_map(taken_apart).collect();
    if let Some(secret) = secrets.iter().find(|secret| secret.value.len() < SHORTEST) {
        let actual = format!("{} characters", secret.value.len());
        return Err(Fault::failed(
            format!("the secret {}", secret.name),
            format!("at least {SHORTEST} characters"),
            actual,
        ));
    }
    expect::holds("`[secrets] files` of submission.toml", !secrets.is_empty(), "the files that hold secrets", "none")?;
    Ok(secrets)
}

/// A file may hold one secret, or `KEY=value` lines; then the values of passwords, tokens and keys are secrets, and user names and
/// key ids are not. Looking for the whole file would miss the password that leaks alone.
fn taken_apart(secret: &Secret) -> Vec<Secret> {
    let lines: Option<Vec<(&str, &str)>> = secret.value.lines().map(|line| line.split_once('=')).collect();
    let is_name = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let Some(pairs) = lines.filter(|pairs| pairs.iter().all(|(key, _)| is_name(key))) else {
        return vec![Secret { name: secret.name.clone(), value: secret.value.trim().to_owned() }];
    };
    let is_secret = |key: &str| {
        let key = key.to_lowercase();
        let words = ["password", "secret", "token", "key"];
        !key.ends_with("_id") && words.iter().any(|word| key.contains(word))
    };
    let kept = pairs.into_iter().filter(|(key, _)| is_secret(key));
    kept.map(|(key, value)| Secret { name: format!("{} ({key})", secret.name), value: value.trim().to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Secret, taken_apart};

    fn check(value: &str, expected: &[&str]) {
        let secret = Secret { name: "file".to_owned(), value: value.to_owned() };
        let values: Vec<String> = taken_apart(&secret).into_iter().map(|secret| secret.value).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn files_of_pairs_are_taken_apart_and_others_left_whole() {
        check("0123456789abcdef", &["0123456789abcdef"]);
        check("AWS_ACCESS_KEY_ID=AKIA\nAWS_SECRET_ACCESS_KEY=wJalr+/=", &["wJalr+/="]);
        check("user=tracking_a\npassword=0123456789", &["0123456789"]);
        check("c2VjcmV0IQ+/==", &["c2VjcmV0IQ+/=="]);
        check(
            "-----BEGIN PRIVATE KEY-----\nMC4C=\n-----END PRIVATE KEY-----",
            &["-----BEGIN PRIVATE KEY-----\nMC4C=\n-----END PRIVATE KEY-----"],
        );
    }
}
