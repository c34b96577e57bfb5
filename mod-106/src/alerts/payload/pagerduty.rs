//! PagerDuty's Events API v2 (<https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>). The `dedup_key` is the
//! fingerprint: a trigger joins the open incident with that key, and a resolve ends it. The `routing_key` is put in when it is sent.

use super::{Item, shortened};
use crate::alerts::Status;
use serde_json::{Value, json};

/// The longest summary that PagerDuty takes.
const LONGEST_SUMMARY: usize = 1_024;
/// An event may have 512 KB; a description of this many characters leaves room for the rest, whatever they are.
const LONGEST_DESCRIPTION: usize = 50_000;

pub(super) fn body(item: &Item<'_>) -> Value {
    let alert = item.alert;
    let action = match item.status {
        Status::Firing => "trigger",
        Status::Resolved => "resolve",
    };
    let links: Vec<_> = alert
        .annotations
        .iter()
        .filter(|(_, value)| value.starts_with("https://") || value.starts_with("http://"))
        .map(|(name, url)| json!({ "href": url, "text": name }))
        .collect();
    json!({
        "event_action": action,
        "dedup_key": alert.fingerprint(),
        "client": "mod-106",
        "links": links,
        "payload": {
            "summary": shortened(&format!("{}: {}", alert.name, alert.summary), LONGEST_SUMMARY),
            "source": alert.owner,
            "severity": alert.severity,
            "timestamp": alert.starts_at,
            "class": alert.name,
            "group": alert.owner,
            "custom_details": { "description": shortened(&alert.description, LONGEST_DESCRIPTION), "labels": alert.labels, "annotations": alert.annotations },
        },
    })
}
