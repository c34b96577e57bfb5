//! How soon and how small: the embedded tracking server beside MLflow 2.22's, both on SQLite and a local folder, each from
//! start to the first 200 of `/health`, then left alone for two seconds and weighed.

use super::{
    measure::{self, Server},
    page::Figure,
};
use crate::cargo::{self, Profile};
use anyhow::{Context, Result};
use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{self, Command},
    thread,
    time::{Duration, Instant},
};

const REPEATS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(120);
const REST: Duration = Duration::from_secs(2);

/// One start of a server.
struct Start {
    ready_ms: f64,
    resident_mib: f64,
}

/// Readiness and resident memory of both.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let programs = cargo::build_programs(Profile::Release)?;
    let ours = repeat(|folder, port| {
        let mut serve = Command::new(programs.join("mod-106"));
        arguments_of_ours(&mut serve, folder, port);
        serve
    })?;
    let mlflow = mlflow()?;
    let peer = repeat(|folder, port| {
        let mut serve = Command::new(&mlflow);
        serve.args(["server", "--host", "127.0.0.1", "--port"]).arg(port.to_string());
        serve.arg("--backend-store-uri").arg(format!("sqlite:///{}", folder.join("mlflow.db").display()));
        serve.arg("--artifacts-destination").arg(folder.join("artifacts"));
        serve
    })?;
    Ok(vec![
        Figure {
            what: "tracking server: start to ready".to_owned(),
            ours: format!("{:.0} ms", ours.ready_ms),
            peer: Some(format!("MLflow 2.22: {:.0} ms", peer.ready_ms)),
            ratio: Some(peer.ready_ms / ours.ready_ms),
            must: "≤ 200 ms".to_owned(),
            met: ours.ready_ms <= 200.0,
        },
        Figure {
            what: "tracking server: resident memory when idle".to_owned(),
            ours: format!("{:.0} MiB", ours.resident_mib),
            peer: Some(format!("MLflow 2.22: {:.0} MiB", peer.resident_mib)),
            ratio: Some(peer.resident_mib / ours.resident_mib),
            must: "≤ 40 MiB".to_owned(),
            met: ours.resident_mib <= 40.0,
        },
    ])
}

/// The words that start our server on an empty folder.
pub(crate) fn arguments_of_ours(serve: &mut Command, folder: &Path, port: u16) {
    serve.args(["serve", "--auth", "none", "--port"]).arg(port.to_string());
    serve.arg("--database").arg(format!("sqlite://{}", folder.join("tracking.db").display()));
    serve.arg("--artifacts").arg(folder.join("artifacts"));
}

/// The MLflow 2.22 that `cargo xtask images --process` installs.
pub(super) fn mlflow() -> Result<PathBuf> {
    let program = cargo::root().join("target/labs/mlflow-2.22/bin/mlflow");
    anyhow::ensure!(program.exists(), "{} is missing: run `cargo xtask images --process`", program.display());
    Ok(program)
}

/// The medians of several starts, each on an empty folder.
fn repeat(command: impl Fn(&Path, u16) -> Command) -> Result<Start> {
    let mut starts = Vec::new();
    for number in 0..REPEATS {
        let folder = env::temp_dir().join(format!("xtask-bench-{}-{number}", process::id()));
        fs::create_dir_all(folder.join("artifacts")).with_context(|| format!("cannot make {}", folder.display()))?;
        let start = start(&mut command(&folder, free_port()?));
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        starts.push(start?);
    }
    Ok(Start {
        ready_ms: measure::median(starts.iter().map(|start| start.ready_ms).collect()),
        resident_mib: measure::median(starts.iter().map(|start| start.resident_mib).collect()),
    })
}

fn start(command: &mut Command) -> Result<Start> {
    let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let port = words.iter().skip_while(|word| *word != "--port").nth(1).context("the command names no port")?;
    let address = format!("127.0.0.1:{port}");
    let started = Instant::now();
    let server = Server::start(command)?;
    measure::wait_until(PATIENCE, || measure::answers(&address, "/health"))?;
    let ready_ms = started.elapsed().as_secs_f64() * 1000.0;
    let rested = Instant::now();
    while rested.elapsed() < REST {
        thread::park_timeout(REST.saturating_sub(rested.elapsed()));
    }
    Ok(Start { ready_ms, resident_mib: server.resident_mib()? })
}

/// A port that was free a moment ago: MLflow cannot say which one it took, so it cannot choose.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    Ok(listener.local_addr().context("a bound port has an address")?.port())
}
