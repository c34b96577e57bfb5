//! What a submission stands on: one room for each service, its backends side by side. A world decides nothing about a submission.
//!
//! - `s3/` the given bucket; `tracking/` the given tracking server; `github/` the given GitHub; `alerts/` the given Alertmanager,
//!   and `sink.rs` the webhook that it and a submission deliver to
//! - `serve.rs` is what those that live in this process are served with; `docker.rs` finds out whether containers are to be had

pub mod alerts;
pub mod docker;
pub mod github;
pub mod s3;
mod serve;
pub mod sink;
pub mod tracking;

use crate::{backend::Backend, check::Fault, submission::launch::Tools};
use alerts::Alerts;
use github::Github;
use s3::S3World;
use serde::Deserialize;
use sink::Sink;
use std::net::{IpAddr, Ipv4Addr};
use tracking::TrackingWorld;

/// A service that a lab may give, as `lab.toml` names it under `world`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// An S3 bucket with an IAM endpoint.
    S3,
    /// A tracking server.
    Tracking,
    /// GitHub's REST API with one repository.
    Github,
    /// An Alertmanager and a webhook.
    Alerts,
}

/// The services that one lab gives. Dropping it stops them.
#[derive(Debug, Default)]
pub struct World {
    s3: Option<S3World>,
    tracking: Option<TrackingWorld>,
    github: Option<Github>,
    sink: Option<Sink>,
    alerts: Option<Alerts>,
}

/// A secret that a world made: the variable that hands it over, and its value.
type Given<'a> = (&'static str, &'a str);

impl World {
    /// Starts the services where `backend` wants them; `gateway` is the only address of this machine that a fenced submission reaches.
    ///
    /// # Errors
    /// *Not run* where something is not to be had here; else the environment's fault.
    pub async fn start(
        services: &[Service],
        backend: Backend,
        gateway: Option<IpAddr>,
        tools: &Tools,
    ) -> Result<Self, Fault> {
        let mut world = Self::default();
        if services.is_empty() {
            return Ok(world);
        }
        let host = host(backend, gateway).await?;
        let environment = |error: std::io::Error| Fault::Environment(error.to_string());
        for service in services {
            match service {
                Service::S3 => {
                    world.s3 = Some(S3World::start(backend, host, tools).await.map_err(Fault::Environment)?);
                }
                Service::Tracking => world.tracking = Some(TrackingWorld::start(backend, host, tools).await?),
                Service::Github => world.github = Some(Github::start(host).await.map_err(environment)?),
                Service::Alerts => {
                    let sink = Sink::start(host).await.map_err(environment)?;
                    world.alerts = Some(Alerts::start(backend, host, tools, &sink).await?);
                    world.sink = Some(sink);
                }
            }
        }
        Ok(world)
    }

    /// Stops what does not stop by being dropped, and waits until it has.
    pub async fn close(&self) {
        if let Some(s3) = &self.s3 {
            s3.close().await;
        }
        if let Some(tracking) = &self.tracking {
            tracking.close().await;
        }
    }

    /// The given bucket.
    #[must_use]
    pub fn s3(&self) -> Option<&S3World> {
        self.s3.as_ref()
    }

    /// The given tracking server.
    #[must_use]
    pub fn tracking(&self) -> Option<&TrackingWorld> {
        self.tracking.as_ref()
    }

    /// The given GitHub.
    #[must_use]
    pub fn github(&self) -> Option<&Github> {
        self.github.as_ref()
    }

    /// The given Alertmanager.
    #[must_use]
    pub fn alerts(&self) -> Option<&Alerts> {
        self.alerts.as_ref()
    }

    /// The given webhook.
    #[must_use]
    pub fn sink(&self) -> Option<&Sink> {
        self.sink.as_ref()
    }

    /// What the submission is given, as environment variables.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = self.s3.as_ref().map(|s3| s3.handed().variables()).unwrap_or_default();
        let mut hand = |name: &str, value: &str| variables.push((name.to_owned(), value.to_owned()));
        if let Some(tracking) = &self.tracking {
            let admin = tracking.admin();
            let values = [tracking.url(), &admin.username, &admin.password];
            for (name, value) in TrackingWorld::VARIABLES.iter().zip(values.iter().chain(&values)) {
                hand(name, value);
            }
        }
        if let Some(github) = &self.github {
            github.given().variables().iter().for_each(|(name, value)| hand(name, value));
        }
        if let (Some(alerts), Some(sink)) = (&self.alerts, &self.sink) {
            let values = [alerts.url(), sink.given().url(), sink.secret()];
            Alerts::VARIABLES.iter().zip(values).for_each(|(name, value)| hand(name, value));
        }
        variables
    }

    /// The names of all variables that a world may give, which a manifest may use.
    pub fn known_variables() -> impl Iterator<Item = &'static str> {
        let tracking = TrackingWorld::VARIABLES.into_iter();
        s3::Handed::VARIABLES.into_iter().chain(tracking).chain(Github::VARIABLES).chain(Alerts::VARIABLES)
    }

    /// What must be read nowhere, with the variable that hands it over.
    #[must_use]
    pub fn secrets(&self) -> Vec<Given<'_>> {
        let mut secrets = Vec::new();
        secrets.extend(self.s3.as_ref().map(|s3| ("LAB_S3_SECRET_ACCESS_KEY", s3.handed().secret_access_key())));
        secrets.extend(self.tracking.as_ref().map(|it| ("LAB_TRACKING_PASSWORD", it.admin().password.as_str())));
        secrets.extend(self.github.as_ref().map(|it| ("LAB_GITHUB_TOKEN", it.given().given_token())));
        secrets.extend(self.sink.as_ref().map(|sink| ("LAB_WEBHOOK_SECRET", sink.secret())));
        secrets
    }
}

/// An address that the submission reaches: the one its fence leaves open, or else what its backend has.
async fn host(backend: Backend, gateway: Option<IpAddr>) -> Result<IpAddr, Fault> {
    match (gateway, backend) {
        (Some(gateway), _) => Ok(gateway),
        (None, Backend::Embedded | Backend::Process) => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        (None, Backend::Containers) => {
            docker::at_hand().await.map_err(Fault::NotRun)?;
            docker::gateway().await.map_err(Fault::NotRun)
        }
    }
}
