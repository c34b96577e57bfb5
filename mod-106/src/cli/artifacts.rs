//! `mod-106 artifacts`: a run's files.

use super::connection::Connection;
use super::output::Output;
use crate::client::{ArtifactPath, Client, FileInfo, RunId};
use anyhow::Context;
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `mod-106 artifacts …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the files and folders of a run
    List {
        /// The run's id
        run: RunId,
        /// A folder; the run's root otherwise
        folder: Option<ArtifactPath>,
    },
    /// Upload a file, or all files of a folder
    Upload {
        /// The run's id
        run: RunId,
        /// The file or folder
        source: PathBuf,
        /// The folder of the run to put it in; the run's root otherwise
        #[arg(long, value_name = "FOLDER")]
        to: Option<ArtifactPath>,
    },
    /// Download a file, or all files of a folder
    Download {
        /// The run's id
        run: RunId,
        /// The file or folder; all of the run's files otherwise
        path: Option<ArtifactPath>,
        /// The local folder to put it in
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        to: PathBuf,
    },
    /// Delete a file, or a folder with all that is in it
    Delete {
        /// The run's id
        run: RunId,
        /// The file or folder
        path: ArtifactPath,
    },
}

/// Does what was asked.
///
/// # Errors
/// What the server, the network, the file system or the settings say.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (client, output) = arguments.connection.open()?;
    match arguments.action {
        Action::List { run, folder } => list(&client.list_run_artifacts(&run, folder.as_ref()).await?, output),
        Action::Upload { run, source, to } => upload(&client, &run, &source, to.as_ref(), output).await,
        Action::Download { run, path, to } => download(&client, &run, path.as_ref(), &to, output).await,
        Action::Delete { run, path } => {
            client.delete_artifact(&client.artifact_root(&run).await?, &path).await?;
            output.done(&json!({ "run_id": run, "path": path.as_str() }), &format!("deleted {path} of run {run}"))
        }
    }
}

async fn upload(
    client: &Client,
    run: &RunId,
    source: &Path,
    to: Option<&ArtifactPath>,
    output: Output,
) -> anyhow::Result<()> {
    let root = client.artifact_root(run).await?;
    let metadata = std::fs::metadata(source).with_context(|| format!("cannot read {}", source.display()))?;
    let upload = if metadata.is_dir() {
        client.upload_folder(&root, to, source).await?
    } else {
        let name = source.file_name().with_context(|| format!("{} has no file name", source.display()))?;
        let name = ArtifactPath::parse(name.to_string_lossy())?;
        client.upload_file(&root, &to.map_or_else(|| name.clone(), |to| to.join(&name)), source).await?
    };
    let counts = json!({ "run_id": run, "files": upload.files, "bytes": upload.bytes, "multipart": upload.multipart });
    output.done(&counts, &format!("uploaded {} files, {} bytes", upload.files, upload.bytes))
}

async fn download(
    client: &Client,
    run: &RunId,
    path: Option<&ArtifactPath>,
    to: &Path,
    output: Output,
) -> anyhow::Result<()> {
    let root = client.artifact_root(run).await?;
    let download = match path {
        Some(path) if is_file(client, run, path).await? => {
            client.download_file(&root, path, &to.join(path.name())).await?
        }
        folder => client.download_folder(&root, folder, to).await?,
    };
    anyhow::ensure!(download.files > 0, "no file there; `mod-106 artifacts list {run}` shows what is");
    let counts = json!({ "run_id": run, "files": download.files, "bytes": download.bytes });
    output
        .done(&counts, &format!("downloaded {} files, {} bytes into {}", download.files, download.bytes, to.display()))
}

/// Asks the folder above: listing a path itself does not tell a file from an empty folder.
async fn is_file(client: &Client, run: &RunId, path: &ArtifactPath) -> anyhow::Result<bool> {
    let siblings = client.list_run_artifacts(run, path.parent().as_ref()).await?;
    Ok(siblings.iter().any(|entry| entry.path == path.as_str() && !entry.is_dir))
}

fn list(files: &[FileInfo], output: Output) -> anyhow::Result<()> {
    output.list(files, ["PATH", "BYTES"], |file| {
        let bytes = file.file_size.map_or_else(String::new, |bytes| bytes.to_string());
        [if file.is_dir { format!("{}/", file.path) } else { file.path.clone() }, bytes]
    })
}
