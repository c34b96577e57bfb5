//! What the service holds while it runs.

use super::error::Error;
use super::faults::Faults;
use super::model::Model;
use super::spend::Spend;
use crate::instrument::{Expected, Figures, InferenceLog, Served, Window};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Predictions that wait for their label; older ones are forgotten here, though not in the log.
const REMEMBERED: usize = 50_000;
/// Requests that the drift signal looks at.
const WINDOW: usize = 1_000;

/// One model where it answers.
#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) model: Model,
    pub(super) served: Served,
    pub(super) digest: String,
    pub(super) expected: BTreeMap<String, Expected>,
}

/// Who answers, and who answers a share of it.
#[derive(Clone, Debug)]
pub(super) struct Deployments {
    pub(super) stable: Arc<Deployment>,
    pub(super) canary: Option<(Arc<Deployment>, f64)>,
    /// What stable is while the fault of a bad deployment is on.
    pub(super) skewed: Arc<Deployment>,
}

/// What is remembered of a prediction until its label comes.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) served: Served,
    pub(super) predicted: bool,
    pub(super) amount_usd: f64,
    pub(super) labelled: bool,
}

/// The memory of predictions.
#[derive(Debug, Default)]
pub(super) struct Memory {
    by_id: HashMap<String, Remembered>,
    order: VecDeque<String>,
}

/// The whole service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) figures: Arc<Figures>,
    pub(super) deployments: RwLock<Deployments>,
    pub(super) faults: RwLock<Faults>,
    pub(super) memory: Mutex<Memory>,
    pub(super) requests: Option<InferenceLog>,
    pub(super) labels: Option<InferenceLog>,
    pub(super) ready: AtomicBool,
    pub(super) random: Mutex<fastrand::Rng>,
    /// Whom explanations ask first.
    pub(super) spend: Option<Spend>,
    /// Whether faults and deployments may be changed through the management door.
    pub(super) open_to_faults: bool,
}

impl Deployment {
    pub(super) fn new(model: Model, variant: &str) -> Arc<Self> {
        let served = Served { model: model.name.clone(), version: model.version.clone(), variant: variant.to_owned() };
        let expected = model.features.iter().map(|feature| (feature.name().to_owned(), feature.expected())).collect();
        Arc::new(Self { digest: model.digest(), model, served, expected })
    }
}

impl Deployments {
    pub(super) fn new(stable: Model, canary: Option<(Model, f64)>) -> Result<Self, Error> {
        let skewed = Deployment::new(stable.skewed(), "stable");
        let stable = Deployment::new(stable, "stable");
        let canary = match canary {
            Some((model, share)) => {
                if !(0.0..=1.0).contains(&share) {
                    let (found, expected) = (share.to_string(), "a share between 0 and 1");
                    return Err(Error::Setting { setting: "canary share", found, expected });
                }
                Some((Deployment::new(model, "canary"), share))
            }
            None => None,
        };
        Ok(Self { stable, canary, skewed })
    }

    /// Who answers a request: the same for the same id, so that a retry meets the same model.
    pub(super) fn choose(&self, request_id: &str, bad_deploy: bool) -> &Arc<Deployment> {
        let stable = if bad_deploy { &self.skewed } else { &self.stable };
        let Some((canary, share)) = &self.canary else { return stable };
        if bucket(request_id) < *share { canary } else { stable }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Deployment>> {
        [&self.stable].into_iter().chain(self.canary.as_ref().map(|(canary, _)| canary))
    }
}

/// A number between 0 and 1 that a text stands for: FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>), mixed as SplitMix64 does,
/// for FNV alone leaves the high bits of short texts alike.
fn bucket(text: &str) -> f64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

impl Memory {
    /// Whether this id was answered before.
    pub(super) fn knows(&self, request_id: &str) -> bool {
        self.by_id.contains_key(request_id)
    }

    /// Remembers a prediction; the oldest makes room.
    pub(super) fn keep(&mut self, request_id: String, remembered: Remembered) {
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.order.push_back(request_id.clone());
        self.by_id.insert(request_id, remembered);
    }

    /// What was predicted, and whether its label had come before.
    pub(super) fn label(&mut self, request_id: &str) -> Option<Remembered> {
        let remembered = self.by_id.get_mut(request_id)?;
        let before = remembered.clone();
        remembered.labelled = true;
        Some(before)
    }
}

impl Service {
    /// Shows what is served now, and watches drift against it.
    pub(super) fn announce(&self) {
        let deployments = self.deployments();
        for deployment in deployments.all() {
            let features: Vec<String> = deployment.expected.keys().cloned().collect();
            self.figures.announce(&deployment.served, &deployment.digest, &features);
        }
        let stable = &deployments.stable;
        self.figures.watch(&stable.served.model, Window::new(stable.model.references(), WINDOW));
        self.show_faults();
    }

    /// Replaces what is served, and says so.
    pub(super) fn deploy(&self, new: Deployments) {
        for gone in self.deployments().all() {
            self.figures.retire(&gone.served, &gone.digest);
        }
        *self.deployments.write().unwrap_or_else(PoisonError::into_inner) = new;
        self.announce();
    }

    /// Shows which faults are on.
    pub(super) fn show_faults(&self) {
        let faults = self.faults();
        for (name, on) in faults.active() {
            self.figures.faults.with_label_values(&[name]).set(i64::from(on));
        }
        let deployments = self.deployments();
        let (stable, skewed) = (&deployments.stable, &deployments.skewed);
        let (now, gone) = if faults.bad_deploy { (skewed, stable) } else { (stable, skewed) };
        self.figures.retire(&gone.served, &gone.digest);
        let features: Vec<String> = now.expected.keys().cloned().collect();
        self.figures.announce(&now.served, &now.digest, &features);
    }

    pub(super) fn deployments(&self) -> Deployments {
        self.deployments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn faults(&self) -> Faults {
        self.faults.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Writes to a log, where there is one; a failure is counted and told, and costs the caller nothing.
    pub(super) fn log(&self, log: Option<&InferenceLog>, record: &impl serde::Serialize) {
        let Some(log) = log else { return };
        let result = match log.append(record) {
            Ok(()) => "written",
            Err(error) => {
                tracing::error!(%error, "a record is not in the log");
                "failed"
            }
        };
        self.figures.log_records.with_label_values(&[result]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn short_ids_are_spread_evenly() {
        let below = (0..10_000).filter(|number| bucket(&format!("r-{number}")) < 0.1).count();
        assert!((900..1_100).contains(&below), "{below}");
    }
}
