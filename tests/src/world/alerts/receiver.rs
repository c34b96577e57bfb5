//! An own receiver of Alertmanager's API v2 (github.com/prometheus/alertmanager, `api/v2/openapi.yaml`): it takes alerts, tells which
//! fire, and delivers webhook bodies of version 4. Each alert is a group of its own. What it does not have is silences and inhibition.

use super::super::serve::{Answering, Asked, Reply, Server};
use crate::{
    redact::Redactor,
    wire::{Request, Wire},
};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// After an alert came, before it is told.
const GROUP_WAIT: Duration = Duration::from_millis(200);
/// Between two notifications of one group, and before one is tried again.
const GROUP_INTERVAL: Duration = Duration::from_secs(1);
/// Without news for so long, an alert is resolved.
const RESOLVE_TIMEOUT: SignedDuration = SignedDuration::from_mins(5);
/// Between two looks at what is to be told.
const TICK: Duration = Duration::from_millis(25);

/// A running receiver. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Receiver {
    server: Server,
    _notifying: JoinSet<()>,
}

/// An alert as it is posted.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    #[serde(default, rename = "generatorURL")]
    generator_url: String,
}

/// An alert as it is kept.
#[derive(Clone, Debug)]
struct Kept {
    alert: Posted,
    starts_at: Timestamp,
    ends_at: Timestamp,
    updated_at: Timestamp,
    came: Instant,
    /// When it was last told, and whether as firing.
    told: Option<(Instant, bool)>,
}

type Store = Arc<Mutex<BTreeMap<String, Kept>>>;

impl Receiver {
    pub(super) async fn start(host: IpAddr, deliver_to: &str) -> io::Result<Self> {
        let store = Store::default();
        let for_server = Arc::clone(&store);
        let server = Server::start(host, move |asked| answer(&for_server, &asked)).await?;
        let mut notifying = JoinSet::new();
        notifying.spawn(notify(store, deliver_to.to_owned(), server.url().to_owned()));
        Ok(Self { server, _notifying: notifying })
    }

    pub(super) fn url(&self) -> &str {
        self.server.url()
    }
}

fn lock(store: &Store) -> MutexGuard<'_, BTreeMap<String, Kept>> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(store: &Store, asked: &Asked) -> Answering {
    let reply = match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/-/ready" | "/-/healthy") => Reply::empty(200),
        ("GET", "/api/v2/status") => Reply::json(200, &json!({"cluster": {"status": "disabled", "peers": []}})),
        ("GET", "/api/v2/alerts") => list(store, asked),
        ("POST", "/api/v2/alerts") => post(store, asked),
        _ => Reply::empty(404),
    };
    Box::pin(async move { Some(reply) })
}

fn refused(message: impl Into<String>) -> Reply {
    Reply::json(400, &Value::String(message.into()))
}

fn post(store: &Store, asked: &Asked) -> Reply {
    let alerts: Vec<Posted> = match serde_json::from_slice(&asked.body) {
        Ok(alerts) => alerts,
        Err(error) => return refused(format!("parsing alerts body from \"\" failed, because {error}")),
    };
    let now = Timestamp::now();
    // A bad alert spoils the answer, and not the others.
    let mut problem = None;
    for mut alert in alerts {
        alert.labels.retain(|_, value| !value.is_empty());
        if alert.labels.is_empty() {
            problem = Some("at least one label pair required");
            continue;
        }
        let starts_at = alert.starts_at.unwrap_or_else(|| alert.ends_at.map_or(now, |end| end.min(now)));
        let ends_at = alert.ends_at.unwrap_or(now + RESOLVE_TIMEOUT);
        if ends_at < starts_at {
            problem = Some("start time must be before end time");
            continue;
        }
        let fingerprint = fingerprint(&alert.labels);
        let mut store = lock(store);
        let known =
            store.get(&fingerprint).filter(|known| known.ends_at > now || known.told.is_some_and(|(_, firing)| firing));
        let kept = Kept {
            starts_at: known.map_or(starts_at, |known| known.starts_at.min(starts_at)),
            came: known.map_or_else(Instant::now, |known| known.came),
            told: known.and_then(|known| known.told),
            updated_at: now,
            ends_at,
            alert,
        };
        store.insert(fingerprint, kept);
    }
    problem.map_or_else(|| Reply::empty(200), refused)
}

fn list(store: &Store, asked: &Asked) -> Reply {
    let mut matchers = Vec::new();
    for text in asked.all("filter") {
        match Matcher::parse(text) {
            Some(matcher) => matchers.push(matcher),
            None => return refused(format!("bad matcher format: {text}")),
        }
    }
    let now = Timestamp::now();
    let store = lock(store);
    let firing = store.iter().filter(|(_, kept)| kept.ends_at > now);
    let found = firing.filter(|(_, kept)| matchers.iter().all(|matcher| matcher.fits(&kept.alert.labels)));
    let shown: Vec<Value> = found.map(|(fingerprint, kept)| kept.shown(fingerprint)).collect();
    Reply::json(200, &shown.into())
}

/// `name="value"` with one of `=`, `!=`, `=~`, `!~`.
struct Matcher {
    name: String,
    pattern: Regex,
    equal: bool,
}

impl Matcher {
    fn parse(text: &str) -> Option<Self> {
        let at = text.find(['=', '!'])?;
        let (name, rest) = text.split_at(at);
        let (operator, value) = ["=~", "!~", "!=", "="].iter().find_map(|op| Some((*op, rest.strip_prefix(op)?)))?;
        let value = value.trim().trim_matches('"');
        let pattern = if operator.ends_with('~') { value.to_owned() } else { regex::escape(value) };
        let pattern = Regex::new(&format!("^(?:{pattern})$")).ok()?;
        Some(Self { name: name.trim().to_owned(), pattern, equal: !operator.starts_with('!') })
    }

    fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.name).map_or("", String::as_str);
        self.pattern.is_match(value) == self.equal
    }
}

impl Kept {
    fn shown(&self, fingerprint: &str) -> Value {
        json!({
            "labels": self.alert.labels, "annotations": self.alert.annotations, "generatorURL": self.alert.generator_url,
            "startsAt": self.starts_at.to_string(), "endsAt": self.ends_at.to_string(),
            "updatedAt": self.updated_at.to_string(), "fingerprint": fingerprint, "receivers": [{"name": "sink"}],
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        })
    }

    /// The webhook's body, version 4.
    fn notification(&self, fingerprint: &str, firing: bool, external_url: &str) -> Value {
        let status = if firing { "firing" } else { "resolved" };
        let ends_at = if firing { "0001-01-01T00:00:00Z".to_owned() } else { self.ends_at.to_string() };
        let (labels, annotations) = (&self.alert.labels, &self.alert.annotations);
        let key: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        json!({
            "version": "4", "groupKey": format!("{{}}:{{{}}}", key.join(", ")), "truncatedAlerts": 0, "status": status,
            "receiver": "sink", "groupLabels": labels, "commonLabels": labels, "commonAnnotations": annotations,
            "externalURL": external_url,
            "alerts": [{
                "status": status, "labels": labels, "annotations": annotations, "startsAt": self.starts_at.to_string(),
                "endsAt": ends_at, "generatorURL": self.alert.generator_url, "fingerprint": fingerprint,
            }],
        })
    }

    /// Whether there is something to tell now, and whether that it fires.
    fn due(&self, now: Timestamp) -> Option<bool> {
        let firing = self.ends_at > now;
        match self.told {
            None if firing => (self.came.elapsed() >= GROUP_WAIT).then_some(true),
            Some((at, true)) if !firing => (at.elapsed() >= GROUP_INTERVAL).then_some(false),
            _ => None,
        }
    }
}

/// Tells of every alert that begins or ends. What the sink refuses with 5xx is told again.
async fn notify(store: Store, deliver_to: String, external_url: String) {
    let mut retry: BTreeMap<String, Instant> = BTreeMap::new();
    loop {
        tokio::time::sleep(TICK).await;
        let now = Timestamp::now();
        retry.retain(|_, at| at.elapsed() < GROUP_INTERVAL);
        let due: Vec<(String, bool, Value)> = lock(&store)
            .iter()
            .filter(|(fingerprint, _)| !retry.contains_key(*fingerprint))
            .filter_map(|(fingerprint, kept)| {
                let firing = kept.due(now)?;
                Some((fingerprint.clone(), firing, kept.notification(fingerprint, firing, &external_url)))
            })
            .collect();
        for (fingerprint, firing, body) in due {
            if delivered(&deliver_to, &body).await {
                if let Some(kept) = lock(&store).get_mut(&fingerprint) {
                    kept.told = Some((Instant::now(), firing));
                }
            } else {
                retry.insert(fingerprint, Instant::now());
            }
        }
    }
}

/// Whether the webhook took it, or refused it for good.
async fn delivered(url: &str, body: &Value) -> bool {
    let wire = Wire::new(None, Redactor::default());
    let request = Request::new(Method::POST, url, "").header("user-agent", "Alertmanager/embedded").json(body);
    wire.send(request).await.is_ok_and(|answer| answer.status < 500)
}

/// Prometheus' fingerprint of a label set: FNV-1a over its sorted names and values, each ended by 255
/// (github.com/prometheus/common, `model/signature.go`).
pub(super) fn fingerprint(labels: &BTreeMap<String, String>) -> String {
    const OFFSET: u64 = 14_695_981_039_346_656_037;
    const PRIME: u64 = 1_099_511_628_211;
    let words = labels.iter().flat_map(|(name, value)| [name, value]);
    let bytes = words.flat_map(|word| word.bytes().chain([255]));
    format!("{:016x}", bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
}
