//! One submission brought up on its world, for as long as its checks need it: the world first, then the submission. A mutant may ask
//! for fault proxies: before the submission, as checks see it, and before a service of the world, as the submission sees it.

use super::plan::{Origin, Target};
use crate::{
    check::Fault,
    mutant::{FaultProxy, Mutant, Place},
    submission::{self, Deployment, Fence, Manifest, StartError, StartPlan, launch::Tools},
    world::World,
};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// Where else one may stand, and the variable that says where that is.
const PLACES: [(Place, &str); 4] = [
    (Place::Tracking, "LAB_TRACKING_URL"),
    (Place::Github, "LAB_GITHUB_URL"),
    (Place::Alertmanager, "LAB_ALERTMANAGER_URL"),
    (Place::Webhook, "LAB_WEBHOOK_URL"),
];

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
    world: Arc<World>,
    proxies: Vec<FaultProxy>,
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
        let fence = Arc::new(Fence::raise(&submitted, !target.lab.manifest.world.is_empty(), &around.tools).await?);
        let services = &target.lab.manifest.world;
        let world = Arc::new(World::start(services, target.backend, fence.gateway(), &around.tools).await?);
        let mut given = world.variables();
        let proxies = match &mutant {
            Some(mutant) => stand_before_world(mutant, &world, &mut given).await?,
            None => Vec::new(),
        };
        let plan = StartPlan {
            folder: PathBuf::from(folder),
            manifest: manifest.clone(),
            mutant: mutant.clone(),
            containers: target.containers,
            seed: around.seed,
            tools: around.tools.clone(),
            fence: Arc::clone(&fence),
            world: Arc::clone(&world),
            given,
        };
        let begun = Instant::now();
        let deployment = submission::start(plan).await?;
        let ready = begun.elapsed();
        let isolation = deployment.isolation();
        let mut instance =
            Self { deployment: Arc::new(deployment), ready, isolation, fence: Some(fence), world, proxies };
        if let Some(mutant) = mutant.filter(|mutant| mutant.faults_before(None).next().is_some()) {
            instance.stand_before(&mutant).await?;
        }
        Ok(instance)
    }

    fn attached(url: &str) -> Self {
        let deployment = submission::attach(url);
        let isolation = deployment.isolation();
        let (ready, world, proxies) = (Duration::ZERO, Arc::default(), Vec::new());
        Self { deployment: Arc::new(deployment), ready, isolation, fence: None, world, proxies }
    }

    /// Puts the mutant's fault proxy between the checks and the submission.
    async fn stand_before(&mut self, mutant: &Mutant) -> Result<(), StartError> {
        let direct = Arc::clone(&self.deployment);
        let name = direct.main_endpoint_name().to_owned();
        let upstream = direct.endpoint(&name)?.to_owned();
        let accounts = Arc::new(move |name: &str| direct.account(name));
        let proxy = FaultProxy::start(&upstream, mutant.faults_before(None).cloned().collect(), accounts).await;
        let proxy = proxy.map_err(|error| Fault::Harness(format!("the fault proxy: {error}")))?;
        self.deployment = Arc::new(self.deployment.rerouted(&name, proxy.url()));
        self.proxies.push(proxy);
        Ok(())
    }

    /// Stops the submission and waits until nothing is left of it.
    pub(super) async fn close(self) {
        self.deployment.close().await;
        self.world.close().await;
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

/// Puts the mutant's fault proxies between the submission and services of its world: what it is given names the proxies. Checks
/// go on seeing the services themselves.
async fn stand_before_world(
    mutant: &Mutant,
    world: &Arc<World>,
    given: &mut [(String, String)],
) -> Result<Vec<FaultProxy>, Fault> {
    let mut proxies = Vec::new();
    for (place, variable) in PLACES {
        let faults: Vec<_> = mutant.faults_before(Some(place)).cloned().collect();
        let Some((_, address)) = given.iter().find(|(name, _)| name == variable).filter(|_| !faults.is_empty()) else {
            if faults.is_empty() {
                continue;
            }
            return Err(Fault::Harness(format!("a fault stands before {place:?}, which this lab does not give")));
        };
        let upstream = origin(address).to_owned();
        let known = Arc::clone(world);
        let accounts = Arc::new(move |name: &str| {
            let admin = known.tracking().map(|tracking| tracking.admin().clone());
            admin.ok_or_else(|| Fault::Harness(format!("the world has no account `{name}`")))
        });
        let proxy = FaultProxy::start(&upstream, faults, accounts).await;
        let proxy = proxy.map_err(|error| Fault::Harness(format!("the fault proxy: {error}")))?;
        for (_, value) in given.iter_mut().filter(|(_, value)| origin(value) == upstream) {
            *value = value.replacen(&upstream, &proxy.url(), 1);
        }
        proxies.push(proxy);
    }
    Ok(proxies)
}

/// `http://127.0.0.1:4711` of an address with a path.
fn origin(address: &str) -> &str {
    let path = address.find("://").and_then(|at| address[at + 3..].find('/').map(|path| at + 3 + path));
    &address[..path.unwrap_or(address.len())]
}
