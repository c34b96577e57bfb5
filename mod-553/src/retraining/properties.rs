//! Properties of the pure parts, over random stories, each with a twin that makes the tempting mistake.

use super::impact::{Worth, impact};
use super::ledger::Ledger;
use super::policy::{Policy, Trigger};
use super::proposal::{Evidence, Window};
use super::rollout::{Phase, Poisoned};
use super::signal::{Loss, Observation, Performance, Reading};
use super::standing::{Past, Why, standing};
use super::trigger::{Level, State};
use jiff::Timestamp;
use mod_106::validation::spec::MetricName;
use proptest::prelude::*;
use rust_decimal::Decimal;

const POLICY: &str = r#"
model: m
triggers:
  - { name: drift, source: { drift: { monitor: m } }, enter: 0.6, leave: 0.3, windows: 2, silence: 3d }
cool_down: 72h
budget: { period: 20d, retrainings: 3, money: "1000.00" }
data_window: 28d
impact: { metric: accuracy, predictions_per_day: 1000, value_per_prediction: "0.10", horizon_days: 10, recovered: ["0.5", "0.9"] }
cost: { currency: EUR, compute: "300.00", labels: "0", people: "100.00" }
approvals: { needed: 1, valid: 24h }
canary: { share: "0.1" }
verify: { metric: accuracy, bound: 0.8 }
"#;

fn policy() -> Policy {
    serde_saphyr::from_str(POLICY).unwrap()
}

fn hour(hours: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + hours * 3600).unwrap()
}

fn day(day: i64) -> Window {
    Window { start: hour(24 * day), end: hour(24 * (day + 1)) }
}

fn reading(number: i64, share: Option<f64>) -> Reading {
    let says = Observation::Drift { monitor: "m".to_owned(), window: day(number), share, why: String::new() };
    Reading { file: format!("{number}.json"), digest: format!("sha256:{number:064x}"), says }
}

fn evidence() -> Evidence {
    let (trigger, file, digest, says) = Default::default();
    Evidence { trigger, file, digest, window: day(0), value: 0.0, says }
}

/// Tenths, so that both thresholds are met exactly now and then.
fn values() -> impl Strategy<Value = Vec<Option<f64>>> {
    let value = prop_oneof![4 => (0..=10_u8).prop_map(|tenth| Some(f64::from(tenth) / 10.0)), 1 => Just(None)];
    proptest::collection::vec(value, 0..40)
}

/// What the trigger must be, looked up in the whole story: raised or calmed by the last run of so many windows that could tell.
fn expected(trigger: &Trigger, values: &[Option<f64>]) -> Level {
    let told: Vec<f64> = values.iter().flatten().copied().collect();
    let run = trigger.windows as usize;
    (run..=told.len()).fold(Level::Calm, |level, end| {
        let last = &told[end - run..end];
        let all = |side: fn(f64, &Trigger) -> bool| last.iter().all(|value| side(*value, trigger));
        match level {
            Level::Calm if all(|value, trigger| value >= trigger.enter) => Level::Raised,
            Level::Raised if all(|value, trigger| value <= trigger.leave) => Level::Calm,
            level => level,
        }
    })
}

/// How a trigger takes in a value.
type Observe = fn(&mut State, &Trigger, Option<f64>);

fn as_it_is(state: &mut State, trigger: &Trigger, value: Option<f64>) {
    state.observe(trigger, value, evidence());
}

/// The deliberately wrong twin: what cannot be told is taken for calm.
fn unknown_is_calm(state: &mut State, trigger: &Trigger, value: Option<f64>) {
    state.observe(trigger, Some(value.unwrap_or(0.0)), evidence());
}

fn holds(observe: Observe, windows: u32, values: &[Option<f64>]) -> Result<(), TestCaseError> {
    let trigger = Trigger { windows, ..policy().triggers.remove(0) };
    let mut state = State::default();
    for (number, value) in values.iter().enumerate() {
        observe(&mut state, &trigger, *value);
        prop_assert_eq!(state.level, expected(&trigger, &values[..=number]), "after {:?}", &values[..=number]);
        prop_assert!(state.evidence.len() <= windows as usize);
        prop_assert!(state.level == Level::Calm || state.evidence.len() == windows as usize, "raised without evidence");
    }
    Ok(())
}

/// A story of days: whether the day is loud, and what becomes of a proposal made on it.
fn story() -> impl Strategy<Value = Vec<(bool, u8)>> {
    proptest::collection::vec((proptest::bool::weighted(0.8), 0..4_u8), 1..80)
}

/// Proposes whenever something is due under this policy; looks whether what came of it keeps to the real one.
fn kept(used: &Policy, story: &[(bool, u8)]) -> Result<(), TestCaseError> {
    let real = policy();
    let (mut past, mut poison): (Vec<Past>, Vec<Poisoned>) = (Vec::new(), Vec::new());
    let mut ledger = Ledger::begin(used, hour(0));
    for (number, (loud, fate)) in (0..).zip(story) {
        let now = hour(24 * (number + 1) + 1);
        ledger.hear(used, &[reading(number, Some(if *loud { 1.0 } else { 0.0 }))], now).unwrap();
        let stands = standing(used, &ledger, &past, &poison, now);
        let (Why::Due, Some(id), Some(window)) = (stands.why, stands.id, stands.data_window) else { continue };
        prop_assert!(past.iter().all(|before| before.id != id), "the same evidence twice");
        prop_assert!(past.iter().all(|before| !before.is_open(now)), "two at once");
        prop_assert!(poison.iter().all(|bad| bad.data_window != window), "a poisoned window");
        let cool = past.iter().all(|before| now.duration_since(before.proposed_at) >= real.cool_down);
        prop_assert!(cool, "within the cool-down");
        let phase = match fate {
            0 => None,
            1 => Some(Phase::Verified),
            _ => Some(Phase::RolledBack),
        };
        if phase == Some(Phase::RolledBack) {
            let (proposal, digest, reason, by) = (id.clone(), String::new(), String::new(), String::new());
            poison.push(Poisoned { proposal, digest, data_window: window, reason, by, at: now });
        }
        let expires_at = now.saturating_add(real.approvals.valid).unwrap();
        past.push(Past { id, proposed_at: now, expires_at, cost: real.cost.total(), phase });
        let from = now.saturating_sub(real.budget.period).unwrap();
        let begun = past.iter().filter(|one| one.proposed_at > from && (one.phase.is_some() || now < one.expires_at));
        let (count, spent) = begun.fold((0, Decimal::ZERO), |(count, spent), one| (count + 1, spent + one.cost));
        prop_assert!(count <= real.budget.retrainings, "{count} retrainings");
        prop_assert!(spent <= real.budget.money, "{spent} spent");
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_trigger_is_what_its_last_runs_say(windows in 1..5_u32, values in values()) {
        holds(as_it_is, windows, &values)?;
    }

    #[test]
    fn cool_down_budget_and_poison_are_kept(story in story()) {
        kept(&policy(), &story)?;
    }

    /// However signals are cut into calls, and however often they are given: the same is heard.
    #[test]
    fn signals_count_once_however_they_come(values in values(), cuts in proptest::collection::vec(0..3_u8, 40), seed: u64) {
        let policy = policy();
        let readings: Vec<Reading> = (0..).zip(&values).map(|(number, value)| reading(number, *value)).collect();
        let now = hour(24 * 60);
        let mut once = Ledger::begin(&policy, hour(0));
        once.hear(&policy, &readings, now).unwrap();
        let mut pieces = Ledger::begin(&policy, hour(0));
        let mut random = fastrand::Rng::with_seed(seed);
        let mut call = Vec::new();
        for (reading, cut) in readings.iter().zip(cuts) {
            call.push(reading.clone());
            if cut == 0 {
                random.shuffle(&mut call);
                pieces.hear(&policy, &call, now).unwrap();
                // Delivered again, which is known.
                let ignored = pieces.hear(&policy, &call, now).unwrap();
                prop_assert_eq!(ignored.len(), call.len());
                call.clear();
            }
        }
        pieces.hear(&policy, &call, now).unwrap();
        prop_assert_eq!(once.triggers, pieces.triggers);
    }

    /// The dead-man's switch looks at the last window that could tell, and at nothing else.
    #[test]
    fn silence_is_measured_from_what_was_known(values in values(), later in 0..200_i64) {
        let policy = policy();
        let mut ledger = Ledger::begin(&policy, hour(0));
        let readings: Vec<Reading> = (0..).zip(&values).map(|(number, value)| reading(number, *value)).collect();
        ledger.hear(&policy, &readings, hour(24 * 60)).unwrap();
        let known = values.iter().rposition(Option::is_some).map_or(0, |last| 24 * (last as i64 + 1));
        let silent = !ledger.silent(&policy, hour(known + later)).is_empty();
        prop_assert_eq!(silent, later > 72);
    }

    /// The benefit's ends hold every product of a loss and a share within theirs, and the verdict is about both ends.
    #[test]
    fn the_benefit_holds_every_case(low in -0.2..0.5_f64, width in 0.0..0.3_f64, at in 0.0..=1.0_f64, share in 0.5..=0.9_f64) {
        let policy = policy();
        let loss = Loss { low, point: low + width / 2.0, high: low + width };
        let seen = Performance { metric: MetricName::Accuracy, interval: None, loss: Some(loss) };
        let found = impact(&policy, &seen, "").unwrap();
        let case = Decimal::try_from((low + at * width) * share * 0.10 * 10_000.0).unwrap();
        let cent = Decimal::new(1, 2);
        prop_assert!(found.benefit[0] - cent <= case && case <= found.benefit[1] + cent, "{case} is not within {:?}", found.benefit);
        let expected = match (found.benefit[0] > found.cost, found.benefit[1] <= found.cost) {
            (true, _) => Worth::Yes,
            (false, true) => Worth::No,
            (false, false) => Worth::Unclear,
        };
        prop_assert_eq!(found.worth(), expected);
    }
}

#[test]
fn the_tempting_twins_are_caught() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let found = runner.run(&values(), |values| holds(unknown_is_calm, 2, &values));
    assert!(found.is_err(), "what cannot be told was taken for calm, and nobody noticed");
    let caught = |change: fn(&mut Policy), expected: &str| {
        let mut twin = policy();
        change(&mut twin);
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let found = runner.run(&story(), |story| kept(&twin, &story)).unwrap_err().to_string();
        assert!(found.contains(expected), "{found}");
    };
    caught(|twin| twin.cool_down = jiff::SignedDuration::from_secs(1), "within the cool-down");
    caught(|twin| twin.budget.money = Decimal::from(9000), "spent");
}
