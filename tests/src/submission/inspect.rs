//! Looks at a running submission from outside: its processes, its logs, its secrets, its images.

use super::{Process, Secret, supervise::descendants};
use crate::world::docker;
use memchr::memmem;
use std::{collections::HashMap, fs, path::Path};
use testcontainers::{
    bollard::query_parameters::{ListContainersOptions, TopOptions},
    core::client::docker_client_instance,
};

/// No log file is read beyond this.
const LOG_BYTES: u64 = 16 << 20;

/// No secret is longer than this; a certificate chain fits.
const SECRET_BYTES: u64 = 64 << 10;

/// All processes below a supervisor and in the containers of a compose project.
pub(super) async fn processes(supervisor: Option<i32>, project: &str, docker: bool) -> Result<Vec<Process>, String> {
    let mut pids: Vec<i32> = supervisor.map(descendants).unwrap_or_default();
    if docker {
        pids.extend(container_pids(project).await?);
    }
    pids.sort_unstable();
    pids.dedup();
    Ok(pids.into_iter().filter_map(process).collect())
}

/// The files that patterns name; a `*` in the last part of a path stands for any part of a file's name.
pub(super) fn matching(patterns: &[String]) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for pattern in patterns {
        let path = Path::new(pattern);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            continue;
        };
        let Some((before, after)) = name.split_once('*') else {
            files.push(path.to_path_buf());
            continue;
        };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let found = entry.file_name().to_string_lossy().into_owned();
            let long_enough = found.len() >= before.len() + after.len();
            if long_enough && found.starts_with(before) && found.ends_with(after) && entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    files
}

/// A log file's text, from its end when it is long.
pub(super) fn log_text(path: &Path) -> std::io::Result<String> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The secret that a file holds, without the newline at its end.
pub(super) fn secret(path: &Path) -> Option<Secret> {
    use std::io::Read;
    let mut value = String::new();
    fs::File::open(path).ok()?.take(SECRET_BYTES).read_to_string(&mut value).ok()?;
    Some(Secret { name: path.display().to_string(), value: value.trim_end().to_owned() })
}

/// Where secrets stand in an image: its configuration and history, and every file of every layer.
pub(super) async fn secrets_in_image(image: &str, secrets: &[Secret]) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let docker = docker_client_instance().await.map_err(|error| error.to_string())?;
    let described = docker.inspect_image(image).await.map_err(|error| error.to_string())?;
    let history = docker.image_history(image).await.map_err(|error| error.to_string())?;
    for (part, text) in [("configuration", json(&described)?), ("history", json(&history)?)] {
        found.extend(named(secrets, text.as_bytes()).map(|name| format!("{image}: {part} holds {name}")));
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let archive = folder.path().join("image.tar");
    docker::run(&["image", "save", "--output", &archive.display().to_string(), image]).await?;
    let wanted = secrets.to_vec();
    let in_layers = tokio::task::spawn_blocking(move || search_file(&archive, &wanted)).await;
    let in_layers = in_layers.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    found.extend(in_layers.into_iter().map(|name| format!("{image}: a layer holds {name}")));
    Ok(found)
}

/// Searches a large file in pieces that overlap, so that no secret hides on a seam.
fn search_file(path: &Path, secrets: &[Secret]) -> std::io::Result<Vec<String>> {
    use std::io::Read;
    const PIECE_BYTES: usize = 8 << 20;
    let overlap = secrets.iter().map(|secret| secret.value.len()).max().unwrap_or_default();
    let mut file = fs::File::open(path)?;
    let mut window: Vec<u8> = Vec::new();
    let mut found = Vec::new();
    loop {
        let kept = window.len().min(overlap);
        window.drain(..window.len() - kept);
        let read = file.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut window)?;
        found.extend(named(secrets, &window).map(str::to_owned));
        if read == 0 {
            found.sort();
            found.dedup();
            return Ok(found);
        }
    }
}

fn json(described: &impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string(described).map_err(|error| error.to_string())
}

fn named<'a>(secrets: &'a [Secret], bytes: &'a [u8]) -> impl Iterator<Item = &'a str> {
    let holds = |value: &str| !value.is_empty() && memmem::find(bytes, value.as_bytes()).is_some();
    secrets.iter().filter(move |secret| holds(&secret.value)).map(|secret| secret.name.as_str())
}

async fn container_pids(project: &str) -> Result<Vec<i32>, String> {
    let docker = docker_client_instance().await.map_err(|error| error.to_string())?;
    let label = format!("{}={project}", docker::PROJECT_LABEL);
    let filters = HashMap::from([("label".to_owned(), vec![label])]);
    let ours = ListContainersOptions { filters: Some(filters), ..ListContainersOptions::default() };
    let containers = docker.list_containers(Some(ours)).await.map_err(|error| error.to_string())?;
    let mut pids = Vec::new();
    for id in containers.into_iter().filter_map(|container| container.id) {
        let columns = TopOptions { ps_args: "-eo pid".to_owned() };
        let table = docker.top_processes(&id, Some(columns)).await.map_err(|error| error.to_string())?;
        let rows = table.processes.unwrap_or_default();
        pids.extend(rows.iter().filter_map(|row| row.first()?.parse::<i32>().ok()));
    }
    Ok(pids)
}

fn process(pid: i32) -> Option<Process> {
    let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).ok();
    let words = |bytes: Vec<u8>| -> Vec<String> {
        let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    };
    let cmdline = words(read("cmdline")?).join(" ");
    Some(Process { pid, cmdline, environ: read("environ").map(words).unwrap_or_default() })
}
