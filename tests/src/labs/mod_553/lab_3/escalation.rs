//! Escalation on a clock that is given: who is told when, held against the truth line by line.

use super::calling::people;
use super::desk::Desk;
use super::plan::{DAY, Layer, Plan, Role, Window, civil, reading};
use super::policy::{Event, Policy, Told, What, after, json_lines};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use jiff::{Timestamp, civil::date};
use serde_json::Value;
use std::time::Duration;

pub(super) const FOLLOWED: Check = Check {
    id: "who-does-not-answer-is-followed",
    title: "Without an answer the next level is told after the exact time, through all rounds, and then the fallback",
    follows: &[],
    needs: &[Need::Command("escalate")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(followed(ctx)),
};

pub(super) const STOPPED: Check = Check {
    id: "an-acknowledgement-stops-it",
    title: "Whoever acknowledges is the last to be told, also a minute before the next level",
    follows: &["who-does-not-answer-is-followed"],
    run: |ctx| Box::pin(stopped(ctx)),
    ..FOLLOWED
};

pub(super) const FOLDED: Check = Check {
    id: "an-alert-delivered-twice-is-one",
    title: "Hundreds of deliveries of one alert page once; late ones open nothing; what begins anew soon is the same incident",
    run: |ctx| Box::pin(folded(ctx)),
    ..STOPPED
};

pub(super) const NOBODY: Check = Check {
    id: "where-nobody-is-on-call-somebody-is-told",
    title: "A level without anybody is passed over at once, and where all are empty the fallback is told at once",
    run: |ctx| Box::pin(nobody(ctx)),
    ..STOPPED
};

pub(super) const NEWCOMERS: Check = Check {
    id: "who-comes-on-call-is-told-too",
    title: "Whoever comes on call at a level while it is told is told too, and the level gets no more time",
    run: |ctx| Box::pin(newcomers(ctx)),
    ..STOPPED
};

/// A Wednesday, 12:00 in Berlin.
fn begins() -> Result<Timestamp, Fault> {
    "2026-03-04T11:00:00Z".parse().map_err(|_| Fault::Harness("a time that is none".to_owned()))
}

/// Two roles that are always filled, handing over in the evening, and three levels.
fn policy(rng: &mut fastrand::Rng) -> Policy {
    let people = people(rng, 6);
    let roles = vec![Role::one("primary"), Role::one("secondary")];
    let mut plan = Plan::new("Europe/Berlin", &people, roles);
    let starts = civil(reading(date(2026, 1, 5).at(0, 0, 0, 0)) + 1_200);
    plan.layers.push(Layer::of(0, starts, DAY, &people[..2]));
    plan.layers.push(Layer::of(1, starts, DAY, &people[2..4]));
    let levels = vec![
        (vec!["primary"], rng.i64(3..12)),
        (vec!["secondary", "primary"], rng.i64(3..20)),
        (vec![people[4]], rng.i64(5..30)),
    ];
    Policy { plan, levels, rounds: rng.u32(1..4), fallback: vec![people[5]], reopen: rng.i64(20..40) }
}

fn fires(fingerprint: &str, minute: i64) -> Event {
    Event { minute, fingerprint: fingerprint.to_owned(), what: What::Firing(minute) }
}

fn then(fingerprint: &str, minute: i64, what: What) -> Event {
    Event { minute, fingerprint: fingerprint.to_owned(), what }
}

/// Runs `escalate` and compares everybody who is told, and every incident's end.
async fn compare(ctx: &Context, policy: &Policy, events: &[Event], lasts: i64) -> Result<Vec<Told>, Fault> {
    let begins = begins()?;
    let desk = Desk::new(ctx)?.file("schedule.yaml", policy.plan.yaml())?.file("policy.yaml", policy.yaml())?;
    let desk = desk.file("events.jsonl", json_lines(events, begins))?;
    let until = after(begins, lasts).to_string();
    let arguments = [&desk.path("policy.yaml"), &desk.path("events.jsonl"), "--until", &until];
    let output = ctx.run("escalate", &arguments).await?;
    expect::exit(&output, "escalate policy.yaml events.jsonl --until …", 0)?;
    let answer = expect::printed_json(&output)?;
    let minute = |value: &Value, field: &str| -> Result<i64, Fault> {
        let text = expect::text(value, field)?;
        let at: Result<Timestamp, _> = text.parse();
        let at = at.map_err(|_| Fault::failed(field, "an instant in RFC 3339", text))?;
        // Whole minutes, as all that is given is.
        let seconds = at.duration_since(begins).as_secs();
        expect::holds(&format!("{field} of {value}"), seconds % 60 == 0, "a whole minute", text)?;
        Ok(seconds / 60)
    };
    let mut told = Vec::new();
    for line in expect::list(&answer, "/notifications") {
        let text = |field: &str| expect::text(line, field).map(str::to_owned);
        let number = |field: &str| expect::integer(line, field).map(i64::unsigned_abs);
        let (round, level) = (number("/round")?, number("/level")?);
        told.push((minute(line, "/at")?, text("/fingerprint")?, text("/person")?, round, level, text("/reason")?));
    }
    told.sort();
    let truth = policy.truth(events, begins, lasts)?;
    let missing = truth.told.iter().find(|line| !told.contains(line));
    expect::holds("who is told (minutes after the beginning)", missing.is_none(), &format!("{missing:?}"), &told)?;
    let surplus = told.iter().find(|line| !truth.told.contains(line));
    expect::holds("who is told besides", surplus.is_none(), "nobody", surplus)?;
    expect::equal("how many are told", &truth.told.len(), &told.len())?;
    let mut incidents = Vec::new();
    for line in expect::list(&answer, "/incidents") {
        let optional = |field: &str| match line.pointer(field) {
            Some(Value::Null) | None => Ok(None),
            Some(_) => minute(line, field).map(Some),
        };
        let text = |field: &str| expect::text(line, field).map(str::to_owned);
        incidents.push((
            text("/fingerprint")?,
            text("/state")?,
            optional("/acknowledged_at")?,
            optional("/resolved_at")?,
        ));
    }
    incidents.sort();
    expect::equal("the incidents: state, acknowledged, resolved", &truth.incidents, &incidents)?;
    Ok(told)
}

async fn followed(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    for number in 0..2 {
        let policy = policy(&mut rng);
        let fingerprint = ctx.name("alert");
        let all: i64 = policy.levels.iter().map(|(_, wait)| wait).sum::<i64>() * i64::from(policy.rounds);
        // Until the very minute of the fallback, and the minute before.
        let until = 7 + all - number;
        compare(&ctx, &policy, &[fires(&fingerprint, 7)], until).await?;
    }
    Ok(())
}

async fn stopped(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let policy = policy(&mut rng);
    let waits: Vec<i64> = policy.levels.iter().map(|(_, wait)| *wait).collect();
    let mut events = Vec::new();
    for (number, delay) in
        [waits[0] - 1, waits[0] + 1, waits[0] + waits[1] - 1, waits.iter().sum::<i64>() + 1].into_iter().enumerate()
    {
        let (fingerprint, minute) = (ctx.name("alert"), rng.i64(0..60) + number as i64);
        let by = policy.plan.people[rng.usize(0..4)];
        events.push(fires(&fingerprint, minute));
        events.push(then(&fingerprint, minute + delay, What::Acknowledged(by)));
        if number == 1 {
            events.push(then(&fingerprint, minute + delay + 30, What::Resolved));
        }
    }
    compare(&ctx, &policy, &events, 600).await.map(drop)
}

async fn folded(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let policy = policy(&mut rng);
    let mut events = Vec::new();
    // A storm: many deliveries of a few alerts.
    for _ in 0..4 {
        let (fingerprint, begin) = (ctx.name("storm"), rng.i64(0..20));
        events.push(fires(&fingerprint, begin));
        events.extend((0..60).map(|_| then(&fingerprint, begin + rng.i64(0..200), What::Firing(begin))));
    }
    // Over; delivered late; again soon; over again; again much later.
    let fingerprint = ctx.name("again");
    let soon = 40 + rng.i64(2..policy.reopen);
    let late = soon + 5 + policy.reopen + rng.i64(2..30);
    events.push(fires(&fingerprint, 10));
    events.push(then(&fingerprint, 12, What::Acknowledged(policy.plan.people[0])));
    events.push(then(&fingerprint, 40, What::Resolved));
    events.push(then(&fingerprint, 41, What::Firing(10)));
    events.push(fires(&fingerprint, soon));
    events.push(then(&fingerprint, soon + 1, What::Acknowledged(policy.plan.people[1])));
    events.push(then(&fingerprint, soon + 5, What::Resolved));
    events.push(then(&fingerprint, soon + 6, What::Firing(soon)));
    events.push(fires(&fingerprint, late));
    compare(&ctx, &policy, &events, 700).await.map(drop)
}

async fn nobody(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let mut policy = policy(&mut rng);
    policy.levels.truncate(2);
    policy.levels[1].0 = vec!["secondary"];
    // Primary in the morning alone, secondary until three hours after the beginning.
    policy.plan.layers[0].hours = (0..7).map(|day| Window::of((day, 300), (day, 700))).collect();
    policy.plan.layers[1].hours = (0..7).map(|day| Window::of((day, 600), (day, 900))).collect();
    let (passed, nowhere) = (ctx.name("passed"), ctx.name("nowhere"));
    let told = compare(&ctx, &policy, &[fires(&passed, 5), fires(&nowhere, 400)], 600).await?;
    let fallback = told.iter().any(|line| line.0 == 400 && line.1 == nowhere && line.5 == "fallback");
    expect::holds("the fallback, when nobody is on call", fallback, "told at once", &told)
}

async fn newcomers(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let mut policy = policy(&mut rng);
    // Eight hours after the beginning both roles change hands.
    for (_, wait) in &mut policy.levels {
        *wait += 20;
    }
    let events =
        [fires(&ctx.name("alert"), 480 - rng.i64(2..15)), fires(&ctx.name("alert"), 480 - policy.levels[0].1 - 7)];
    let told = compare(&ctx, &policy, &events, 480 + 200).await?;
    let newcomers = told.iter().filter(|line| line.5 == "hand-over").count();
    expect::holds("those who came on call meanwhile", newcomers >= 2, "told at the hand-off", &told)
}
