//! What logging costs our client beside MLflow's own: 100 runs of 1,000 metrics each, sent by `log_batch` to the same
//! server. Both programs measure their own CPU time around the logging alone, so Python's imports are not counted.

use super::{
    measure::{self, Server},
    page::Figure,
    server,
};
use crate::cargo::{self, Profile};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{
    env, fs, process,
    process::{Command, Stdio},
    time::Duration,
};

const REPEATS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

/// What both programs print, as the last line of their output.
#[derive(Debug, Deserialize)]
struct Report {
    cpu_s: f64,
}

/// CPU time of both clients.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let programs = cargo::build_programs(Profile::Release)?;
    let mut build = cargo::command();
    build.args(["build", "--quiet", "--release", "--workspace", "--example", "log_batch"]);
    cargo::run_with_comfort(build, "build the log_batch example")?;
    let python = server::mlflow()?.with_file_name("python");

    let folder = env::temp_dir().join(format!("xtask-bench-log-{}", process::id()));
    fs::create_dir_all(folder.join("artifacts")).with_context(|| format!("cannot make {}", folder.display()))?;
    let port = server::free_port()?;
    let mut serve = Command::new(programs.join("mod-106"));
    server::arguments_of_ours(&mut serve, &folder, port);
    let (ours, peer) = {
        let _server = Server::start(&mut serve)?;
        let address = format!("127.0.0.1:{port}");
        measure::wait_until(PATIENCE, || measure::answers(&address, "/health"))?;
        let address = format!("http://{address}");
        let mut ours = Vec::new();
        let mut peer = Vec::new();
        for _ in 0..REPEATS {
            ours.push(cpu_s(Command::new(programs.join("examples/log_batch")).arg(&address))?);
            peer.push(cpu_s(Command::new(&python).arg("mod-106/examples/log_batch.py").arg(&address))?);
        }
        (measure::median(ours), measure::median(peer))
    };
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    Ok(vec![Figure {
        what: "client: `log_batch` of 100 runs × 1,000 metrics to the same server".to_owned(),
        ours: format!("{ours:.2} CPU-s"),
        peer: Some(format!("MLflow 2.22's Python client: {peer:.2} CPU-s")),
        ratio: Some(peer / ours),
        must: "≤ 1/10 of the peer".to_owned(),
        met: ours * 10.0 <= peer,
    }])
}

fn cpu_s(client: &mut Command) -> Result<f64> {
    client.current_dir(cargo::root()).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = client.output().with_context(|| format!("cannot start {client:?}"))?;
    ensure!(output.status.success(), "{client:?}: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let report: Report = serde_json::from_str(last).with_context(|| format!("{client:?} printed {last:?}"))?;
    Ok(report.cpu_s)
}
