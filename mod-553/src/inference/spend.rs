//! Before words are bought, the budget is asked: whether this tenant's explanation is written as usual, by the cheaper writer, or not at all.
//! The prediction itself never waits for money.
//!
//! An answer of the policy holds for a second; so a new state, policy or override takes effect within one, and files are not read for
//! each request.

use super::explain::Writer;
use crate::finops::policy::{Action, Decision, Files, Request};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So long an answer is remembered.
const HOLDS: Duration = Duration::from_secs(1);
/// So many tenants are remembered at once.
const REMEMBERED: usize = 10_000;

/// What a metric says became of an explanation.
pub(super) const OUTCOMES: [&str; 5] = ["allowed", "throttled", "switched", "refused", "unknown"];

/// What became of an explanation that was not written as usual.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Restraint {
    /// `throttled`, `switched`, `refused` or `unknown`.
    pub(super) outcome: &'static str,
    /// In one sentence.
    pub(super) why: String,
}

/// Who is asked, and what was answered lately.
#[derive(Debug)]
pub(super) struct Spend {
    files: Files,
    lately: Mutex<HashMap<Option<String>, Lately>>,
}

/// What holds for a tenant in this second.
#[derive(Clone, Debug)]
struct Lately {
    since: Instant,
    granted: u32,
    decided: Result<Decision, String>,
}

impl Spend {
    pub(super) fn new(files: Files) -> Self {
        Self { files, lately: Mutex::default() }
    }

    /// Who writes for this tenant now, if anybody, and why not as usual.
    pub(super) fn ask(&self, tenant: Option<&str>) -> (Option<Writer>, Option<Restraint>) {
        let now = Instant::now();
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= REMEMBERED {
            lately.retain(|_, known| now - known.since < HOLDS);
        }
        let known = lately.entry(tenant.map(str::to_owned)).or_insert_with(|| self.decide(tenant, now));
        if now - known.since >= HOLDS {
            *known = self.decide(tenant, now);
        }
        known.grant()
    }

    fn decide(&self, tenant: Option<&str>, since: Instant) -> Lately {
        let request = Request { model: Writer::Usual.name().to_owned(), tenant: tenant.map(str::to_owned) };
        let decided = self.files.decide(&request, Timestamp::now()).map_err(|error| {
            tracing::error!(%error, "nobody says what may be spent, so nothing is");
            error.to_string()
        });
        Lately { since, granted: 0, decided }
    }
}

impl Lately {
    fn grant(&mut self) -> (Option<Writer>, Option<Restraint>) {
        let restrained = |outcome, why: &str| Some(Restraint { outcome, why: why.to_owned() });
        let decision = match &self.decided {
            Ok(decision) => decision,
            Err(why) => return (None, restrained("unknown", why)),
        };
        match &decision.action {
            Action::Allow => (Some(Writer::Usual), None),
            Action::Throttle { requests_per_s } if self.granted < *requests_per_s => {
                self.granted += 1;
                (Some(Writer::Usual), None)
            }
            Action::Throttle { .. } => (None, restrained("throttled", &decision.why)),
            Action::Switch { to } => match Writer::called(to) {
                Some(writer) => (Some(writer), restrained("switched", &decision.why)),
                None => (None, restrained("unknown", &format!("the policy names {to}, which writes nothing here"))),
            },
            Action::Refuse => (None, restrained("refused", &decision.why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lately, Writer};
    use crate::finops::policy::{Action, Decision};
    use std::time::Instant;

    fn granted(action: Action, times: usize) -> Vec<(Option<Writer>, Option<&'static str>)> {
        let why = "because".to_owned();
        let decision = Decision { action, model: None, budget: None, overridden: None, known: true, why };
        let mut lately = Lately { since: Instant::now(), granted: 0, decided: Ok(decision) };
        let grant = |_| {
            let (writer, restraint) = lately.grant();
            (writer, restraint.map(|restraint| restraint.outcome))
        };
        (0..times).map(grant).collect()
    }

    #[test]
    fn a_throttle_lets_so_many_through_in_a_second() {
        let usual = (Some(Writer::Usual), None);
        let after = (None, Some("throttled"));
        assert_eq!(granted(Action::Throttle { requests_per_s: 2 }, 4), [usual, usual, after, after]);
    }

    #[test]
    fn a_switch_goes_to_a_writer_that_there_is() {
        let to = |name: &str| granted(Action::Switch { to: name.to_owned() }, 1);
        assert_eq!(to("template-explainer-brief"), [(Some(Writer::Brief), Some("switched"))]);
        assert_eq!(to("gpt-5-mini"), [(None, Some("unknown"))]);
        assert_eq!(granted(Action::Refuse, 1), [(None, Some("refused"))]);
    }
}
