//! Where a record belongs. Windows begin at multiples of their length since 1970, so that a restart cuts them at the same places; the
//! watermark is the latest time of any record, and a window closes when the watermark has passed its end by the lateness that is allowed.
//!
//! A clock that jumped must not close windows: a record from beyond the wall clock is set aside, and does not move the watermark.

use serde::{Deserialize, Serialize};

const MINUTE_US: i64 = 60_000_000;
/// So far may a sender's clock be ahead of ours.
const SKEW_US: i64 = 5 * MINUTE_US;

/// Which windows are open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// A window's length in microseconds.
    pub length_us: i64,
    /// How long a window waits.
    pub lateness_us: i64,
    /// The latest time of a record; absent before the first.
    pub watermark_us: Option<i64>,
    /// When a record came last, by our own clock.
    pub arrived_us: Option<i64>,
    /// All windows that begin before this are closed.
    pub closed_before_us: Option<i64>,
}

/// Where a record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into the window that begins then.
    Open(i64),
    /// Its window is closed.
    Late,
    /// Its clock is ahead of ours.
    Ahead,
}

impl Windows {
    /// Windows of so many minutes that wait so many minutes.
    pub fn new(every_minutes: u32, lateness_minutes: u32) -> Self {
        Self {
            length_us: i64::from(every_minutes.max(1)) * MINUTE_US,
            lateness_us: i64::from(lateness_minutes) * MINUTE_US,
            watermark_us: None,
            arrived_us: None,
            closed_before_us: None,
        }
    }

    /// Places a record of this time.
    pub fn place(&mut self, time_us: i64, now_us: i64) -> Place {
        if time_us > now_us.saturating_add(SKEW_US) {
            return Place::Ahead;
        }
        let start = time_us - time_us.rem_euclid(self.length_us);
        if self.closed_before_us.is_some_and(|closed| start < closed) {
            return Place::Late;
        }
        self.watermark_us = self.watermark_us.max(Some(time_us));
        self.arrived_us = self.arrived_us.max(Some(now_us));
        Place::Open(start)
    }

    /// Whether the window that begins then closes now: the records have passed it, or nothing at all came for as long as a window is.
    /// Old logs that are read late are not silence.
    pub fn is_due(&self, start_us: i64, now_us: i64) -> bool {
        let end = start_us + self.length_us + self.lateness_us;
        let passed = self.watermark_us.is_some_and(|watermark| watermark >= end);
        passed || self.arrived_us.is_some_and(|arrived| now_us >= arrived.max(end) + self.length_us)
    }

    /// Closes the window that begins then, and all before it.
    pub fn close(&mut self, start_us: i64) {
        self.closed_before_us = self.closed_before_us.max(Some(start_us + self.length_us));
    }
}

#[cfg(test)]
mod tests {
    use super::{MINUTE_US, Place, Windows};

    const HOUR: i64 = 60 * MINUTE_US;

    #[test]
    fn a_window_closes_when_the_records_have_passed_it() {
        let mut windows = Windows::new(60, 10);
        let now = 100 * HOUR;
        assert_eq!(windows.place(50 * HOUR + 5, now), Place::Open(50 * HOUR));
        assert_eq!(windows.place(51 * HOUR + 9 * MINUTE_US, now), Place::Open(51 * HOUR));
        assert!(!windows.is_due(50 * HOUR, 51 * HOUR + 9 * MINUTE_US));
        windows.place(51 * HOUR + 10 * MINUTE_US, now);
        assert!(windows.is_due(50 * HOUR, 51 * HOUR + 10 * MINUTE_US));
        windows.close(50 * HOUR);
        assert_eq!(windows.place(50 * HOUR + 7, now), Place::Late);
    }

    #[test]
    fn a_clock_that_jumped_closes_nothing() {
        let mut windows = Windows::new(60, 0);
        let now = 50 * HOUR;
        windows.place(now, now);
        assert_eq!(windows.place(9_000 * HOUR, now), Place::Ahead);
        assert_eq!(windows.watermark_us, Some(now));
        // Before 1970 a window begins before its records, too.
        assert_eq!(windows.place(-1, now), Place::Open(-HOUR));
    }

    #[test]
    fn silence_closes_a_window_after_another_length() {
        let mut windows = Windows::new(60, 10);
        windows.place(50 * HOUR, 50 * HOUR);
        assert!(!windows.is_due(50 * HOUR, 52 * HOUR));
        assert!(windows.is_due(50 * HOUR, 52 * HOUR + 10 * MINUTE_US));
    }
}
