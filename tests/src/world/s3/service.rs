//! The S3 service: s3s speaks the protocol and checks signatures, s3s-fs keeps the objects in a folder, `keys.rs` says whose
//! signature counts. It listens on ports of its own and ends when it is dropped.

use super::{
    HARNESS_USER, SUBMISSION_USER, iam,
    keys::{AccessKey, KeyTable, random_word},
};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::service::{S3Service, S3ServiceBuilder};
use serde::{Deserialize, Serialize};
use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

/// Everything that a bucket needs to know; it travels as one JSON line to the backends that are not in this process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Where to listen.
    pub host: IpAddr,
    /// 0 takes a free one.
    pub s3_port: u16,
    /// 0 takes a free one.
    pub iam_port: u16,
    /// Where objects lie.
    pub folder: PathBuf,
    /// The bucket that exists from the beginning.
    pub bucket: String,
    /// The submission's first key.
    pub submission_key: AccessKey,
    /// The harness's own.
    pub harness_key: AccessKey,
}

/// Where the service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// `http://127.0.0.1:4711`
    pub s3: String,
    /// `http://127.0.0.1:4712`
    pub iam: String,
}

/// A running service.
#[derive(Debug)]
pub(super) struct Service {
    addresses: Addresses,
    _listeners: JoinSet<()>,
}

impl Settings {
    /// Random keys, a random bucket, free ports.
    #[must_use]
    pub fn fresh(host: IpAddr, folder: &Path) -> Self {
        Self {
            host,
            s3_port: 0,
            iam_port: 0,
            folder: folder.to_path_buf(),
            bucket: format!("lab-{}", random_word(10).to_lowercase()),
            submission_key: AccessKey::random(SUBMISSION_USER),
            harness_key: AccessKey::random(HARNESS_USER),
        }
    }
}

impl Service {
    /// Creates the bucket and listens.
    pub(super) async fn start(settings: &Settings) -> io::Result<Self> {
        tokio::fs::create_dir_all(settings.folder.join(&settings.bucket)).await?;
        let files =
            s3s_fs::FileSystem::new(&settings.folder).map_err(|error| io::Error::other(format!("{error:?}")))?;
        let keys = KeyTable::new(vec![settings.submission_key.clone(), settings.harness_key.clone()]);
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(keys.clone());
        let s3 = TcpListener::bind((settings.host, settings.s3_port)).await?;
        let iam = TcpListener::bind((settings.host, settings.iam_port)).await?;
        let addresses =
            Addresses { s3: format!("http://{}", s3.local_addr()?), iam: format!("http://{}", iam.local_addr()?) };
        let mut listeners = JoinSet::new();
        listeners.spawn(answer_s3(s3, builder.build()));
        listeners.spawn(async move {
            // An accept error ends the loop inside axum only when the listener is gone.
            let _ = axum::serve(iam, iam::routes(keys)).await;
        });
        Ok(Self { addresses, _listeners: listeners })
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }
}

async fn answer_s3(listener: TcpListener, service: S3Service) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let _ = stream.set_nodelay(true);
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// `lab-runner world s3`: reads its settings from the first line of standard input, prints its addresses as one line, and serves
/// until standard input ends. Keys travel by the pipe, because arguments can be read by everyone on the machine.
///
/// # Errors
/// The settings cannot be read, or the ports cannot be had.
pub async fn serve_from_standard_input() -> io::Result<()> {
    let mut input = tokio::io::BufReader::new(tokio::io::stdin());
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut input, &mut line).await?;
    let service = Service::start(&serde_json::from_str(&line)?).await?;
    let addresses = serde_json::to_string(service.addresses())? + "\n";
    let mut output = tokio::io::stdout();
    output.write_all(addresses.as_bytes()).await?;
    output.flush().await?;
    let mut nothing = [0; 64];
    while matches!(input.read(&mut nothing).await, Ok(1..)) {}
    Ok(())
}
