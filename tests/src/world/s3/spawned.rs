//! The bucket as a process of its own: `lab-runner world s3` at the end of a pipe. It ends when the pipe does.

use super::service::{Addresses, Settings};
use crate::patience::stretched;
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    time::timeout,
};

/// It is ready in milliseconds; a machine that needs longer is not at hand.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// A running process. Dropping it closes the pipe.
#[derive(Debug)]
pub(super) struct Spawned {
    _process: Child,
    _leash: ChildStdin,
}

impl Spawned {
    pub(super) async fn start(lab_runner: &Path, settings: &Settings) -> Result<(Self, Addresses), String> {
        let mut command = Command::new(lab_runner);
        command.args(["world", "s3"]).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| format!("{}: {error}", lab_runner.display()))?;
        let (Some(mut leash), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the S3 process has no pipes".to_owned());
        };
        let line = serde_json::to_string(settings).map_err(|error| error.to_string())? + "\n";
        leash.write_all(line.as_bytes()).await.map_err(|error| error.to_string())?;
        let mut answer = String::new();
        let read = timeout(stretched(READY_LIMIT), BufReader::new(output).read_line(&mut answer)).await;
        read.map_err(|_| "the S3 process did not get ready".to_owned())?.map_err(|error| error.to_string())?;
        let addresses = serde_json::from_str(&answer).map_err(|_| format!("the S3 process said {answer:?}"))?;
        Ok((Self { _process: process, _leash: leash }, addresses))
    }
}
