//! The few words that `cargo xtask images` says to Docker, through its command line: is it there, what is this image made
//! from, build it, import it. Its output goes to a log file, whose end is shown when something fails.

use super::{Image, context::BuildContext};
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

/// The label on a finished image that says what it was built from.
const LABEL: &str = "mlops-labs.inputs";
/// How much of a failed build's log is shown.
const SHOWN_LINES: usize = 30;
/// Variables that name a proxy. Docker knows them without an `ARG`, and leaves them out of the image's history.
const PROXY_VARIABLES: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/// Fails, with the way out, unless a Docker daemon answers.
pub(super) fn require() -> Result<()> {
    let asked = Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]).output();
    match asked {
        Err(error) => bail!(
            "no `docker` command here ({error}): install Docker, or use `cargo xtask images --process` and `--backend process`"
        ),
        Ok(answer) if !answer.status.success() => bail!(
            "Docker is installed, but its daemon does not answer: {}\nstart it, or use `cargo xtask images --process` and `--backend process`",
            String::from_utf8_lossy(&answer.stderr).trim()
        ),
        Ok(_) => Ok(()),
    }
}

/// An image's id, or nothing when it is not on this machine.
pub(super) fn image_id(tag: &str) -> Option<String> {
    inspect(tag, "{{.Id}}")
}

/// What an image was built from, as its label says; nothing when it is not here or not ours.
pub(super) fn fingerprint(tag: &str) -> Option<String> {
    inspect(tag, &format!("{{{{index .Config.Labels \"{LABEL}\"}}}}"))
}

fn inspect(tag: &str, format: &str) -> Option<String> {
    let answer = Command::new("docker").args(["image", "inspect", "--format", format, tag]).output().ok()?;
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    (answer.status.success() && !text.is_empty()).then_some(text)
}

/// Builds one image and returns how many seconds it took.
pub(super) fn build(labs: &Path, image: &Image, base: &str, context: &BuildContext) -> Result<u64> {
    let mut command = Command::new("docker");
    // The host's network, so that an index or a mirror that only this machine can reach is reached.
    command.args(["build", "--network", "host", "--tag", image.tag]);
    command.args(["--build-arg", &format!("BASE={base}"), "--label", &format!("{LABEL}={}", context.fingerprint)]);
    for variable in PROXY_VARIABLES.iter().filter(|variable| std::env::var_os(variable).is_some()) {
        command.args(["--build-arg", variable]);
    }
    command.arg("--file").arg(context.folder.join(image.dockerfile)).arg(&context.folder);
    // BuildKit is a plugin of its own; a daemon without it still has the classic builder, which must be asked for.
    if !has_buildkit() {
        command.env("DOCKER_BUILDKIT", "0");
    }
    let started = Instant::now();
    run_logged(command, &labs.join(format!("{}.log", image.tag.replace(['/', ':'], "-"))))?;
    Ok(started.elapsed().as_secs())
}

fn has_buildkit() -> bool {
    Command::new("docker")
        .args(["buildx", "version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Makes an image of a root file system.
pub(super) fn import(archive: &Path, tag: &str, log: &Path) -> Result<()> {
    let mut command = Command::new("docker");
    command.args(["import", "--change", "CMD [\"bash\"]"]).arg(archive).arg(tag);
    run_logged(command, log)
}

/// Runs a command with its output in a file; on failure shows the file's end.
pub(super) fn run_logged(mut command: Command, log: &Path) -> Result<()> {
    let file = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let status = command.status().with_context(|| format!("cannot start `{name}`"))?;
    if status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
    bail!("`{name}` failed ({status}); the end of {}:\n{end}", log.display())
}
