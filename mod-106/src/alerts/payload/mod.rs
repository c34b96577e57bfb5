//! What each kind of receiver wants to read. Pure: from entries to JSON; `deliver` adds headers and sends.

mod alertmanager;
mod pagerduty;
mod slack;
mod webhook;

use super::alert::{Alert, Status};
use super::config::Kind;
use jiff::Timestamp;
use serde_json::Value;

/// One alert in a message.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The alert, with its start.
    pub alert: &'a Alert,
    /// What is said about it.
    pub status: Status,
    /// What tells this message from all others.
    pub key: &'a str,
}

/// A request, but for its address, its secrets and its signature.
#[derive(Debug, Clone, PartialEq)]
pub struct Payload {
    /// What follows the receiver's URL.
    pub path: &'static str,
    /// The body. PagerDuty's lacks its `routing_key`, which is a secret.
    pub body: Value,
}

/// Writes a message. All kinds but Alertmanager's take one alert.
///
/// # Panics
/// When there is no alert in it.
#[must_use]
pub fn payload(kind: Kind, items: &[Item<'_>], now: Timestamp) -> Payload {
    let first = items.first().expect("a message is about something");
    match kind {
        Kind::Alertmanager { keep_firing } => {
            Payload { path: "/api/v2/alerts", body: alertmanager::body(items, keep_firing, now) }
        }
        Kind::Webhook => Payload { path: "", body: webhook::body(first) },
        Kind::Slack => Payload { path: "", body: slack::body(first) },
        Kind::PagerDuty => Payload { path: "", body: pagerduty::body(first) },
    }
}

/// At most so many characters.
fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
