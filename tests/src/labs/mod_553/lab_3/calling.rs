//! Who is on call at an instant: rotations, hours, layers, overrides, and days on which clocks change. Every answer is held against
//! the plan's own, at boundaries as well as anywhere.

use super::desk::Desk;
use super::plan::{DAY, Layer, Override, Plan, Role, Window, civil, reading};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use std::{collections::BTreeSet, time::Duration};

pub(super) const ROTATIONS: Check = Check {
    id: "people-take-turns",
    title: "Rotations hand over at their time, from the first turn on, pairs included, and again from the beginning",
    follows: &[],
    needs: &[Need::Command("on-call")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(rotations(ctx)),
};

pub(super) const HOURS: Check = Check {
    id: "hours-restrict-a-layer",
    title: "A layer is on duty in its hours alone, over midnight and over weekends too, and its turns go on meanwhile",
    follows: &["people-take-turns"],
    run: |ctx| Box::pin(hours(ctx)),
    ..ROTATIONS
};

pub(super) const LAYERS: Check = Check {
    id: "later-layers-beat-earlier-ones",
    title: "Of the layers of a role the last that has somebody decides; those that stand together all count",
    run: |ctx| Box::pin(layers(ctx)),
    ..HOURS
};

pub(super) const OVERRIDES: Check = Check {
    id: "overrides-beat-layers",
    title: "An override beats all layers of its role from its first minute to its last, and of two the later one holds",
    run: |ctx| Box::pin(overrides(ctx)),
    ..HOURS
};

pub(super) const CLOCKS: Check = Check {
    id: "hand-offs-follow-the-wall-clock",
    title: "Hand-offs stay at their time of day when clocks change, also where that time is skipped or comes twice",
    run: |ctx| Box::pin(clocks(ctx)),
    ..HOURS
};

pub(super) const ODD: Check = Check {
    id: "odd-clocks-are-read-right",
    title: "Half an hour of daylight saving, and a day that a whole country skipped",
    run: |ctx| Box::pin(odd(ctx)),
    ..HOURS
};

/// Who there is; each plan takes as many as it needs.
pub(super) const PEOPLE: [&str; 8] = ["ada", "grace", "linus", "margaret", "edsger", "barbara", "alan", "radia"];

/// So many of them, in an order that the seed decides.
pub(super) fn people(rng: &mut fastrand::Rng, count: usize) -> Vec<&'static str> {
    let mut all = PEOPLE.to_vec();
    rng.shuffle(&mut all);
    all.truncate(count);
    all
}

/// A Monday of 2026 or 2027 at a minute of the day.
fn monday(rng: &mut fastrand::Rng, minute: i64) -> DateTime {
    let first = reading(jiff::civil::date(2026, 1, 5).at(0, 0, 0, 0));
    civil(first + 7 * DAY * rng.i64(0..90) + minute)
}

/// The instant at which a zone without daylight saving shows this.
fn instant(at: DateTime, zone: &str) -> Result<Timestamp, Fault> {
    let zoned = at.to_zoned(super::plan::zone(zone)?);
    Ok(zoned.map_err(|error| Fault::Harness(error.to_string()))?.timestamp())
}

fn later(at: Timestamp, minutes: i64) -> Timestamp {
    at + SignedDuration::from_mins(minutes)
}

/// Asks at some of the changes within a range, the minute before and the minute itself, and anywhere else.
async fn ask(ctx: &Context, plan: &Plan, from: Timestamp, days: i64, changes: usize) -> Result<(), Fault> {
    let desk = Desk::new(ctx)?.file("schedule.yaml", plan.yaml())?;
    let mut rng = ctx.rng();
    let mut before: Option<Vec<Vec<&str>>> = None;
    let mut found = Vec::new();
    for minute in plan.minutes(from, later(from, days * DAY))? {
        let now: Vec<_> = (0..plan.roles.len()).map(|role| plan.on_call(role, &minute)).collect();
        if before.as_ref().is_some_and(|before| *before != now) {
            found.push(minute.at);
        }
        before = Some(now);
    }
    rng.shuffle(&mut found);
    found.truncate(changes);
    let mut asked: BTreeSet<Timestamp> = found.iter().flat_map(|at| [later(*at, -1), *at]).collect();
    asked.extend((0..2).map(|_| later(from, rng.i64(1..days * DAY))));
    for at in asked.into_iter().filter(|at| *at >= from) {
        let minute = plan.minute(at)?;
        let filled = |(role, asked): (usize, &Role)| {
            !plan.needed(role, &minute) || plan.on_call(role, &minute).len() >= asked.minimum
        };
        let exit = i32::from(!plan.roles.iter().enumerate().all(filled));
        let path = desk.path("schedule.yaml");
        let output = ctx.run("on-call", &[&path, "--at", &at.to_string()]).await?;
        expect::exit(&output, &format!("on-call schedule.yaml --at {at}"), exit)?;
        let answer = expect::printed_json(&output)?;
        for (place, role) in plan.roles.iter().enumerate() {
            let line = expect::list(&answer, "").iter().find(|line| line["role"] == role.name);
            let line = line.ok_or_else(|| {
                Fault::failed(format!("on-call at {at}"), format!("a line for {}", role.name), answer.to_string())
            })?;
            let mut told: Vec<_> = expect::list(line, "/people").iter().filter_map(|name| name.as_str()).collect();
            told.sort_unstable();
            expect::equal(&format!("{} at {at}", role.name), &plan.on_call(place, &minute), &told)?;
        }
    }
    Ok(())
}

async fn rotations(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let count = rng.usize(3..6);
    let people = people(&mut rng, count);
    let mut plan = Plan::new("Asia/Tokyo", &people, vec![Role::one("primary"), Role::one("secondary")]);
    plan.roles[1].maximum = Some(2);
    let minute = rng.i64(0..DAY);
    let starts = monday(&mut rng, minute);
    let every = [720, DAY, 3 * DAY, 7 * DAY][rng.usize(0..4)];
    plan.layers.push(Layer::of(0, starts, every, &people));
    let mut pairs = Layer::of(1, starts, 2 * DAY + rng.i64(1..600), &people[1..]);
    pairs.turns[0].push(people[0]);
    plan.layers.push(pairs);
    let from = instant(starts, plan.zone)?;
    // A minute before the first turn there is nobody.
    ask(&ctx, &plan, later(from, -1), 1, 1).await?;
    ask(&ctx, &plan, from, 45, 3).await
}

async fn hours(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 5);
    let roles = ["office", "nights", "weekends"].map(|name| Role { minimum: 0, ..Role::one(name) });
    let mut plan = Plan::new("Asia/Kolkata", &people, roles.to_vec());
    let starts = monday(&mut rng, 600);
    let (opens, closes) = (rng.i64(400..600), rng.i64(900..1_150));
    let mut office = Layer::of(0, starts, 2 * DAY, &people[..3]);
    office.hours = (0..5).map(|day| Window::of((day, opens), (day, closes))).collect();
    let mut nights = Layer::of(1, starts, 7 * DAY, &people[2..]);
    nights.hours = (0..7).map(|day| Window::of((day, rng.i64(1_200..1_400)), (day + 1, rng.i64(200..500)))).collect();
    let mut weekends = Layer::of(2, starts, 7 * DAY, &people);
    weekends.hours = vec![Window::of((4, closes), (0, opens))];
    plan.layers.extend([office, nights, weekends]);
    ask(&ctx, &plan, instant(starts, plan.zone)?, 21, 4).await
}

async fn layers(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 6);
    let all = Role { maximum: None, together: true, ..Role::one("everybody") };
    let mut plan = Plan::new("Asia/Tokyo", &people, vec![Role::one("primary"), all]);
    let starts = monday(&mut rng, 540);
    let mut above = Layer::of(0, starts, 3 * DAY, &people[2..4]);
    above.hours = (0..6).map(|day| Window::of((day, rng.i64(600..800)), (day, rng.i64(900..1_200)))).collect();
    let mut top = Layer::of(0, starts, DAY, &people[4..]);
    top.hours = vec![Window::of((1, rng.i64(0..700)), (3, rng.i64(0..700)))];
    let mut beside = Layer::of(1, starts, DAY, &people[3..5]);
    beside.hours = top.hours.clone();
    let layers =
        [Layer::of(0, starts, 7 * DAY, &people[..2]), above, top, Layer::of(1, starts, DAY, &people[..3]), beside];
    plan.layers.extend(layers);
    for (number, layer) in plan.layers.iter_mut().enumerate() {
        layer.name = format!("layer-{number}");
    }
    ask(&ctx, &plan, instant(starts, plan.zone)?, 14, 5).await
}

async fn overrides(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 6);
    let mut plan = Plan::new("Asia/Tokyo", &people, vec![Role::one("primary"), Role::one("secondary")]);
    let starts = monday(&mut rng, 600);
    plan.layers.push(Layer::of(0, starts, DAY, &people[..2]));
    let mut second = Layer::of(1, starts, DAY, &people[1..3]);
    second.hours = vec![Window::of((0, 0), (4, 0))];
    plan.layers.push(second);
    plan.roles[1].minimum = 0;
    let begins = reading(starts) + rng.i64(1_000..3_000);
    let lasts = rng.i64(1_500..3_000);
    let stands_in = |role, person: &'static str, from: i64, until: i64| Override {
        role,
        people: vec![person],
        from: civil(from),
        until: civil(until),
    };
    plan.overrides.push(stands_in(0, people[3], begins, begins + lasts));
    // The second of two lies within the first, and the first goes on afterwards.
    plan.overrides.push(stands_in(0, people[4], begins + 500, begins + 900));
    // Where no layer has anybody.
    plan.overrides.push(stands_in(1, people[5], reading(starts) + 5 * DAY, reading(starts) + 5 * DAY + lasts));
    ask(&ctx, &plan, instant(starts, plan.zone)?, 9, 9).await
}

async fn clocks(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 5);
    for (zone, other, days) in [
        ("Europe/Berlin", "America/New_York", ["2026-03-29", "2026-10-25"]),
        ("America/New_York", "Europe/Berlin", ["2026-03-08", "2026-11-01"]),
    ] {
        let mut plan = Plan::new(zone, &people, vec![Role::one("primary"), Role::one("secondary")]);
        let hand_off = rng.i64(121..179);
        let starts = civil(reading(jiff::civil::date(2026, 1, 5).at(0, 0, 0, 0)) + hand_off);
        plan.layers.push(Layer::of(0, starts, DAY, &people[..3]));
        let abroad = civil(reading(jiff::civil::date(2026, 1, 5).at(0, 0, 0, 0)) + rng.i64(1_000..1_300));
        plan.layers.push(Layer { zone: Some(other), ..Layer::of(1, abroad, DAY, &people[2..]) });
        for day in days {
            let date: jiff::civil::Date = day.parse().map_err(|_| Fault::Harness(format!("{day} is no day")))?;
            let from =
                date.at(0, 0, 0, 0).to_zoned(TimeZone::UTC).map_err(|error| Fault::Harness(error.to_string()))?;
            ask(&ctx, &plan, later(from.timestamp(), -DAY / 2), 2, 3).await?;
        }
    }
    Ok(())
}

async fn odd(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let people = people(&mut rng, 4);
    for (zone, year, days, hand_offs) in [
        ("Australia/Lord_Howe", 2026, [(4, 5), (10, 4)], 91..119),
        ("Australia/Lord_Howe", 2026, [(4, 5), (10, 4)], 121..149),
        ("Pacific/Apia", 2011, [(12, 30), (12, 31)], 300..1_300),
    ] {
        let mut plan = Plan::new(zone, &people, vec![Role::one("primary")]);
        let starts = civil(reading(jiff::civil::date(year, 1, 3).at(0, 0, 0, 0)) + rng.i64(hand_offs));
        plan.layers.push(Layer::of(0, starts, DAY, &people));
        for (month, day) in days {
            let at = jiff::civil::date(year, month, day).at(0, 0, 0, 0).to_zoned(TimeZone::UTC);
            let at = at.map_err(|error| Fault::Harness(error.to_string()))?.timestamp();
            ask(&ctx, &plan, later(at, -DAY), 3, 2).await?;
        }
    }
    Ok(())
}
