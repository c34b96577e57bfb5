//! The submission while it runs, as `context.rs` sees it: one that the harness started, or one that it was attached to. Of the
//! latter it knows an address and credentials, and nothing else can be asked.

use super::{
    Account, AccountSource, Call, CommandOutput, Expansion, Fence, LogText, Manifest, Place, Process, Secret,
    UnknownVariable, inspect,
    launch::{Launch, Running, Tools},
    start::{StartPlan, environment},
};
use crate::{
    check::Fault,
    mutant::Mutant,
    redact::Redactor,
    tool::Tool,
    wire::BucketAccess,
    world::{World, docker, s3::S3World},
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Mutex, time::timeout};

/// A stop command that takes longer is cut short by SIGTERM.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// The endpoint that is asked whether the submission is ready, when there are several.
const MAIN_ENDPOINT: &str = "tracking";

/// A submission that answers.
#[derive(Debug)]
pub struct Deployment {
    endpoints: BTreeMap<String, String>,
    redactor: Redactor,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Started(Arc<Started>),
    Attached(Attached),
}

/// A service that somebody else runs.
#[derive(Clone, Debug)]
pub(super) struct Attached {
    url: String,
    pub(super) account: Option<Account>,
}

/// A submission that the harness runs.
pub(super) struct Started {
    pub(super) manifest: Manifest,
    pub(super) place: Place,
    pub(super) tools: Tools,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) start_command: Option<Vec<String>>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) redactor: Redactor,
    pub(super) running: Mutex<Option<Running>>,
    variables: Expansion,
    endpoints: BTreeMap<String, String>,
    pub(super) accounts: BTreeMap<String, AccountSource>,
    pub(super) mutant: Option<Arc<Mutant>>,
    pub(super) fence: Arc<Fence>,
    pub(super) world: Arc<World>,
    outputs: SyncMutex<Vec<(super::output::Output, super::output::Output)>>,
}

impl std::fmt::Debug for Started {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Started").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Attached {
    /// Credentials from `LAB_ADMIN_USERNAME` and `LAB_ADMIN_PASSWORD`, or as MLflow's own clients name them.
    pub(super) fn from_environment(url: &str, redactor: &Redactor) -> Self {
        let first = |names: [&str; 2]| names.iter().find_map(|name| std::env::var(name).ok());
        let username = first(["LAB_ADMIN_USERNAME", "MLFLOW_TRACKING_USERNAME"]);
        let password = first(["LAB_ADMIN_PASSWORD", "MLFLOW_TRACKING_PASSWORD"]);
        if let Some(password) = &password {
            redactor.learn("$LAB_ADMIN_PASSWORD", password);
        }
        let account = username.zip(password).map(|(username, password)| Account { username, password });
        Self { url: url.trim_end_matches('/').to_owned(), account }
    }
}

impl Started {
    pub(super) fn new(
        plan: StartPlan,
        manifest: Manifest,
        place: Place,
        variables: &Expansion,
        surroundings: BTreeMap<String, String>,
    ) -> Result<Self, UnknownVariable> {
        let redactor = Redactor::default();
        for (name, secret) in plan.world.secrets() {
            redactor.learn(&format!("${name}"), secret);
        }
        if let Some(s3) = plan.world.s3() {
            redactor.learn("$HARNESS_S3_SECRET_ACCESS_KEY", &s3.access().secret_access_key);
        }
        let expand = |(name, endpoint): (&String, &String)| {
            let reached = plan.fence.sandbox().map(|sandbox| sandbox.reached(endpoint));
            Ok((name.clone(), variables.expand(reached.as_deref().unwrap_or(endpoint))?))
        };
        let endpoints = manifest.endpoints.iter().map(expand).collect::<Result<_, _>>()?;
        let accounts = manifest.accounts.iter().map(|(name, source)| {
            let option = |text: &Option<String>| text.as_deref().map(|text| variables.expand(text)).transpose();
            let source = AccountSource {
                username: variables.expand(&source.username)?,
                password: option(&source.password)?,
                password_file: option(&source.password_file)?,
            };
            Ok((name.clone(), source))
        });
        let accounts = accounts.collect::<Result<_, _>>()?;
        let ca_file =
            manifest.tls.ca_file.as_deref().map(|file| variables.expand(file)).transpose()?.map(PathBuf::from);
        let start_command = manifest.start.as_ref().map(|start| variables.expand_all(&start.command)).transpose()?;
        Ok(Self {
            environment: environment(surroundings, &manifest, variables)?,
            tools: plan.tools,
            running: Mutex::default(),
            variables: variables.clone(),
            mutant: plan.mutant,
            fence: plan.fence,
            world: plan.world,
            outputs: SyncMutex::default(),
            manifest,
            place,
            start_command,
            ca_file,
            redactor,
            endpoints,
            accounts,
        })
    }

    pub(super) fn main_endpoint(&self) -> Option<&str> {
        self.endpoints.get(MAIN_ENDPOINT).or_else(|| self.endpoints.values().next()).map(String::as_str)
    }

    pub(super) fn remember_output(&self, running: &Running) {
        let mut outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        outputs.push((running.stdout.clone(), running.stderr.clone()));
    }

    fn account(&self, name: &str) -> Result<Account, Fault> {
        let what = || format!("`[accounts.{name}]` of submission.toml");
        let source = self.accounts.get(name).ok_or_else(|| Fault::failed(what(), "an account", "nothing"))?;
        let password = match (&source.password, &source.password_file) {
            (Some(password), _) => password.clone(),
            (None, Some(file)) => {
                std::fs::read_to_string(file).map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).map_err(
                    |error| Fault::failed(what(), "a password file that can be read", format!("{file}: {error}")),
                )?
            }
            (None, None) => return Err(Fault::failed(what(), "a password", "nothing")),
        };
        self.redactor.learn(&format!("$LAB_{}_PASSWORD", name.to_uppercase()), &password);
        Ok(Account { username: source.username.clone(), password })
    }

    async fn run(&self, command: &[String]) -> Result<CommandOutput, Fault> {
        self.run_until(&self.expanded(command, &[])?, &[], None).await
    }

    async fn restart(&self) -> Result<(), Fault> {
        let Some(step) = &self.manifest.restart else {
            self.halt().await;
            return self.launch().await;
        };
        let output = self.run(&step.command).await?;
        if output.status != 0 {
            let actual = format!("exit code {}\n{}", output.status, output.stderr);
            return Err(Fault::failed("the restart command of submission.toml", "exit code 0", actual));
        }
        let mut running = self.running.lock().await;
        let Some(running) = running.as_mut() else { return Ok(()) };
        let ready = self.until_ready(running).await;
        ready
            .map_err(|unready| Fault::failed("the submission after its restart", "ready again", format!("{unready:?}")))
    }

    async fn halt(&self) {
        if let Some(step) = &self.manifest.stop {
            // However it ends, everything is stopped below.
            let _ = timeout(STOP_LIMIT, self.run(&step.command)).await;
        }
        if let Some(mut running) = self.running.lock().await.take() {
            running.stop().await;
        }
        if let Some(sandbox) = self.fence.sandbox() {
            sandbox.remove_service().await;
        }
    }

    async fn logs(&self) -> Result<Vec<LogText>, Fault> {
        let mut logs = Vec::new();
        for (stdout, stderr) in self.outputs.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            logs.push(LogText { name: "stdout".to_owned(), text: stdout.text() });
            logs.push(LogText { name: "stderr".to_owned(), text: stderr.text() });
        }
        let patterns = self.expanded(&self.manifest.logs.files, &[])?;
        for file in inspect::matching(&patterns) {
            let name = file.display().to_string();
            let text = inspect::log_text(&file);
            let text = text.map_err(|error| {
                Fault::failed("a log file of submission.toml", "a readable file", format!("{name}: {error}"))
            })?;
            logs.push(LogText { name, text });
        }
        if let Some(command) = &self.manifest.logs.command {
            let output = self.run(command).await?;
            logs.push(LogText { name: command.join(" "), text: output.stdout + &output.stderr });
        }
        Ok(logs)
    }

    fn secrets(&self) -> Result<Vec<Secret>, Fault> {
        let patterns = self.expanded(&self.manifest.secrets.files, &[])?;
        let mut secrets: Vec<Secret> =
            inspect::matching(&patterns).iter().filter_map(|file| inspect::secret(file)).collect();
        let passwords = self.accounts.keys().filter_map(|name| {
            let account = self.account(name).ok()?;
            Some(Secret { name: format!("the password of account `{name}`"), value: account.password })
        });
        secrets.extend(passwords);
        let given = self.world.secrets().into_iter();
        secrets.extend(given.map(|(name, value)| Secret { name: name.to_owned(), value: value.to_owned() }));
        Ok(secrets)
    }

    /// Starts the service itself behind the submission's fence.
    pub(super) fn start_service(&self, command: &[String]) -> Result<Running, Fault> {
        match self.fence.sandbox() {
            None => self.start_here(command, &self.environment),
            Some(sandbox) => self.start_docker(&sandbox.service(&self.place, command)),
        }
    }

    /// Starts a command behind the submission's fence, with these variables besides its own.
    pub(super) fn start_command(&self, command: &[String], variables: &[(String, String)]) -> Result<Running, Fault> {
        match self.fence.sandbox() {
            None => {
                let mut environment = self.environment.clone();
                environment.extend(variables.iter().cloned());
                self.start_here(command, &environment)
            }
            Some(sandbox) => self.start_docker(&sandbox.command(&self.place, command, variables)),
        }
    }

    fn start_here(&self, command: &[String], environment: &BTreeMap<String, String>) -> Result<Running, Fault> {
        let (supervisor, folder, grace) = (&self.tools.lab_runner, &self.place.submission, self.grace());
        launched(Launch { supervisor, command, folder, environment, grace })
    }

    fn start_docker(&self, command: &[String]) -> Result<Running, Fault> {
        let Some(sandbox) = self.fence.sandbox() else { return Err(Fault::Harness("there is no sandbox".to_owned())) };
        let (supervisor, folder) = (&self.tools.lab_runner, sandbox.client_folder());
        let environment = &sandbox.client_environment();
        launched(Launch { supervisor, command, folder, environment, grace: self.grace() })
    }

    /// The harness's variables filled in, these in front of its own.
    pub(super) fn expanded(&self, texts: &[String], variables: &[(String, String)]) -> Result<Vec<String>, Fault> {
        let known = self.variables.with(variables.iter().cloned());
        known.expand_all(texts).map_err(|error| Fault::Harness(error.to_string()))
    }

    /// Something that the submission says under `[files]`.
    fn file(&self, name: &str) -> Result<PathBuf, Fault> {
        let what = || format!("`{name}` under `[files]` of submission.toml");
        let declared = self.manifest.files.get(name).ok_or_else(|| Fault::failed(what(), "a path", "nothing"))?;
        let declared = self.expanded(std::slice::from_ref(declared), &[])?.concat();
        let expected = "a file or a folder that is there";
        let path = self.place.submission.join(&declared).canonicalize();
        let path = path.map_err(|error| Fault::failed(what(), expected, format!("{declared}: {error}")))?;
        // A link may lead anywhere; what the harness reads must be the submission's.
        let root = self.place.root().canonicalize().map_err(|error| Fault::Harness(error.to_string()))?;
        if path.starts_with(root) { Ok(path) } else { Err(Fault::failed(what(), "a path inside its folder", declared)) }
    }
}

fn launched(launch: Launch<'_>) -> Result<Running, Fault> {
    launch.start().map_err(|error| Fault::Harness(format!("the supervisor: {error}")))
}

impl Deployment {
    pub(super) fn started(started: Started) -> Self {
        let (endpoints, redactor) = (started.endpoints.clone(), started.redactor.clone());
        Self { endpoints, redactor, kind: Kind::Started(Arc::new(started)) }
    }

    pub(super) fn attached(attached: Attached, redactor: Redactor) -> Self {
        let endpoints = [(MAIN_ENDPOINT.to_owned(), attached.url.clone())].into();
        Self { endpoints, redactor, kind: Kind::Attached(attached) }
    }

    /// Stops the submission and all that it started. Dropping the last handle does the same, and removes its folders, but does not
    /// wait for the submission's processes.
    pub async fn close(&self) {
        let Kind::Started(started) = &self.kind else { return };
        started.halt().await;
        if started.starts_containers() {
            started.place.remove_containers().await;
        }
    }

    /// The endpoint that stands for the submission: `tracking` where there is one, else the first.
    #[must_use]
    pub fn main_endpoint_name(&self) -> &str {
        let first = || self.endpoints.keys().next().map_or(MAIN_ENDPOINT, String::as_str);
        if self.endpoints.contains_key(MAIN_ENDPOINT) { MAIN_ENDPOINT } else { first() }
    }

    /// The same submission, seen through another address, such as a fault proxy's; readiness is still asked directly.
    #[must_use]
    pub fn rerouted(&self, endpoint: &str, url: String) -> Self {
        let mut endpoints = self.endpoints.clone();
        endpoints.insert(endpoint.to_owned(), url);
        Self { endpoints, redactor: self.redactor.clone(), kind: self.kind.clone() }
    }

    /// How the submission is fenced in, in words for the report.
    #[must_use]
    pub fn isolation(&self) -> String {
        match &self.kind {
            Kind::Started(started) => started.fence.sentence(),
            Kind::Attached(_) => "attached: the service was not started by the harness".to_owned(),
        }
    }

    /// Why the world under the submission is gone, if it is: what fails then is not the submission's fault.
    pub async fn world_is_gone(&self) -> Option<String> {
        let started = self.own()?;
        if started.uses_docker() { docker::at_hand().await.err() } else { None }
    }

    pub(crate) fn endpoint(&self, name: &str) -> Result<&str, Fault> {
        self.endpoints.get(name).map(String::as_str).ok_or_else(|| {
            Fault::failed(format!("`[endpoints]` of submission.toml: `{name}`"), "an address", "nothing")
        })
    }

    /// What must not be read in any report of this submission.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(crate) fn ca_file(&self) -> Option<PathBuf> {
        self.own().and_then(|started| started.ca_file.clone())
    }

    pub(crate) fn account(&self, name: &str) -> Result<Account, Fault> {
        match &self.kind {
            Kind::Started(started) => started.account(name),
            Kind::Attached(Attached { account: Some(account), .. }) if name == "admin" => Ok(account.clone()),
            Kind::Attached(_) => Err(Fault::NotRun(format!("there are no credentials for `{name}`"))),
        }
    }

    pub(crate) fn bucket_access(&self) -> Result<BucketAccess, Fault> {
        Ok(self.bucket()?.access().clone())
    }

    pub(crate) async fn s3_key_ids(&self) -> Result<Vec<String>, Fault> {
        self.bucket()?.submission_key_ids().await
    }

    pub(crate) async fn call(&self, call: Call<'_>) -> Result<CommandOutput, Fault> {
        self.ours()?.call(call).await
    }

    pub(crate) fn file(&self, name: &str) -> Result<PathBuf, Fault> {
        self.ours()?.file(name)
    }

    pub(crate) fn scratch(&self) -> Result<PathBuf, Fault> {
        self.ours()?.place.scratch().map_err(|error| Fault::Environment(error.to_string()))
    }

    pub(crate) fn tool(&self, name: &str) -> Result<Tool, Fault> {
        let started = self.ours()?;
        let tool = Tool::find(name, &started.tools).map_err(Fault::NotRun)?;
        Ok(tool.in_folder(started.place.root(), &self.redactor))
    }

    pub(crate) fn world(&self) -> Result<&World, Fault> {
        Ok(&self.ours()?.world)
    }

    pub(crate) async fn restart(&self) -> Result<(), Fault> {
        self.ours()?.restart().await
    }

    pub(crate) async fn processes(&self) -> Result<Vec<Process>, Fault> {
        let started = self.ours()?;
        let supervisor = started.running.lock().await.as_ref().and_then(Running::supervisor_pid);
        let processes = match started.fence.sandbox() {
            Some(sandbox) => inspect::processes(None, &sandbox.project(), true).await,
            None => inspect::processes(supervisor, &started.place.project, started.uses_docker()).await,
        };
        processes.map_err(Fault::Environment)
    }

    pub(crate) async fn logs(&self) -> Result<Vec<LogText>, Fault> {
        self.ours()?.logs().await
    }

    pub(crate) fn secrets(&self) -> Result<Vec<Secret>, Fault> {
        self.ours()?.secrets()
    }

    pub(crate) fn images(&self) -> &[String] {
        self.own().map_or(&[], |started| &started.manifest.secrets.images)
    }

    pub(crate) async fn secrets_in_images(&self, secrets: &[Secret]) -> Result<Vec<String>, Fault> {
        docker::at_hand().await.map_err(Fault::NotRun)?;
        let mut found = Vec::new();
        for image in self.images() {
            found.extend(inspect::secrets_in_image(image, secrets).await.map_err(Fault::Environment)?);
        }
        Ok(found)
    }

    pub(crate) fn claims(&self, capability: &str) -> bool {
        self.own().is_some_and(|started| started.manifest.capabilities.claims.iter().any(|claim| claim == capability))
    }

    fn own(&self) -> Option<&Started> {
        match &self.kind {
            Kind::Started(started) => Some(started),
            Kind::Attached(_) => None,
        }
    }

    fn ours(&self) -> Result<&Started, Fault> {
        self.own().ok_or_else(|| Fault::NotRun("the harness did not start this submission".to_owned()))
    }

    fn bucket(&self) -> Result<&S3World, Fault> {
        let s3 = self.world()?.s3();
        s3.ok_or_else(|| Fault::NotRun("this lab gives no bucket".to_owned()))
    }
}
