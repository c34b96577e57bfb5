//! One command of a submission, run under the supervisor with a scrubbed environment, its output captured. Everything a
//! submission brings is run through here: its start command, its named commands, its log command.
//! Next on the data's way: `supervise.rs` is what stands between.

use super::output::Output;
use crate::private::Keeper;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    process::{Child, ChildStdin, Command},
    task::JoinHandle,
    time::timeout,
};

/// What the supervisor may need beyond its grace: SIGKILL and reaping.
const REAPING: Duration = Duration::from_secs(30);

/// Where output may still be on its way after the last process is gone.
const DRAINING: Duration = Duration::from_secs(5);

/// What to run, and in which surroundings.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The `lab-runner` binary, which is also the supervisor.
    pub supervisor: &'a Path,
    /// Program and arguments.
    pub command: &'a [String],
    /// The working folder.
    pub folder: &'a Path,
    /// The whole environment: nothing of the harness's own shines through.
    pub environment: &'a BTreeMap<String, String>,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
}

/// A running command. Dropping it closes the pipe to its supervisor, which then ends all that the command started.
#[derive(Debug)]
pub struct Running {
    supervisor: Child,
    leash: Option<ChildStdin>,
    grace: Duration,
    drains: Vec<JoinHandle<()>>,
    /// Standard output so far.
    pub stdout: Output,
    /// Standard error so far.
    pub stderr: Output,
}

impl Launch<'_> {
    /// Starts the command.
    ///
    /// # Errors
    /// The supervisor cannot be started: the harness's own fault. A command that cannot be started ends with 127 instead.
    pub fn start(self) -> std::io::Result<Running> {
        let grace_ms = self.grace.as_millis().to_string();
        let mut command = Command::new(self.supervisor);
        command.args(["supervise", "--grace-ms", &grace_ms, "--"]).args(self.command);
        command.current_dir(self.folder).env_clear().envs(self.environment).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut supervisor = command.spawn()?;
        let (stdout, stderr) = (Output::default(), Output::default());
        let mut drains = Vec::new();
        drains.extend(supervisor.stdout.take().map(|stream| stdout.drain(stream)));
        drains.extend(supervisor.stderr.take().map(|stream| stderr.drain(stream)));
        let leash = supervisor.stdin.take();
        Ok(Running { supervisor, leash, grace: self.grace, drains, stdout, stderr })
    }
}

impl Running {
    /// The supervisor's process id; the submission's processes are its descendants.
    #[must_use]
    pub fn supervisor_pid(&self) -> Option<i32> {
        self.supervisor.id().and_then(|pid| i32::try_from(pid).ok())
    }

    /// The exit code, if the command has ended.
    pub fn ended(&mut self) -> Option<i32> {
        self.supervisor.try_wait().ok().flatten().map(code)
    }

    /// Waits until the command has ended by itself and all of its output is read.
    pub async fn wait(&mut self) -> i32 {
        let status = self.supervisor.wait().await.map_or(i32::from(super::supervise::CANNOT_START), code);
        self.read_to_the_end().await;
        status
    }

    /// Ends the command and everything it started, and waits until that is true.
    pub async fn stop(&mut self) {
        drop(self.leash.take());
        if timeout(self.grace + REAPING, self.supervisor.wait()).await.is_err() {
            let _ = self.supervisor.kill().await;
        }
        self.read_to_the_end().await;
    }

    async fn read_to_the_end(&mut self) {
        for mut drain in self.drains.drain(..) {
            if timeout(DRAINING, &mut drain).await.is_err() {
                drain.abort();
            }
        }
    }
}

fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// The harness's own tools, as every part that starts something needs them.
#[derive(Clone, Debug)]
pub struct Tools {
    /// `lab-runner` itself.
    pub lab_runner: PathBuf,
    /// The folder of our own binaries, first on a submission's PATH.
    pub binaries: PathBuf,
    /// Who clears away after us, should we be ended.
    pub keeper: Keeper,
    /// `LAB_TOOLS`: what `cargo xtask images` has installed.
    pub labs: PathBuf,
}
