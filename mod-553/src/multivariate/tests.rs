//! What each method sees, and what it does not.

#![expect(clippy::needless_range_loop, reason = "a matrix is read by its indices")]

use super::*;
use crate::decision::Verdict;
use crate::inference_log::Value;
use fastrand::Rng;
use mod_106::statistics::interval::normal_quantile;
use proptest::prelude::*;

fn normal(random: &mut Rng) -> f64 {
    normal_quantile(random.f64().clamp(1e-12, 1.0 - 1e-12))
}

/// Two columns that hang together by `correlation`, and one that hangs together with nothing.
fn cloud(n: usize, correlation: f64, random: &mut Rng) -> Points {
    let row = |_| {
        let (a, b, c) = (normal(random), normal(random), normal(random));
        [a, correlation * a + (1.0 - correlation * correlation).sqrt() * b, c]
    };
    Points::new((0..n).map(row)).unwrap()
}

#[test]
fn a_correlation_that_turned_round_is_seen_by_all() {
    let mut random = Rng::with_seed(1);
    let (reference, same) = (cloud(600, 0.9, &mut random), cloud(600, 0.9, &mut random));
    let turned = cloud(600, -0.9, &mut random);
    let classifier = Classifier::default();
    let found = classifier.compare(&reference, &turned).unwrap();
    assert_eq!(found.verdict, Verdict::Drift, "{found:?}");
    assert!(found.area > 0.75, "{found:?}");
    assert!(found.importance[0] + found.importance[1] > 0.9, "the third column is innocent: {found:?}");
    assert_ne!(classifier.compare(&reference, &same).unwrap().verdict, Verdict::Drift);
    let mmd = Mmd { most_rows: 150, arrangements: 199, ..Mmd::default() };
    assert!(mmd.compare(&reference, &turned).unwrap().p_value < 0.01);
    assert!(mmd.compare(&reference, &same).unwrap().p_value > 0.01);
    let fitted = Reconstruction::fit(&reference, 10).unwrap();
    assert_eq!(fitted.components(), 2);
    assert!(fitted.measure(&turned).unwrap().alert);
    assert!(!fitted.measure(&same).unwrap().alert);
}

#[test]
fn few_rows_are_inconclusive_and_say_how_many_are_needed() {
    let mut random = Rng::with_seed(2);
    let (reference, few) = (cloud(5_000, 0.5, &mut random), cloud(60, 0.5, &mut random));
    let classifier =
        Classifier { trees: trees::Settings { rounds: 2, ..trees::Settings::default() }, ..Classifier::default() };
    let found = classifier.compare(&reference, &few).unwrap();
    // 1/m + 1/n ≤ ⅘ · 12 · 0.05²/(1.645 + 0.842)² = 0.0038819, of which the reference takes 0.0002.
    let n_min = 272;
    assert_eq!(
        found.verdict,
        Verdict::Inconclusive { n_min: Some(n_min), reason: crate::decision::Reason::CurrentTooSmall }
    );
}

#[test]
fn without_a_change_the_classifier_errs_as_often_as_it_may() {
    let trees = trees::Settings { rounds: 8, depth: 2, ..trees::Settings::default() };
    let classifier = Classifier { least_area: 0.5, folds: 4, trees, ..Classifier::default() };
    let runs = 200;
    let false_alarms = (0..runs).filter(|seed| {
        let mut random = Rng::with_seed(1_000 + *seed);
        let (a, b) = (cloud(60, 0.5, &mut random), cloud(60, 0.5, &mut random));
        classifier.compare(&a, &b).unwrap().verdict == Verdict::Drift
    });
    let share = false_alarms.count() as f64 / runs as f64;
    assert!(share <= 0.05 + 3.0 * (0.05 * 0.95 / runs as f64).sqrt(), "{share}");
}

#[test]
fn constants_and_equal_clouds_are_no_drift() {
    let equal = Points::new(vec![[7.0, 7.0]; 50]).unwrap();
    let found = Mmd::default().compare(&equal, &equal).unwrap();
    assert_eq!((found.squared, found.p_value, found.bandwidth), (0.0, 1.0, 0.0));
    let found = Classifier::default().compare(&equal, &equal).unwrap();
    assert_eq!((found.area, found.importance), (0.5, vec![0.0, 0.0]));
    let encoder = Encoder::fit(&[Column::Numbers(vec![Some(0.1); 40])]).unwrap();
    let encoded = encoder.encode(&[Column::Numbers(vec![Some(0.1); 40])]).unwrap();
    let fitted = Reconstruction::fit(&encoded, 2).unwrap();
    assert!(!fitted.measure(&encoded).unwrap().alert);
}

#[test]
fn what_is_missing_and_what_is_new_can_be_encoded() {
    let text = |values: &[&str]| {
        Column::Categories(values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect())
    };
    let reference = [Column::Numbers(vec![Some(1.0), Some(3.0), None, Some(f64::NAN)]), text(&["a", "a", "b", ""])];
    let encoder = Encoder::fit(&reference).unwrap();
    let encoded = encoder.encode(&[Column::Numbers(vec![None, Some(3.0)]), text(&["new", "b"])]).unwrap();
    assert_eq!(encoded.row(0)[0], 0.0, "a missing value is the mean");
    assert_eq!(encoded.row(1)[0], 1.0);
    assert!(encoded.row(0)[1] < encoded.row(1)[1], "a new category is rarer than any");
    assert!(encoder.encode(&[text(&["a"]), text(&["a"])]).is_err(), "the first column holds numbers");
}

#[test]
fn embeddings_that_moved_are_sized_in_spreads() {
    let mut random = Rng::with_seed(3);
    let mut column = |n: usize, shift: f64| -> Vec<Value> {
        (0..n).map(|_| Value::Vector((0..8).map(|_| 1.0 + shift + normal(&mut random)).collect())).collect()
    };
    let (before, mut after) = (column(300, 0.0), column(300, 0.8));
    after.push(Value::Null);
    let (reference, _) = vectors(&before).unwrap();
    let (current, missing) = vectors(&after).unwrap();
    assert_eq!(missing, 1);
    let settings =
        Embedding { mmd: Mmd { most_rows: 100, arrangements: 99, ..Mmd::default() }, ..Embedding::default() };
    let found = settings.compare(&reference, &current).unwrap();
    // √8 · 0.8 over √8.
    assert!((found.distance - 0.8).abs() < 0.1, "{found:?}");
    assert_eq!(found.verdict, Verdict::Drift);
    after.push(Value::Vector(vec![1.0; 9]));
    let error = vectors(&after).unwrap_err().to_string();
    assert!(error.contains("row 300 has 9 values, and those before it 8"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn eigenvectors_give_the_matrix_back(n in 1..7_usize, seed in any::<u64>()) {
        let mut random = Rng::with_seed(seed);
        let mut matrix = vec![vec![0.0; n]; n];
        for i in 0..n {
            for j in 0..=i {
                matrix[i][j] = normal(&mut random) * 10_f64.powi(random.i32(-3..4));
                matrix[j][i] = matrix[i][j];
            }
        }
        let Eigen { values, vectors } = symmetric(matrix.clone());
        prop_assert!(values.is_sorted_by(|a, b| a >= b));
        let scale = matrix.iter().flatten().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        for i in 0..n {
            for j in 0..n {
                let back: f64 = (0..n).map(|k| values[k] * vectors[k][i] * vectors[k][j]).sum();
                prop_assert!((back - matrix[i][j]).abs() <= 1e-12 * scale, "{} {}", back, matrix[i][j]);
            }
        }
    }

    #[test]
    fn no_points_make_anything_panic(rows in 0..40_usize, dimensions in 0..4_usize, seed in any::<u64>()) {
        let mut random = Rng::with_seed(seed);
        let mut points = |rows: usize| {
            let mut value = |_| [0.0, 1.0, -1e140, 1e-300, 1e139][random.usize(0..5)];
            Points::new((0..rows).map(|_| (0..dimensions).map(&mut value).collect::<Vec<f64>>()).collect::<Vec<_>>()).unwrap()
        };
        let (a, b) = (points(rows), points(rows / 2 + 10));
        if let Ok(found) = (Mmd { arrangements: 5, ..Mmd::default() }).compare(&a, &b) {
            prop_assert!(found.squared.is_finite() && (0.0..=1.0).contains(&found.p_value), "{:?}", found);
        }
        let _ = Classifier::default().compare(&a, &b);
        let _ = Reconstruction::fit(&a, 3).and_then(|fitted| fitted.measure(&b));
    }
}
