//! What Alertmanager sends, folded. It delivers at least once: after a lost answer, a restart or a second instance of itself, the same
//! alert comes again. What makes it the same is its fingerprint *and* when it began: the same fingerprint with another start is a new
//! incident, and must not be swallowed by the old one.
//!
//! An end may come whose beginning never did: Alertmanager resolves whole groups, inhibited alerts among them. It is kept.
//!
//! The inbox is a file of JSON Lines, one for each change: an alert that began, or that ended. A notification is acknowledged once its
//! changes are written; one that dies half-way comes again, and changes nothing twice.

use super::spec::Error;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// What Alertmanager posts (<https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>, version 4); fields that nobody
/// here needs are not read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The format's version.
    pub version: String,
    /// Who it is for.
    #[serde(default)]
    pub receiver: String,
    /// The alerts of one group.
    pub alerts: Vec<Received>,
}

/// One alert of a notification.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// `firing` or `resolved`.
    pub status: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// When it began.
    pub starts_at: Timestamp,
    /// When it ended, or is taken to have when nobody says otherwise.
    pub ends_at: Timestamp,
    /// Alertmanager's digest of its labels.
    pub fingerprint: String,
}

/// What makes two alerts one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Of its labels.
    pub fingerprint: String,
    /// When it began.
    pub starts_at: Timestamp,
}

/// One alert, however often it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Folded {
    /// What it is known by.
    #[serde(flatten)]
    pub key: Key,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations, as they were last told.
    pub annotations: BTreeMap<String, String>,
    /// When it ended; absent while it holds.
    pub ended_at: Option<Timestamp>,
    /// When we were told.
    pub received_at: Timestamp,
}

/// All alerts that came.
#[derive(Debug)]
pub struct Inbox {
    path: PathBuf,
    file: File,
    alerts: BTreeMap<Key, Folded>,
    /// How many that came were known already.
    duplicates: u64,
}

impl Inbox {
    /// Opens the file, and knows again what it holds. A last line that a dead process left unfinished was never acknowledged, and is
    /// cut off: Alertmanager sends it again.
    ///
    /// # Errors
    /// A file that cannot be used, or holds what is no change.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |reason: String| Error::Inbox { path: path.to_owned(), reason };
        let opened = OpenOptions::new().append(true).create(true).read(true).open(path);
        let mut file = opened.map_err(|error| failed(error.to_string()))?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
        let whole = text.rfind('\n').map_or(0, |place| place + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(|error| failed(error.to_string()))?;
        }
        let mut alerts = BTreeMap::new();
        for (number, line) in text[..whole].lines().enumerate() {
            let change: Folded =
                serde_json::from_str(line).map_err(|error| failed(format!("line {}: {error}", number + 1)))?;
            alerts.insert(change.key.clone(), change);
        }
        Ok(Self { path: path.to_owned(), file, alerts, duplicates: 0 })
    }

    /// Takes in a notification; what changed is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written: then it must not be acknowledged.
    pub fn take(&mut self, notification: &Notification, now: Timestamp) -> Result<Vec<Folded>, Error> {
        let mut changes = Vec::new();
        for received in &notification.alerts {
            let change = fold(received, now);
            let known = self.alerts.get(&change.key);
            // An alert that has ended does not begin again: a late copy of its first message is old news.
            let old_news = known.is_some_and(|known| known.ended_at.is_some() || known.ended_at == change.ended_at);
            if old_news
                || changes.iter().any(|other: &Folded| other.key == change.key && other.ended_at == change.ended_at)
            {
                self.duplicates += 1;
            } else {
                changes.push(change);
            }
        }
        let mut lines = Vec::new();
        for change in &changes {
            serde_json::to_writer(&mut lines, change).map_err(|error| self.failed(&error))?;
            lines.push(b'\n');
        }
        if !lines.is_empty() {
            let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
            written.map_err(|error| self.failed(&error))?;
        }
        self.alerts.extend(changes.iter().map(|change| (change.key.clone(), change.clone())));
        Ok(changes)
    }

    /// All alerts, by fingerprint and start.
    pub fn alerts(&self) -> impl Iterator<Item = &Folded> {
        self.alerts.values()
    }

    /// How many that came were known already.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    fn failed(&self, error: &impl std::fmt::Display) -> Error {
        Error::Inbox { path: self.path.clone(), reason: error.to_string() }
    }
}

fn fold(received: &Received, now: Timestamp) -> Folded {
    let key = Key { fingerprint: received.fingerprint.clone(), starts_at: received.starts_at };
    // Alertmanager sends an end with firing alerts, too: when they are taken to end if nobody speaks of them any more.
    let ended_at = (received.status == "resolved").then_some(received.ends_at);
    let (labels, annotations) = (received.labels.clone(), received.annotations.clone());
    Folded { key, labels, annotations, ended_at, received_at: now }
}

#[cfg(test)]
mod tests {
    use super::{Inbox, Notification};
    use jiff::Timestamp;
    use serde_json::json;

    fn notification(status: &str, fingerprint: &str, starts_at: &str) -> Notification {
        let alert = json!({
            "status": status, "labels": { "alertname": "A" }, "annotations": {}, "fingerprint": fingerprint,
            "startsAt": starts_at, "endsAt": "2026-01-01T01:00:00Z", "generatorURL": "x",
        });
        let body = json!({ "version": "4", "receiver": "r", "status": status, "alerts": [alert] });
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn the_same_alert_comes_ten_times_and_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.jsonl");
        let (first, second) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        let mut changes = 0;
        for _ in 0..10 {
            // The process dies each time.
            let mut inbox = Inbox::open(&path).unwrap();
            changes += inbox.take(&notification("firing", "f", first), Timestamp::UNIX_EPOCH).unwrap().len();
        }
        let mut inbox = Inbox::open(&path).unwrap();
        let take = |inbox: &mut Inbox, status, fingerprint, start| {
            inbox.take(&notification(status, fingerprint, start), Timestamp::UNIX_EPOCH).unwrap().len()
        };
        assert_eq!(changes, 1);
        assert_eq!(take(&mut inbox, "resolved", "f", first), 1);
        assert_eq!(take(&mut inbox, "resolved", "f", first), 0);
        // A late copy of the beginning does not begin it again.
        assert_eq!(take(&mut inbox, "firing", "f", first), 0);
        // The same labels a day later are another incident, and so are other labels.
        assert_eq!(take(&mut inbox, "firing", "f", second), 1);
        assert_eq!(take(&mut inbox, "firing", "g", first), 1);
        assert_eq!((inbox.alerts().count(), inbox.duplicates()), (3, 2));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4);
        let ended = Inbox::open(&path).unwrap().alerts().filter(|alert| alert.ended_at.is_some()).count();
        assert_eq!(ended, 1);
    }

    #[test]
    fn half_a_line_was_never_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.jsonl");
        let firing = notification("firing", "f", "2026-01-01T00:00:00Z");
        Inbox::open(&path).unwrap().take(&firing, Timestamp::UNIX_EPOCH).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() / 2]).unwrap();
        let mut inbox = Inbox::open(&path).unwrap();
        assert_eq!(inbox.take(&firing, Timestamp::UNIX_EPOCH).unwrap().len(), 1);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
