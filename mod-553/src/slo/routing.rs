//! Alertmanager's configuration: a receiver for each owner and loudness, one message for all that a service has to say at once, and
//! consequences silent while their cause holds.

use super::owners::Owners;
use super::spec::Severity;
use serde_json::{Value, json};

const SEVERITIES: [Severity; 2] = [Severity::Page, Severity::Ticket];

/// The configuration.
pub(super) fn alertmanager(owners: &Owners) -> Value {
    let routing = &owners.routing;
    let receivers = owners.owners.iter().flat_map(|(name, owner)| {
        SEVERITIES.map(|severity| {
            let url = if severity == Severity::Page { &owner.page } else { &owner.ticket };
            json!({ "name": Owners::receiver(name, severity), "webhook_configs": [{ "url": url, "send_resolved": true }] })
        })
    });
    let routes = owners.owners.keys().flat_map(|name| {
        SEVERITIES.map(|severity| {
            let repeat = if severity == Severity::Page { &routing.repeat_page } else { &routing.repeat_ticket };
            json!({
                "receiver": Owners::receiver(name, severity),
                "matchers": [format!("owner=\"{name}\""), format!("severity=\"{}\"", severity.word())],
                "repeat_interval": repeat,
            })
        })
    });
    let inhibit = owners
        .inhibit
        .iter()
        .map(|rule| json!({ "source_matchers": rule.source, "target_matchers": rule.target, "equal": rule.equal }));
    json!({
        "route": {
            "receiver": Owners::receiver(&owners.fallback, Severity::Ticket),
            // A service that falls over has ten alerts and one cause: one message.
            "group_by": ["service", "severity"],
            "group_wait": routing.group_wait,
            "group_interval": routing.group_interval,
            "repeat_interval": routing.repeat_ticket,
            "routes": routes.collect::<Vec<_>>(),
        },
        "receivers": receivers.collect::<Vec<_>>(),
        "inhibit_rules": inhibit.collect::<Vec<_>>(),
    })
}
