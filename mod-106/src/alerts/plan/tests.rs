//! What a receiver is told over time, without a network.

use super::*;
use crate::alerts::Config;
use std::path::Path;

fn receiver(kind: &str, burst: u32) -> Receiver {
    let keys = match kind {
        "pagerduty" => "secret_env: KEY, remind_after_s: 3600",
        _ => "url: 'http://127.0.0.1:9093'",
    };
    let text = format!("receivers: {{ r: {{ kind: {kind}, {keys}, burst: {burst}, per_minute: 1 }} }}\ndefault: [r]\n");
    Config::parse(Path::new("a.yaml"), &text).unwrap().receivers["r"].clone()
}

fn alert(name: &str, severity: Severity) -> Alert {
    Alert::new(name, severity, "fraud", format!("{name} is wrong"))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// One run of a source at a second; what it is sent, as words.
fn run(told: &mut Told, receiver: &Receiver, second: i64, alerts: &[Alert]) -> Vec<String> {
    note(told, receiver, &alerts.iter().collect::<Vec<_>>(), Some("source"), at(second));
    let plan = messages(told, receiver, at(second));
    let mut sent = Vec::new();
    for message in &plan.messages {
        let words = message.iter().map(|(it, status)| format!("{} {}", told.alerts[it].alert.name, status.word()));
        sent.push(words.collect::<Vec<_>>().join(", "));
        acknowledged(told, message, at(second));
    }
    sent
}

#[test]
fn an_alert_is_told_once_reminded_of_and_resolved_once() {
    let (mut told, receiver) = (Told::default(), receiver("pagerduty", 10));
    let drift = [alert("Drift", Severity::Warning)];
    assert_eq!(run(&mut told, &receiver, 0, &drift), ["Drift firing"]);
    assert!(run(&mut told, &receiver, 60, &drift).is_empty());
    assert_eq!(run(&mut told, &receiver, 3700, &drift), ["Drift firing"]);
    assert_eq!(run(&mut told, &receiver, 3800, &[]), ["Drift resolved"]);
    assert!(run(&mut told, &receiver, 3900, &[]).is_empty());
    assert_eq!(run(&mut told, &receiver, 4000, &drift), ["Drift firing"]);
}

#[test]
fn alertmanager_is_told_again_and_again_and_all_at_once() {
    let (mut told, receiver) = (Told::default(), receiver("alertmanager", 10));
    let alerts = [alert("Drift", Severity::Warning), alert("Nulls", Severity::Critical)];
    assert_eq!(run(&mut told, &receiver, 0, &alerts), ["Nulls firing, Drift firing"]);
    let start = told.alerts[&alerts[0].fingerprint()].alert.starts_at;
    assert_eq!(run(&mut told, &receiver, 60, &alerts), ["Nulls firing, Drift firing"]);
    assert_eq!(told.alerts[&alerts[0].fingerprint()].alert.starts_at, start);
    assert_eq!(run(&mut told, &receiver, 120, &alerts[..1]), ["Drift firing, Nulls resolved"]);
}

#[test]
fn what_comes_too_fast_is_summed_up_worst_first_and_its_summary_ends_with_the_last_of_it() {
    let (mut told, receiver) = (Told::default(), receiver("pagerduty", 2));
    let mut alerts: Vec<_> = (0..5).map(|number| alert(&format!("Warn{number}"), Severity::Warning)).collect();
    alerts.push(alert("Fire", Severity::Critical));
    assert_eq!(run(&mut told, &receiver, 0, &alerts), ["Fire firing", "AlertsHeldBack firing"]);
    let summary = told.alerts.values().find(|entry| entry.alert.name == SUMMARY).unwrap().alert.clone();
    assert_eq!((summary.severity, summary.labels["count"].as_str()), (Severity::Warning, "5"));
    assert!((0..5).all(|number| summary.description.contains(&format!("Warn{number}"))), "{}", summary.description);
    assert!(run(&mut told, &receiver, 120, &alerts[..2]).is_empty() || told.alerts.len() == 7);
    assert_eq!(run(&mut told, &receiver, 600, &[]), ["AlertsHeldBack resolved"]);
}

#[test]
fn without_tokens_everything_waits_and_nothing_is_lost() {
    let (mut told, receiver) = (Told::default(), receiver("pagerduty", 1));
    assert_eq!(run(&mut told, &receiver, 0, &[alert("A", Severity::Info)]), ["A firing"]);
    let both = [alert("A", Severity::Info), alert("B", Severity::Info)];
    assert!(run(&mut told, &receiver, 1, &both).is_empty());
    assert_eq!(run(&mut told, &receiver, 62, &both), ["B firing"]);
    assert!(run(&mut told, &receiver, 63, &[]).is_empty());
    let ends: Vec<_> = [130, 200, 300].into_iter().flat_map(|second| run(&mut told, &receiver, second, &[])).collect();
    assert_eq!(ends, ["A resolved", "B resolved"]);
}

#[test]
fn what_was_due_when_the_sender_died_is_sent_again_under_the_same_key() {
    let (mut told, receiver) = (Told::default(), receiver("pagerduty", 10));
    let drift = alert("Drift", Severity::Warning);
    note(&mut told, &receiver, &[&drift], Some("source"), at(0));
    let key = |told: &Told| crate::alerts::state::idempotency_key(&told.alerts[&drift.fingerprint()], Status::Firing);
    let before = key(&told);
    // Nothing was acknowledged.
    assert_eq!(messages(&mut told, &receiver, at(0)).messages.len(), 1);
    assert_eq!(run(&mut told, &receiver, 60, std::slice::from_ref(&drift)), ["Drift firing"]);
    assert_eq!(key(&told), before);
    assert!(run(&mut told, &receiver, 61, &[drift]).is_empty());
}

#[test]
fn another_source_resolves_nothing_of_ours() {
    let (mut told, receiver) = (Told::default(), receiver("pagerduty", 10));
    let (ours, theirs) = (alert("Ours", Severity::Info), alert("Theirs", Severity::Info));
    note(&mut told, &receiver, &[&theirs], Some("other"), at(0));
    note(&mut told, &receiver, &[&ours], Some("source"), at(1));
    assert!(told.alerts.values().all(Entry::fires));
    note(&mut told, &receiver, &[], None, at(2));
    assert!(told.alerts.values().all(Entry::fires));
    note(&mut told, &receiver, &[], Some("other"), at(3));
    assert!(told.alerts[&ours.fingerprint()].fires() && !told.alerts[&theirs.fingerprint()].fires());
}
