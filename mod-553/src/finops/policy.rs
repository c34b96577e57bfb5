//! What follows from a budget: a request is let through, slowed down, given a cheaper model, or refused. The decision rests on the last
//! state that `finops budget` wrote and on overrides; where these cannot be read or are too old, the policy itself says whether it
//! fails open or closed. Pure, but for `Files::load`; the service and the command ask the same function.

use super::budgets::{Standing, State};
use super::error::Error;
use super::money;
use super::overrides::{self, Override};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What follows from budgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What happens while nothing is known.
    pub when_unknown: WhenUnknown,
    /// A state that is older is unknown.
    pub max_age_minutes: i64,
    /// No override lasts longer.
    pub max_override_hours: i64,
    /// In the file's order.
    rules: Vec<Rule>,
}

/// What happens while nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenUnknown {
    /// Requests are let through: service matters more than money.
    Open,
    /// Requests are refused: money matters more than service.
    Closed,
}

/// From which share of a budget on something follows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    budget: String,
    at_share: Decimal,
    model: Option<String>,
    action: Action,
}

/// What is done with a request; the strictest is the greatest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum Action {
    /// It goes through.
    Allow,
    /// It goes through, at no more than this rate.
    Throttle {
        /// Requests a second, of this model and tenant together.
        requests_per_s: u32,
    },
    /// It goes to a cheaper model.
    Switch {
        /// To which.
        to: String,
    },
    /// It does not go through.
    Refuse,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    when_unknown: WhenUnknown,
    #[serde(default = "two_hours")]
    max_age_minutes: i64,
    #[serde(default = "three_days")]
    max_override_hours: i64,
    rules: Vec<RuleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    budget: String,
    at_share: String,
    model: Option<String>,
    action: String,
    requests_per_s: Option<u32>,
    to: Option<String>,
}

fn two_hours() -> i64 {
    120
}

fn three_days() -> i64 {
    72
}

/// Who asks for what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The model that is wanted.
    pub model: String,
    /// For whom.
    #[serde(default)]
    pub tenant: Option<String>,
}

/// What is done, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What is done.
    #[serde(flatten)]
    pub action: Action,
    /// The model that is to answer; absent where none is.
    pub model: Option<String>,
    /// The budget that decided.
    pub budget: Option<String>,
    /// The override that kept a rule from being applied.
    pub overridden: Option<Override>,
    /// Whether anything was known.
    pub known: bool,
    /// In one sentence.
    pub why: String,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The file, and what is wrong in it.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file: File = super::yaml::read(path)?;
        let rule = |rule: RuleFile| {
            let refuse = |found: String, expected: &str| {
                Err(Error::malformed(path.display(), format!("rule on {}: {found}", rule.budget), expected))
            };
            let Some(at_share) = money::parse(&rule.at_share).filter(|share| *share > Decimal::ZERO) else {
                return refuse(format!("at_share is {}", rule.at_share), "a decimal number above zero, such as 0.8");
            };
            let action = match (rule.action.as_str(), rule.requests_per_s, &rule.to) {
                ("throttle", Some(requests_per_s), None) if requests_per_s > 0 => Action::Throttle { requests_per_s },
                ("switch", None, Some(to)) if rule.model.as_ref() != Some(to) => Action::Switch { to: to.clone() },
                ("refuse", None, None) => Action::Refuse,
                _ => {
                    return refuse(
                        format!("action {}", rule.action),
                        "throttle with requests_per_s above 0, switch with `to` another model, or refuse",
                    );
                }
            };
            Ok(Rule { budget: rule.budget, at_share, model: rule.model, action })
        };
        let (when_unknown, max_age_minutes, max_override_hours) =
            (file.when_unknown, file.max_age_minutes, file.max_override_hours);
        Ok(Self {
            when_unknown,
            max_age_minutes,
            max_override_hours,
            rules: file.rules.into_iter().map(rule).collect::<Result<_, Error>>()?,
        })
    }

    /// Decides; `known` is what could be read, or why nothing could.
    pub fn decide(
        &self,
        request: &Request,
        known: Result<&(State, Vec<Override>), String>,
        now: Timestamp,
    ) -> Decision {
        let (state, overrides) = match known {
            Ok(known) => known,
            Err(reason) => return self.unknown(request, &reason),
        };
        let age = (now.as_second() - state.at.as_second()) / 60;
        if age > self.max_age_minutes {
            return self.unknown(
                request,
                &format!("the budgets' state is {age} minutes old, and {} are allowed", self.max_age_minutes),
            );
        }
        let (mut decided, mut overridden) = (None::<(&Rule, &Standing)>, None);
        for rule in &self.rules {
            let Some(standing) = state.budgets.iter().find(|standing| standing.budget == rule.budget) else {
                return self.unknown(request, &format!("the state knows no budget {}", rule.budget));
            };
            // A budget's period that is over says nothing of the one that has begun.
            if now >= standing.period_end {
                return self.unknown(request, &format!("budget {} ended at {}", rule.budget, standing.period_end));
            }
            let mine = |wanted: &Option<String>, asked: Option<&str>| wanted.is_none() || wanted.as_deref() == asked;
            let asked = Some(request.model.as_str());
            let applies = mine(&standing.model, asked)
                && mine(&rule.model, asked)
                && mine(&standing.tenant, request.tenant.as_deref());
            let switched = matches!(&rule.action, Action::Switch { to } if *to == request.model);
            if !applies || switched || standing.spent_usd < rule.at_share * standing.amount_usd {
                continue;
            }
            if let Some(granted) = overrides::holding(overrides, &rule.budget, now) {
                overridden = Some(granted.clone());
            } else if decided.is_none_or(|(other, _)| rule.action > other.action) {
                decided = Some((rule, standing));
            }
        }
        self.told(request, decided, overridden)
    }

    fn told(&self, request: &Request, decided: Option<(&Rule, &Standing)>, overridden: Option<Override>) -> Decision {
        let Some((rule, standing)) = decided else {
            let why = overridden.as_ref().map_or_else(
                || "no rule applies".to_owned(),
                |granted| {
                    format!(
                        "{} overrode budget {} until {}: {}",
                        granted.owner, granted.budget, granted.until, granted.reason
                    )
                },
            );
            let model = Some(request.model.clone());
            return Decision { action: Action::Allow, model, budget: None, overridden, known: true, why };
        };
        let why = format!(
            "{} of {} of budget {} are spent, and from {} of it on this follows",
            money::dollars(standing.spent_usd),
            money::dollars(standing.amount_usd),
            standing.budget,
            rule.at_share
        );
        let model = match &rule.action {
            Action::Refuse => None,
            Action::Switch { to } => Some(to.clone()),
            Action::Allow | Action::Throttle { .. } => Some(request.model.clone()),
        };
        Decision {
            action: rule.action.clone(),
            model,
            budget: Some(standing.budget.clone()),
            overridden,
            known: true,
            why,
        }
    }

    fn unknown(&self, request: &Request, reason: &str) -> Decision {
        let (action, model, how) = match self.when_unknown {
            WhenUnknown::Open => (Action::Allow, Some(request.model.clone()), "open"),
            WhenUnknown::Closed => (Action::Refuse, None, "closed"),
        };
        Decision {
            action,
            model,
            budget: None,
            overridden: None,
            known: false,
            why: format!("{reason}; the policy fails {how}"),
        }
    }
}

/// Where decisions come from.
#[derive(Clone, Debug)]
pub struct Files {
    /// The policy.
    pub policy: PathBuf,
    /// What `finops budget --state` wrote.
    pub state: PathBuf,
    /// The trail of overrides; none was ever granted where it is not there.
    pub overrides: Option<PathBuf>,
}

impl Files {
    /// Reads them and decides.
    ///
    /// # Errors
    /// A policy that cannot be read: then nobody has said what follows. Anything else that cannot be read is decided by the policy.
    pub fn decide(&self, request: &Request, now: Timestamp) -> Result<Decision, Error> {
        let policy = Policy::read(&self.policy)?;
        let known = State::read(&self.state).and_then(|state| {
            let granted = self.overrides.as_ref().map(|path| overrides::read(path)).transpose()?;
            Ok((state, granted.unwrap_or_default()))
        });
        Ok(policy.decide(request, known.as_ref().map_err(ToString::to_string), now))
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Policy, Request, Rule, WhenUnknown};
    use crate::finops::budgets::{Standing, State, Verdict};
    use crate::finops::overrides::Override;
    use rust_decimal::Decimal;

    fn policy(when_unknown: WhenUnknown) -> Policy {
        let rule = |share: i64, action| Rule {
            budget: "all".to_owned(),
            at_share: Decimal::new(share, 1),
            model: None,
            action,
        };
        let switch = Action::Switch { to: "small".to_owned() };
        let rules = vec![rule(8, Action::Throttle { requests_per_s: 5 }), rule(10, switch), rule(12, Action::Refuse)];
        Policy { when_unknown, max_age_minutes: 60, max_override_hours: 72, rules }
    }

    fn state(spent: i64) -> State {
        let standing = Standing {
            budget: "all".to_owned(),
            model: None,
            tenant: None,
            owner: "o".to_owned(),
            period_start: "2026-05-01T00:00:00Z".parse().unwrap(),
            period_end: "2026-06-01T00:00:00Z".parse().unwrap(),
            amount_usd: Decimal::from(100),
            spent_usd: Decimal::from(spent),
            left_usd: Decimal::from(100 - spent),
            spent_share: Decimal::new(spent, 2),
            elapsed_share: Decimal::ONE,
            burn_rate: None,
            recent_burn_rate: Decimal::ONE,
            verdict: Verdict::Within,
        };
        State { at: "2026-05-20T12:00:00Z".parse().unwrap(), budgets: vec![standing] }
    }

    fn decide(spent: i64, at: &str, overrides: Vec<Override>, model: &str) -> (String, bool) {
        let request = Request { model: model.to_owned(), tenant: None };
        let decision =
            policy(WhenUnknown::Closed).decide(&request, Ok(&(state(spent), overrides)), at.parse().unwrap());
        (serde_json::to_value(&decision).unwrap()["action"].as_str().unwrap().to_owned(), decision.known)
    }

    #[test]
    fn the_strictest_rule_that_is_reached_decides() {
        let of = |spent| decide(spent, "2026-05-20T12:30:00Z", vec![], "large").0;
        assert_eq!(
            [of(79), of(80), of(99), of(100), of(119), of(120)],
            ["allow", "throttle", "throttle", "switch", "switch", "refuse"]
        );
        assert_eq!(decide(110, "2026-05-20T12:30:00Z", vec![], "small").0, "throttle");
    }

    #[test]
    fn an_override_holds_until_it_ends_and_no_longer() {
        let granted = |until: &str| Override {
            budget: "all".to_owned(),
            owner: "ana".to_owned(),
            reason: "launch".to_owned(),
            granted_at: "2026-05-20T11:00:00Z".parse().unwrap(),
            until: until.parse().unwrap(),
        };
        let of = |until| decide(150, "2026-05-20T12:30:00Z", vec![granted(until)], "large").0;
        assert_eq!([of("2026-05-20T12:30:01Z"), of("2026-05-20T12:30:00Z")], ["allow", "refuse"]);
    }

    #[test]
    fn an_old_state_is_unknown() {
        assert_eq!(decide(0, "2026-05-20T13:01:00Z", vec![], "large"), ("refuse".to_owned(), false));
        assert_eq!(decide(0, "2026-05-20T13:00:00Z", vec![], "large"), ("allow".to_owned(), true));
        let request = Request { model: "m".to_owned(), tenant: None };
        let open =
            policy(WhenUnknown::Open).decide(&request, Err("gone".to_owned()), "2026-05-20T13:00:00Z".parse().unwrap());
        assert!(open.action == Action::Allow && !open.known && open.why.contains("gone"), "{open:?}");
    }
}
