//! Debian's `prometheus-alertmanager`, told to deliver to the sink. Without a cluster it speaks to nobody else; it sends nothing home.

use crate::{
    check::Fault,
    private::PrivateFolder,
    submission::{
        Unready, free_port,
        launch::{Launch, Running, Tools},
        program, until_ready,
    },
};
use std::{collections::BTreeMap, fs, net::IpAddr, time::Duration};

const PROGRAM: &str = "prometheus-alertmanager";

/// It is ready in a fraction of a second.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// A running Alertmanager.
#[derive(Debug)]
pub(super) struct Real {
    url: String,
    _running: Running,
    _folder: PrivateFolder,
}

impl Real {
    pub(super) async fn start(host: IpAddr, deliver_to: &str, tools: &Tools) -> Result<Self, Fault> {
        let missing = || Fault::NotRun(format!("the program `{PROGRAM}` is not on this machine; install {PROGRAM}"));
        let program = program(PROGRAM).ok_or_else(missing)?;
        let failed = |error: std::io::Error| Fault::Environment(format!("{PROGRAM}: {error}"));
        let folder = PrivateFolder::new(&tools.keeper, false).map_err(failed)?;
        let port = free_port(host).map_err(failed)?;
        let below = |name: &str| folder.path().join(name).display().to_string();
        fs::write(folder.path().join("alertmanager.yml"), configuration(deliver_to)).map_err(failed)?;
        let command = [
            program.display().to_string(),
            format!("--config.file={}", below("alertmanager.yml")),
            format!("--storage.path={}", below("data")),
            format!("--web.listen-address={host}:{port}"),
            "--cluster.listen-address=".to_owned(),
            "--log.level=warn".to_owned(),
        ];
        let environment = BTreeMap::from([("HOME".to_owned(), folder.path().display().to_string())]);
        let launch = Launch {
            supervisor: &tools.lab_runner,
            command: &command,
            folder: folder.path(),
            environment: &environment,
            grace: Duration::from_secs(2),
        };
        let mut running = launch.start().map_err(failed)?;
        let url = format!("http://{host}:{port}");
        if let Err(unready) = until_ready(&mut running, &url, "/-/ready", None, READY_LIMIT).await {
            running.stop().await;
            let said = running.stderr.last_lines(5);
            let why = match unready {
                Unready::Ended(code) => format!("it ended with exit code {code}"),
                Unready::Silent(last) => last,
            };
            return Err(Fault::Environment(format!("{PROGRAM}: {why}\n{said}")));
        }
        Ok(Self { url, _running: running, _folder: folder })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

/// JSON is YAML too, and needs no quoting of our own.
fn configuration(deliver_to: &str) -> String {
    serde_json::json!({
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": "sink", "group_by": ["..."], "group_wait": "200ms", "group_interval": "1s", "repeat_interval": "1h",
        },
        "receivers": [{"name": "sink", "webhook_configs": [{"url": deliver_to, "send_resolved": true}]}],
    })
    .to_string()
}
