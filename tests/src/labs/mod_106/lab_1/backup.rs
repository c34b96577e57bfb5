//! A backup is worth what its restore brings back. So it is rehearsed: write, back up, spoil and write more, restore, and read
//! exactly what was backed up, database and artifacts.

use super::keepsake::Keepsake;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    tracking::Tracking,
};
use std::time::Duration;

pub(super) const RESTORE: Check = Check {
    id: "restore-brings-back-the-backup",
    title: "After a restore the database and the artifacts are what they were at the backup",
    follows: &["server-speaks-mlflow"],
    needs: &[Need::Claim("backup"), Need::Command("backup"), Need::Command("restore")],
    limit: Duration::from_secs(240),
    exclusive: true,
    run: |ctx| Box::pin(restore_brings_back_the_backup(ctx)),
};

async fn restore_brings_back_the_backup(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let kept = Keepsake::leave(&ctx, &admin).await?;
    succeeds(&ctx, "backup").await?;

    kept.spoil(&admin).await?;
    let later = Keepsake::leave(&ctx, &admin).await?;
    expect::equal("a run after its deletion", "deleted", kept.stage(&admin).await?.as_str())?;
    succeeds(&ctx, "restore").await?;

    let admin = Tracking::as_admin(&ctx)?;
    expect::equal("a deleted run after a restore", "active", kept.stage(&admin).await?.as_str())?;
    kept.is_whole(&admin, "a restore").await?;
    later.is_unknown(&admin, "a restore").await?;
    Keepsake::leave(&ctx, &admin).await?.is_whole(&admin, "writing to what was restored").await
}

async fn succeeds(ctx: &Context, command: &str) -> Result<(), Fault> {
    let done = ctx.command(command).await?;
    expect::holds(&format!("the command `{command}`"), done.status == 0, "exit code 0", (done.status, &done.stderr))
}
