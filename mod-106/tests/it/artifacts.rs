//! Artifacts: byte for byte both ways, odd names, listings, deletion, and memory.

use super::story::{Story, same, write_run};
use super::target::{ADMIN, PASSWORD, Side, block_on};
use bytes::Bytes;
use libtest_mimic::Failed;
use mod_106::client::{ArtifactPath, Client, Error, RunId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn digest(bytes: &[u8]) -> String {
    mod_106::digest::hex(&Sha256::digest(bytes))
}

async fn write(client: &Client, run: &RunId) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    for (path, text) in Story::read().artifacts {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap())?;
        std::fs::write(file, text)?;
    }
    client.upload_folder(&client.artifact_root(run).await?, None, folder.path()).await?;
    Ok(())
}

async fn read(client: &Client, run: &RunId) -> Result<Value, Failed> {
    let folder = tempfile::tempdir()?;
    client.download_folder(&client.artifact_root(run).await?, None, folder.path()).await?;
    let mut files: Vec<_> = Vec::new();
    collect(folder.path(), folder.path(), &mut files)?;
    files.sort();
    Ok(json!(files))
}

fn collect(root: &Path, folder: &Path, into: &mut Vec<[String; 2]>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, into)?;
        } else {
            into.push([path.strip_prefix(root).unwrap().display().to_string(), digest(&std::fs::read(&path)?)]);
        }
    }
    Ok(())
}

pub(crate) fn artifacts_are_read_alike(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let mut expected: Vec<_> =
            Story::read().artifacts.iter().map(|(path, text)| json!([path, digest(text.as_bytes())])).collect();
        expected.sort_by_key(|file| file[0].as_str().unwrap().to_owned());
        let ours = write_run(&client, &side.name("files")).await?.run;
        let theirs = write_run(&client, &side.name("files")).await?.run;
        write(&client, &ours).await?;
        side.peer.ask("write_artifacts", json!({ "run": theirs }))?;
        for (writer, run) in [("Rust", &ours), ("Python", &theirs)] {
            same(
                &format!("written by {writer}; Rust reads, the story says"),
                &read(&client, run).await?,
                &json!(expected),
            )?;
            let python = side.peer.ask("read_artifacts", json!({ "run": run }))?;
            same(&format!("written by {writer}; Python reads, the story says"), &python, &json!(expected))?;
        }
        Ok(())
    })
}

pub(crate) fn artifacts_are_listed_alike_and_deleted(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let run = write_run(&client, &side.name("files")).await?.run;
        write(&client, &run).await?;
        for folder in [None, Some("odd"), Some("deep/a")] {
            let path = folder.map(ArtifactPath::parse).transpose()?;
            let mut ours: Vec<_> = client.list_run_artifacts(&run, path.as_ref()).await?;
            ours.sort_by(|a, b| a.path.cmp(&b.path));
            let ours: Vec<_> = ours.iter().map(|file| json!([file.path, file.is_dir, file.file_size])).collect();
            let python = side.peer.ask("list_artifacts", json!({ "run": run, "path": folder }))?;
            same(&format!("{folder:?}: Rust lists, Python lists"), &json!(ours), &python)?;
        }
        let root = client.artifact_root(&run).await?;
        client.delete_artifact(&root, &ArtifactPath::parse("one.txt")?).await?;
        client.delete_artifact(&root, &ArtifactPath::parse("deep")?).await?;
        let mut left: Vec<_> = client.list_artifacts(&root, None).await?.into_iter().map(|file| file.path).collect();
        left.sort();
        assert_eq!(left, ["empty.bin", "model", "odd"]);
        let gone = client.download_bytes(&root, &ArtifactPath::parse("one.txt")?).await;
        assert!(gone.is_err(), "a deleted file cannot be downloaded");
        Ok(())
    })
}

/// MLflow 2.22 writes the name into a header that holds Latin-1 only, and drops the connection over any other.
pub(crate) fn names_beyond_latin_1_come_back(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let root = client.artifact_root(&write_run(&client, &side.name("names")).await?.run).await?;
        let path = ArtifactPath::parse("日本/🦀.txt")?;
        client.upload_bytes(&root, &path, Bytes::from_static(b"text")).await?;
        match client.download_bytes(&root, &path).await {
            Ok(bytes) => assert_eq!(bytes, b"text"),
            Err(error) => {
                assert!(side.target == "mlflow-2.22" && matches!(error, Error::Connection { .. }), "{error:?}");
            }
        }
        Ok(())
    })
}

/// What a process may use, in bytes, while it moves a file of four times that.
const MOST_MEMORY_BYTES: u64 = 64 << 20;
const LARGE_FILE_BYTES: usize = 256 << 20;

pub(crate) fn a_large_file_moves_in_little_memory(side: &Side) -> Result<(), Failed> {
    let run = block_on(async { write_run(&side.client(), &side.name("large")).await })?.run;
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("large.bin");
    let mut file = std::fs::File::create(&source)?;
    let block: Vec<u8> = (0..1 << 20).map(|n: u32| (n % 251) as u8).collect();
    for _ in 0..LARGE_FILE_BYTES / block.len() {
        file.write_all(&block)?;
    }
    drop(file);
    let (source_text, folder_text) = (source.display().to_string(), folder.path().join("back").display().to_string());
    for words in [
        ["upload", run.as_str(), &source_text, "--to=big"],
        ["download", run.as_str(), "big/large.bin", &format!("--to={folder_text}")],
    ] {
        let most = most_memory(side, &words)?;
        assert!(most <= MOST_MEMORY_BYTES, "artifacts {} took {} MiB", words[0], most >> 20);
    }
    let back = folder.path().join("back/large.bin");
    assert!(std::fs::read(&source)? == std::fs::read(back)?, "what comes back is what went up");
    Ok(())
}

/// Runs an artifacts command and watches its peak of resident memory, which the kernel keeps until the process ends.
fn most_memory(side: &Side, words: &[&str]) -> Result<u64, Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
    command.arg("artifacts").args(words).env("MLFLOW_TRACKING_URI", &side.uri).env("NO_PROXY", "127.0.0.1");
    command.env("MLFLOW_TRACKING_USERNAME", ADMIN).env("MLFLOW_TRACKING_PASSWORD", PASSWORD);
    let mut process = command.stdout(Stdio::null()).spawn()?;
    let mut most = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        most = most.max(peak.unwrap_or(0_u64) << 10);
        if let Some(ended) = process.try_wait()? {
            assert!(ended.success(), "{words:?}: {ended}");
            return Ok(most);
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
