//! `cargo xtask demo`: walks a module's whole lifecycle once, narrated, on this machine.
//!
//! The story is a runbook (`mod-106/demo/lifecycle.md`), which people read and `mod-106 governance runbook` runs; here is only what it
//! stands on: the programs, a tracking server, a webhook that says aloud what it receives, and a folder that stays for looking at.

use crate::{
    bench::{
        measure::{Server, answers, wait_until},
        server::{arguments_of_ours, free_port},
    },
    cargo::{self, Profile},
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Which story to tell.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The module.
    #[arg(value_enum, default_value_t = Module::Mod106)]
    module: Module,
}

/// The modules that have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Module {
    /// From data to a model in production, and back again.
    #[value(name = "mod-106")]
    Mod106,
}

/// Tells it; exits as the runbook does.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Module::Mod106 = arguments.module;
    let programs = build()?;
    let folder = cargo::target()?.join("demo/mod-106");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder.join("artifacts")).with_context(|| format!("cannot make {}", folder.display()))?;

    let port = free_port()?;
    let mut serve = Command::new(programs.join("mod-106"));
    arguments_of_ours(&mut serve, &folder, port);
    let server = Server::start(&mut serve)?;
    let address = format!("127.0.0.1:{port}");
    wait_until(PATIENCE, || answers(&address, "/health")).context("the tracking server")?;

    let webhook = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    let webhook_url = format!("http://{}/alerts", webhook.local_addr()?);
    // The thread ends with the process: it only listens.
    thread::spawn(move || webhook.incoming().flatten().for_each(say_aloud));

    let story = cargo::root().join("mod-106/demo/lifecycle.md");
    let mut tell = Command::new(programs.join("mod-106"));
    tell.args(["governance", "runbook", "run", "--narrate"]).arg(&story);
    tell.arg("--set").arg(format!("FOLDER={}", folder.display()));
    tell.arg("--set").arg(format!("DEMO={}", cargo::root().join("mod-106/demo").display()));
    tell.env("MLFLOW_TRACKING_URI", format!("http://{address}")).env("DEMO_WEBHOOK_URL", webhook_url);
    tell.env("MOD106_AUDIT_TRAIL", folder.join("audit.jsonl")).env("PATH", search_path(&programs)?);
    let status = tell.current_dir(cargo::root()).status().with_context(|| format!("cannot start {tell:?}"))?;
    drop(server);
    println!("\nwhat it left is in {}", folder.display());
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the command and the training job, and returns the folder that they are in.
fn build() -> Result<std::path::PathBuf> {
    let programs = cargo::build_programs(Profile::Debug)?;
    let mut build = cargo::command();
    build.args(["build", "--quiet", "--workspace", "--example", "train"]);
    cargo::run_with_comfort(build, "build the training job")?;
    Ok(programs)
}

fn search_path(programs: &Path) -> Result<std::ffi::OsString> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let ours = [programs.to_owned(), programs.join("examples")];
    env::join_paths(ours.into_iter().chain(env::split_paths(&inherited))).context("PATH cannot be extended")
}

/// Answers one delivery and prints the alert that it brings.
fn say_aloud(mut stream: TcpStream) {
    let Some(body) = read_body(&mut stream) else { return };
    let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let delivery: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |pointer: &str| delivery.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or("?").to_owned();
    println!("    the webhook received: {} {} ({})", text("/status"), text("/alert/summary"), text("/alert/severity"));
}

/// The body of a request that says how long it is; anything else is not for us.
fn read_body(stream: &mut TcpStream) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}
