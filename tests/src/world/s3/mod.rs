//! The given bucket: an S3 service that a cloud would give, with an IAM endpoint beside it, so that a submission can really
//! rotate its keys. The service itself (`service.rs`, over s3s and s3s-fs) is the same everywhere; what differs is where it runs:
//!
//! - embedded: in this process
//! - process: `lab-runner world s3`, spawned (`spawned.rs`)
//! - containers: the same binary in a container (`container.rs`)
//!
//! `keys.rs` holds the access keys, `iam.rs` changes them on signed request.

mod container;
mod iam;
mod iam_client;
mod keys;
mod service;
mod spawned;

pub use service::{Addresses, Settings, serve_from_standard_input};

use crate::{backend::Backend, check::Fault, private::PrivateFolder, submission::launch::Tools, wire::BucketAccess};
use std::net::IpAddr;

/// The region that every signature names.
pub const REGION: &str = "us-east-1";

/// The user whose keys a submission holds and may rotate.
pub const SUBMISSION_USER: &str = "submission";

/// The user whose key the harness holds; nobody else learns it.
pub const HARNESS_USER: &str = "harness";

/// A running bucket. Dropping it stops the service; its files lie in a folder of their own and vanish with it.
#[derive(Debug)]
pub struct S3World {
    handed: Handed,
    access: BucketAccess,
    running: Running,
}

#[derive(Debug)]
enum Running {
    Here { _service: service::Service, _files: PrivateFolder },
    Spawned { _process: spawned::Spawned, _files: PrivateFolder },
    Contained { _container: Box<container::Contained>, files: PrivateFolder },
}

/// What a submission is given: addresses and a first key of its own.
#[derive(Clone)]
pub struct Handed {
    endpoint: String,
    iam_endpoint: String,
    bucket: String,
    key: keys::AccessKey,
}

impl S3World {
    /// Starts the bucket where `backend` wants it; `host` is the address at which the submission can reach this machine.
    ///
    /// # Errors
    /// Why there is no bucket: the environment's fault.
    pub async fn start(backend: Backend, host: IpAddr, tools: &Tools) -> Result<Self, String> {
        let contained = backend == Backend::Containers;
        let files = PrivateFolder::new(&tools.keeper, contained).map_err(|error| error.to_string())?;
        let settings = Settings::fresh(host, files.path());
        let (addresses, running) = match backend {
            Backend::Embedded => {
                let service = service::Service::start(&settings).await.map_err(|error| error.to_string())?;
                (service.addresses().clone(), Running::Here { _service: service, _files: files })
            }
            Backend::Process => {
                let (process, addresses) = spawned::Spawned::start(&tools.lab_runner, &settings).await?;
                (addresses, Running::Spawned { _process: process, _files: files })
            }
            Backend::Containers => {
                let (container, addresses) =
                    container::Contained::start(&tools.lab_runner, settings.clone(), &files).await?;
                (addresses, Running::Contained { _container: Box::new(container), files })
            }
        };
        Ok(Self::new(&settings, addresses, running))
    }

    fn new(settings: &Settings, addresses: Addresses, running: Running) -> Self {
        let handed = Handed {
            endpoint: addresses.s3.clone(),
            iam_endpoint: addresses.iam,
            bucket: settings.bucket.clone(),
            key: settings.submission_key.clone(),
        };
        let access = BucketAccess {
            endpoint: addresses.s3,
            region: REGION.to_owned(),
            bucket: settings.bucket.clone(),
            access_key_id: settings.harness_key.id.clone(),
            secret_access_key: settings.harness_key.secret.clone(),
        };
        Self { handed, access, running }
    }

    /// Stops what does not stop by being dropped: a container's removal must be waited for.
    pub async fn close(&self) {
        if let Running::Contained { files, .. } = &self.running {
            files.remove_containers().await;
        }
    }

    /// What the submission is given.
    #[must_use]
    pub fn handed(&self) -> &Handed {
        &self.handed
    }

    /// How the harness looks into the bucket.
    #[must_use]
    pub fn access(&self) -> &BucketAccess {
        &self.access
    }

    /// The access key ids that the submission holds at this moment.
    ///
    /// # Errors
    /// The IAM endpoint does not answer: the environment's fault.
    pub async fn submission_key_ids(&self) -> Result<Vec<String>, Fault> {
        iam_client::list_access_keys(&self.handed.iam_endpoint, &self.access, SUBMISSION_USER).await
    }
}

impl Handed {
    /// As environment variables.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        [
            ("LAB_S3_ENDPOINT", self.endpoint.as_str()),
            ("LAB_S3_BUCKET", &self.bucket),
            ("LAB_S3_REGION", REGION),
            ("LAB_S3_ACCESS_KEY_ID", &self.key.id),
            ("LAB_S3_SECRET_ACCESS_KEY", &self.key.secret),
            ("LAB_IAM_ENDPOINT", &self.iam_endpoint),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The names of the variables, which a manifest may use.
    pub const VARIABLES: [&str; 6] = [
        "LAB_S3_ENDPOINT",
        "LAB_S3_BUCKET",
        "LAB_S3_REGION",
        "LAB_S3_ACCESS_KEY_ID",
        "LAB_S3_SECRET_ACCESS_KEY",
        "LAB_IAM_ENDPOINT",
    ];

    /// The secret that must not be seen anywhere.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        &self.key.secret
    }
}

impl std::fmt::Debug for Handed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handed").field("endpoint", &self.endpoint).field("bucket", &self.bucket).finish_non_exhaustive()
    }
}
