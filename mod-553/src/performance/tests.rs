//! Estimates beside labels that are known, and labels that come in any order.

use super::*;
use crate::inference_log::{Label, Record, Value};
use crate::multivariate::Points;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use mod_106::validation::spec::MetricName;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Rows of a binary model: scores that are too sure of themselves (the real odds are the root of the scored ones).
fn scored(n: usize, center: f64, random: &mut Rng) -> (Vec<f64>, Vec<bool>) {
    let row = |_: usize| {
        let odds = center + 2.5 * ((0..6).map(|_| random.f64()).sum::<f64>() - 3.0);
        let probability = 1.0 / (1.0 + (-odds).exp());
        (1.0 / (1.0 + (-2.0 * odds).exp()), random.f64() < probability)
    };
    (0..n).map(row).unzip()
}

fn found(estimates: &[Estimate], metric: &str) -> Estimate {
    estimates.iter().find(|estimate| estimate.metric == metric).unwrap().clone()
}

#[test]
fn scores_that_are_too_sure_are_calibrated_and_estimates_hold_what_labels_say() {
    let mut random = Rng::with_seed(4);
    let (scores, labels) = scored(3_000, 0.0, &mut random);
    let estimator =
        Estimator::fit(&Outcomes::binary(&scores, 0.5, &labels), &Cbpe { replicates: 100, ..Cbpe::default() }).unwrap();
    let calibration = estimator.calibration[0];
    assert!(calibration.used && calibration.before > 3.0 * calibration.after, "{calibration:?}");
    let mut held: BTreeMap<&str, u32> = BTreeMap::new();
    let chunks = 40;
    for chunk in 0..chunks {
        // Inputs that shift from chunk to chunk: what is easy becomes rare, and back.
        let (scores, labels) = scored(300, f64::from(chunk % 5) * 0.4 - 0.8, &mut random);
        for estimate in estimator.estimate(&Outcomes::binary(&scores, 0.5, &labels)).unwrap() {
            let holds = estimate
                .lower
                .zip(estimate.upper)
                .zip(estimate.realized)
                .is_some_and(|((l, u), it)| (l..=u).contains(&it));
            *held.entry(estimate.metric).or_default() += u32::from(holds);
        }
    }
    assert_eq!(held.len(), 5);
    // 95 % of 40 is 38; fewer than 34 would happen once in 400 times.
    assert!(held.values().all(|count| *count >= 34), "{held:?} of {chunks}");
}

#[test]
fn harder_inputs_are_a_change_and_few_rows_are_not() {
    let mut random = Rng::with_seed(5);
    let calibrated = |n: usize, spread: f64, random: &mut Rng| {
        let row = |_: usize| {
            let score = 0.5 + spread * (random.f64() - 0.5);
            (score, random.f64() < score)
        };
        (0..n).map(row).unzip::<f64, bool, Vec<f64>, Vec<bool>>()
    };
    let (scores, labels) = calibrated(4_000, 1.0, &mut random);
    let estimator = Estimator::fit(&Outcomes::binary(&scores, 0.5, &labels), &Cbpe::default()).unwrap();
    let (hard, _) = calibrated(400, 0.3, &mut random);
    let estimates = estimator.estimate(&Outcomes::binary(&hard, 0.5, &[])).unwrap();
    let accuracy = found(&estimates, "accuracy");
    assert_eq!((accuracy.state, accuracy.realized), (State::Changed, None), "{accuracy:?}");
    assert!((accuracy.estimated.unwrap() - 0.575).abs() < 0.03, "{accuracy:?}");
    let few = found(&estimator.estimate(&Outcomes::binary(&hard[..8], 0.5, &[])).unwrap(), "accuracy");
    assert_eq!(few.state, State::Inconclusive, "{few:?}");
    let nothing = estimator.estimate(&Outcomes::default()).unwrap();
    assert!(nothing.iter().all(|estimate| estimate.state == State::Inconclusive && estimate.estimated.is_none()));
}

#[test]
fn of_three_classes_the_estimate_is_near_what_labels_say() {
    let mut random = Rng::with_seed(6);
    let mut rows = |n: usize| {
        let mut outcomes = Outcomes::default();
        for _ in 0..n {
            let raw: Vec<f64> = (0..3).map(|_| -random.f64().ln() + 0.02).map(|x: f64| x.powi(2)).collect();
            let sum: f64 = raw.iter().sum();
            let scores: Vec<f64> = raw.iter().map(|x| x / sum).collect();
            let mut left = random.f64();
            let label = scores
                .iter()
                .position(|score| {
                    left -= score;
                    left < 0.0
                })
                .unwrap_or(2);
            let predicted = (0..3).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
            outcomes.predicted.push(predicted);
            outcomes.labels.push(label);
            outcomes.scores.push(scores);
        }
        outcomes
    };
    let (reference, current) = (rows(3_000), rows(1_000));
    let estimates = Estimator::fit(&reference, &Cbpe::default()).unwrap().estimate(&current).unwrap();
    for metric in ["accuracy", "f1", "roc_auc"] {
        let estimate = found(&estimates, metric);
        assert!((estimate.estimated.unwrap() - estimate.realized.unwrap()).abs() < 0.04, "{estimate:?}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let mut random = Rng::with_seed(7);
    let (scores, labels) = scored(400, 0.0, &mut random);
    let said = |outcomes: &Outcomes| Estimator::fit(outcomes, &Cbpe::default()).unwrap_err().to_string();
    let good = Outcomes::binary(&scores, 0.5, &labels);
    let mut above = good.clone();
    above.scores[3] = vec![0.0, 1.5];
    let none = Outcomes::binary(&scores, 0.5, &[false; 400]);
    let few = Outcomes::binary(&scores[..50], 0.5, &labels[..50]);
    let estimator = Estimator::fit(&good, &Cbpe::default()).unwrap();
    let other = Outcomes { scores: vec![vec![0.2, 0.3, 0.5]], predicted: vec![2], labels: Vec::new() };
    let all = [said(&above), said(&none), said(&few), estimator.estimate(&other).unwrap_err().to_string()];
    insta::assert_snapshot!(all.join("\n"), @"
    reference, row 3: a score of 1.5; expected 0 to 1
    class 1 never occurs in the reference's labels: its scores cannot be calibrated, so leave the class out or take another reference
    the reference has 50 labelled rows, and 200 are the least for 10 chunks: give it more, or fewer chunks
    current data, row 0: 3 scores; expected a score for each class of the reference
    ");
}

/// A regressor whose error grows with the first feature.
fn regression(n: usize, from: f64, to: f64, random: &mut Rng) -> (Points, Vec<f64>, Vec<f64>) {
    let (mut rows, mut predicted, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let (x, y) = (from + (to - from) * random.f64(), random.f64());
        let guess = 3.0 * x + y;
        rows.push([x, y, guess]);
        predicted.push(guess);
        truth.push(guess + (0.2 + x) * ((0..12).map(|_| random.f64()).sum::<f64>() - 6.0));
    }
    (Points::new(rows).unwrap(), predicted, truth)
}

#[test]
fn a_regressors_loss_is_estimated_where_it_is_used_now() {
    let mut random = Rng::with_seed(8);
    let (points, predicted, truth) = regression(3_000, 0.0, 1.0, &mut random);
    let estimator = LossEstimator::fit(&points, &predicted, &truth, &Dle::default()).unwrap();
    let (mut held, chunks) = (0, 20);
    for _ in 0..chunks {
        let (points, predicted, truth) = regression(400, 0.5, 1.0, &mut random);
        let estimates = estimator.estimate(&points, Some((&predicted, &truth))).unwrap();
        let mae = found(&estimates, "mae");
        assert_eq!(mae.state, State::Changed, "{mae:?}");
        let within = |it: &Estimate| (it.lower.unwrap()..=it.upper.unwrap()).contains(&it.realized.unwrap());
        held += u32::from(within(&mae)) + u32::from(within(&found(&estimates, "rmse")));
    }
    assert!(held >= 32, "{held} of {}", 2 * chunks);
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + hour * 3600).unwrap()
}

fn record(id: usize, hour: i64, predicted: bool) -> Record {
    Record {
        time: at(hour),
        request_id: format!("r{id}"),
        model: "m".into(),
        version: "1".into(),
        variant: "stable".into(),
        tenant: None,
        features: BTreeMap::new(),
        prediction: Some(Value::Flag(predicted)),
        score: Some(if predicted { 0.9 } else { 0.1 }),
        latency_ms: 1.0,
        status: 200,
        usage: None,
    }
}

fn label(id: usize, truth: bool, hour: i64) -> Label {
    Label { request_id: format!("r{id}"), label: Value::Flag(truth), observed_at: at(hour) }
}

fn terms() -> Terms {
    Terms {
        maturity: SignedDuration::from_hours(48),
        least_labels: 10,
        task: Task::Classes { positive: Some("true".into()) },
        limits: BTreeMap::from([(MetricName::Accuracy, 0.9)]),
        ..Terms::default()
    }
}

/// The one window of a hundred requests, of which some have a label that came after a day.
fn window(labelled: usize, wrong: usize, now: i64) -> Window {
    let mut ledger = Ledger::default();
    for id in 0..100 {
        ledger.predict(&record(id, 1, id % 2 == 0));
        if id < labelled {
            ledger.label(&label(id, (id % 2 == 0) != (id < wrong), 24 + 1));
        }
    }
    let mut windows = ledger.windows(&terms(), at(now));
    assert_eq!(windows.len(), 1);
    windows.remove(0)
}

#[test]
fn a_window_waits_for_its_labels_and_says_so_when_they_never_come() {
    let check = |labelled, wrong, now, expected: Standing| {
        let window = window(labelled, wrong, now);
        assert_eq!(window.standing, expected, "{}", window.why);
        window.why
    };
    let all = [
        check(90, 0, 12, Standing::Pending),
        check(40, 0, 30, Standing::Pending),
        check(95, 2, 30, Standing::Held),
        check(95, 12, 30, Standing::Undecided),
        check(95, 40, 30, Standing::Broken),
        check(40, 0, 72, Standing::Unlabelled),
        check(0, 0, 1_000, Standing::Unlabelled),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    0 of 100 labels came (0.0 %), 80 % and 10 are needed; labels may come until 2026-01-04T00:00:00Z
    40 of 100 labels came (40.0 %), 80 % and 10 are needed; labels may come until 2026-01-04T00:00:00Z
    95 of 100 labels came (95.0 %)
    95 of 100 labels came (95.0 %); accuracy is 0.8737 (0.7921 to 0.9262), asked for at least 0.9, which may be chance
    95 of 100 labels came (95.0 %); accuracy is 0.5789 (0.4785 to 0.6733), asked for at least 0.9
    40 of 100 labels came (40.0 %) until 2026-01-04T00:00:00Z, 80 % and 10 are needed: its performance is unknown; ask whoever brings the labels
    0 of 100 labels came (0.0 %) until 2026-01-04T00:00:00Z, 80 % and 10 are needed: its performance is unknown; ask whoever brings the labels
    ");
}

#[test]
fn labels_that_come_for_one_answer_only_are_named() {
    let mut ledger = Ledger::default();
    for id in 0..100 {
        ledger.predict(&record(id, 1, id < 80));
        if id < 82 {
            ledger.label(&label(id, true, 25));
        }
    }
    let terms = Terms { limits: BTreeMap::new(), ..terms() };
    let window = &ledger.windows(&terms, at(30))[0];
    assert!(window.why.contains("100 % of the predictions of true and 10 % of those of false"), "{}", window.why);
}

#[derive(Clone, Debug)]
enum Event {
    Predicted(Box<Record>),
    Labelled(Label),
}

fn fed(events: &[Event]) -> Ledger {
    let mut ledger = Ledger::default();
    for event in events {
        match event {
            Event::Predicted(record) => ledger.predict(record),
            Event::Labelled(label) => ledger.label(label),
        }
    }
    ledger
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_what_comes_does_not_matter(
        predictions in prop::collection::vec((0..30_usize, 0..60_i64, any::<bool>()), 0..60),
        labels in prop::collection::vec((0..35_usize, any::<bool>(), 0..200_i64), 0..60),
        now in 0..300_i64,
        seed in any::<u64>(),
    ) {
        let mut events: Vec<Event> = predictions.into_iter().map(|(id, hour, yes)| Event::Predicted(Box::new(record(id, hour, yes)))).collect();
        events.extend(labels.into_iter().map(|(id, truth, hour)| Event::Labelled(label(id, truth, hour))));
        let straight = fed(&events);
        Rng::with_seed(seed).shuffle(&mut events);
        let (half, rest) = events.split_at(events.len() / 2);
        let kept = serde_json::to_string(&fed(half)).unwrap();
        let mut resumed: Ledger = serde_json::from_str(&kept).unwrap();
        for event in rest {
            match event {
                Event::Predicted(record) => resumed.predict(record),
                Event::Labelled(label) => resumed.label(label),
            }
        }
        let terms = Terms { least_labels: 1, ..terms() };
        prop_assert_eq!(straight.windows(&terms, at(now)), resumed.windows(&terms, at(now)));
        prop_assert_eq!(straight.orphans(), resumed.orphans());
    }

    #[test]
    fn an_isotonic_curve_rises_and_keeps_the_mean(rows in prop::collection::vec((0..20_u8, any::<bool>(), 0..3_u8), 1..60)) {
        let mut points: Vec<Point> = rows.iter()
            .map(|(score, truth, weight)| Point { score: f64::from(*score), truth: f64::from(u8::from(*truth)), weight: f64::from(*weight) })
            .collect();
        points.sort_by(|a, b| a.score.total_cmp(&b.score));
        let curve = Isotonic::fit(points.clone());
        let shares: Vec<f64> = (0..200).map(|step| curve.share(f64::from(step) / 10.0)).collect();
        prop_assert!(shares.is_sorted());
        let weight: f64 = points.iter().map(|point| point.weight).sum();
        let sum = |of: &dyn Fn(&Point) -> f64| points.iter().map(|point| of(point) * point.weight).sum::<f64>();
        if weight > 0.0 {
            prop_assert!((sum(&|point| curve.share(point.score)) - sum(&|point| point.truth)).abs() < 1e-9);
        }
    }
}
