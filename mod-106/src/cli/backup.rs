//! `mod-106 backup` and `mod-106 restore`: copy what an embedded tracking server keeps into a folder, and back.
//!
//! A backup is taken beside a running server: SQLite writes a consistent copy of itself, then every artifact is copied. A restore
//! puts the artifacts back and leaves the database as `<database>.restoring`, for whoever runs the server to move into place while
//! it is stopped; it does not delete artifacts that are newer than the backup.

use crate::server::artifacts::path::ArtifactPath;
use crate::server::artifacts::storage::ArtifactStore;
use crate::server::config::{ArtifactSettings, S3Credentials};
use anyhow::{Context, Result, bail, ensure};
use futures::TryStreamExt;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use std::path::{Path, PathBuf};
use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

/// The copy of the database, inside a backup.
const DATABASE: &str = "mlflow.db";
/// The artifacts' paths, one a line as JSON strings; the first is in file 0. Numbers, because an artifact may be called what no file can be.
const INDEX: &str = "artifacts.jsonl";

/// Where the server keeps what is copied, and where the copy is.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server's database: sqlite://PATH.
    #[arg(long)]
    database: String,
    /// The server's artifacts: a folder, file:///FOLDER or s3://BUCKET/PREFIX.
    #[arg(long)]
    artifacts: String,
    /// A file of AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=… lines.
    #[arg(long)]
    s3_credentials_file: Option<PathBuf>,
    /// The first administrator, who keeps today's password when an older backup is restored.
    #[arg(long, default_value = "admin")]
    admin_username: String,
    /// The backup's folder.
    folder: PathBuf,
}

/// Copies the database, then the artifacts, into the folder.
///
/// # Errors
/// When a store cannot be read or the folder cannot be written.
pub async fn back_up(arguments: Arguments) -> Result<()> {
    let artifacts = arguments.open_artifacts()?;
    fs::create_dir_all(arguments.folder.join("artifacts")).await.context("cannot make the backup's folder")?;
    let copy = arguments.folder.join(DATABASE);
    ensure!(!copy.exists(), "{} is there already; give an empty folder", copy.display());
    let mut database = open_database(Path::new(arguments.database_path()?)).await?;
    sqlx::query("VACUUM INTO ?").bind(text(&copy)?).execute(&mut database).await.context("cannot copy the database")?;
    // The database first: an artifact without a row harms nobody, a row without its artifact does.
    let mut index = String::new();
    let files = all_files(&artifacts).await?;
    for (number, path) in files.iter().enumerate() {
        let mut content = artifacts.read(path).await?.content;
        let mut file = fs::File::create(arguments.artifact(number)).await.context("cannot write an artifact's copy")?;
        while let Some(chunk) = content.try_next().await? {
            file.write_all(&chunk).await.context("cannot write an artifact's copy")?;
        }
        file.sync_all().await.context("cannot write an artifact's copy")?;
        index += &format!("{}\n", serde_json::to_string(path.as_str())?);
    }
    fs::write(arguments.folder.join(INDEX), index).await.context("cannot write the backup's index")?;
    eprintln!("{} artifacts copied out of {}", files.len(), arguments.artifacts);
    Ok(())
}

/// Puts the artifacts back and the database beside the one in use.
///
/// # Errors
/// When the folder is no backup or a store cannot be written.
pub async fn restore(arguments: Arguments) -> Result<()> {
    let artifacts = arguments.open_artifacts()?;
    let index = fs::read_to_string(arguments.folder.join(INDEX)).await;
    let index = index.with_context(|| format!("{} is no backup", arguments.folder.display()))?;
    for (number, line) in index.lines().enumerate() {
        let path =
            ArtifactPath::parse(&serde_json::from_str::<String>(line).context("the backup's index is damaged")?)?;
        let file = fs::File::open(arguments.artifact(number)).await;
        let file = file.with_context(|| format!("the backup lacks the artifact {}", path.as_str()))?;
        artifacts.write(&path, ReaderStream::new(file)).await?;
    }
    let current = PathBuf::from(arguments.database_path()?);
    let restoring = PathBuf::from(format!("{}.restoring", current.display()));
    fs::copy(arguments.folder.join(DATABASE), &restoring).await.context("cannot copy the database back")?;
    keep_password(&restoring, &current, &arguments.admin_username).await?;
    eprintln!("{} artifacts copied into {}", index.lines().count(), arguments.artifacts);
    Ok(())
}

impl Arguments {
    fn open_artifacts(&self) -> Result<ArtifactStore> {
        // Likewise a second provider: whoever came first chose ring too.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Ok(ArtifactStore::open(&ArtifactSettings {
            location: self.artifacts.clone(),
            s3_endpoint: variable("AWS_ENDPOINT_URL"),
            s3_region: variable("AWS_REGION"),
            s3_credentials: self.s3_credentials_file.clone().map_or(S3Credentials::Absent, S3Credentials::File),
        })?)
    }

    fn database_path(&self) -> Result<&str> {
        match self.database.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() => Ok(path),
            _ => bail!("only a database in a file, sqlite://PATH, can be copied; got '{}'", self.database),
        }
    }

    fn artifact(&self, number: usize) -> PathBuf {
        self.folder.join("artifacts").join(format!("{number:09}"))
    }
}

/// Every artifact's path, folder by folder.
async fn all_files(artifacts: &ArtifactStore) -> Result<Vec<ArtifactPath>> {
    let mut folders = vec![ArtifactPath::parse("")?];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for found in artifacts.list(&folder).await? {
            let path = folder.join(&ArtifactPath::parse(&found.path)?);
            if found.is_dir { &mut folders } else { &mut files }.push(path);
        }
    }
    Ok(files)
}

/// The backup may be older than the last rotation of the administrator's password.
async fn keep_password(restoring: &Path, current: &Path, username: &str) -> Result<()> {
    if !current.exists() {
        return Ok(());
    }
    let hash: Option<String> = sqlx::query_scalar("SELECT password_hash FROM users WHERE username = ?")
        .bind(username)
        .fetch_optional(&mut open_database(current).await?)
        .await
        .context("cannot read the administrator's password hash")?;
    if let Some(hash) = hash {
        sqlx::query("UPDATE users SET password_hash = ? WHERE username = ?")
            .bind(hash)
            .bind(username)
            .execute(&mut open_database(restoring).await?)
            .await
            .context("cannot keep the administrator's password")?;
    }
    Ok(())
}

async fn open_database(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
    options.connect().await.with_context(|| format!("cannot open the database {}", path.display()))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, back_up, open_database, restore};
    use crate::server::store::connect;
    use std::path::Path;

    /// The command line for a server that keeps everything under this folder.
    fn arguments(root: &Path) -> Arguments {
        Arguments {
            database: format!("sqlite://{}", root.join("mlflow.db").display()),
            artifacts: root.join("artifacts").display().to_string(),
            s3_credentials_file: None,
            admin_username: "admin".to_owned(),
            folder: root.join("backup"),
        }
    }

    /// Makes the admin if there is none, and gives it this password hash.
    async fn set_hash(root: &Path, hash: &str) {
        let mut database = open_database(&root.join("mlflow.db")).await.unwrap();
        let admin = "INSERT INTO users (username, password_hash, is_admin) VALUES ('admin', ?, 1)
            ON CONFLICT DO UPDATE SET password_hash = excluded.password_hash";
        sqlx::query(admin).bind(hash).execute(&mut database).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_backed_up_comes_back_and_the_admin_keeps_todays_password() {
        let root = tempfile::tempdir().unwrap();
        let _running = connect::open(&arguments(root.path()).database).await.unwrap();
        set_hash(root.path(), "then").await;
        let artifact = root.path().join("artifacts/1/run/artifacts/a b%.txt");
        std::fs::create_dir_all(artifact.parent().unwrap()).unwrap();
        std::fs::write(&artifact, "kept").unwrap();

        back_up(arguments(root.path())).await.unwrap();
        assert!(back_up(arguments(root.path())).await.is_err(), "a backup is never written over");
        set_hash(root.path(), "today").await;
        std::fs::remove_file(&artifact).unwrap();
        restore(arguments(root.path())).await.unwrap();

        assert_eq!(std::fs::read_to_string(&artifact).unwrap(), "kept");
        let mut restored = open_database(&root.path().join("mlflow.db.restoring")).await.unwrap();
        let hash: String =
            sqlx::query_scalar("SELECT password_hash FROM users").fetch_one(&mut restored).await.unwrap();
        assert_eq!(hash, "today");
    }
}
