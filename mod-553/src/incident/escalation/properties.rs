//! What must hold whatever comes in whichever order: nobody is paged while somebody has the incident in hand, no page goes out
//! twice, an incident that nobody takes reaches the last level, quiet hours are quiet, and a restart changes nothing.

use super::{Event, Incidents, Input, Journal, NoteKind, Page, Phase, Policy, Reason, Trigger, decide, due, firing};
use crate::incident::schedule::Schedule;
use jiff::{SignedDuration, Timestamp};
use mod_106::alerts::Severity;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

const SCHEDULE: &str = "
name: x
zone: Australia/Lord_Howe
people: { ada: {}, grace: {}, linus: {}, head: {} }
roles: { primary: {}, secondary: {}, nobody: { minimum: 0 } }
layers:
  - { name: a, role: primary, starts: 2026-03-30T09:00, every: 1 hour, turns: [ada, grace, linus] }
  # Nobody at night.
  - { name: b, role: secondary, starts: 2026-03-30T09:00, every: 1 day, turns: [grace, ada], hours: [{ from: 08:00, to: 22:00 }] }
";

fn policy(rounds: u32, quiet: bool) -> Policy {
    let quiet = if quiet { "quiet: { warning: [{ from: 22:00, to: 07:00 }] }" } else { "" };
    let text = format!(
        "
name: x
schedule: x.yaml
levels:
  - {{ notify: [primary], wait: 7 min }}
  - {{ notify: [nobody], wait: 5 min }}
  - {{ notify: [secondary, primary], wait: 20 min }}
  - {{ notify: [head], wait: 30 min }}
rounds: {rounds}
fallback: [linus, head]
longest_snooze: 2 h
{quiet}
"
    );
    Policy::parse(Path::new("policy.yaml"), &text, Schedule::parse(Path::new("x.yaml"), SCHEDULE).unwrap()).unwrap()
}

/// Around the night in which Lord Howe sets its clocks back by half an hour.
fn begin() -> Timestamp {
    "2026-04-04T06:00:00Z".parse().unwrap()
}

fn trigger(key: usize, severity: Severity) -> Input {
    let (title, service) = ("slow".to_owned(), "payments".to_owned());
    Input::Trigger(Trigger { key: format!("key-{key}"), title, severity, service, runbook: None, starts_at: None })
}

fn inputs() -> impl Strategy<Value = Input> {
    let person = || prop::sample::select(vec!["ada", "grace", "linus", "head"]).prop_map(str::to_owned);
    let severity = || prop::sample::select(vec![Severity::Warning, Severity::Critical]);
    prop_oneof![
        2 => (0..2_usize, severity()).prop_map(|(key, severity)| trigger(key, severity)),
        6 => Just(Input::Tick),
        1 => person().prop_map(|by| Input::Acknowledge { by }),
        1 => (person(), 1..150_i64).prop_map(|(by, lasts)| Input::Snooze { by, lasts: SignedDuration::from_mins(lasts) }),
        1 => (person(), person()).prop_map(|(from, to)| Input::HandOver { from, to }),
        1 => (person(), severity()).prop_map(|(by, severity)| Input::Reclassify { by, severity }),
        1 => person().prop_map(|by| Input::Note { by, kind: NoteKind::Observation, text: "…".to_owned() }),
        1 => person().prop_map(|by| Input::Resolve { by, cause: None }),
    ]
}

/// All pages of all incidents, as what makes two the same.
fn pages(state: &Incidents) -> Vec<(String, Page)> {
    let of = |incident: &super::Incident| {
        let id = incident.id.clone();
        incident.pages.iter().map(move |(_, page)| (id.clone(), page.clone())).collect::<Vec<_>>()
    };
    state.0.values().flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn promises_hold_in_any_order(
        steps in prop::collection::vec((0..40_i64, 1..3_usize, inputs()), 1..40),
        rounds in 1..3_u32,
        quiet in any::<bool>(),
    ) {
        let policy = policy(rounds, quiet);
        let (mut state, mut log, mut now) = (Incidents::default(), Vec::new(), begin());
        for (minutes, number, input) in steps {
            now += SignedDuration::from_mins(minutes);
            let id = format!("INC-{number}");
            let Ok((id, events)) = decide(&state, Some(&id), &input, &policy, now) else { continue };
            let before = state.0.get(&id).map(|incident| incident.phase.clone());
            let pages_someone = events.iter().any(|event| matches!(event, Event::Paged { .. }));
            let begins_anew = events.iter().any(|event| matches!(event, Event::Reopened | Event::Woke));
            if matches!(before, Some(Phase::Acknowledged { .. } | Phase::Snoozed { .. } | Phase::Resolved)) {
                prop_assert!(!pages_someone || begins_anew, "paged in {:?}: {:?}", before, events);
            }
            for event in events {
                // By way of text, as the journal does it.
                let event: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
                state.apply(&id, now, &event);
                if let Event::Paged { .. } = event {
                    let severity = state.0[&id].severity;
                    let hour = now.to_zoned(policy.clock.zone().clone()).hour();
                    prop_assert!(!(quiet && severity == Severity::Warning && !(7..22).contains(&hour)), "quiet at {now}");
                }
                log.push((id.clone(), now, event));
            }
            let alerts = firing(&state);
            let in_hand = |alert: &mod_106::alerts::Alert| !state.0[&alert.labels["incident"]].is_paging();
            prop_assert!(!alerts.iter().any(in_hand));
            let prints: BTreeSet<_> = alerts.iter().map(mod_106::alerts::Alert::fingerprint).collect();
            prop_assert_eq!(prints.len(), alerts.len(), "two pages are never the same alert");
        }
        let all = pages(&state);
        prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "no page goes out twice");
        // A restart after every event is the same fold.
        let mut again = Incidents::default();
        for (id, at, event) in &log {
            again.apply(id, *at, event);
        }
        prop_assert_eq!(&again, &state);
        // Left alone, whatever is open and in nobody's hand reaches the last level of the last round.
        for id in state.0.keys().cloned().collect::<Vec<_>>() {
            for _ in 0..200 {
                let Some(next) = due(&state.0[&id], &policy) else { break };
                now = now.max(next);
                let (_, events) = decide(&state, Some(&id), &Input::Tick, &policy, now).unwrap();
                events.iter().for_each(|event| state.apply(&id, now, event));
                now += SignedDuration::from_mins(i64::from(events.is_empty()));
            }
            let incident = &state.0[&id];
            prop_assert!(matches!(incident.phase, Phase::Acknowledged { .. } | Phase::Resolved | Phase::Exhausted), "{incident:?}");
            if incident.phase == Phase::Exhausted {
                let last = |(_, page): &(Timestamp, Page)| {
                    (page.episode, page.round, page.level) == (incident.episode, rounds, 4) && page.person == "head"
                };
                prop_assert!(incident.pages.iter().any(last), "the last level was paged: {incident:?}");
            }
        }
    }

    #[test]
    fn a_journal_cut_anywhere_is_a_journal_that_ended_there(cut in 0.0..1.0_f64) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("journal.jsonl"));
        let policy = policy(1, false);
        let minutes = |count| begin() + SignedDuration::from_mins(count);
        let mut states = vec![Incidents::default()];
        states.push(journal.decide(None, &trigger(1, Severity::Critical), &policy, minutes(0)).unwrap().state);
        states.push(journal.tick(&policy, minutes(8)).unwrap().0);
        let ada = Input::Acknowledge { by: "ada".to_owned() };
        states.push(journal.decide(Some("INC-1"), &ada, &policy, minutes(9)).unwrap().state);
        let bytes = std::fs::read(journal.path()).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a small length")]
        let kept = &bytes[..(bytes.len() as f64 * cut) as usize];
        std::fs::write(journal.path(), kept).unwrap();
        let whole = kept.iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(&journal.state().unwrap(), &states[whole]);
        // The next decision stands on what is whole; the torn rest is kept beside it.
        let written = journal.decide(None, &trigger(2, Severity::Critical), &policy, minutes(20)).unwrap();
        prop_assert_eq!(written.recovered.is_some(), !kept.is_empty() && !kept.ends_with(b"\n"));
        prop_assert_eq!(journal.state().unwrap(), written.state);
    }
}

#[test]
fn a_wrong_machine_is_told_from_the_right_one() {
    // The property would catch a machine that goes on paging after acknowledgement: this is its event, and the fold shows it.
    let (policy, mut state) = (policy(1, false), Incidents::default());
    let (id, events) = decide(&state, None, &trigger(1, Severity::Critical), &policy, begin()).unwrap();
    events.iter().for_each(|event| state.apply(&id, begin(), event));
    state.apply(&id, begin(), &Event::Acknowledged { by: "ada".to_owned() });
    assert!(firing(&state).is_empty());
    let wrong = Event::Paged { round: 1, level: 2, people: vec!["grace".to_owned()], reason: Reason::Escalation };
    state.apply(&id, begin(), &wrong);
    assert!(!firing(&state).is_empty(), "a page after acknowledgement would go out");
    let late = begin() + SignedDuration::from_hours(9);
    let mut acknowledged = Incidents::default();
    let opened = &events[0];
    acknowledged.apply(&id, begin(), opened);
    acknowledged.apply(&id, begin(), &Event::Acknowledged { by: "ada".to_owned() });
    assert!(decide(&acknowledged, Some(&id), &Input::Tick, &policy, late).unwrap().1.is_empty(), "ours does not");
}

#[test]
fn who_comes_on_call_while_it_is_open_is_paged_and_the_level_gets_no_more_time() {
    let (policy, mut state) = (policy(1, false), Incidents::default());
    // Five minutes before a hand-over of primary, in a level of seven minutes.
    let at: Timestamp = "2026-04-04T06:55:00Z".parse().unwrap();
    let step = |state: &mut Incidents, input: &Input, at: Timestamp| {
        let (id, events) = decide(state, Some("INC-1"), input, &policy, at).unwrap();
        events.iter().for_each(|event| state.apply(&id, at, event));
        events
    };
    step(&mut state, &trigger(1, Severity::Critical), at);
    let mut told = Vec::new();
    for _ in 0..3 {
        let next = due(&state.0["INC-1"], &policy).unwrap();
        let events = step(&mut state, &Input::Tick, next);
        told.push(format!("{next} {}", serde_json::to_string(&events).unwrap()));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn when_all_levels_were_in_vain_the_fallback_is_told_once() {
    let (policy, mut state) = (policy(2, false), Incidents::default());
    let mut at = begin();
    let (id, events) = decide(&state, None, &trigger(1, Severity::Critical), &policy, at).unwrap();
    events.iter().for_each(|event| state.apply(&id, at, event));
    while let Some(next) = due(&state.0[&id], &policy) {
        at = next;
        let (_, events) = decide(&state, Some(&id), &Input::Tick, &policy, at).unwrap();
        events.iter().for_each(|event| state.apply(&id, at, event));
    }
    let fallback = |(when, page): &&(Timestamp, Page)| page.level == policy.levels.len() + 1 && *when == at;
    let told: Vec<_> = state.0[&id].pages.iter().filter(fallback).map(|(_, page)| page.person.as_str()).collect();
    assert_eq!((told, &state.0[&id].phase), (vec!["linus", "head"], &Phase::Exhausted));
    let day = at + SignedDuration::from_hours(24);
    assert!(decide(&state, Some(&id), &Input::Tick, &policy, day).unwrap().1.is_empty(), "and not again");
}

#[test]
fn what_began_before_the_end_does_not_open_it_again() {
    let (policy, mut state) = (policy(1, false), Incidents::default());
    let minute = |minutes| begin() + SignedDuration::from_mins(minutes);
    let step = |state: &mut Incidents, starts: i64, at: i64| {
        let Input::Trigger(mut trigger) = trigger(1, Severity::Critical) else { unreachable!() };
        trigger.starts_at = Some(minute(starts));
        let (id, events) = decide(state, None, &Input::Trigger(trigger), &policy, minute(at)).unwrap();
        events.iter().for_each(|event| state.apply(&id, minute(at), event));
        (id, events.len())
    };
    assert_eq!(step(&mut state, 0, 0), ("INC-1".to_owned(), 2));
    state.apply("INC-1", minute(5), &Event::Resolved { by: "monitor".to_owned(), cause: None });
    assert_eq!(step(&mut state, 0, 6), ("INC-1".to_owned(), 0), "delivered late");
    assert_eq!(step(&mut state, 7, 7), ("INC-1".to_owned(), 2), "back soon: opened again, and paged");
    state.apply("INC-1", minute(9), &Event::Resolved { by: "monitor".to_owned(), cause: None });
    assert_eq!(step(&mut state, 100, 100), ("INC-2".to_owned(), 2));
    assert_eq!(step(&mut state, 7, 101), ("INC-1".to_owned(), 0), "the first one's, long after");
}

#[test]
fn people_are_refused_with_what_stands_against_it() {
    let (policy, mut state) = (policy(1, false), Incidents::default());
    let (id, events) = decide(&state, None, &trigger(1, Severity::Critical), &policy, begin()).unwrap();
    events.iter().for_each(|event| state.apply(&id, begin(), event));
    let mut refusals = Vec::new();
    let mut check = |state: &Incidents, id: &str, input: Input| {
        refusals.push(decide(state, Some(id), &input, &policy, begin()).unwrap_err().to_string());
    };
    let name = str::to_owned;
    check(&state, "INC-7", Input::Tick);
    check(&state, "INC-1", Input::Acknowledge { by: name("eve") });
    check(&state, "INC-1", Input::HandOver { from: name("ada"), to: name("grace") });
    check(&state, "INC-1", Input::Snooze { by: name("ada"), lasts: SignedDuration::from_hours(3) });
    state.apply("INC-1", begin(), &Event::Acknowledged { by: name("ada") });
    check(&state, "INC-1", Input::Acknowledge { by: name("grace") });
    check(&state, "INC-1", Input::HandOver { from: name("grace"), to: name("ada") });
    state.apply("INC-1", begin(), &Event::Resolved { by: name("ada"), cause: None });
    check(&state, "INC-1", Input::Acknowledge { by: name("ada") });
    check(&state, "INC-1", Input::Resolve { by: name("ada"), cause: None });
    insta::assert_snapshot!(refusals.join("\n"));
}
