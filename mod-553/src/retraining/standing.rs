//! Is a retraining due? And if not, why not, in one sentence. Pure: the policy, what was heard, and what was proposed before go in.
//!
//! The order of the reasons is the order in which a person would ask: is anything wrong at all, is somebody at it already, was it tried a
//! moment ago, is there money, and was the very same thing tried and found bad?

use super::ledger::Ledger;
use super::policy::Policy;
use super::proposal::{Evidence, Window, id_of};
use super::rollout::{Phase, Poisoned};
use super::trigger::Level;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

/// A proposal that was made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub proposed_at: Timestamp,
    /// Until when it can be begun.
    pub expires_at: Timestamp,
    /// What it costs.
    pub cost: Decimal,
    /// How far it came; nothing when it was not begun.
    pub phase: Option<Phase>,
}

impl Past {
    /// Whether somebody is still at it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        match self.phase {
            None => now < self.expires_at,
            Some(phase) => phase.is_open(),
        }
    }

    /// Whether it costs, or may yet cost, anything: one that ran out without being begun does not.
    fn counts(&self, now: Timestamp) -> bool {
        self.phase.is_some() || now < self.expires_at
    }
}

/// Why a retraining is due, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It is due.
    Due,
    /// No trigger is raised.
    Calm,
    /// Somebody is at it.
    Open,
    /// The last one was a moment ago.
    CoolDown,
    /// There is no money, or there were too many.
    Budget,
    /// This very evidence was proposed before.
    Known,
    /// This very data window led to a model that was rolled back.
    Poisoned,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Whether it is due, or why not.
    pub why: Why,
    /// In one sentence.
    pub sentence: String,
    /// What speaks for it.
    pub evidence: Vec<Evidence>,
    /// What the next model would learn from.
    pub data_window: Option<Window>,
    /// What the proposal would be called.
    pub id: Option<String>,
}

/// Whether a retraining is due.
pub fn standing(policy: &Policy, ledger: &Ledger, past: &[Past], poison: &[Poisoned], now: Timestamp) -> Standing {
    let raised = ledger.triggers.values().filter(|heard| heard.state.level == Level::Raised);
    let evidence: Vec<Evidence> = raised.flat_map(|heard| heard.state.evidence.iter().cloned()).collect();
    let data_window = evidence
        .iter()
        .map(|one| one.window.end)
        .max()
        .map(|end| Window { start: end.saturating_sub(policy.data_window).unwrap_or(Timestamp::MIN), end });
    let id = data_window.map(|window| id_of(&policy.model, &evidence, window));
    let open = past.iter().find(|past| past.is_open(now));
    let blocked = match (open, &id, data_window) {
        // Whoever is at it is named, also when the signal has calmed down in the meantime.
        (Some(open), _, _) => Some((Why::Open, format!("proposal {} is open", open.id))),
        (None, Some(id), Some(window)) => {
            cooling(policy, past, now).or_else(|| spent(policy, past, now)).or_else(|| tried(id, window, past, poison))
        }
        _ => Some((Why::Calm, calm(policy, ledger))),
    };
    let (why, sentence) = blocked.unwrap_or_else(|| {
        let says: Vec<String> = evidence.iter().map(|one| format!("{} ({})", one.trigger, one.says)).collect();
        (Why::Due, format!("a retraining is due: {}", says.join("; ")))
    });
    Standing { why, sentence, evidence, data_window, id }
}

fn calm(policy: &Policy, ledger: &Ledger) -> String {
    let near = policy.triggers.iter().filter_map(|trigger| {
        let state = &ledger.triggers.get(&trigger.name)?.state;
        (state.streak > 0).then(|| format!("{} has {} of {} windows", trigger.name, state.streak, trigger.windows))
    });
    let near: Vec<String> = near.collect();
    if near.is_empty() {
        "no trigger is raised".to_owned()
    } else {
        format!("no trigger is raised yet: {}", near.join(", "))
    }
}

fn cooling(policy: &Policy, past: &[Past], now: Timestamp) -> Option<(Why, String)> {
    let last = past.iter().max_by_key(|past| past.proposed_at)?;
    let until = last.proposed_at.saturating_add(policy.cool_down).unwrap_or(Timestamp::MAX);
    (now < until).then(|| {
        (Why::CoolDown, format!("proposal {} was made at {}: cooling down until {until}", last.id, last.proposed_at))
    })
}

fn spent(policy: &Policy, past: &[Past], now: Timestamp) -> Option<(Why, String)> {
    let budget = &policy.budget;
    let from = now.saturating_sub(budget.period).unwrap_or(Timestamp::MIN);
    let within: Vec<&Past> = past.iter().filter(|past| past.proposed_at > from && past.counts(now)).collect();
    if within.len() >= budget.retrainings as usize {
        let (made, most) = (within.len(), budget.retrainings);
        return Some((Why::Budget, format!("{made} retrainings since {from}; the budget has {most}")));
    }
    let (spent, cost) = (within.iter().map(|past| past.cost).sum::<Decimal>(), policy.cost.total());
    let (money, currency) = (budget.money, &policy.cost.currency);
    (spent + cost > money).then(|| {
        let sentence =
            format!("{spent} {currency} are spent since {from} and this costs {cost}; the budget has {money}");
        (Why::Budget, sentence)
    })
}

fn tried(id: &str, window: Window, past: &[Past], poison: &[Poisoned]) -> Option<(Why, String)> {
    if let Some(bad) = poison.iter().find(|bad| bad.data_window == window) {
        let sentence =
            format!("the data window {window} is poisoned since {}: {}; wait for newer windows", bad.at, bad.reason);
        return Some((Why::Poisoned, sentence));
    }
    let known = past.iter().find(|past| past.id == id)?;
    let sentence = format!(
        "the same evidence was proposed before, as {} at {}; wait for newer windows",
        known.id, known.proposed_at
    );
    Some((Why::Known, sentence))
}
