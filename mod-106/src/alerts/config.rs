//! Receivers and routes, after the file was read and every name in it was found. Next: `router` chooses, `dispatcher` sends.

use super::alert::Severity;
use super::secret::Secret;
use crate::client::RetryPolicy;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Who can be told, and who is told what.
#[derive(Debug, Clone)]
pub struct Config {
    /// By name. Not empty.
    pub receivers: BTreeMap<String, Receiver>,
    /// In the order in which they are tried.
    pub routes: Vec<Route>,
    /// For what no route took. Not empty: an alert that reaches nobody is worse than none.
    pub default: Vec<String>,
    /// Where it is written what was sent.
    pub state: PathBuf,
}

/// Somebody who can be told.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// What routes call it.
    pub name: String,
    /// Which protocol it speaks.
    pub kind: Kind,
    /// Where it listens. A secret for Slack, whose URLs hold a token.
    pub url: Secret,
    /// The key: a webhook signs with it, PagerDuty routes by it.
    pub secret: Option<Secret>,
    /// How much it is sent at once.
    pub rate: Rate,
    /// How often a request is repeated.
    pub retries: RetryPolicy,
    /// How long one request may take.
    pub timeout: Duration,
    /// After how long an alert that still fires is sent again. Alertmanager reminds people itself.
    pub remind_after: Option<Duration>,
}

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Alertmanager's API v2. It forgets an alert that nobody repeats, so each post says how long the alert is to be believed.
    Alertmanager {
        /// Longer than the time between two runs of whoever sends.
        keep_firing: Duration,
    },
    /// JSON of our own, signed.
    Webhook,
    /// Slack's incoming webhooks, and what imitates them.
    Slack,
    /// PagerDuty's Events API v2.
    PagerDuty,
}

impl Kind {
    /// Its name in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Alertmanager { .. } => "alertmanager",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::PagerDuty => "pagerduty",
        }
    }
}

/// A token bucket: so many at once, refilled at so many a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// At least one.
    pub burst: u32,
    /// More than none.
    pub per_minute: f64,
}

/// Who is told about alerts like these.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// Any of these; empty: any.
    pub severity: Vec<Severity>,
    /// Any of these; empty: anybody.
    pub owner: Vec<String>,
    /// All of these.
    pub labels: BTreeMap<String, String>,
    /// Receivers. Not empty.
    pub to: Vec<String>,
    /// Whether later routes are tried too.
    pub continues: bool,
}
