//! MLflow 2.22 from `target/labs`, with the authentication app that it ships.

use super::{ADMIN, DEFAULT_PERMISSION, failed, launch, ready};
use crate::{
    check::Fault,
    submission::{
        Account, free_port,
        launch::{Running, Tools},
    },
};
use std::{collections::BTreeMap, fs, iter, net::IpAddr, path::Path, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt, process::Command};

/// Python imports half of its world first, and makes two databases.
const READY_LIMIT: Duration = Duration::from_secs(180);

/// The environment under `target/labs`.
const ENVIRONMENT: &str = "mlflow-2.22";

pub(super) async fn start(
    host: IpAddr,
    folder: &Path,
    admin: &Account,
    tools: &Tools,
) -> Result<(Running, String), Fault> {
    let program = tools.labs.join(ENVIRONMENT).join("bin/mlflow");
    if !program.is_file() {
        let hint = "run `cargo xtask images --process`";
        return Err(Fault::NotRun(format!("the file {} is not on this machine; {hint}", program.display())));
    }
    // MLflow cannot report a port that it chose itself; this one is free now, and nobody else is told of it.
    let port = free_port(host).map_err(|error| failed(&error))?;
    let below = |name: &str| folder.join(name).display().to_string();
    let settings = format!(
        "[mlflow]\ndefault_permission = {DEFAULT_PERMISSION}\ndatabase_uri = sqlite:///{}\nadmin_username = {ADMIN}\n\
         admin_password = {}\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
        below("auth.db"),
        admin.password,
    );
    fs::write(folder.join("auth.ini"), settings).map_err(|error| failed(&error))?;
    let (host, port_word) = (host.to_string(), port.to_string());
    let (database, artifacts) = (format!("sqlite:///{}", below("mlflow.db")), below("artifacts"));
    let program = program.display().to_string();
    let words = [
        (program.as_str(), "server"),
        ("--app-name", "basic-auth"),
        ("--host", &host),
        ("--port", &port_word),
        ("--workers", "1"),
        ("--backend-store-uri", &database),
        ("--artifacts-destination", &artifacts),
        // Its gunicorn kills a worker that is busy for 30 s, as on a busy machine.
        ("--gunicorn-opts", "--timeout 600"),
    ];
    let command: Vec<String> = words.iter().flat_map(|(name, value)| [*name, *value]).map(str::to_owned).collect();
    let key: String = iter::repeat_with(fastrand::alphanumeric).take(32).collect();
    let environment = BTreeMap::from([
        ("MLFLOW_AUTH_CONFIG_PATH".to_owned(), below("auth.ini")),
        ("MLFLOW_FLASK_SERVER_SECRET_KEY".to_owned(), key),
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
    ]);
    let running = launch(&command, environment, folder, tools)?;
    let url = format!("http://{host}:{port}");
    let running = ready(running, &url, READY_LIMIT).await?;
    hash_quickly(&tools.labs.join(ENVIRONMENT).join("bin/python"), &below("auth.db"), &admin.password).await?;
    Ok((running, url))
}

/// MLflow hashes the password again at each request, which takes a tenth of a second: thirty checks at once would wait for nothing
/// else. The admin's password is random and lives for minutes, so one round is as good.
async fn hash_quickly(python: &Path, database: &str, password: &str) -> Result<(), Fault> {
    const SCRIPT: &str = "\
import sqlite3, sys
from werkzeug.security import generate_password_hash
with sqlite3.connect(sys.argv[1]) as database:
    hashed = generate_password_hash(sys.stdin.read(), method='pbkdf2:sha256:1')
    database.execute('UPDATE users SET password_hash = ?', (hashed,))
";
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT, database]).stdin(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(password.as_bytes()).await.map_err(|error| failed(&error))?;
    }
    let done = child.wait_with_output().await.map_err(|error| failed(&error))?;
    if done.status.success() {
        return Ok(());
    }
    Err(Fault::Environment(format!("MLflow's password was not set: {}", String::from_utf8_lossy(&done.stderr))))
}
