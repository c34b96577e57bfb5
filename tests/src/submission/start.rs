//! Brings a submission up: a private place, the variant's manifest, what it requires, its start command, and the wait until it
//! answers. Every way in which this can go wrong has one owner, and [`StartError`] names it.
//! Next on the data's way: `deployment.rs`, the submission while it runs.

use super::{
    Deployment, Expansion, Fence, Manifest, ManifestError, Place,
    deployment::{Attached, Started},
    launch::{Running, Tools},
    place::search_path,
    ready::{self, Unready},
    requires,
};
use crate::{
    backend::Backend,
    check::Fault,
    mutant::Mutant,
    redact::Redactor,
    world::{World, docker},
};
use std::{collections::BTreeMap, net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};

/// The manifest of the variant that runs, in the private copy.
const MANIFEST: &str = "submission.toml";

/// How many of its last lines a submission that did not come up is quoted with.
const LAST_LINES: usize = 12;

/// What to start, and on what.
#[derive(Clone)]
pub struct StartPlan {
    /// The submission's folder.
    pub folder: PathBuf,
    /// The manifest's name in it, such as `submission.embedded.toml`.
    pub manifest: String,
    /// The mistake to build in, where there is one: edits of the private copy and wrappers of commands.
    pub mutant: Option<Arc<Mutant>>,
    /// Whether it may start containers.
    pub containers: bool,
    /// The run's seed.
    pub seed: u64,
    /// Our own binaries.
    pub tools: Tools,
    /// What stands around its commands.
    pub fence: Arc<Fence>,
    /// What the lab gives.
    pub world: Arc<World>,
    /// What the submission is told of it, as variables.
    pub given: Vec<(String, String)>,
}

/// Why a submission is not up, by who answers for it.
#[derive(Debug)]
pub enum StartError {
    /// The manifest is malformed: wrong usage.
    Manifest(Box<ManifestError>),
    /// The fault of the submission, of the world, of this machine or of the harness.
    Fault(Fault),
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Starts a submission and waits until it is ready.
///
/// # Errors
/// See [`StartError`]. Nothing is left running or lying about.
pub async fn start(plan: StartPlan) -> Result<Deployment, StartError> {
    let environment = |error: std::io::Error| Fault::Environment(error.to_string());
    let place = Place::new(&plan.folder, &plan.tools, plan.containers).map_err(environment)?;
    let manifest_file = place.submission.join(MANIFEST);
    if plan.manifest != MANIFEST {
        std::fs::copy(place.submission.join(&plan.manifest), &manifest_file).map_err(environment)?;
    }
    if let Some(mutant) = &plan.mutant {
        mutant.apply_edits(&place.submission).map_err(|error| Fault::Harness(error.to_string()))?;
    }
    let manifest = Manifest::read(&manifest_file).map_err(StartError::Manifest)?;
    let variables = place.variables(plan.seed, &plan.tools, &plan.given);
    let mut surroundings = place.surroundings(&plan.tools);
    let path = surroundings.get("PATH").cloned().unwrap_or_default();
    if let Some(reason) = requires::unmet(&manifest.requires, &variables, &path).await {
        return Err(Fault::NotRun(reason).into());
    }
    let fence = Arc::clone(&plan.fence);
    let variables = match fence.sandbox() {
        Some(sandbox) => {
            surroundings.insert("PATH".to_owned(), sandbox.search_path().to_owned());
            variables.with([("LAB_HOST".to_owned(), Ipv4Addr::UNSPECIFIED.to_string())])
        }
        None => variables,
    };
    let started = Started::new(plan, manifest, place, &variables, surroundings).map_err(expansion)?;
    if let Some(sandbox) = fence.sandbox() {
        sandbox.furnish(&started.place, &started.environment).map_err(environment)?;
    }
    started.launch().await?;
    Ok(Deployment::started(started))
}

/// Why a submission cannot be run on this machine, found out without starting it.
pub async fn not_at_hand(manifest: &Manifest, tools: &Tools) -> Option<String> {
    if manifest.backend == Backend::Containers
        && let Err(reason) = docker::at_hand().await
    {
        return Some(reason);
    }
    let known = BTreeMap::from([("LAB_TOOLS".to_owned(), tools.labs.display().to_string())]);
    requires::unmet(&manifest.requires, &Expansion::new(known), &search_path(tools)).await
}

/// Takes a service that already runs for a submission. Its credentials come from the environment.
#[must_use]
pub fn attach(url: &str) -> Deployment {
    let redactor = Redactor::default();
    Deployment::attached(Attached::from_environment(url, &redactor), redactor)
}

impl Started {
    /// Runs the start command and waits until it answers.
    pub(super) async fn launch(&self) -> Result<(), Fault> {
        let Some(command) = &self.start_command else { return Ok(()) };
        let mut running = self.start_service(command)?;
        let ready = self.until_ready(&mut running).await;
        self.remember_output(&running);
        match ready {
            Ok(()) => {
                *self.running.lock().await = Some(running);
                Ok(())
            }
            Err(unready) => {
                running.stop().await;
                Err(self.blame(&unready, &running).await)
            }
        }
    }

    /// Waits until the submission answers; one without a `[ready]` is ready at once.
    pub(super) async fn until_ready(&self, running: &mut Running) -> Result<(), Unready> {
        let (Some(ready), Some(endpoint)) = (&self.manifest.ready, self.main_endpoint()) else { return Ok(()) };
        let limit = Duration::from_secs(ready.timeout_s);
        ready::wait(running, endpoint, &ready.path, self.ca_file.clone(), limit).await
    }

    async fn blame(&self, unready: &Unready, running: &Running) -> Fault {
        if self.uses_docker()
            && let Err(reason) = docker::at_hand().await
        {
            return Fault::Environment(reason);
        }
        let quoted =
            |stream: &str, text: String| if text.is_empty() { String::new() } else { format!("\n{stream}:\n{text}") };
        let words = format!(
            "{}{}",
            quoted("standard output", running.stdout.last_lines(LAST_LINES)),
            quoted("standard error", running.stderr.last_lines(LAST_LINES))
        );
        let words = self.redactor.clean(&words);
        let what = "the start command of submission.toml";
        match unready {
            Unready::Ended(code) => Fault::failed(
                what,
                "it runs in the foreground until it is stopped",
                format!("it ended with exit code {code}{words}"),
            ),
            Unready::Silent(last) => {
                let ready = self.manifest.ready.as_ref();
                let limit = ready.map_or(0, |ready| ready.timeout_s);
                let path = ready.map_or("", |ready| ready.path.as_str());
                let endpoint = self.main_endpoint().unwrap_or_default();
                Fault::failed(what, format!("{endpoint}{path} answers 200 within {limit} s"), format!("{last}{words}"))
            }
        }
    }

    /// How long it may take to stop in good order; a compose project stops one service after another.
    pub(super) fn grace(&self) -> Duration {
        Duration::from_secs(if self.starts_containers() { 40 } else { 10 })
    }

    /// Whether nothing of it works without Docker.
    pub(super) fn uses_docker(&self) -> bool {
        self.starts_containers() || self.fence.sandbox().is_some()
    }

    pub(super) fn starts_containers(&self) -> bool {
        self.manifest.backend == Backend::Containers || self.manifest.requires.docker
    }
}

/// Merges the three sources of a submission's environment; the harness's variables win.
pub(super) fn environment(
    surroundings: BTreeMap<String, String>,
    manifest: &Manifest,
    variables: &Expansion,
) -> Result<BTreeMap<String, String>, super::UnknownVariable> {
    let mut environment = surroundings;
    for (name, value) in manifest.start.iter().flat_map(|start| &start.env) {
        environment.insert(name.clone(), variables.expand(value)?);
    }
    environment.extend(variables.variables().clone());
    Ok(environment)
}

fn expansion(error: super::UnknownVariable) -> Fault {
    Fault::failed("submission.toml", "only the variables of the harness", error.to_string())
}
