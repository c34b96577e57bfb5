//! Whether to try again, and when: a pure decision over what happened, the endpoint's row in the table, and the dice.
//!
//! Only 429, 502, 503, 504 and broken connections are tried again, and only where `endpoint.rs` says that twice is as good as
//! once. The tempting wrong choice is the Python client's: it repeats every method and 500 too, and so can create a run twice.
//! Waits grow twofold with full jitter, so that a fleet of clients does not come back in step; `Retry-After` (RFC 9110, section
//! 10.2.3) overrides them. Next: `transport.rs` asks [`RetryPolicy::decide`] after each attempt.

use super::endpoint::Repeat;
use jiff::Timestamp;
use std::time::Duration;

/// How often and how long to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many times a call is sent again after the first attempt.
    pub retries: u32,
    /// The ceiling of the first wait; it doubles with each further one.
    pub base: Duration,
    /// No wait is longer. A server that asks for more through `Retry-After` is not asked again.
    pub longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { retries: 5, base: Duration::from_millis(250), longest: Duration::from_secs(60) }
    }
}

/// What became of one attempt, as far as trying again is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server answered with this status, and perhaps with a `Retry-After`.
    Answered { status: u16, retry_after: Option<Duration> },
    /// The connection was refused, reset or cut.
    Disconnected,
}

impl RetryPolicy {
    /// How long to wait before the next attempt, or `None` to give up. `dice` lies in `0.0..1.0`.
    pub(crate) fn decide(&self, repeat: Repeat, outcome: &Outcome, attempts_made: u32, dice: f64) -> Option<Duration> {
        if repeat != Repeat::Safe || attempts_made > self.retries {
            return None;
        }
        let backoff = || Some(self.backoff(attempts_made, dice));
        match outcome {
            Outcome::Disconnected => backoff(),
            Outcome::Answered { status: 429 | 502 | 503 | 504, retry_after } => match retry_after {
                Some(asked) => Some(*asked).filter(|wait| *wait <= self.longest),
                None => backoff(),
            },
            Outcome::Answered { .. } => None,
        }
    }
}

impl RetryPolicy {
    /// The wait after this many attempts, where nobody asked for another: twofold growth, full jitter. `dice` lies in `0.0..1.0`.
    pub(crate) fn backoff(&self, attempts_made: u32, dice: f64) -> Duration {
        let ceiling = self.base.saturating_mul(1 << attempts_made.saturating_sub(1).min(16)).min(self.longest);
        ceiling.mul_f64(dice)
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date, which counts from `now`. What cannot be read is as if it were absent.
pub(crate) fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Repeat, RetryPolicy, parse_retry_after};
    use std::time::Duration;

    fn answered(status: u16) -> Outcome {
        Outcome::Answered { status, retry_after: None }
    }

    #[test]
    fn only_what_is_transient_and_repeatable_is_repeated() {
        fn check(repeat: Repeat, outcome: &Outcome, expected: bool) {
            let decision = RetryPolicy::default().decide(repeat, outcome, 1, 0.5);
            assert_eq!(decision.is_some(), expected, "{repeat:?} {outcome:?}");
        }
        for status in [429, 502, 503, 504] {
            check(Repeat::Safe, &answered(status), true);
            check(Repeat::Never("x"), &answered(status), false);
        }
        for status in [200, 400, 401, 403, 404, 408, 500, 501] {
            check(Repeat::Safe, &answered(status), false);
        }
        check(Repeat::Safe, &Outcome::Disconnected, true);
        check(Repeat::Never("x"), &Outcome::Disconnected, false);
    }

    #[test]
    fn waits_double_stay_below_the_longest_and_end() {
        let policy = RetryPolicy { retries: 4, base: Duration::from_millis(100), longest: Duration::from_millis(300) };
        let waits: Vec<_> = (1..=5)
            .map(|made| policy.decide(Repeat::Safe, &answered(503), made, 1.0).map(|wait| wait.as_millis()))
            .collect();
        assert_eq!(waits, [Some(100), Some(200), Some(300), Some(300), None]);
    }

    #[test]
    fn retry_after_is_obeyed_or_ends_it() {
        fn check(asked_s: u64, expected: Option<u64>) {
            let outcome = Outcome::Answered { status: 503, retry_after: Some(Duration::from_secs(asked_s)) };
            let decision = RetryPolicy::default().decide(Repeat::Safe, &outcome, 1, 0.0);
            assert_eq!(decision.map(|wait| wait.as_secs()), expected);
        }
        check(0, Some(0));
        check(7, Some(7));
        check(61, None);
    }

    #[test]
    fn retry_after_comes_in_two_forms() {
        fn check(text: &str, expected_s: Option<u64>) {
            let now = "1994-11-06T08:49:30Z".parse().unwrap();
            assert_eq!(parse_retry_after(text, now).map(|wait| wait.as_secs()), expected_s, "{text}");
        }
        check("120", Some(120));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(7));
        check("Sun, 06 Nov 1994 08:49:00 GMT", Some(0));
        check("soon", None);
    }
}
