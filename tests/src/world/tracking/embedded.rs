//! `mod-106 serve`, on a free port that it tells of in a file.

use super::{ADMIN, DEFAULT_PERMISSION, failed, launch, ready};
use crate::{
    check::Fault,
    patience::stretched,
    submission::{
        Account,
        launch::{Running, Tools},
    },
};
use std::{
    collections::BTreeMap,
    fs,
    net::IpAddr,
    path::Path,
    time::{Duration, Instant},
};

/// It is ready in 200 ms; a machine may be busy.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Between two looks for its address.
const PAUSE: Duration = Duration::from_millis(5);

pub(super) async fn start(
    host: IpAddr,
    folder: &Path,
    admin: &Account,
    tools: &Tools,
) -> Result<(Running, String), Fault> {
    let program = tools.binaries.join("mod-106");
    if !program.is_file() {
        return Err(Fault::NotRun(format!("there is no {}: run `cargo build -p mod-106`", program.display())));
    }
    let below = |name: &str| folder.join(name).display().to_string();
    fs::write(folder.join("password"), &admin.password).map_err(|error| failed(&error))?;
    let (host, database) = (host.to_string(), format!("sqlite://{}", below("mlflow.db")));
    let (artifacts, password, ready_file) = (below("artifacts"), below("password"), below("ready"));
    let program = program.display().to_string();
    let words = [
        (program.as_str(), "serve"),
        ("--host", &host),
        ("--port", "0"),
        ("--database", &database),
        ("--artifacts", &artifacts),
        ("--auth", "basic"),
        ("--default-permission", DEFAULT_PERMISSION),
        ("--admin-username", ADMIN),
        ("--admin-password-file", &password),
        ("--ready-file", &ready_file),
    ];
    let command: Vec<String> = words.iter().flat_map(|(name, value)| [*name, *value]).map(str::to_owned).collect();
    let mut running = launch(&command, BTreeMap::new(), folder, tools)?;
    let deadline = Instant::now() + stretched(READY_LIMIT);
    loop {
        let url = fs::read_to_string(&ready_file).unwrap_or_default();
        // The file appears whole, or not at all.
        let url = url.trim_end().trim_end_matches('/').to_owned();
        if !url.is_empty() {
            return Ok((ready(running, &url, READY_LIMIT).await?, url));
        }
        if running.ended().is_some() || Instant::now() > deadline {
            running.stop().await;
            let said = running.stderr.last_lines(6);
            return Err(Fault::Environment(format!("the given tracking server did not come up\n{said}")));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
