//! Whether containers are to be had here, asked of Docker's socket and of nothing else. A socket that answers today may be dead
//! tomorrow: whoever uses containers turns its errors into *environment not ready*, never into a failure.

use std::{net::IpAddr, path::PathBuf, process::Stdio, time::Duration};
use tokio::{net::UnixStream, process::Command, time::timeout};

/// How long the daemon may take to answer a ping.
const PING_LIMIT: Duration = Duration::from_secs(5);

/// How long a docker command may take before the daemon counts as dead.
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// The label by which compose, and the harness too, says which containers and networks belong together.
pub const PROJECT_LABEL: &str = "com.docker.compose.project";

/// The bridge on which the host and every container meet.
const BRIDGE: &str = "bridge";

/// Docker, as it answers at this moment. `DOCKER_HOST` is obeyed, as Docker's own command does.
///
/// # Errors
/// The reason why there is none, in words for a report.
pub async fn at_hand() -> Result<(), String> {
    let socket = socket();
    let connect = timeout(PING_LIMIT, UnixStream::connect(&socket)).await;
    match connect {
        Ok(Ok(_)) => run(&["version", "--format", "{{.Server.Version}}"]).await.map(drop),
        Ok(Err(error)) => Err(format!("Docker's socket {} does not answer: {error}", socket.display())),
        Err(_) => Err(format!("Docker's socket {} does not answer", socket.display())),
    }
}

/// Runs one docker command and hands back its standard output.
///
/// # Errors
/// Docker's own words when the command fails, or that it did not answer in time.
pub async fn run(arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = match timeout(COMMAND_LIMIT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("the docker command cannot be run: {error}")),
        Err(_) => return Err(format!("`docker {}` did not answer within {COMMAND_LIMIT:?}", arguments.join(" "))),
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!("`docker {}`: {}", arguments.first().copied().unwrap_or_default(), words.trim()))
}

/// The host's address on the default bridge: containers and the host both reach what listens there.
///
/// # Errors
/// Docker does not say.
pub async fn gateway() -> Result<IpAddr, String> {
    network_gateway(BRIDGE).await
}

/// The host's address on a network.
///
/// # Errors
/// Docker does not say.
pub async fn network_gateway(network: &str) -> Result<IpAddr, String> {
    let format = "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}} {{end}}";
    let answer = run(&["network", "inspect", network, "--format", format]).await?;
    answer
        .split_whitespace()
        .next()
        .and_then(first_address)
        .ok_or_else(|| format!("Docker's network {network} has no gateway, but {answer:?}"))
}

/// A gateway as it is; of a subnet its first address, which Docker takes for the default bridge without saying so.
fn first_address(word: &str) -> Option<IpAddr> {
    match word.split_once('/') {
        None => word.parse().ok(),
        Some((network, _)) => {
            let network: std::net::Ipv4Addr = network.parse().ok()?;
            Some(std::net::Ipv4Addr::from(u32::from(network) + 1).into())
        }
    }
}

/// Whether an image is on this machine.
pub async fn has_image(image: &str) -> bool {
    run(&["image", "inspect", "--format", "{{.Id}}", image]).await.is_ok()
}

/// Removes everything that a compose project may have left: containers, networks, volumes. What cannot be removed is left to the
/// next run's sweep; there is nobody here who could do more.
pub async fn remove_project(project: &str) {
    let label = format!("label={PROJECT_LABEL}={project}");
    let kinds: [(&[&str], &[&str]); 3] = [
        (&["ps", "--all", "--quiet"], &["rm", "--force", "--volumes"]),
        (&["network", "ls", "--quiet"], &["network", "rm"]),
        (&["volume", "ls", "--quiet"], &["volume", "rm", "--force"]),
    ];
    for (list, remove) in kinds {
        let Ok(found) = run(&[list, &["--filter", &label]].concat()).await else { return };
        let found: Vec<&str> = found.split_whitespace().collect();
        if !found.is_empty() {
            let _ = run(&[remove, &found].concat()).await;
        }
    }
}

fn socket() -> PathBuf {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    PathBuf::from(host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock"))
}
