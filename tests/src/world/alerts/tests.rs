//! Our own receiver against what Alertmanager's pages say of its API. The real one is asked the same by `fixture/services`.

use super::receiver::Receiver;
use crate::{
    redact::Redactor,
    wire::{Answer, Request, Wire},
    world::sink::{Inbox, Sink},
};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{net::Ipv4Addr, time::Duration};

struct Asked {
    wire: Wire,
    receiver: Receiver,
    inbox: Inbox,
    _sink: Sink,
}

impl Asked {
    async fn new() -> Self {
        let sink = Sink::start(Ipv4Addr::LOCALHOST.into()).await.unwrap();
        let inbox = sink.inbox("alertmanager");
        let receiver = Receiver::start(Ipv4Addr::LOCALHOST.into(), inbox.url()).await.unwrap();
        Self { wire: Wire::new(None, Redactor::default()), receiver, inbox, _sink: sink }
    }

    async fn post(&self, alerts: Value) -> Answer {
        self.wire.send(Request::new(Method::POST, self.receiver.url(), "/api/v2/alerts").json(&alerts)).await.unwrap()
    }

    async fn get(&self, query: &str) -> Answer {
        let request = Request::new(Method::GET, self.receiver.url(), format!("/api/v2/alerts{query}"));
        self.wire.send(request).await.unwrap()
    }

    async fn told(&self, count: usize) -> Vec<Value> {
        let what = format!("{count} notifications");
        let deliveries = self.inbox.wait_for(&what, Duration::from_secs(20), |came| came.len() >= count).await.unwrap();
        deliveries.iter().map(|delivery| delivery.json().unwrap()).collect()
    }
}

fn drift() -> Value {
    json!({"labels": {"alertname": "Drift", "severity": "page"}, "annotations": {"summary": "PSI 0.4"}})
}

#[tokio::test]
async fn an_alert_fires_is_told_and_ends() {
    let asked = Asked::new().await;
    assert_eq!(asked.post(json!([drift()])).await.status, 200);
    let listed = asked.get("?filter=alertname%3D%22Drift%22").await.json().unwrap();
    assert_eq!((listed[0]["status"]["state"].as_str(), listed.as_array().unwrap().len()), (Some("active"), 1));
    let [firing] = asked.told(1).await.try_into().unwrap();
    assert_eq!((firing["version"].as_str(), firing["status"].as_str()), (Some("4"), Some("firing")));
    assert_eq!(firing["alerts"][0]["fingerprint"], listed[0]["fingerprint"]);
    let mut ended = drift();
    ended["endsAt"] = Timestamp::now().to_string().into();
    assert_eq!(asked.post(json!([ended])).await.status, 200);
    assert!(asked.get("").await.json().unwrap().as_array().unwrap().is_empty());
    let resolved = &asked.told(2).await[1];
    assert_eq!((resolved["status"].as_str(), &resolved["groupKey"]), (Some("resolved"), &firing["groupKey"]));
}

#[tokio::test]
async fn what_is_refused_in_trouble_is_told_again_and_only_then() {
    let asked = Asked::new().await;
    asked.inbox.answer_next(1, 503);
    asked.post(json!([drift()])).await;
    asked.post(json!([drift()])).await;
    asked.told(2).await;
    let answers: Vec<u16> = asked.inbox.deliveries().iter().map(|delivery| delivery.answered).collect();
    assert_eq!(answers, [503, 200]);
}

#[tokio::test]
async fn bad_alerts_and_matchers_are_refused_and_good_ones_beside_them_kept() {
    let asked = Asked::new().await;
    let past = (Timestamp::now() - SignedDuration::from_hours(1)).to_string();
    let backwards =
        json!({"labels": {"alertname": "Backwards"}, "startsAt": Timestamp::now().to_string(), "endsAt": past});
    assert_eq!(asked.post(json!([{"labels": {}}, drift(), backwards])).await.status, 400);
    assert_eq!(asked.post(json!({"alertname": "no list"})).await.status, 400);
    let found = |answer: Answer| answer.json().unwrap().as_array().unwrap().len();
    assert_eq!(found(asked.get("?filter=alertname%3D~%22Dr.*%22&filter=severity!%3D%22ticket%22").await), 1);
    assert_eq!(found(asked.get("?filter=severity%3D%22ticket%22").await), 0);
    assert_eq!(asked.get("?filter=nothing").await.status, 400);
}

/// Printed by Alertmanager 0.25 for these labels.
#[test]
fn fingerprints_are_prometheus_own() {
    let labels = [("alertname".to_owned(), "Drift".to_owned()), ("severity".to_owned(), "page".to_owned())].into();
    assert_eq!(super::receiver::fingerprint(&labels), "4084eb6f66dccb93");
}
