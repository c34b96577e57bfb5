//! `mod-106 promote` and `rollback`, killed with SIGKILL or stopped with Ctrl-C at random points, again and again, against a running server.
//!
//! After each kill and the same command once more, the model must stand as if nothing had happened: compared with a model in this
//! file that knows nothing of journals. `MOD106_PROMOTION_KILLS` says how often (the bench asks for a thousand), and
//! `MOD106_PROMOTION_FIGURES` where to write down what was seen.

use super::target::{block_on, start_embedded, stop};
use libtest_mimic::Failed;
use mod_106::audit;
use mod_106::client::{Client, Config, ModelName, NewVersion, VersionNumber};
use mod_106::promotion::{Aliases, Moment, Registry, Slot, State};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const POLICY: &str = "gates: {candidate: [], staging: [], canary: [], champion: []}\n\
canary: {measures: [error_rate], min_samples: 2, error_rate_margin: 0.9}\n";
const VERSIONS_A_MODEL: u64 = 12;

/// What was seen.
#[derive(Debug, Default, serde::Serialize)]
struct Figures {
    kills: u32,
    /// Killed before the intent was written: nothing had happened.
    before: u32,
    /// Killed with the journal open.
    between: u32,
    /// Killed after everything was done.
    after: u32,
    /// Of all these, stopped by Ctrl-C between two steps, and not in the middle of one.
    stopped: u32,
    inconsistent: u32,
    promoted_twice: u32,
    operations: u32,
    first_complaint: Option<String>,
}

/// One model, what it should look like, and the commands that change it.
struct Story {
    uri: String,
    folder: PathBuf,
    config: Config,
    name: ModelName,
    expected: BTreeMap<Slot, u64>,
    completed: BTreeMap<(u64, String), u32>,
}

pub(crate) fn a_killed_promotion_ends_as_if_it_had_not_been() -> Result<(), Failed> {
    let kills = std::env::var("MOD106_PROMOTION_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let folder = tempfile::tempdir()?;
    let (uri, mut server) = start_embedded(folder.path(), "none")?;
    let figures = play(&uri, folder.path(), kills);
    stop(&mut server);
    let figures = figures?;
    if let Ok(path) = std::env::var("MOD106_PROMOTION_FIGURES") {
        std::fs::write(path, serde_json::to_string(&figures)?)?;
    }
    if figures.inconsistent + figures.promoted_twice > 0 {
        return Err(format!("{figures:?}").into());
    }
    if figures.between == 0 || figures.stopped == 0 {
        return Err(format!("no kill met an operation in the middle, so nothing was tried: {figures:?}").into());
    }
    Ok(())
}

fn play(uri: &str, folder: &Path, kills: u32) -> Result<Figures, Failed> {
    let mut random = fastrand::Rng::with_seed(106);
    let mut figures = Figures::default();
    let mut length = Duration::from_millis(150);
    let mut model = 0;
    while figures.kills < kills {
        model += 1;
        let mut story = Story::begin(uri, folder, model)?;
        for version in 1..=VERSIONS_A_MODEL {
            let mut steps = vec!["candidate", "staging", "canary", "champion"];
            match random.u8(0..4) {
                0 => steps.push("back"),
                1 => steps = vec!["candidate", "staging", "canary", "back"],
                _ => {}
            }
            for step in steps {
                if figures.kills >= kills {
                    return Ok(figures);
                }
                story.step(step, version, &mut random, &mut length, &mut figures)?;
            }
        }
    }
    Ok(figures)
}

impl Story {
    fn begin(uri: &str, folder: &Path, number: u32) -> Result<Self, Failed> {
        let folder = folder.join(format!("model-{number}"));
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("policy.yaml"), POLICY)?;
        let mut config = Config::new(uri)?;
        config.proxies_from_environment = false;
        let (client, name) = (Client::new(&config)?, ModelName::parse(format!("killed-{number}"))?);
        block_on(async {
            client.create_model(&name, "", &[]).await?;
            let new = NewVersion { source: "mlflow-artifacts:/0/none/model".to_owned(), ..NewVersion::default() };
            for _ in 0..VERSIONS_A_MODEL {
                client.create_version(&name, &new).await?;
            }
            Ok::<_, mod_106::client::Error>(())
        })?;
        Ok(Self { uri: uri.to_owned(), folder, config, name, expected: BTreeMap::new(), completed: BTreeMap::new() })
    }

    fn command(&self, step: &str, version: u64, champion: Option<u64>) -> Result<Command, Failed> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
        command.env("MLFLOW_TRACKING_URI", &self.uri).env("NO_PROXY", "127.0.0.1").current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (model, number) = (self.name.as_str(), version.to_string());
        if step == "back" {
            command.args(["rollback", model, "--version", &number, "--settle-ms", "5"]);
            return Ok(command);
        }
        command.args([
            "promote",
            "to",
            step,
            model,
            "--version",
            &number,
            "--policy",
            "policy.yaml",
            "--settle-ms",
            "5",
        ]);
        if let Some(champion) = champion.filter(|_| step == "champion") {
            let side = |version: u64| json!({ "version": version.to_string(), "requests": 1000, "errors": 1 });
            let seen = json!({ "baseline": side(champion), "canary": side(version) });
            std::fs::write(self.folder.join("seen.json"), seen.to_string())?;
            command.args(["--observations", "seen.json"]);
        }
        Ok(command)
    }

    /// Kills the command once or several times, lets it finish, and looks.
    fn step(
        &mut self,
        step: &str,
        version: u64,
        random: &mut fastrand::Rng,
        length: &mut Duration,
        figures: &mut Figures,
    ) -> Result<(), Failed> {
        let before = self.expected.clone();
        // The figures are from before: whoever is asked once more gets the same file.
        let champion = before.get(&Slot::Champion).copied();
        let allowed = self.expect(step, version);
        for _ in 0..random.u8(1..4) {
            let mut child = self.command(step, version, champion)?.spawn()?;
            std::thread::park_timeout(length.mul_f64(random.f64() * 1.1));
            let ran = child.try_wait()?.is_none();
            let gently = random.u8(0..3) == 0;
            if gently {
                Command::new("kill").args(["-INT", &child.id().to_string()]).stderr(Stdio::null()).status()?;
            } else {
                child.kill()?;
            }
            let ended = child.wait()?;
            if ran {
                figures.kills += 1;
                figures.stopped += u32::from(ended.code() == Some(130));
                self.classify(&before, gently && ended.code().is_some(), figures)?;
            }
        }
        let started = Instant::now();
        let done = self.command(step, version, champion)?.output()?;
        *length = started.elapsed();
        figures.operations += 1;
        let code = i32::from(!allowed);
        let mut complaint = None;
        if done.status.code() != Some(code) {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            complaint = Some(format!("{step} of {version}: {:?} instead of {code}: {said}", done.status.code()));
        }
        if let Some(complaint) = complaint.or(self.complaint(step, version, figures)?) {
            figures.inconsistent += 1;
            figures.first_complaint.get_or_insert(complaint);
        }
        Ok(())
    }

    /// What should come of it; false when it is refused.
    fn expect(&mut self, step: &str, version: u64) -> bool {
        let expected = &mut self.expected;
        match step {
            "back" if expected.get(&Slot::Champion) == Some(&version) => {
                let Some(previous) = expected.remove(&Slot::PreviousChampion) else { return false };
                expected.insert(Slot::Champion, previous);
            }
            "back" => drop(expected.remove(&Slot::Canary)),
            "candidate" => drop(expected.insert(Slot::Candidate, version)),
            "staging" => {
                expected.remove(&Slot::Candidate);
                expected.insert(Slot::Staging, version);
            }
            "canary" if expected.contains_key(&Slot::Canary) => return false,
            "canary" => {
                expected.remove(&Slot::Staging);
                expected.insert(Slot::Canary, version);
            }
            _ if expected.get(&Slot::Canary) != Some(&version) => return false,
            _ => {
                expected.remove(&Slot::Canary);
                if let Some(old) = expected.insert(Slot::Champion, version) {
                    expected.insert(Slot::PreviousChampion, old);
                }
            }
        }
        true
    }

    /// A client of its own each time: its connections belong to the runtime that made them.
    fn moment(&self) -> Result<Moment, Failed> {
        let client = Client::new(&self.config)?;
        Ok(block_on(async { Registry::open(client, self.name.clone()).await?.moment().await })?)
    }

    /// Where a kill met the operation; whatever it was, there must still be a champion if there was one.
    fn classify(&self, before: &BTreeMap<Slot, u64>, cleaned: bool, figures: &mut Figures) -> Result<(), Failed> {
        let moment = self.moment()?;
        if let Some(lease) = moment.lease.as_ref().filter(|_| cleaned) {
            figures.inconsistent += 1;
            figures.first_complaint.get_or_insert(format!("after Ctrl-C the lease is still there: {lease:?}"));
        }
        let champion = moment.aliases.get(Slot::Champion).map(|version| version.0);
        let (old, new) = (before.get(&Slot::Champion).copied(), self.expected.get(&Slot::Champion).copied());
        if champion != old && champion != new {
            figures.inconsistent += 1;
            figures
                .first_complaint
                .get_or_insert(format!("after a kill the champion is {champion:?}, not {old:?} or {new:?}"));
        }
        if moment.last.is_some_and(|last| last.state == State::Open) {
            figures.between += 1;
        } else if moment.aliases == aliases(&self.expected) && *before != self.expected {
            figures.after += 1;
        } else {
            figures.before += 1;
        }
        Ok(())
    }

    /// What is wrong once the command has come to its end.
    fn complaint(&mut self, step: &str, version: u64, figures: &mut Figures) -> Result<Option<String>, Failed> {
        let moment = self.moment()?;
        let expected = aliases(&self.expected);
        if moment.aliases != expected {
            return Ok(Some(format!("after {step} of {version}: {} instead of {expected}", moment.aliases)));
        }
        if moment.lease.is_some() || moment.last.as_ref().is_some_and(|last| last.state == State::Open) {
            return Ok(Some(format!("after {step} of {version}: something is open: {moment:?}")));
        }
        let reading = match audit::verify(&self.folder.join("audit.jsonl"), None) {
            Ok(reading) => reading,
            Err(error) => return Ok(Some(error.to_string())),
        };
        self.completed.clear();
        for entry in reading.entries.iter().filter(|entry| entry.action.ends_with(".completed")) {
            let target = format!("{} {}", entry.action, entry.detail["target"]);
            let version = entry.subject.rsplit('/').next().and_then(|version| version.parse().ok()).unwrap_or_default();
            *self.completed.entry((version, target)).or_default() += 1;
        }
        if self.completed.values().any(|count| *count > 1) {
            figures.promoted_twice += 1;
            return Ok(Some(format!("done twice: {:?}", self.completed)));
        }
        Ok(None)
    }
}

fn aliases(expected: &BTreeMap<Slot, u64>) -> Aliases {
    expected.iter().map(|(slot, version)| (*slot, VersionNumber(*version))).collect()
}
