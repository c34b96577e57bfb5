//! The given tracking server, with basic authentication and an administrator whose password is new in every run. What differs is
//! whose it is; both are processes under the harness's supervisor, over SQLite and a folder of artifacts:
//!
//! - embedded: `mod-106 serve` (`embedded.rs`)
//! - process: MLflow 2.22 with its own basic-auth app (`mlflow.rs`)

mod embedded;
mod mlflow;

use crate::{
    backend::Backend,
    check::Fault,
    private::PrivateFolder,
    submission::{
        Account, Unready,
        launch::{Launch, Running, Tools},
        until_ready,
    },
};
use std::{collections::BTreeMap, iter, net::IpAddr, time::Duration};

/// The administrator's name.
const ADMIN: &str = "admin";

/// What users may do where no permission was given.
const DEFAULT_PERMISSION: &str = "NO_PERMISSIONS";

/// Between SIGTERM and SIGKILL: nothing that it holds outlives the run.
const GRACE: Duration = Duration::from_secs(2);

/// A running tracking server. Dropping it ends it, and its folder vanishes.
#[derive(Debug)]
pub struct TrackingWorld {
    url: String,
    admin: Account,
    running: tokio::sync::Mutex<Running>,
    _folder: PrivateFolder,
}

impl TrackingWorld {
    /// Starts it where `backend` wants it.
    ///
    /// # Errors
    /// *Not run* where MLflow is not on this machine; else the environment's fault.
    pub async fn start(backend: Backend, host: IpAddr, tools: &Tools) -> Result<Self, Fault> {
        let folder = PrivateFolder::new(&tools.keeper, false).map_err(|error| failed(&error))?;
        let password = iter::repeat_with(fastrand::alphanumeric).take(24).collect();
        let admin = Account { username: ADMIN.to_owned(), password };
        let (running, url) = match backend {
            Backend::Embedded => embedded::start(host, folder.path(), &admin, tools).await?,
            Backend::Process | Backend::Containers => mlflow::start(host, folder.path(), &admin, tools).await?,
        };
        Ok(Self { url, admin, running: running.into(), _folder: folder })
    }

    /// Ends it and waits until it is gone.
    pub async fn close(&self) {
        self.running.lock().await.stop().await;
    }

    /// Where it answers, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its administrator.
    #[must_use]
    pub fn admin(&self) -> &Account {
        &self.admin
    }

    /// The names of the variables, which a manifest may use.
    pub const VARIABLES: [&str; 6] = [
        "LAB_TRACKING_URL",
        "LAB_TRACKING_USERNAME",
        "LAB_TRACKING_PASSWORD",
        "MLFLOW_TRACKING_URI",
        "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD",
    ];
}

fn failed(error: &std::io::Error) -> Fault {
    Fault::Environment(format!("the given tracking server: {error}"))
}

/// Starts a server in its folder. Its log is quoted when it does not come up.
fn launch(
    command: &[String],
    environment: BTreeMap<String, String>,
    folder: &std::path::Path,
    tools: &Tools,
) -> Result<Running, Fault> {
    let mut surroundings = environment;
    // The keeper waits for whoever has the folder in its environment.
    surroundings.insert("HOME".to_owned(), folder.display().to_string());
    surroundings.insert("TMPDIR".to_owned(), folder.display().to_string());
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    surroundings.entry("PATH".to_owned()).or_insert(path);
    let launch = Launch { supervisor: &tools.lab_runner, command, folder, environment: &surroundings, grace: GRACE };
    launch.start().map_err(|error| failed(&error))
}

/// Waits until it is healthy.
async fn ready(mut running: Running, url: &str, limit: Duration) -> Result<Running, Fault> {
    let Err(unready) = until_ready(&mut running, url, "/health", None, limit).await else { return Ok(running) };
    running.stop().await;
    let why = match unready {
        Unready::Ended(code) => format!("it ended with exit code {code}"),
        Unready::Silent(last) => last,
    };
    let said = running.stdout.last_lines(6) + &running.stderr.last_lines(6);
    Err(Fault::Environment(format!("the given tracking server: {why}\n{said}")))
}
