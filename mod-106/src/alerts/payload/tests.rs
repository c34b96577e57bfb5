//! Snapshots of what goes over the wire.

use super::*;
use crate::alerts::Severity;
use std::time::Duration;

fn alert() -> Alert {
    let mut alert = Alert::new("DataDrift", Severity::Warning, "fraud", "amount moved by 0.4 σ & <!channel>");
    alert.description = "KS D = 0.21, n = 4,000".to_owned();
    alert.labels.insert("column".to_owned(), "amount".to_owned());
    alert.annotations.insert("report".to_owned(), "https://example.org/report.html".to_owned());
    alert.starts_at = Some("2026-01-02T03:04:05Z".parse().unwrap());
    alert
}

#[test]
fn every_kind_reads_well() {
    fn check(name: &str, kind: Kind, status: Status) {
        let mut alert = alert();
        alert.ends_at = (status == Status::Resolved).then(|| "2026-01-02T04:00:00Z".parse().unwrap());
        let item = Item { alert: &alert, status, key: "key" };
        let payload = payload(kind, &[item], "2026-01-02T04:00:00Z".parse().unwrap());
        insta::assert_json_snapshot!(name, payload.body);
    }
    let alertmanager = Kind::Alertmanager { keep_firing: Duration::from_secs(90_000) };
    check("alertmanager_firing", alertmanager, Status::Firing);
    check("alertmanager_resolved", alertmanager, Status::Resolved);
    check("webhook_firing", Kind::Webhook, Status::Firing);
    check("slack_firing", Kind::Slack, Status::Firing);
    check("slack_resolved", Kind::Slack, Status::Resolved);
    check("pagerduty_firing", Kind::PagerDuty, Status::Firing);
    check("pagerduty_resolved", Kind::PagerDuty, Status::Resolved);
}

#[test]
fn texts_fit_what_receivers_take() {
    let mut alert = alert();
    alert.summary = "ä".repeat(5_000);
    let item = Item { alert: &alert, status: Status::Firing, key: "key" };
    let body = pagerduty::body(&item);
    assert_eq!(body["payload"]["summary"].as_str().unwrap().chars().count(), 1_024);
    // What is escaped grows, and is still within the limit; no escape is cut in two.
    alert.summary = "&<>".repeat(2_000);
    alert.description = "<!channel>".repeat(1_000);
    alert.owner = "&".repeat(3_000);
    for number in 0..100 {
        alert
            .annotations
            .insert(format!("link_{number}"), format!("https://example.org/?a=1&b={}", "x".repeat(number)));
    }
    let item = Item { alert: &alert, status: Status::Firing, key: "key" };
    let body = slack::body(&item);
    for text in ["/blocks/1/text/text", "/blocks/2/text/text", "/blocks/3/elements/0/text", "/text"] {
        let text = body.pointer(text).and_then(Value::as_str).unwrap();
        assert!((1_900..=3_000).contains(&text.chars().count()), "{}", text.chars().count());
        let bare = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
        assert!(!bare.contains('&'), "{bare}");
    }
}
