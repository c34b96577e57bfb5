//! Alertmanager's API v2: `POST /api/v2/alerts`, a list of postable alerts
//! (<https://github.com/prometheus/alertmanager/blob/v0.25.0/api/v2/openapi.yaml>).
//!
//! There is no "resolved" on this wire: an alert whose `endsAt` has passed is over. Without an `endsAt` Alertmanager takes its own
//! `resolve_timeout`, five minutes: an alert that is checked once a day would be reported as mended every day. So each post says
//! how long it is to be believed.

use super::Item;
use crate::alerts::Status;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn body(items: &[Item<'_>], keep_firing: Duration, now: Timestamp) -> Value {
    items.iter().map(|item| alert(item, keep_firing, now)).collect()
}

fn alert(item: &Item<'_>, keep_firing: Duration, now: Timestamp) -> Value {
    let alert = item.alert;
    let mut annotations = alert.annotations.clone();
    for (key, text) in [("summary", &alert.summary), ("description", &alert.description)] {
        if !text.is_empty() {
            annotations.insert(key.to_owned(), text.clone());
        }
    }
    let ends_at = match item.status {
        // An end in the future that the alert itself names is believed.
        Status::Firing => alert.ends_at.or_else(|| now.checked_add(keep_firing).ok()),
        Status::Resolved => alert.ends_at.or(Some(now)),
    };
    json!({ "labels": alert.all_labels(), "annotations": annotations, "startsAt": alert.starts_at, "endsAt": ends_at })
}
