//! Secrets can be replaced while the server runs, and nothing is lost by it. A rotation that leaves the old secret valid has
//! rotated nothing, so the old ones are tried.

use super::keepsake::Keepsake;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    submission::Secret,
    tracking::Tracking,
};
use serde_json::json;
use std::time::Duration;

pub(super) const ROTATION: Check = Check {
    id: "rotation-replaces-every-secret",
    title: "Rotation replaces the admin's, the bucket's and the database's credentials and loses nothing",
    follows: &["server-speaks-mlflow"],
    needs: &[Need::Claim("rotate"), Need::Command("rotate"), Need::Secrets, Need::Bucket],
    limit: Duration::from_secs(180),
    exclusive: true,
    run: |ctx| Box::pin(rotation_replaces_every_secret(ctx)),
};

async fn rotation_replaces_every_secret(ctx: Context) -> Result<(), Fault> {
    let before = Tracking::as_admin(&ctx)?;
    let old_password = ctx.account("admin")?;
    let (old_keys, old_secrets) = (ctx.s3_key_ids().await?, ctx.secrets().await?);
    let kept = Keepsake::leave(&ctx, &before).await?;

    let rotated = ctx.command("rotate").await?;
    expect::holds("the command `rotate`", rotated.status == 0, "exit code 0", (rotated.status, &rotated.stderr))?;

    let new_password = ctx.account("admin")?;
    let same = old_password.password == new_password.password;
    expect::holds("the admin's password after rotation", !same, "a new one", "the old one")?;
    let after = Tracking::as_admin(&ctx)?;
    let old = before.post("experiments/search", json!({"max_results": 1})).await?;
    expect::holds("the old admin password after rotation", old.status == 401, "status 401", old.quoted())?;

    let new_keys = ctx.s3_key_ids().await?;
    let left: Vec<&String> = new_keys.iter().filter(|key| old_keys.contains(key)).collect();
    expect::holds("the old S3 keys after rotation", left.is_empty(), "all deleted", left)?;
    expect::holds("the S3 keys after rotation", !new_keys.is_empty(), "a new one", "none")?;
    for stale in database_secrets(&old_secrets) {
        let unchanged = ctx.secrets().await?.iter().any(|secret| secret.value == stale.value);
        expect::holds(&format!("the secret {} after rotation", stale.name), !unchanged, "a new one", "the old one")?;
    }
    kept.is_whole(&after, "rotation").await?;
    Keepsake::leave(&ctx, &after).await?.is_whole(&after, "writing with the new secrets").await
}

/// The secrets that open a database, by the names their files bear.
fn database_secrets(secrets: &[Secret]) -> impl Iterator<Item = &Secret> {
    const WORDS: [&str; 4] = ["database", "postgres", "mysql", "db"];
    secrets.iter().filter(|secret| {
        let name = secret.name.rsplit('/').next().unwrap_or_default().to_lowercase();
        let mut parts = name.split(|character: char| !character.is_alphanumeric());
        parts.any(|part| WORDS.contains(&part))
    })
}

#[cfg(test)]
mod tests {
    use super::{Secret, database_secrets};

    #[test]
    fn a_database_secret_is_known_by_its_file() {
        let secret = |name: &str| Secret { name: name.to_owned(), value: "value".to_owned() };
        let secrets = ["/w/secrets/database-login", "/db/admin-password", "DB_PASSWORD", "feedback"].map(secret);
        let names: Vec<&str> = database_secrets(&secrets).map(|secret| secret.name.as_str()).collect();
        assert_eq!(names, ["/w/secrets/database-login", "DB_PASSWORD"]);
    }
}
