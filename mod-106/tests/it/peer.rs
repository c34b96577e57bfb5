//! The official Python client at the other end of a pipe: one JSON line there, one back. See `python/peer.py`.

use libtest_mimic::Failed;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// A running Python process. Requests wait for each other.
pub(crate) struct Peer {
    /// MLflow's version there.
    pub(crate) version: String,
    pipe: Mutex<Pipe>,
}

struct Pipe {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    pub(crate) fn start(python: &Path, uri: &str) -> Result<Self, String> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
        let mut command = Command::new(python);
        command.arg(here.join("python/peer.py")).env("STORY", here.join("story.json"));
        command.env("MLFLOW_TRACKING_URI", uri).env("MLFLOW_TRACKING_USERNAME", super::target::ADMIN);
        command.env("MLFLOW_TRACKING_PASSWORD", super::target::PASSWORD).env("NO_PROXY", "127.0.0.1");
        command.env("MLFLOW_DISABLE_TELEMETRY", "true").env("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let requests = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().ok_or("no pipe from Python")?);
        let mut pipe = Pipe { process, requests, answers };
        let version = pipe.answer().map_err(|error| format!("{:?}", error.message()))?;
        Ok(Self { version: version.as_str().unwrap_or_default().to_owned(), pipe: Mutex::new(pipe) })
    }

    /// Lets Python do something.
    pub(crate) fn ask(&self, what: &str, mut request: Value) -> Result<Value, Failed> {
        request["do"] = json!(what);
        let mut pipe = self.pipe.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let requests = pipe.requests.as_mut().ok_or("Python was stopped")?;
        writeln!(requests, "{request}").map_err(|error| error.to_string())?;
        pipe.answer().map_err(|error| Failed::from(format!("Python, {what}: {}", error.message().unwrap_or_default())))
    }

    pub(crate) fn stop(&self) {
        let mut pipe = self.pipe.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // The end of its input ends it.
        pipe.requests = None;
        let _ = pipe.process.wait();
    }
}

impl Pipe {
    fn answer(&mut self) -> Result<Value, Failed> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_str(&line).map_err(|error| format!("{line:?}: {error}"))?;
        match answer.get("error") {
            Some(error) => Err(Failed::from(error.to_string())),
            None => Ok(answer["ok"].take()),
        }
    }
}
