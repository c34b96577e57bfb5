//! A token bucket: how much a receiver is sent at once. It is kept in the state file, for a command that runs every minute is
//! one sender, however many processes it was.

use super::config::Rate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is left, and since when it grows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    /// A full one.
    pub(super) fn full(rate: Rate, now: Timestamp) -> Self {
        Self { tokens: f64::from(rate.burst), at: now }
    }

    /// Lets it grow until now, and says how many whole tokens are in it. A clock that went backwards adds nothing.
    pub(super) fn refill(&mut self, rate: Rate, now: Timestamp) -> usize {
        let elapsed_s = now.duration_since(self.at).as_secs_f64().max(0.0);
        self.tokens = (self.tokens + elapsed_s / 60.0 * rate.per_minute).min(f64::from(rate.burst));
        self.at = now;
        // A third of a token, three times, is one.
        (self.tokens + 1e-9) as usize
    }

    /// Takes so many out.
    pub(super) fn take(&mut self, tokens: usize) {
        self.tokens = (self.tokens - tokens as f64).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_empties_refills_and_does_not_run_over() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let rate = Rate { burst: 3, per_minute: 6.0 };
        let mut bucket = Bucket::full(rate, at(0));
        assert_eq!(bucket.refill(rate, at(0)), 3);
        bucket.take(3);
        let left: Vec<_> = [5, 10, 15, 3600, 60].map(|second| bucket.refill(rate, at(second))).to_vec();
        assert_eq!(left, [0, 1, 1, 3, 3]);
    }
}
