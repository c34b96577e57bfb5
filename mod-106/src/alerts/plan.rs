//! The decision, without any I/O: from what fires now and what a receiver was told, to what it is told next.
//!
//! 1. [`note`] compares: what is new or over becomes *due*; what the receiver knows already does not.
//! 2. [`messages`] spends the receiver's tokens: the worst first. When there are fewer tokens than news, the last one goes to a
//!    summary of all that does not fit. What fits nowhere stays due: held back, never dropped.
//!
//! Next: `dispatcher` sends the messages and notes what was acknowledged.

use super::alert::{Alert, Fingerprint, SUMMARY, Severity, Status};
use super::bucket::Bucket;
use super::config::{Kind, Receiver};
use super::state::{Entry, Told};
use jiff::Timestamp;

/// Alertmanager takes many alerts in one request; this keeps a request below a megabyte.
const BATCH: usize = 256;
/// How long the end of an alert is remembered.
const REMEMBERED_S: i64 = 7 * 86_400;

/// One request: what it is about, in the order in which it stands there.
pub(super) type Message = Vec<(Fingerprint, Status)>;

/// What is to be sent, and what is not and why.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) messages: Vec<Message>,
    /// Due, but there are no tokens for it now.
    pub(super) held: Vec<Fingerprint>,
    /// Told as part of a summary.
    pub(super) summarised: Vec<Fingerprint>,
}

/// Compares what is reported with what the receiver was told. `reported` holds only alerts that are routed to it; with a `source`
/// they are all that this source has, and what it reported earlier and does not any more is over.
pub(super) fn note(told: &mut Told, receiver: &Receiver, reported: &[&Alert], source: Option<&str>, now: Timestamp) {
    for alert in reported {
        match alert.status(now) {
            Status::Firing => fire(told, receiver, alert, source, now),
            Status::Resolved => {
                if let Some(entry) = told.alerts.get_mut(&alert.fingerprint()) {
                    resolve(entry, alert.ends_at.unwrap_or(now));
                }
            }
        }
    }
    if let Some(source) = source {
        let still: Vec<_> = reported.iter().map(|alert| alert.fingerprint()).collect();
        let gone = told.alerts.iter_mut().filter(|(fingerprint, entry)| {
            entry.source.as_deref() == Some(source) && entry.fires() && !still.contains(fingerprint)
        });
        gone.for_each(|(_, entry)| resolve(entry, now));
    }
    close_summaries(told, now);
    told.alerts.retain(|_, entry| {
        let over =
            matches!(entry.told, Some((Status::Resolved, at)) if now.as_second() - at.as_second() > REMEMBERED_S);
        entry.due.is_some() || !over
    });
}

fn fire(told: &mut Told, receiver: &Receiver, alert: &Alert, source: Option<&str>, now: Timestamp) {
    let fingerprint = alert.fingerprint();
    let begun = |alert: &Alert| {
        let starts_at = Some(alert.starts_at.unwrap_or(now));
        Alert { starts_at, ends_at: alert.ends_at, ..alert.clone() }
    };
    let entry = match told.alerts.get_mut(&fingerprint) {
        // The same incident goes on: it keeps its start, and its words become the newest.
        Some(entry) if entry.fires() => {
            let starts_at = entry.alert.starts_at;
            entry.alert = Alert { starts_at, ..alert.clone() };
            entry
        }
        // It came back: another incident.
        Some(entry) => {
            let mut alert = begun(alert);
            if alert.starts_at <= entry.alert.starts_at {
                // A key that was used already would be taken for a repetition.
                alert.starts_at = Some(now);
            }
            *entry = Entry { due: Some(Status::Firing), reminders: 0, summary: None, alert, ..entry.clone() };
            entry
        }
        None => {
            let new = Entry {
                alert: begun(alert),
                source: None,
                due: Some(Status::Firing),
                told: None,
                reminders: 0,
                summary: None,
            };
            told.alerts.entry(fingerprint).or_insert(new)
        }
    };
    entry.source = source.map(str::to_owned).or_else(|| entry.source.take());
    if entry.due.is_some() || entry.summary.is_some() {
        return;
    }
    let Some((_, told_at)) = entry.told else { return };
    if matches!(receiver.kind, Kind::Alertmanager { .. }) {
        // It believes us only for a while.
        entry.due = Some(Status::Firing);
    } else if receiver
        .remind_after
        .is_some_and(|after| now.duration_since(told_at).as_secs_f64() >= after.as_secs_f64())
    {
        entry.due = Some(Status::Firing);
        entry.reminders += 1;
    }
}

fn resolve(entry: &mut Entry, end: Timestamp) {
    if !entry.fires() {
        return;
    }
    let start = entry.alert.starts_at.unwrap_or(end);
    entry.alert.ends_at = Some(end.max(start));
    if entry.summary.is_some() {
        // Nobody was told of it by itself; its summary will say when all are over.
        (entry.due, entry.told) = (None, Some((Status::Resolved, end)));
    } else {
        // Also when it was only due: whoever was killed while sending may have told it.
        entry.due = Some(Status::Resolved);
    }
}

/// A summary is over when all that it sums up is.
fn close_summaries(told: &mut Told, now: Timestamp) {
    let open: Vec<Fingerprint> =
        told.alerts.values().filter(|entry| entry.fires()).filter_map(|it| it.summary.clone()).collect();
    let summaries = told.alerts.iter_mut().filter(|(_, entry)| entry.alert.name == SUMMARY && entry.fires());
    summaries.filter(|(fingerprint, _)| !open.contains(fingerprint)).for_each(|(_, entry)| resolve(entry, now));
}

/// Spends tokens on what is due.
pub(super) fn messages(told: &mut Told, receiver: &Receiver, now: Timestamp) -> Plan {
    let bucket = told.bucket.get_or_insert_with(|| Bucket::full(receiver.rate, now));
    let tokens = bucket.refill(receiver.rate, now);
    let mut due: Vec<(Fingerprint, Status)> =
        told.alerts.iter().filter_map(|(fingerprint, entry)| Some((fingerprint.clone(), entry.due?))).collect();
    due.sort_by_key(|(fingerprint, status)| {
        let alert = &told.alerts[fingerprint].alert;
        let ordinary = alert.name != SUMMARY;
        (*status == Status::Resolved, ordinary, std::cmp::Reverse(alert.severity), alert.starts_at)
    });
    let plan = match receiver.kind {
        Kind::Alertmanager { .. } => in_batches(&due, tokens),
        _ => one_by_one(told, receiver, &due, tokens, now),
    };
    if let Some(bucket) = &mut told.bucket {
        bucket.take(plan.messages.len());
    }
    plan
}

fn in_batches(due: &[(Fingerprint, Status)], tokens: usize) -> Plan {
    let (sent, held) = due.split_at(due.len().min(tokens.saturating_mul(BATCH)));
    Plan {
        messages: sent.chunks(BATCH).map(<[_]>::to_vec).collect(),
        held: held.iter().map(|(fingerprint, _)| fingerprint.clone()).collect(),
        summarised: Vec::new(),
    }
}

fn one_by_one(
    told: &mut Told,
    receiver: &Receiver,
    due: &[(Fingerprint, Status)],
    tokens: usize,
    now: Timestamp,
) -> Plan {
    let each = |some: &[(Fingerprint, Status)]| some.iter().map(|one| vec![one.clone()]).collect::<Vec<_>>();
    let firing = due.iter().filter(|(_, status)| *status == Status::Firing).count();
    // A summary of summaries would no longer say what it is about: while one waits, nothing else is summed up.
    let waits = due.iter().any(|(fingerprint, _)| told.alerts[fingerprint].alert.name == SUMMARY);
    if firing <= tokens || tokens == 0 || waits {
        let (sent, held) = due.split_at(due.len().min(tokens));
        let held = held.iter().map(|(fingerprint, _)| fingerprint.clone()).collect();
        return Plan { messages: each(sent), held, summarised: Vec::new() };
    }
    let (sent, rest) = due.split_at(tokens - 1);
    let (fits_nowhere, over) = rest.split_at(firing - sent.len());
    let summarised: Vec<_> = fits_nowhere.iter().map(|(fingerprint, _)| fingerprint.clone()).collect();
    let summary = sum_up(told, receiver, &summarised, now);
    let mut messages = each(sent);
    messages.push(vec![(summary, Status::Firing)]);
    Plan { messages, held: over.iter().map(|(fingerprint, _)| fingerprint.clone()).collect(), summarised }
}

/// Makes one alert of many, due now. The many count as told once it is.
fn sum_up(told: &mut Told, receiver: &Receiver, members: &[Fingerprint], now: Timestamp) -> Fingerprint {
    let alerts: Vec<&Alert> = members.iter().map(|member| &told.alerts[member].alert).collect();
    let severity = alerts.iter().map(|alert| alert.severity).max().unwrap_or(Severity::Info);
    let count = alerts.len();
    let mut summary =
        Alert::new(SUMMARY, severity, &receiver.name, format!("{count} more alerts fire; they came too fast"));
    let lines = alerts
        .iter()
        .map(|alert| format!("{} {} ({}): {}", alert.severity.word(), alert.name, alert.owner, alert.summary));
    summary.description = lines.collect::<Vec<_>>().join("\n");
    summary.labels.insert("count".to_owned(), count.to_string());
    summary.labels.insert("since".to_owned(), now.as_millisecond().to_string());
    summary.starts_at = Some(now);
    let fingerprint = summary.fingerprint();
    for member in members {
        if let Some(entry) = told.alerts.get_mut(member) {
            (entry.due, entry.summary) = (None, Some(fingerprint.clone()));
            entry.told = Some((Status::Firing, now));
        }
    }
    let due = Some(Status::Firing);
    let entry = Entry { alert: summary, source: None, due, told: None, reminders: 0, summary: None };
    told.alerts.insert(fingerprint.clone(), entry);
    fingerprint
}

/// Notes that the receiver said yes to a message.
pub(super) fn acknowledged(told: &mut Told, message: &Message, now: Timestamp) {
    for (fingerprint, status) in message {
        if let Some(entry) = told.alerts.get_mut(fingerprint) {
            (entry.due, entry.told) = (None, Some((*status, now)));
        }
    }
}

#[cfg(test)]
mod tests;
