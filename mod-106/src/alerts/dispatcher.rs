//! All of it in order: check, route, compare with the state, write the state down, send, tick off.
//!
//! Receivers are told side by side, so that one which stalls holds up nobody else.

use super::alert::{Alert, Fingerprint, Severity, Status};
use super::config::{Config, Receiver};
use super::deliver::{Refusal, Sender};
use super::error::Error;
use super::payload::{Item, Payload, payload};
use super::plan::{self, Message, Plan};
use super::router::Router;
use super::state::{Locked, State, Told, idempotency_key};
use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use std::path::Path;
use std::sync::Mutex;

/// Sends alerts as a configuration says.
#[derive(Debug)]
pub struct Dispatcher<'a> {
    config: &'a Config,
}

/// How to send.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Who speaks. The alerts are then *all* that it has, and what it had before and has no more is resolved.
    pub source: Option<String>,
    /// Decide everything, send nothing and write nothing.
    pub dry_run: bool,
}

/// What became of one alert at one receiver.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// The receiver's name.
    pub receiver: String,
    /// The alert's name.
    pub alert: String,
    /// By what it is known.
    pub fingerprint: Fingerprint,
    /// How bad it is.
    pub severity: Severity,
    /// What was, or was to be, said about it.
    pub status: Status,
    /// What became of it.
    pub fate: Fate,
    /// Why, where there is something to say.
    pub detail: String,
    /// Whether the receiver could not even be reached.
    #[serde(skip)]
    pub unreachable: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The receiver said yes.
    Delivered,
    /// It would have been sent: a dry run.
    WouldSend,
    /// The receiver knows already.
    Known,
    /// The receiver was sent too much already; kept for the next run.
    HeldBack,
    /// Told as part of a summary.
    InSummary,
    /// The receiver did not take it; kept for the next run.
    Failed,
}

/// What is shared while receivers are told side by side.
struct Shared {
    state: Mutex<State>,
    locked: Option<Locked>,
}

impl<'a> Dispatcher<'a> {
    /// Nothing is read or sent yet.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        Self { config }
    }

    /// Sends what is new, what is over, and what an earlier run could not send. `variable` looks up the environment.
    ///
    /// # Errors
    /// An alert that cannot be sent, or a state file that cannot be used. A receiver that does not take something is no error here:
    /// see [`undelivered`](Self::undelivered).
    pub async fn send(
        &self,
        alerts: &[Alert],
        options: &Options,
        now: Timestamp,
        variable: &(impl Fn(&str) -> Option<String> + Sync),
    ) -> Result<Vec<Delivery>, Error> {
        alerts.iter().try_for_each(Alert::check)?;
        let locked = if options.dry_run { None } else { Some(Locked::acquire(&self.config.state)?) };
        let mut state = locked.as_ref().map_or_else(|| State::load(&self.config.state), Locked::load)?;
        let plans = self.decide(&mut state, alerts, options, now);
        // Written before anything is sent: whoever dies from here on leaves what is due.
        if let Some(locked) = &locked {
            locked.replace(&state)?;
        }
        let shared = Shared { state: Mutex::new(state), locked };
        let told = plans.iter().map(|(receiver, plan)| self.tell(receiver, plan, &shared, now, variable));
        let deliveries = join_all(told).await.into_iter().collect::<Result<Vec<_>, Error>>()?.concat();
        Ok(self.with_known(deliveries, alerts, &shared, now))
    }

    /// The error that these deliveries amount to, if they do.
    #[must_use]
    pub fn undelivered(&self, deliveries: &[Delivery]) -> Option<Error> {
        let failed: Vec<_> = deliveries.iter().filter(|delivery| delivery.fate == Fate::Failed).collect();
        let mut receivers: Vec<_> =
            failed.iter().map(|delivery| format!("{} ({})", delivery.receiver, delivery.detail)).collect();
        receivers.dedup();
        let unreachable = failed.iter().all(|delivery| delivery.unreachable);
        (!failed.is_empty()).then(|| Error::Undelivered { receivers, state: self.config.state.clone(), unreachable })
    }

    fn decide(
        &self,
        state: &mut State,
        alerts: &[Alert],
        options: &Options,
        now: Timestamp,
    ) -> Vec<(&'a Receiver, Plan)> {
        let router = Router::new(self.config);
        let decisions: Vec<_> = alerts.iter().map(|alert| (alert, router.decide(alert).receivers)).collect();
        let plan = |receiver: &'a Receiver| {
            let told = state.receivers.entry(receiver.name.clone()).or_default();
            let routed = decisions.iter().filter(|(_, receivers)| receivers.contains(&receiver.name));
            let routed: Vec<_> = routed.map(|(alert, _)| *alert).collect();
            plan::note(told, receiver, &routed, options.source.as_deref(), now);
            (receiver, plan::messages(told, receiver, now))
        };
        self.config.receivers.values().map(plan).collect()
    }

    /// Tells one receiver all its messages, in order.
    async fn tell(
        &self,
        receiver: &Receiver,
        plan: &Plan,
        shared: &Shared,
        now: Timestamp,
        variable: &(impl Fn(&str) -> Option<String> + Sync),
    ) -> Result<Vec<Delivery>, Error> {
        let sender = match &shared.locked {
            Some(_) if !plan.messages.is_empty() => Some(Sender::new(receiver, variable)),
            _ => None,
        };
        let mut deliveries = Vec::new();
        for message in &plan.messages {
            let (payload, key) = shared.with(receiver, |told| write(receiver, told, message, now));
            let sent = match &sender {
                None => None,
                Some(Ok(sender)) => Some(sender.send(&payload, &key).await),
                Some(Err(error)) => Some(Err(Refusal { reason: error.to_string(), unreachable: false })),
            };
            let (fate, detail, unreachable) = match sent {
                None => (Fate::WouldSend, key, false),
                Some(Ok(1)) => (Fate::Delivered, String::new(), false),
                Some(Ok(attempts)) => (Fate::Delivered, format!("at the {attempts}. attempt"), false),
                Some(Err(refusal)) => (Fate::Failed, refusal.reason, refusal.unreachable),
            };
            if fate == Fate::Delivered {
                shared.acknowledge(receiver, message, now)?;
            }
            let parts = message.iter().map(|(fingerprint, status)| (fingerprint, *status));
            deliveries.extend(shared.deliveries(receiver, parts, fate, &detail, unreachable));
        }
        let due = |fingerprints: &'_ [Fingerprint], fate, detail| {
            let told = shared.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let status = |fingerprint: &Fingerprint| told.receivers[&receiver.name].alerts[fingerprint].due;
            let parts: Vec<_> =
                fingerprints.iter().map(|it| (it.clone(), status(it).unwrap_or(Status::Firing))).collect();
            drop(told);
            shared.deliveries(receiver, parts.iter().map(|(it, status)| (it, *status)), fate, detail, false)
        };
        deliveries.extend(due(&plan.summarised, Fate::InSummary, ""));
        let rate = format!("{} at once, then {} a minute", receiver.rate.burst, receiver.rate.per_minute);
        deliveries.extend(due(&plan.held, Fate::HeldBack, &rate));
        Ok(deliveries)
    }

    /// Adds the alerts that a receiver knew already, so that nobody wonders where they are.
    fn with_known(
        &self,
        mut deliveries: Vec<Delivery>,
        alerts: &[Alert],
        shared: &Shared,
        now: Timestamp,
    ) -> Vec<Delivery> {
        let router = Router::new(self.config);
        for alert in alerts {
            let fingerprint = alert.fingerprint();
            for receiver in router.decide(alert).receivers {
                let listed = deliveries.iter().any(|it| it.receiver == receiver && it.fingerprint == fingerprint);
                if listed {
                    continue;
                }
                let detail =
                    shared.with(&self.config.receivers[&receiver], |told| match told.alerts.get(&fingerprint) {
                        Some(entry) if entry.summary.is_some() => "told in a summary".to_owned(),
                        Some(entry) => entry.told.map(|(_, at)| format!("told at {at:.0}")).unwrap_or_default(),
                        None => "it never fired here".to_owned(),
                    });
                deliveries.push(Delivery {
                    receiver,
                    alert: alert.name.clone(),
                    fingerprint: fingerprint.clone(),
                    severity: alert.severity,
                    status: alert.status(now),
                    fate: Fate::Known,
                    detail,
                    unreachable: false,
                });
            }
        }
        deliveries
    }

    /// Where it is written what was sent.
    #[must_use]
    pub fn state_path(&self) -> &Path {
        &self.config.state
    }
}

impl Shared {
    fn with<T>(&self, receiver: &Receiver, look: impl FnOnce(&Told) -> T) -> T {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        look(&state.receivers[&receiver.name])
    }

    fn acknowledge(&self, receiver: &Receiver, message: &Message, now: Timestamp) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(told) = state.receivers.get_mut(&receiver.name) {
            plan::acknowledged(told, message, now);
        }
        self.locked.as_ref().map_or(Ok(()), |locked| locked.replace(&state))
    }

    fn deliveries<'f>(
        &self,
        receiver: &Receiver,
        parts: impl Iterator<Item = (&'f Fingerprint, Status)>,
        fate: Fate,
        detail: &str,
        unreachable: bool,
    ) -> Vec<Delivery> {
        self.with(receiver, |told| {
            let delivery = |(fingerprint, status): (&Fingerprint, Status)| {
                let alert = &told.alerts[fingerprint].alert;
                Delivery {
                    receiver: receiver.name.clone(),
                    alert: alert.name.clone(),
                    fingerprint: fingerprint.clone(),
                    severity: alert.severity,
                    status,
                    fate,
                    detail: detail.to_owned(),
                    unreachable,
                }
            };
            parts.map(delivery).collect()
        })
    }
}

/// A message's payload and its key: the alert's own, or, of several, that of all of them together.
fn write(receiver: &Receiver, told: &Told, message: &Message, now: Timestamp) -> (Payload, String) {
    let keys: Vec<_> = message.iter().map(|(it, status)| idempotency_key(&told.alerts[it], *status)).collect();
    let items: Vec<_> = message
        .iter()
        .zip(&keys)
        .map(|((it, status), key)| Item { alert: &told.alerts[it].alert, status: *status, key })
        .collect();
    let key = match keys.as_slice() {
        [key] => key.clone(),
        keys => super::alert::digest(keys.iter().map(String::as_str)),
    };
    (payload(receiver.kind, &items, now), key)
}
