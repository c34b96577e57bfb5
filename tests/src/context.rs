//! What a check is given: the submission's addresses, accounts, files and commands, the world's services, judges, names of its own,
//! and a wire that records what was said. A context holds no verdict and decides nothing; `run.rs` makes one for each check.
//! Next on the data's way: `submission/deployment.rs`, which answers most of these questions.

pub use crate::submission::Call;
use crate::{
    check::Fault,
    submission::{Account, CommandOutput, Deployment, LogText, Process, Secret},
    tool::Tool,
    tracking::Tracking,
    wire::{Bucket, Wire},
    world::{alerts::Alerts, github::Github, sink::Sink},
};
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A check's view of the submission and the world. Cheap to clone; clones share the wire and the observations.
#[derive(Clone, Debug)]
pub struct Context(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    check: String,
    seed: u64,
    deployment: Arc<Deployment>,
    wire: Wire,
    observations: Mutex<BTreeMap<String, String>>,
    drawn: AtomicU64,
}

impl Context {
    /// A fresh view for one run of one check.
    #[must_use]
    pub fn new(check: &str, seed: u64, deployment: Arc<Deployment>) -> Self {
        let wire = Wire::new(deployment.ca_file(), deployment.redactor().clone());
        let observations = Mutex::default();
        Self(Arc::new(Inner {
            check: check.to_owned(),
            seed,
            deployment,
            wire,
            observations,
            drawn: AtomicU64::new(0),
        }))
    }

    /// The seed of this run, from which every generated name and value follows.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// A name nobody else uses: unique to the run's seed, to the check and to the call, so that all checks can share a server.
    #[must_use]
    pub fn name(&self, prefix: &str) -> String {
        format!("{prefix}-{:08x}-{}", self.salt() & 0xffff_ffff, self.0.drawn.fetch_add(1, Ordering::Relaxed))
    }

    /// Random numbers that follow from the seed and the check; each call begins a new stream.
    #[must_use]
    pub fn rng(&self) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.salt().wrapping_add(self.0.drawn.fetch_add(1, Ordering::Relaxed)))
    }

    /// The wire on which this check speaks; it keeps the transcript for the report.
    #[must_use]
    pub fn wire(&self) -> &Wire {
        &self.0.wire
    }

    /// Where the submission answers: `https://127.0.0.1:4711`, without a slash at the end.
    ///
    /// # Errors
    /// The submission declares no such endpoint.
    pub fn endpoint(&self, name: &str) -> Result<&str, Fault> {
        self.0.deployment.endpoint(name)
    }

    /// An account that the submission hands to the checks. Its password file is read anew at each call, because rotation changes it.
    ///
    /// # Errors
    /// The submission declares no such account, or its password file cannot be read.
    pub fn account(&self, name: &str) -> Result<Account, Fault> {
        self.0.deployment.account(name)
    }

    /// The world's S3 bucket, seen with the harness's own keys.
    ///
    /// # Errors
    /// *Not run* where the harness does not own the bucket.
    pub fn bucket(&self) -> Result<Bucket, Fault> {
        self.0.deployment.bucket_access().map(|access| Bucket::new(access, self.0.wire.clone()))
    }

    /// The access key ids with which the submission can reach the bucket now; rotation must change them.
    ///
    /// # Errors
    /// *Not run* where the harness does not own the bucket.
    pub async fn s3_key_ids(&self) -> Result<Vec<String>, Fault> {
        self.0.deployment.s3_key_ids().await
    }

    /// Runs one of the submission's named commands in its folder and waits for it, as long as the check itself may take.
    ///
    /// # Errors
    /// The submission offers no such command, or it cannot be started. A status other than zero is *not* an error here.
    pub async fn command(&self, name: &str) -> Result<CommandOutput, Fault> {
        self.call(Call { limit: Duration::MAX, ..Call::of(name, &[]) }).await
    }

    /// Runs one of the submission's named commands with these arguments after its own; it gets a minute.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub async fn run(&self, name: &str, arguments: &[&str]) -> Result<CommandOutput, Fault> {
        self.call(Call::of(name, arguments)).await
    }

    /// Runs one of the submission's named commands.
    ///
    /// # Errors
    /// The submission offers no such command, it cannot be started, or takes too long. A status other than zero is *not* an error.
    pub async fn call(&self, call: Call<'_>) -> Result<CommandOutput, Fault> {
        self.0.deployment.call(call).await
    }

    /// A new empty folder in which the submission and the check may both write; it is gone after the run.
    ///
    /// # Errors
    /// The disk is full; *not run* where the harness did not start the submission.
    pub fn scratch(&self) -> Result<PathBuf, Fault> {
        self.0.deployment.scratch()
    }

    /// Where a file or a folder is that the submission names under `[files]`, in the copy that runs.
    ///
    /// # Errors
    /// The submission names none, or it is not there, or leads out of its folder.
    pub fn file(&self, name: &str) -> Result<PathBuf, Fault> {
        self.0.deployment.file(name)
    }

    /// A program that judges: our own, or one that `cargo xtask images` has installed.
    ///
    /// # Errors
    /// *Not run* where it is not on this machine.
    pub fn tool(&self, name: &str) -> Result<Tool, Fault> {
        self.0.deployment.tool(name)
    }

    /// The world's tracking server, as its administrator sees it.
    ///
    /// # Errors
    /// *Not run* where the lab gives none.
    pub fn tracking(&self) -> Result<Tracking, Fault> {
        let given = self.0.deployment.world()?.tracking().ok_or_else(|| not_given("tracking server"))?;
        Ok(Tracking::at(self.0.wire.clone(), given.url(), Some(given.admin().clone())))
    }

    /// The world's GitHub.
    ///
    /// # Errors
    /// *Not run* where the lab gives none.
    pub fn github(&self) -> Result<&Github, Fault> {
        self.0.deployment.world()?.github().ok_or_else(|| not_given("GitHub"))
    }

    /// The world's Alertmanager.
    ///
    /// # Errors
    /// *Not run* where the lab gives none.
    pub fn alerts(&self) -> Result<&Alerts, Fault> {
        self.0.deployment.world()?.alerts().ok_or_else(|| not_given("Alertmanager"))
    }

    /// The world's webhook.
    ///
    /// # Errors
    /// *Not run* where the lab gives none.
    pub fn sink(&self) -> Result<&Sink, Fault> {
        self.0.deployment.world()?.sink().ok_or_else(|| not_given("webhook"))
    }

    /// Restarts the submission with the same environment and waits until it is ready again.
    ///
    /// # Errors
    /// It did not come back, or the harness did not start it.
    pub async fn restart(&self) -> Result<(), Fault> {
        self.0.deployment.restart().await
    }

    /// Every process of the submission, those in its containers included.
    ///
    /// # Errors
    /// *Not run* where the harness did not start the submission.
    pub async fn processes(&self) -> Result<Vec<Process>, Fault> {
        self.0.deployment.processes().await
    }

    /// What the submission has written: its output, and the log files or the log command it declares.
    ///
    /// # Errors
    /// *Not run* where the harness did not start the submission.
    pub async fn logs(&self) -> Result<Vec<LogText>, Fault> {
        self.0.deployment.logs().await
    }

    /// The secrets that the submission declares, and those the harness handed to it.
    ///
    /// # Errors
    /// *Not run* where the harness did not start the submission.
    pub async fn secrets(&self) -> Result<Vec<Secret>, Fault> {
        self.0.deployment.secrets()
    }

    /// The container images that the submission runs.
    #[must_use]
    pub fn images(&self) -> &[String] {
        self.0.deployment.images()
    }

    /// Where the given secrets stand in the submission's images (layers and configuration), as `image: file` lines.
    ///
    /// # Errors
    /// *Not run* without Docker; an environment fault when an image cannot be read.
    pub async fn secrets_in_images(&self, secrets: &[Secret]) -> Result<Vec<String>, Fault> {
        self.0.deployment.secrets_in_images(secrets).await
    }

    /// Whether the submission claims a capability.
    #[must_use]
    pub fn claims(&self, capability: &str) -> bool {
        self.0.deployment.claims(capability)
    }

    /// Notes something that must not depend on the backend; `--parity` compares it.
    pub fn observe(&self, key: &str, value: impl ToString) {
        let mut observations = self.0.observations.lock().unwrap_or_else(PoisonError::into_inner);
        observations.insert(key.to_owned(), value.to_string());
    }

    /// Everything noted so far.
    #[must_use]
    pub fn observations(&self) -> BTreeMap<String, String> {
        self.0.observations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn salt(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.0.seed, &self.0.check).hash(&mut hasher);
        hasher.finish()
    }
}

fn not_given(service: &str) -> Fault {
    Fault::NotRun(format!("this lab gives no {service}"))
}
