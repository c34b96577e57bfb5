//! The one way this crate calls cargo: from the workspace's root, with the toolchain that built us, quietly, and with a
//! line of comfort when it takes long.

use anyhow::{Context, Result, bail};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    thread,
    time::Duration,
};

/// How long a build may be silent before we say what it is doing.
const SILENCE: Duration = Duration::from_secs(3);

/// The root of the workspace: the folder above this crate.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_owned(), Path::to_owned)
}

/// What `cargo run` tells the program that it runs, about that program.
const OF_THIS_PACKAGE: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// A cargo command, ready for arguments, that runs in the workspace's root, as if it had been typed there. `ring`'s build script minds
/// what `cargo run` says of this package: all that is built on it would be compiled again each time that one or the other builds.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        if OF_THIS_PACKAGE.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    command
}

/// The folder that holds this workspace's build, whatever `CARGO_TARGET_DIR` says: we are running from it.
pub(crate) fn target() -> Result<PathBuf> {
    let own = env::current_exe().context("cannot find the program that is running")?;
    // target/debug/xtask: two folders up.
    match own.parent().and_then(Path::parent) {
        Some(target) => Ok(target.to_owned()),
        None => bail!("{} is not inside a target folder; start it as `cargo xtask`", own.display()),
    }
}

/// Which build to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build: what `validate` and `test` use.
    Debug,
    /// Quick to run: what `bench` uses.
    Release,
}

impl Profile {
    /// The folder under `target/` that cargo puts this build in.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds the programs that a validation needs, and returns the folder they are in.
pub(crate) fn build_programs(profile: Profile) -> Result<PathBuf> {
    let mut build = command();
    // Of the whole workspace: a choice of packages would choose other features, and compile what they share once more.
    build.args(["build", "--quiet", "--workspace"]);
    build.args(["lab-runner", "mod-106", "mod-553"].iter().flat_map(|program| ["--bin", program]));
    if profile == Profile::Release {
        build.arg("--release");
    }
    run_with_comfort(build, "build lab-runner, mod-106 and mod-553")?;
    Ok(target()?.join(profile.folder()))
}

/// Runs a quiet command to its end; past [`SILENCE`] says, once, what it is that takes so long. `what` reads on from "cannot".
pub(crate) fn run_with_comfort(mut command: Command, what: &str) -> Result<()> {
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let (finished, wait) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let status = child.wait();
        // The receiver outlives this thread: it is joined below.
        let _ = finished.send(());
        status
    });
    if wait.recv_timeout(SILENCE).is_err() {
        eprintln!("busy: {what}; the first time takes a while");
    }
    let status = waiter.join().map_err(|_| anyhow::anyhow!("waiting for {command:?} panicked"))??;
    if !status.success() {
        bail!("cannot {what}: {status}");
    }
    Ok(())
}
