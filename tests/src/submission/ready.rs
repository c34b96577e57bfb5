//! Waits until a submission answers. Polls with a deadline, and stops at once when the submission is gone: nobody should wait a
//! minute for a process that died in its first second.

use super::launch::Running;
use crate::{
    patience::stretched,
    redact::Redactor,
    wire::{Request, Wire},
};
use http::Method;
use std::{path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep};

/// Between two questions; ours is ready in 200 ms, so half a second would be most of the wait.
const PAUSE: Duration = Duration::from_millis(20);

/// The longest pause: a server that takes a minute need not be asked fifty times a second.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// One question's own limit.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Why a submission is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unready {
    /// It ended with this code.
    Ended(i32),
    /// It still runs, but has not answered 200; the last thing it did answer.
    Silent(String),
}

/// Asks `path` of `endpoint` until it answers 200, while `running` runs.
pub(crate) async fn wait(
    running: &mut Running,
    endpoint: &str,
    path: &str,
    ca_file: Option<PathBuf>,
    limit: Duration,
) -> Result<(), Unready> {
    let deadline = Instant::now() + stretched(limit);
    let wire = Wire::new(ca_file, Redactor::default());
    let mut pause = PAUSE;
    loop {
        let answer = ask(&wire, endpoint, path).await;
        // A submission that is gone has not answered, even when somebody else did, on a port that it could not get.
        if let Some(code) = running.ended() {
            return Err(Unready::Ended(code));
        }
        let Err(last) = answer else { return Ok(()) };
        if Instant::now() >= deadline {
            return Err(Unready::Silent(last));
        }
        sleep(pause).await;
        pause = (pause * 5 / 4).min(LONGEST_PAUSE);
    }
}

async fn ask(wire: &Wire, endpoint: &str, path: &str) -> Result<(), String> {
    let mut question = Request::new(Method::GET, endpoint, path);
    question.limit = ANSWER_LIMIT;
    match wire.send(question).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("it answered {}", answer.status)),
        Err(error) => Err(error.to_string()),
    }
}
