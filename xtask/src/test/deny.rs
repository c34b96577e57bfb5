//! The licence and ban checks of cargo-deny, as `deny.toml` words them. cargo-deny is built once, into `target/tools/`, as
//! a debug build: half a minute instead of several, and it only reads a graph. Its advisory check needs a database from the
//! network and is left to whoever has one.

use crate::cargo;
use anyhow::{Context, Result, ensure};
use std::{fs, path::PathBuf, process::Command};

/// The version everybody runs.
const VERSION: &str = "0.20.2";

/// Checks licences and bans.
pub(crate) fn check() -> Result<()> {
    let program = installed()?;
    let status = Command::new(&program)
        .current_dir(cargo::root())
        .args(["--log-level", "warn", "check", "--hide-inclusion-graph", "licenses", "bans"])
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(status.success(), "cargo-deny check licenses bans: {status}");
    Ok(())
}

/// The pinned cargo-deny; installs it when it is not there yet.
fn installed() -> Result<PathBuf> {
    let tools = cargo::target()?.join("tools");
    let program = tools.join("bin/cargo-deny");
    let stamp = tools.join("cargo-deny.version");
    if program.exists() && fs::read_to_string(&stamp).is_ok_and(|version| version == VERSION) {
        return Ok(program);
    }
    let mut install = cargo::command();
    install
        .args(["install", "cargo-deny", "--quiet", "--force", "--locked", "--debug", "--no-default-features"])
        .args(["--version", VERSION, "--root"])
        .arg(&tools)
        .arg("--target-dir")
        .arg(tools.join("build"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo::run_with_comfort(install, "install cargo-deny into target/tools")?;
    fs::write(&stamp, VERSION).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(program)
}
