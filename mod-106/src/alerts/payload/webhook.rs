//! JSON of our own, for whatever a team has: the alert as it is, and by what it is known.

use super::Item;
use serde_json::{Value, json};

pub(super) fn body(item: &Item<'_>) -> Value {
    json!({
        "version": 1,
        "status": item.status,
        "fingerprint": item.alert.fingerprint(),
        "idempotency_key": item.key,
        "alert": item.alert,
    })
}
