//! The image that the others build on: Debian 12 from its public registry, or, where no registry answers, one that is bootstrapped
//! here from Debian's package archive with mmdebstrap.

use super::docker;
use anyhow::{Context as _, Result, bail};
use std::{
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Debian's own image.
const PUBLIC: &str = "debian:bookworm-slim";
/// The one made here.
const BOOTSTRAPPED: &str = "mlops-labs/debian:bookworm";
/// What the bootstrapped one holds beyond the smallest Debian.
const PACKAGES: &str = "ca-certificates,python3,python3-venv";
/// How long a registry may take: 30 MB over a slow line, not a dead one.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tag of a base image that is on this machine when this returns.
pub(super) fn find_or_make(labs: &Path, wanted: Option<&str>) -> Result<String> {
    if let Some(wanted) = wanted {
        if docker::image_id(wanted).is_none() && !pull(wanted)? {
            bail!("the base image {wanted} is neither here nor in a registry that answers");
        }
        return Ok(wanted.to_owned());
    }
    for tag in [PUBLIC, BOOTSTRAPPED] {
        if docker::image_id(tag).is_some() {
            return Ok(tag.to_owned());
        }
    }
    println!("{PUBLIC}: asking the registry");
    if pull(PUBLIC)? {
        return Ok(PUBLIC.to_owned());
    }
    println!("{BOOTSTRAPPED}: no registry answers; bootstrapping from Debian's archive");
    bootstrap(labs)?;
    Ok(BOOTSTRAPPED.to_owned())
}

/// Pulls an image; says no when the registry refuses, is unknown, or has not finished in time.
fn pull(tag: &str) -> Result<bool> {
    let mut child = Command::new("docker")
        .args(["pull", "--quiet", tag])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start `docker pull`")?;
    let pid = child.id();
    let (finished, wait) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let pulled = child.wait().is_ok_and(|status| status.success());
        // Nobody listens any more once the time is over.
        let _ = finished.send(pulled);
    });
    let pulled = wait.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        // `docker pull` gives up its download when its client goes; std cannot kill a child that another thread waits for.
        let _ = Command::new("kill").arg(pid.to_string()).status();
        false
    });
    waiter.join().map_err(|_| anyhow::anyhow!("waiting for `docker pull {tag}` panicked"))?;
    Ok(pulled)
}

/// Makes a root file system with mmdebstrap and an image of it.
fn bootstrap(labs: &Path) -> Result<()> {
    let archive = labs.join("debian-bookworm.tar");
    let log = labs.join("debian-bookworm.log");
    let mut command = Command::new("mmdebstrap");
    command.args(["--variant=minbase", &format!("--include={PACKAGES}"), "bookworm"]).arg(&archive);
    docker::run_logged(command, &log)
        .context("cannot bootstrap a Debian image; install mmdebstrap (`apt-get install mmdebstrap`), or name an image with --base")?;
    docker::import(&archive, BOOTSTRAPPED, &log)?;
    std::fs::remove_file(&archive).with_context(|| format!("cannot remove {}", archive.display()))
}
