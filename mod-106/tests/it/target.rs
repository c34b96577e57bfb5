//! The servers under the tests: each a process of its own in a temporary folder, started on first use and stopped at the end.

use super::peer::Peer;
use mod_106::client::{Client, Config, Credentials};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// One kind of server.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    kind: Kind,
    side: OnceLock<Result<Side, Absent>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A folder of `target/labs`.
    MlFlow(&'static str),
    Embedded,
}

/// A server that runs, and a Python client that is connected to it.
pub(crate) struct Side {
    /// Which target this is.
    pub(crate) target: &'static str,
    pub(crate) uri: String,
    /// `2`, `3`: which MLflow answers, or is imitated.
    pub(crate) major: char,
    pub(crate) peer: Peer,
    /// Held, for the folder goes when this does.
    _folder: tempfile::TempDir,
    server: Mutex<Child>,
}

/// Why there is no server.
#[derive(Clone)]
pub(crate) enum Absent {
    /// Its programs are not on this machine.
    NotHere(String),
    /// They are, and do not work.
    Broken(String),
}

pub(crate) const ADMIN: &str = "admin";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
// MLflow 3.x took 160 s on a machine with seven builds on two cores.
const READY_WITHIN: Duration = Duration::from_secs(420);

impl Target {
    pub(crate) fn all() -> [Self; 3] {
        let kinds = [("mlflow-2.22", Kind::MlFlow("mlflow-2.22")), ("mlflow-3", Kind::MlFlow("mlflow-3"))];
        let [two, three] = kinds.map(|(name, kind)| Self { name, kind, side: OnceLock::new() });
        [two, three, Self { name: "embedded", kind: Kind::Embedded, side: OnceLock::new() }]
    }

    pub(crate) fn side(&self) -> Result<&Side, Absent> {
        self.side.get_or_init(|| self.start()).as_ref().map_err(Clone::clone)
    }

    pub(crate) fn stop(&self) {
        self.stop_server();
        if let Some(Ok(side)) = self.side.get() {
            side.peer.stop();
        }
    }

    pub(crate) fn stop_server(&self) {
        if let Some(Ok(side)) = self.side.get() {
            stop(&mut side.server.lock().unwrap());
        }
    }

    fn start(&self) -> Result<Side, Absent> {
        // The embedded server is looked at with the client whose server it imitates.
        let environment = if let Kind::MlFlow(name) = self.kind { name } else { "mlflow-2.22" };
        let programs = labs().join(environment).join("bin");
        if !programs.join("python").exists() {
            let reason = format!("no target/labs/{environment}; `cargo xtask images --process` makes it");
            return Err(Absent::NotHere(reason));
        }
        let folder = tempfile::tempdir().map_err(|error| Absent::Broken(error.to_string()))?;
        let started = match self.kind {
            Kind::MlFlow(_) => start_mlflow(environment, &programs, folder.path(), "basic"),
            Kind::Embedded => start_embedded(folder.path(), "basic"),
        };
        let (uri, server) = started.map_err(Absent::Broken)?;
        let peer = Peer::start(&programs.join("python"), &uri).map_err(Absent::Broken)?;
        let major = peer.version.chars().next().unwrap_or('?');
        Ok(Side { target: self.name, uri, major, peer, _folder: folder, server: Mutex::new(server) })
    }
}

impl Side {
    /// A client with the administrator's credentials. Each test makes its own: connections belong to a test's runtime.
    pub(crate) fn client(&self) -> Client {
        self.client_as(Credentials::basic(ADMIN, PASSWORD))
    }

    pub(crate) fn client_as(&self, credentials: Credentials) -> Client {
        let mut config = Config::new(&self.uri).unwrap();
        config.credentials = credentials;
        config.proxies_from_environment = false;
        Client::new(&config).unwrap()
    }

    /// A name that no other test uses.
    pub(crate) fn name(&self, prefix: &str) -> String {
        format!("{prefix}-{}", uuid::Uuid::new_v4().simple())
    }
}

/// MLflow 2.22 and our own server, both fresh and open to anyone: MLflow hashes the password anew for each request, which is most of
/// the time that many small ones take.
pub(crate) struct OpenPair {
    pub(crate) reference: String,
    pub(crate) embedded: String,
    servers: [Child; 2],
    _folder: tempfile::TempDir,
}

impl OpenPair {
    pub(crate) fn start() -> Result<Self, Absent> {
        let programs = labs().join("mlflow-2.22/bin");
        if !programs.join("mlflow").exists() {
            let reason = "no target/labs/mlflow-2.22; `cargo xtask images --process` makes it";
            return Err(Absent::NotHere(reason.to_owned()));
        }
        let folder = tempfile::tempdir().map_err(|error| Absent::Broken(error.to_string()))?;
        let below = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).map(|()| path).map_err(|error| Absent::Broken(error.to_string()))
        };
        let (embedded, ours) = start_embedded(&below("embedded")?, "none").map_err(Absent::Broken)?;
        match start_mlflow("mlflow-2.22", &programs, &below("mlflow")?, "none") {
            Ok((reference, theirs)) => Ok(Self { reference, embedded, servers: [theirs, ours], _folder: folder }),
            Err(reason) => {
                let mut ours = ours;
                stop(&mut ours);
                Err(Absent::Broken(reason))
            }
        }
    }
}

impl Drop for OpenPair {
    fn drop(&mut self) {
        self.servers.iter_mut().for_each(stop);
    }
}

/// Our own server with users, and metrics on a port of their own.
pub(crate) struct Observed {
    pub(crate) uri: String,
    /// The whole address, `/metrics` included.
    pub(crate) metrics: String,
    server: Child,
    _folder: tempfile::TempDir,
}

impl Observed {
    pub(crate) fn start() -> Result<Self, Absent> {
        let broken = |error: std::io::Error| Absent::Broken(error.to_string());
        let folder = tempfile::tempdir().map_err(broken)?;
        // A finished backup, for its age to be seen.
        std::fs::create_dir_all(folder.path().join("backups/monday")).map_err(broken)?;
        std::fs::write(folder.path().join("backups/monday/artifacts.jsonl"), "").map_err(broken)?;
        let port = free_port().map_err(broken)?;
        let backups = folder.path().join("backups").display().to_string();
        let more = ["--metrics-address", &format!("127.0.0.1:{port}"), "--backups", &backups];
        let (uri, server) = start_embedded_with(folder.path(), "basic", &more).map_err(Absent::Broken)?;
        Ok(Self { uri, metrics: format!("http://127.0.0.1:{port}/metrics"), server, _folder: folder })
    }

    pub(crate) fn http(&self) -> reqwest::Client {
        reqwest::Client::builder().no_proxy().build().unwrap()
    }

    pub(crate) fn with_password(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.basic_auth(ADMIN, Some(PASSWORD))
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        stop(&mut self.server);
    }
}

/// A port that is free now, for programs that cannot report one that they chose themselves; nobody else is told of it.
pub(crate) fn free_port() -> std::io::Result<u16> {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).map(|at| at.port())
}

/// Runs a test's future.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Where `cargo xtask images --process` puts programs.
pub(crate) fn labs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/labs")
}

fn start_mlflow(environment: &str, programs: &Path, folder: &Path, auth: &str) -> Result<(String, Child), String> {
    let port = free_port().map_err(|error| error.to_string())?;
    let path = |name: &str| folder.join(name).display().to_string();
    let settings = format!(
        "[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = sqlite:///{}\nadmin_username = {ADMIN}\nadmin_password = {PASSWORD}\n\
         authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
        path("auth.db")
    );
    std::fs::write(folder.join("auth.ini"), settings).map_err(|error| error.to_string())?;
    let mut command = Command::new(programs.join("mlflow"));
    command.args(["server", "--host", "127.0.0.1", "--port", &port.to_string(), "--workers", "1"]);
    command.args(["--backend-store-uri", &format!("sqlite:///{}", path("mlflow.db"))]);
    command.args(["--artifacts-destination", &path("artifacts")]);
    if auth == "basic" {
        command.args(["--app-name", "basic-auth"]);
    }
    if environment == "mlflow-2.22" {
        // Its gunicorn kills a worker that is busy for 30 s, as with a large file on a busy machine.
        command.args(["--gunicorn-opts", "--timeout 600"]);
    }
    command.env("MLFLOW_AUTH_CONFIG_PATH", folder.join("auth.ini")).env("MLFLOW_FLASK_SERVER_SECRET_KEY", "for a test");
    let uri = format!("http://127.0.0.1:{port}");
    let server = spawn(command, folder)?;
    wait_until_ready(server, folder, || block_on(health(&uri)).then(|| uri.clone()))
}

/// Our own server in a folder; ready when this returns.
pub(crate) fn start_embedded(folder: &Path, auth: &str) -> Result<(String, Child), String> {
    start_embedded_with(folder, auth, &[])
}

fn start_embedded_with(folder: &Path, auth: &str, more: &[&str]) -> Result<(String, Child), String> {
    std::fs::write(folder.join("password"), PASSWORD).map_err(|error| error.to_string())?;
    let path = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
    command.args(["serve", "--host", "127.0.0.1", "--port", "0", "--auth", auth]);
    command.args(["--database", &format!("sqlite://{}", path("mlflow.db")), "--artifacts", &path("artifacts")]);
    command.args(["--admin-password-file", &path("password"), "--ready-file", &path("ready")]).args(more);
    let server = spawn(command, folder)?;
    let uri = || std::fs::read_to_string(folder.join("ready")).ok().map(|uri| uri.trim().to_owned());
    wait_until_ready(server, folder, || uri().filter(|uri| !uri.is_empty() && block_on(health(uri))))
}

/// Starts a server at the head of a process group, so that its workers can be stopped with it.
fn spawn(mut command: Command, folder: &Path) -> Result<Child, String> {
    let log = std::fs::File::create(folder.join("log")).map_err(|error| error.to_string())?;
    let errors = log.try_clone().map_err(|error| error.to_string())?;
    command.current_dir(folder).stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
    command.spawn().map_err(|error| format!("{command:?}: {error}"))
}

fn wait_until_ready(
    mut server: Child,
    folder: &Path,
    ready: impl Fn() -> Option<String>,
) -> Result<(String, Child), String> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        if let Some(uri) = ready() {
            return Ok((uri, server));
        }
        let ended = server.try_wait().ok().flatten();
        if ended.is_some() || Instant::now() > deadline {
            stop(&mut server);
            let mut log = String::new();
            let read = std::fs::File::open(folder.join("log")).and_then(|mut file| file.read_to_string(&mut log));
            return Err(format!("the server did not get ready (exit {ended:?}, log {read:?}):\n{log}"));
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

async fn health(uri: &str) -> bool {
    let mut config = Config::new(uri).unwrap();
    config.retries.retries = 0;
    config.proxies_from_environment = false;
    Client::new(&config).unwrap().health().await.is_ok()
}

pub(crate) fn stop(server: &mut Child) {
    let group = format!("-{}", server.id());
    for signal in ["-TERM", "-KILL"] {
        let sent = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while sent.is_ok() && Instant::now() < deadline && server.try_wait().is_ok_and(|ended| ended.is_none()) {
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}
