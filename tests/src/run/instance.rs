//! One submission brought up on its world, for as long as its checks need it: the bucket first, then the submission, then a fault
//! proxy before it when a mutant asks for one.

use super::plan::{Origin, Target};
use crate::{
    backend::Backend,
    check::Fault,
    mutant::{FaultProxy, Mutant},
    submission::{self, Deployment, Fence, Manifest, StartError, StartPlan, launch::Tools},
    world::{docker, s3::S3World},
};
use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// The endpoint that a fault proxy stands before.
const PROXIED: &str = "tracking";

/// What every instance of a run has in common.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Our own binaries.
    pub tools: Tools,
    /// The run's seed.
    pub seed: u64,
    /// How many checks may run at once.
    pub jobs: usize,
}

/// A submission that answers, on its world.
pub(super) struct Instance {
    pub(super) deployment: Arc<Deployment>,
    pub(super) ready: Duration,
    pub(super) isolation: String,
    fence: Option<Arc<Fence>>,
    s3: Option<Arc<S3World>>,
    _proxy: Option<FaultProxy>,
}

impl Instance {
    /// Brings it up.
    pub(super) async fn open(
        target: &Target,
        mutant: Option<Arc<Mutant>>,
        around: &Surroundings,
    ) -> Result<Self, StartError> {
        let (folder, manifest) = match &target.origin {
            Origin::Folder(folder, manifest) => (folder, manifest),
            Origin::Missing(reason) => return Err(Fault::NotRun(reason.clone()).into()),
            Origin::Attached(url) => return Ok(Self::attached(url)),
        };
        let submitted = Manifest::read(&folder.join(manifest)).map_err(StartError::Manifest)?;
        let fence = Arc::new(Fence::raise(&submitted, &around.tools).await?);
        let s3 = if target.lab.manifest.world.iter().any(|service| service == "s3") {
            Some(Arc::new(bucket(target.backend, fence.gateway(), &around.tools).await?))
        } else {
            None
        };
        let plan = StartPlan {
            folder: PathBuf::from(folder),
            manifest: manifest.clone(),
            mutant: mutant.clone(),
            containers: target.containers,
            seed: around.seed,
            tools: around.tools.clone(),
            fence: Arc::clone(&fence),
            s3: s3.clone(),
        };
        let begun = Instant::now();
        let deployment = submission::start(plan).await?;
        let ready = begun.elapsed();
        let isolation = deployment.isolation();
        let mut instance =
            Self { deployment: Arc::new(deployment), ready, isolation, fence: Some(fence), s3, _proxy: None };
        if let Some(mutant) = mutant.filter(|mutant| !mutant.faults.is_empty()) {
            instance.stand_before(&mutant).await?;
        }
        Ok(instance)
    }

    fn attached(url: &str) -> Self {
        let deployment = submission::attach(url);
        let isolation = deployment.isolation();
        Self { deployment: Arc::new(deployment), ready: Duration::ZERO, isolation, fence: None, s3: None, _proxy: None }
    }

    /// Puts the mutant's fault proxy between the checks and the submission.
    async fn stand_before(&mut self, mutant: &Mutant) -> Result<(), StartError> {
        let direct = Arc::clone(&self.deployment);
        let upstream = direct.endpoint(PROXIED)?.to_owned();
        let accounts = Arc::new(move |name: &str| direct.account(name));
        let proxy = FaultProxy::start(&upstream, mutant.faults.clone(), accounts).await;
        let proxy = proxy.map_err(|error| Fault::Harness(format!("the fault proxy: {error}")))?;
        self.deployment = Arc::new(self.deployment.rerouted(PROXIED, proxy.url()));
        self._proxy = Some(proxy);
        Ok(())
    }

    /// Stops the submission and waits until nothing is left of it.
    pub(super) async fn close(self) {
        self.deployment.close().await;
        if let Some(s3) = &self.s3 {
            s3.close().await;
        }
        if let Some(fence) = &self.fence {
            fence.close().await;
        }
    }
}

/// Why a submission cannot be run on this machine, found out without starting it.
pub async fn not_at_hand(target: &Target, around: &Surroundings) -> Option<String> {
    if let Origin::Missing(reason) = &target.origin {
        return Some(reason.clone());
    }
    submission::not_at_hand(&target.manifest()?, &around.tools).await
}

/// The bucket, at an address that the submission reaches: the one its fence leaves open, or else what its backend has.
async fn bucket(backend: Backend, gateway: Option<IpAddr>, tools: &Tools) -> Result<S3World, Fault> {
    let host = match (gateway, backend) {
        (Some(gateway), _) => gateway,
        (None, Backend::Embedded | Backend::Process) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        (None, Backend::Containers) => {
            docker::at_hand().await.map_err(Fault::NotRun)?;
            docker::gateway().await.map_err(Fault::NotRun)?
        }
    };
    S3World::start(backend, host, tools).await.map_err(Fault::Environment)
}
