//! The check of a schedule: every minute at which a role is held by too few or too many, every minute at which one person holds two,
//! and every hand-off at a time that a clock skips or shows twice. Findings are compared as sets of minutes: how a submission cuts
//! them into pieces is its own affair.

use super::calling::people;
use super::desk::Desk;
use super::plan::{DAY, Layer, Override, Plan, Role, Window, civil, reading};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use jiff::{SignedDuration, Timestamp, civil::date, tz::TimeZone};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

pub(super) const SOUND: Check = Check {
    id: "a-sound-schedule-passes",
    title: "A schedule without gaps passes, also over days on which clocks change",
    follows: &[],
    needs: &[Need::Command("check-schedule")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(sound(ctx)),
};

pub(super) const GAPS: Check = Check {
    id: "gaps-are-found-to-the-minute",
    title: "Every minute at which fewer people are on call than a role needs is found, and no other",
    follows: &["a-sound-schedule-passes"],
    run: |ctx| Box::pin(gaps(ctx)),
    ..SOUND
};

pub(super) const DOUBLE: Check = Check {
    id: "double-cover-is-found",
    title: "Every minute at which more people are on call than a role may have is found",
    run: |ctx| Box::pin(double(ctx)),
    ..GAPS
};

pub(super) const SAME: Check = Check {
    id: "nobody-is-their-own-second",
    title: "Every minute at which one person holds two roles is found, where that is forbidden",
    run: |ctx| Box::pin(same(ctx)),
    ..GAPS
};

pub(super) const CLOCKS: Check = Check {
    id: "days-on-which-clocks-change-are-noted",
    title: "Hand-offs at a time that a day skips or has twice are noted, and are no errors",
    run: |ctx| Box::pin(clocks(ctx)),
    ..GAPS
};

/// Midnight of this day in Greenwich.
fn midnight(year: i16, month: i8, day: i8) -> Result<Timestamp, Fault> {
    let zoned = date(year, month, day).at(0, 0, 0, 0).to_zoned(TimeZone::UTC);
    Ok(zoned.map_err(|error| Fault::Harness(error.to_string()))?.timestamp())
}

/// What `check-schedule` finds within so many days.
async fn findings(ctx: &Context, plan: &Plan, from: Timestamp, days: i64, exit: i32) -> Result<Vec<Value>, Fault> {
    let desk = Desk::new(ctx)?.file("schedule.yaml", plan.yaml())?;
    let to = from + SignedDuration::from_mins(days * DAY);
    let (path, from, to) = (desk.path("schedule.yaml"), from.to_string(), to.to_string());
    let output = ctx.run("check-schedule", &[&path, "--from", &from, "--to", &to]).await?;
    expect::exit(&output, &format!("check-schedule schedule.yaml --from {from} --to {to}"), exit)?;
    Ok(expect::list(&expect::printed_json(&output)?, "/findings").to_vec())
}

/// The minutes of the findings of one kind, with their roles.
fn told(findings: &[Value], kind: &str) -> Result<BTreeSet<(String, i64)>, Fault> {
    let mut minutes = BTreeSet::new();
    for finding in findings.iter().filter(|finding| finding["kind"] == kind) {
        let at = |field: &str| -> Result<i64, Fault> {
            let text = expect::text(finding, field)?;
            let at: Result<Timestamp, _> = text.parse();
            Ok(at.map_err(|_| Fault::failed(field, "an instant in RFC 3339", text))?.as_second().div_euclid(60))
        };
        let role = expect::text(finding, "/role")?;
        minutes.extend((at("/from")?..at("/until")?).map(|minute| (role.to_owned(), minute)));
    }
    Ok(minutes)
}

/// The same from the plan: minutes for which `wrong` holds.
fn truth(
    plan: &Plan,
    from: Timestamp,
    days: i64,
    wrong: impl Fn(usize, &super::plan::Minute) -> bool,
) -> Result<BTreeSet<(String, i64)>, Fault> {
    let mut minutes = BTreeSet::new();
    for minute in plan.minutes(from, from + SignedDuration::from_mins(days * DAY))? {
        for (place, role) in plan.roles.iter().enumerate().filter(|(place, _)| wrong(*place, &minute)) {
            let _ = place;
            minutes.insert((role.name.to_owned(), minute.at.as_second().div_euclid(60)));
        }
    }
    Ok(minutes)
}

/// Two sets of minutes are one, and where not, what is missing and what is too much.
fn alike(what: &str, expected: &BTreeSet<(String, i64)>, found: &BTreeSet<(String, i64)>) -> Result<(), Fault> {
    let first = |set: &BTreeSet<(String, i64)>, other: &BTreeSet<(String, i64)>| {
        let mut lone = set.difference(other);
        let first = lone
            .next()
            .map(|(role, minute)| format!("{role} at {}", Timestamp::from_second(minute * 60).unwrap_or_default()));
        first.map(|first| format!("{first} and {} minutes more", lone.count()))
    };
    if let Some(missing) = first(expected, found) {
        return Err(Fault::failed(what, format!("{} minutes", expected.len()), format!("without {missing}")));
    }
    match first(found, expected) {
        Some(surplus) => Err(Fault::failed(what, format!("{} minutes", expected.len()), format!("besides {surplus}"))),
        None => Ok(()),
    }
}

async fn sound(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 6);
    let zone = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"][rng.usize(0..3)];
    let mut plan = Plan::new(zone, &people, vec![Role::one("primary"), Role::one("secondary")]);
    let starts = civil(reading(date(2026, 1, 5).at(0, 0, 0, 0)) + rng.i64(60..200));
    let mut days = Layer::of(0, starts, DAY, &people[..3]);
    let mut nights = Layer::of(0, starts, 7 * DAY, &people[3..4]);
    days.hours = (0..7).map(|day| Window::of((day, 150), (day, 1_200))).collect();
    nights.hours = (0..7).map(|day| Window::of((day, 1_200), (day + 1, 150))).collect();
    (days.name, nights.name) = ("days".to_owned(), "nights".to_owned());
    plan.layers.extend([days, nights, Layer::of(1, starts, 7 * DAY, &people[4..])]);
    plan.shared = false;
    for from in [midnight(2026, 3, 1)?, midnight(2026, 10, 1)?] {
        let found = findings(&ctx, &plan, from, 40, 0).await?;
        let errors: Vec<_> = found.iter().filter(|finding| finding["weight"] == "error").collect();
        expect::holds("the errors in a sound schedule", errors.is_empty(), "none", errors)?;
    }
    Ok(())
}

async fn gaps(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 6);
    let mut office = Role { maximum: None, ..Role::one("manager") };
    office.when = (0..5).map(|day| Window::of((day, 480), (day, 1_080))).collect();
    let pair = Role { minimum: 2, maximum: None, together: true, ..Role::one("pair") };
    let mut plan = Plan::new("Europe/Berlin", &people, vec![Role::one("primary"), office, pair]);
    let starts = civil(reading(date(2026, 1, 5).at(0, 0, 0, 0)) + 540);
    // Minutes between two windows, one of them on the night in which clocks change.
    let mut layer = Layer::of(0, starts, DAY, &people[..3]);
    let ends: Vec<i64> = (0..7).map(|_| rng.i64(100..1_300)).collect();
    let again: Vec<i64> = ends.iter().map(|end| end + rng.i64(3..55)).collect();
    layer.hours =
        (0..7).map(|day| Window::of((day, again[day as usize]), (day + 1, ends[(day as usize + 1) % 7]))).collect();
    let mut manager = Layer::of(1, starts, 7 * DAY, &people[3..4]);
    manager.hours = (0..5).map(|day| Window::of((day, rng.i64(400..520)), (day, rng.i64(1_000..1_200)))).collect();
    let always = Layer { name: "always".to_owned(), ..Layer::of(2, starts, 7 * DAY, &people[..2]) };
    let mut beside = Layer { name: "beside".to_owned(), ..Layer::of(2, starts, 7 * DAY, &people[4..]) };
    beside.hours = vec![Window::of((0, 600), (6, rng.i64(0..1_400)))];
    plan.layers.extend([layer, manager, always, beside]);
    plan.overrides.push(Override {
        role: 0,
        people: vec![people[5]],
        from: civil(reading(date(2026, 4, 2).at(0, 0, 0, 0)) + rng.i64(0..600)),
        until: civil(reading(date(2026, 4, 5).at(0, 0, 0, 0)) + rng.i64(0..600)),
    });
    for (from, days) in [(midnight(2026, 3, 20)?, 25), (midnight(2026, 10, 20)?, 12)] {
        let found = findings(&ctx, &plan, from, days, 1).await?;
        let wrong = |role: usize, minute: &super::plan::Minute| {
            plan.needed(role, minute) && plan.on_call(role, minute).len() < plan.roles[role].minimum
        };
        alike("the minutes of all gaps", &truth(&plan, from, days, wrong)?, &told(&found, "gap")?)?;
    }
    for (from, days) in [(midnight(2026, 3, 20)?, 20), (midnight(2026, 10, 20)?, 15)] {
        any(&ctx, &drawn(&mut rng), from, days).await?;
    }
    Ok(())
}

/// A schedule that nobody would write: zones, hours, lengths and people as the seed has them.
fn drawn(rng: &mut fastrand::Rng) -> Plan {
    const ZONES: [&str; 4] = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"];
    let people = people(rng, 6);
    let monday = reading(date(2026, 1, 5).at(0, 0, 0, 0));
    let window = |rng: &mut fastrand::Rng| Window { start: rng.i64(0..7 * DAY), length: rng.i64(30..4_000) };
    let mut roles = vec![Role::one("primary"), Role { together: rng.bool(), ..Role::one("secondary") }];
    roles[1].when = (0..rng.usize(0..3)).map(|_| window(rng)).collect();
    let mut plan = Plan::new(ZONES[rng.usize(0..4)], &people, roles);
    for number in 0..rng.usize(3..6) {
        let count = rng.usize(1..4);
        let first = rng.usize(0..3);
        let starts = civil(monday + rng.i64(0..2_000));
        let mut layer = Layer::of(number % 2, starts, rng.i64(300..12_000), &people[first..first + count]);
        if rng.u8(0..3) == 0 {
            layer.turns[0].push(people[5]);
        }
        layer.name = format!("layer-{number}");
        layer.zone = rng.bool().then(|| ZONES[rng.usize(0..4)]);
        layer.hours = (0..rng.usize(0..4)).map(|_| window(rng)).collect();
        plan.layers.push(layer);
    }
    for begins in [date(2026, 3, 27), date(2026, 10, 23)] {
        let from = reading(begins.at(0, 0, 0, 0)) + rng.i64(0..3_000);
        let (from, until) = (civil(from), civil(from + rng.i64(60..5_000)));
        plan.overrides.push(Override { role: rng.usize(0..2), people: vec![people[4]], from, until });
    }
    plan
}

/// Compares all that is wrong with a schedule.
async fn any(ctx: &Context, plan: &Plan, from: Timestamp, days: i64) -> Result<(), Fault> {
    let few = |role: usize, minute: &super::plan::Minute| {
        plan.needed(role, minute) && plan.on_call(role, minute).len() < plan.roles[role].minimum
    };
    let many = |role: usize, minute: &super::plan::Minute| plan.on_call(role, minute).len() > 1;
    let (gaps, double) = (truth(plan, from, days, few)?, truth(plan, from, days, many)?);
    let exit = i32::from(!gaps.is_empty() || !double.is_empty());
    let found = findings(ctx, plan, from, days, exit).await?;
    alike("the minutes of all gaps of any schedule", &gaps, &told(&found, "gap")?)?;
    alike("the minutes of double cover of any schedule", &double, &told(&found, "double-cover")?)
}

async fn double(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 5);
    let together = Role { together: true, ..Role::one("second") };
    let mut plan = Plan::new("America/New_York", &people, vec![Role::one("first"), together]);
    let starts = civil(reading(date(2026, 1, 5).at(0, 0, 0, 0)) + rng.i64(0..700));
    let mut first = Layer::of(0, starts, DAY, &people[..3]);
    first.turns[1].push(people[4]);
    let always = Layer { name: "always".to_owned(), ..Layer::of(1, starts, 7 * DAY, &people[..2]) };
    let mut beside = Layer { name: "beside".to_owned(), ..Layer::of(1, starts, DAY, &people[2..]) };
    beside.hours = vec![Window::of((6, rng.i64(60..200)), (6, rng.i64(300..700)))];
    plan.layers.extend([first, always, beside]);
    let (from, days) = (midnight(2026, 2, 25)?, 20);
    let found = findings(&ctx, &plan, from, days, 1).await?;
    let wrong = |role: usize, minute: &super::plan::Minute| plan.on_call(role, minute).len() > 1;
    alike("the minutes of double cover", &truth(&plan, from, days, wrong)?, &told(&found, "double-cover")?)
}

async fn same(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 4);
    let mut plan = Plan::new("Europe/Berlin", &people, vec![Role::one("primary"), Role::one("secondary")]);
    let starts = civil(reading(date(2026, 1, 5).at(0, 0, 0, 0)) + rng.i64(0..700));
    plan.layers.push(Layer::of(0, starts, DAY, &people[..3]));
    plan.layers.push(Layer::of(1, starts, 2 * DAY + rng.i64(1..500), &people[1..]));
    let (from, days) = (midnight(2026, 10, 15)?, 20);
    let both = |minute: &super::plan::Minute| {
        let (one, other) = (plan.on_call(0, minute), plan.on_call(1, minute));
        one.iter().any(|person| other.contains(person))
    };
    let expected: BTreeSet<_> =
        truth(&plan, from, days, |_, minute| both(minute))?.into_iter().map(|it| it.1).collect();
    let minutes = |found: &[Value]| -> Result<BTreeSet<(String, i64)>, Fault> {
        Ok(told(found, "same-person")?.into_iter().map(|(_, minute)| ("both".to_owned(), minute)).collect())
    };
    let allowed = findings(&ctx, &plan, from, days, 0).await?;
    alike("the minutes of one person in two roles, where it is allowed", &BTreeSet::new(), &minutes(&allowed)?)?;
    plan.shared = false;
    let forbidden = findings(&ctx, &plan, from, days, 1).await?;
    let expected = expected.into_iter().map(|minute| ("both".to_owned(), minute)).collect();
    alike("the minutes of one person in two roles", &expected, &minutes(&forbidden)?)
}

async fn clocks(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 3);
    // The night, the minutes of it that are skipped or come twice, and when the hand-off happens: at the jump, or at the first.
    for (zone, skipped, twice, minute) in [
        ("Europe/Berlin", "2026-03-29T01:00:00Z", ("2026-10-25T00:00:00Z", 120), rng.i64(121..179)),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", ("2026-04-04T14:30:00Z", 90), rng.i64(121..149)),
        ("Australia/Lord_Howe", "", ("2026-04-04T14:30:00Z", 90), rng.i64(91..119)),
    ] {
        let mut plan = Plan::new(zone, &people, vec![Role::one("primary")]);
        let starts = civil(reading(date(2026, 1, 5).at(0, 0, 0, 0)) + minute);
        plan.layers.push(Layer::of(0, starts, DAY, &people));
        let found = findings(&ctx, &plan, midnight(2026, 2, 1)?, 300, 0).await?;
        let at = |kind: &str| -> Vec<String> {
            let of_kind = found.iter().filter(|finding| finding["kind"] == kind);
            of_kind.filter_map(|finding| finding["from"].as_str().map(str::to_owned)).collect()
        };
        let lands = (twice.1..twice.1 + if twice.1 == 120 { 60 } else { 30 }).contains(&minute);
        let first: Timestamp = twice.0.parse().map_err(|_| Fault::Harness("a time that is none".to_owned()))?;
        let first = (first + SignedDuration::from_mins(minute - twice.1)).to_string();
        let expected = if skipped.is_empty() { Vec::new() } else { vec![skipped.to_owned()] };
        expect::equal(&format!("{zone}: hand-offs that are skipped"), &expected, &at("hand-off-skipped"))?;
        let expected = if lands { vec![first] } else { Vec::new() };
        expect::equal(&format!("{zone}: hand-offs that come twice"), &expected, &at("hand-off-twice"))?;
    }
    Ok(())
}
