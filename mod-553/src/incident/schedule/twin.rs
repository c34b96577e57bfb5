//! The brute-force twin: it looks at every minute, knows no boundary, no span and no jump of a clock; all it has is what the wall
//! clock has shown so far. The sweep must say the same at every minute, over many zones and years.

use super::{Combine, Layer, Role, Schedule, Wall, WallClock, Window, check, spans};
use crate::incident::schedule::{Kind, Override, Person};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Zones with changes of an hour, of half an hour, of a day, in Ramadan, and none.
const ZONES: [&str; 10] = [
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Pacific/Kwajalein",
    "UTC",
];
const PEOPLE: [&str; 4] = ["ada", "grace", "linus", "margaret"];

/// What a clock has shown at most, minute by minute. It is begun three days early: no clock was ever set back by more than one.
struct Greatest<'a>(&'a WallClock, i64);

impl Greatest<'_> {
    fn advance(&mut self, at: Timestamp) -> i64 {
        self.1 = self.0.wall(at).0.max(self.1);
        self.1
    }
}

/// Whether this reading lies in one of the windows.
fn is_open(windows: &[Window], wall: i64) -> bool {
    let week = 7 * 86_400;
    let of_week = wall - Wall(wall).monday().0;
    let within = |window: &Window| (of_week - window.start_s).rem_euclid(week) < window.length_s;
    windows.is_empty() || windows.iter().any(within)
}

fn on_duty(layer: &Layer, wall: i64) -> Option<&[String]> {
    let since = wall - layer.starts.0;
    let within = since >= 0 && layer.ends.is_none_or(|ends| wall < ends.0) && is_open(&layer.hours, wall);
    let number = usize::try_from(since.div_euclid(layer.length_s)).unwrap_or_default();
    within.then(|| layer.turns[number % layer.turns.len()].as_slice())
}

/// Calls back for each role and minute: the minute, the role, who is on call, and whether the role has to be filled.
fn each_minute(
    schedule: &Schedule,
    from: Timestamp,
    to: Timestamp,
    mut look: impl FnMut(Timestamp, usize, &[String], bool),
) {
    let mut clocks: Vec<_> = schedule.layers.iter().map(|layer| Greatest(&layer.clock, i64::MIN)).collect();
    let mut own_clock = Greatest(&schedule.clock, i64::MIN);
    let mut at = from.checked_sub(SignedDuration::from_hours(72)).unwrap();
    while at < to {
        let walls: Vec<_> = clocks.iter_mut().map(|clock| clock.advance(at)).collect();
        let own = own_clock.advance(at);
        if at >= from {
            for (place, role) in schedule.roles.iter().enumerate() {
                let mut people: Vec<String> = Vec::new();
                for (layer, wall) in schedule.layers.iter().zip(&walls).filter(|(layer, _)| layer.role == place) {
                    if let Some(duty) = on_duty(layer, *wall) {
                        if role.combine == Combine::Stack {
                            people.clear();
                        }
                        people.extend(duty.iter().cloned());
                    }
                }
                for stands_in in &schedule.overrides {
                    if stands_in.role == place && stands_in.from <= at && at < stands_in.until {
                        people.clone_from(&stands_in.people);
                    }
                }
                people.sort();
                people.dedup();
                look(at, place, &people, is_open(&role.when, own));
            }
        }
        at = at.checked_add(SignedDuration::from_mins(1)).unwrap();
    }
}

/// Holds the sweep and the check against the twin, minute by minute.
fn agree(schedule: &Schedule, from: Timestamp, to: Timestamp) {
    let swept: Vec<_> = (0..schedule.roles.len()).map(|role| spans(schedule, role, from, to)).collect();
    for spans in &swept {
        assert_eq!((spans[0].from, spans[spans.len() - 1].until), (from, to), "the spans have no holes");
        assert!(spans.windows(2).all(|pair| pair[0].until == pair[1].from && pair[0].from < pair[0].until));
    }
    let checked = check(schedule, from, to);
    let mut places = vec![0; swept.len()];
    let (mut gap_minutes, mut double_minutes) = (0_i64, 0_i64);
    each_minute(schedule, from, to, |at, role, people, needed| {
        while swept[role][places[role]].until <= at {
            places[role] += 1;
        }
        let mut found = swept[role][places[role]].people.clone();
        found.sort();
        let shown = schedule.roles[role].name.as_str();
        assert_eq!(found, people, "{shown} at {at}, {}", schedule.layers.first().map_or("", |layer| &layer.clock.name));
        gap_minutes += i64::from(needed && people.len() < schedule.roles[role].minimum);
        double_minutes += i64::from(schedule.roles[role].maximum.is_some_and(|maximum| people.len() > maximum));
    });
    let minutes = |kind| {
        let of_kind = checked.findings.iter().filter(|finding| finding.kind == kind);
        of_kind.map(|finding| (finding.until.as_second() - finding.from.as_second()) / 60).sum::<i64>()
    };
    assert_eq!(
        (minutes(Kind::Gap), minutes(Kind::DoubleCover)),
        (gap_minutes, double_minutes),
        "gap and double minutes"
    );
}

fn some_windows() -> impl Strategy<Value = Vec<Window>> {
    // Quarters of hours: on, before and after the times at which clocks change.
    let window =
        (0..672_i64, 1..672_i64).prop_map(|(start, length)| Window { start_s: start * 900, length_s: length * 900 });
    prop_oneof![Just(Vec::new()), prop::collection::vec(window, 1..4)]
}

fn group() -> impl Strategy<Value = Vec<String>> {
    prop::sample::subsequence(PEOPLE.to_vec(), 1..3).prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

/// A schedule in some zones, and an instant that is near a change of one of their clocks as often as not.
fn schedules() -> impl Strategy<Value = (Schedule, Timestamp)> {
    let zone = || prop::sample::select(ZONES.to_vec());
    let lengths = prop_oneof![(1..200_i64).prop_map(|quarters| quarters * 900), Just(86_400), Just(604_800)];
    let layer = (
        zone(),
        0..2_usize,
        0..96_i64,
        prop::option::of(1..400_i64),
        lengths,
        prop::collection::vec(group(), 1..4),
        some_windows(),
    );
    let role = || (0..3_usize, prop::option::of(1..3_usize), some_windows(), any::<bool>());
    let stands_in = (0..2_usize, group(), -4000..4000_i64, 1..3000_i64);
    let year = 1993..2035_i32;
    (
        zone(),
        prop::collection::vec(layer, 1..4),
        [role(), role()],
        prop::collection::vec(stands_in, 0..3),
        year,
        0..8760_i64,
        any::<bool>(),
    )
        .prop_map(|(zone, layers, roles, overrides, year, hour, near_change)| {
            let clock = WallClock::of(zone).unwrap();
            let start: Timestamp = format!("{year}-01-01T00:00:00Z").parse().unwrap();
            let some = start.checked_add(SignedDuration::from_hours(hour)).unwrap();
            let change = layers.first().map(|layer| WallClock::of(layer.0).unwrap());
            let change = change.and_then(|clock| clock.zone().following(some).next().map(|change| change.timestamp()));
            let middle = change
                .filter(|change| near_change && *change < some + SignedDuration::from_hours(24 * 900))
                .unwrap_or(some);
            let layers =
                layers.into_iter().enumerate().map(|(number, (zone, role, quarter, ends, length_s, turns, hours))| {
                    let clock = WallClock::of(zone).unwrap();
                    let starts = Wall(clock.wall(middle).monday().0 - 604_800 + quarter * 900);
                    let ends = ends.map(|ends| Wall(starts.0 + ends * 3600));
                    Layer { name: number.to_string(), role, clock, starts, ends, length_s, turns, hours }
                });
            let layers = layers.collect();
            let roles = roles.into_iter().enumerate().map(|(number, (minimum, maximum, when, stack))| {
                let combine = if stack { Combine::Stack } else { Combine::Together };
                Role { name: number.to_string(), minimum, maximum, when, combine }
            });
            let minutes = |count| middle + SignedDuration::from_mins(count);
            let overrides = overrides.into_iter().map(|(role, people, from, lasts)| Override {
                role,
                people,
                from: minutes(from),
                until: minutes(from + lasts),
                line: 0,
            });
            let person = |name: &&str| ((*name).to_owned(), Person { name: (*name).to_owned(), contact: None });
            let people: BTreeMap<_, _> = PEOPLE.iter().map(person).collect();
            let (roles, overrides) = (roles.collect(), overrides.collect());
            (Schedule { name: "any".to_owned(), clock, people, roles, layers, overrides, distinct: true }, middle)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn the_sweep_says_what_each_minute_says((schedule, middle) in schedules()) {
        let days = SignedDuration::from_hours(4 * 24);
        // Not on a full hour, so that the range's own ends cut through spans.
        let from = middle - days + SignedDuration::from_mins(7);
        agree(&schedule, from, middle + days);
    }
}

/// A daily hand-off at 02:15 and nights of 23:30 to 02:15, over years: what clocks do at their worst hour.
fn at_the_worst_hour(zone: &str) -> Schedule {
    let text = format!(
        "
name: {zone}
zone: {zone}
people: {{ ada: {{}}, grace: {{}}, linus: {{}} }}
roles: {{ primary: {{ maximum: 1 }}, secondary: {{ when: [{{ from: \"23:30\", to: \"02:15\" }}] }} }}
layers:
  - {{ name: days, role: primary, starts: 2005-01-01T02:15, every: 1 day, turns: [ada, grace, linus] }}
  - {{ name: nights, role: secondary, starts: 2005-01-01T23:30, every: 1 day, turns: [grace, linus, ada], hours: [{{ from: \"23:30\", to: \"02:15\" }}] }}
"
    );
    Schedule::parse(std::path::Path::new("worst.yaml"), &text).unwrap()
}

#[test]
fn years_of_the_worst_hour_agree_minute_by_minute_and_leave_no_gap() {
    for (zone, years) in [
        ("Europe/Amsterdam", 2025..2026),
        ("America/New_York", 2025..2026),
        ("Australia/Lord_Howe", 2025..2026),
        ("Pacific/Apia", 2011..2012),
    ] {
        let schedule = at_the_worst_hour(zone);
        let start = |year: i32| format!("{year}-01-01T00:00:00Z").parse::<Timestamp>().unwrap();
        agree(&schedule, start(years.start), start(years.end));
        let checked = check(&schedule, start(years.start), start(years.end));
        let kinds = |kind| checked.findings.iter().filter(|finding| finding.kind == kind).count();
        assert_eq!(
            (kinds(Kind::Gap), kinds(Kind::DoubleCover)),
            (0, 0),
            "{zone}: shared boundaries leave nothing open"
        );
        assert!(kinds(Kind::HandOffSkipped) > 0 && kinds(Kind::TurnLength) > 0, "{zone}");
    }
}

#[test]
fn a_day_that_is_skipped_is_nobodys_turn() {
    let text = "
name: x
zone: Pacific/Apia
people: { ada: {}, grace: {}, linus: {} }
layers: [{ name: a, role: primary, starts: 2011-12-28T00:00, every: 1 day, turns: [ada, grace, linus] }]
";
    let schedule = Schedule::parse(std::path::Path::new("x.yaml"), text).unwrap();
    let (from, to) = ("2011-12-28T10:00:00Z".parse().unwrap(), "2012-01-02T10:00:00Z".parse().unwrap());
    agree(&schedule, from, to);
    insta::assert_snapshot!(super::for_people(&schedule, &check(&schedule, from, to)), @r"
    x: every instant from Wed 2011-12-28 00:00 -10 to Tue 2012-01-03 00:00 +14, 5 spans
    warning: primary: Sat 2011-12-31 00:00 +14: the turn of linus that was to begin at 00:00 on 2011-12-30 has no time at all in Pacific/Apia.
    note: primary: Sat 2011-12-31 00:00 +14: the hand-off to linus is at 00:00 on 2011-12-30, which Pacific/Apia skips: it happens when the clock jumps.
    The schedule holds.
    ");
}

#[test]
fn a_wrong_sweep_is_told_from_the_right_one() {
    // Who resolves 02:30 that does not exist by the old offset hands over at 03:30: the twin must not accept it.
    let clock = WallClock::of("Europe/Amsterdam").unwrap();
    let by_old_offset: Timestamp = "2026-03-29T01:30:00Z".parse().unwrap();
    let schedule = Schedule::parse(
        std::path::Path::new("x.yaml"),
        "
name: x
zone: Europe/Amsterdam
people: { ada: {}, grace: {} }
layers: [{ name: a, role: primary, starts: 2026-03-28T02:30, every: 1 day, turns: [ada, grace] }]
",
    );
    let schedule = schedule.unwrap();
    let mut hands_over = None;
    let range = (by_old_offset - SignedDuration::from_hours(5), by_old_offset + SignedDuration::from_hours(5));
    each_minute(&schedule, range.0, range.1, |at, _, people, _| {
        if people == ["grace"] && hands_over.is_none() {
            hands_over = Some(at);
        }
    });
    assert_eq!(hands_over, Some(clock.first(Wall::of("2026-03-29T02:30".parse().unwrap()))));
    assert_ne!(hands_over, Some(by_old_offset));
}
