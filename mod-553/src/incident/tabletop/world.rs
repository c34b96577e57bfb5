//! The reference service as a process of its own, with a model that is trained for the exercise, and callers around it. Whatever
//! ends the exercise ends the service: the process dies with its handle.

use super::super::Error;
use super::exposition::Scrape;
use super::scenario::Flow;
use crate::inference::{Caller, Data, Job, Report, train};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// How long a service may take until it answers, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What runs.
#[derive(Debug)]
pub(super) struct World {
    service: Child,
    /// As many as ask within one look.
    callers: Vec<Caller>,
    management: String,
    http: reqwest::Client,
    turned: Map<String, Value>,
}

impl World {
    /// Trains, serves and calls.
    pub(super) async fn start(folder: &Path, flow: &Flow, look: Duration) -> Result<Self, Error> {
        let failed = |what: &str, why: String| Error::Refused(format!("{what}: {why}"));
        let model = folder.join("model.json");
        let name = "payments".to_owned();
        let job = Job {
            model: name,
            version: "1".to_owned(),
            data: Data::Drawn { rows: 4_000, seed: 1 },
            out: model.clone(),
            metrics: None,
        };
        train(&job, Timestamp::now(), |_, _| {})
            .map_err(|error| failed("the model could not be trained", error.to_string()))?;
        let program = std::env::current_exe().map_err(|source| Error::file(Path::new("mod-553"), source))?;
        let ready = folder.join("ready.json");
        let log_path = folder.join("service.log");
        let log = std::fs::File::create(&log_path).map_err(|source| Error::file(&log_path, source))?;
        let mut command = Command::new(program);
        command
            .args(["inference", "serve", "--port", "0", "--management-port", "0", "--faults", "--model"])
            .arg(&model);
        command
            .arg("--ready-file")
            .arg(&ready)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        // A group of its own: Ctrl-C is for the exercise, which then ends the service.
        let mut service =
            command.process_group(0).spawn().map_err(|source| Error::file(Path::new("mod-553"), source))?;
        let (url, management) = doors(&ready, &mut service, &log_path).await?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build();
        let http = http.map_err(|error| failed("no HTTP client", error.to_string()))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "more than 0, at most some thousands"
        )]
        let count = (flow.per_second * look.as_secs_f64()).ceil() as u64;
        let caller = |number| Caller::new(http.clone(), &url, 100 + number, true, flow.explain);
        let callers = (0..count).map(caller).collect();
        Ok(Self { service, callers, management, http, turned: Map::new() })
    }

    /// Every caller asks once, and waits for the answer: what the alerts see are counts that a busy machine does not change. A service
    /// that is down is called again the next time, as callers do.
    pub(super) async fn call(&mut self) {
        let asked = self.callers.iter_mut().map(|caller| async move {
            let _ = caller.ask(None, &mut Report::default()).await;
        });
        futures::future::join_all(asked).await;
    }

    /// What the service tells; nothing when it does not answer.
    pub(super) async fn scrape(&self) -> Option<Scrape> {
        let answer = self.http.get(format!("{}/metrics", self.management)).send().await.ok()?;
        Some(Scrape::parse(&answer.text().await.ok()?))
    }

    /// Turns knobs; those that are not named stay as they are.
    pub(super) async fn turn(&mut self, knobs: &Map<String, Value>) -> Result<(), Error> {
        self.turned.extend(knobs.clone());
        let put = self.http.put(format!("{}/admin/faults", self.management)).json(&self.turned).send().await;
        let answer = put.and_then(reqwest::Response::error_for_status);
        answer.map(drop).map_err(|error| Error::Refused(format!("the service did not take {:?}: {error}", self.turned)))
    }

    /// Ends the service: politely at first.
    pub(super) async fn stop(mut self) {
        if let Some(id) = self.service.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGTERM);
        }
        if tokio::time::timeout(Duration::from_secs(5), self.service.wait()).await.is_err() {
            let _ = self.service.kill().await;
        }
    }
}

/// Waits until the service says where its doors are.
async fn doors(ready: &Path, service: &mut Child, log: &Path) -> Result<(String, String), Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(ready).unwrap_or_default();
        if let Ok(told) = serde_json::from_str::<Value>(&text) {
            let door = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
            return Ok((door("url"), door("management")));
        }
        let ended = service.try_wait().ok().flatten();
        if ended.is_some() || Instant::now() > deadline {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let last = said.lines().last().unwrap_or("nothing").to_owned();
            return Err(Error::Refused(format!("the service was not ready; the last that it said: {last}")));
        }
        sleep(Duration::from_millis(50)).await;
    }
}
