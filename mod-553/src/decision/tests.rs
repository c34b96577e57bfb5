//! Decisions on what happens: one broken value, eight rows, constants, nothing at all, a new level, a look every day.

use super::dependence::autocorrelated;
use super::*;
use crate::statistics::sample::Sample;

fn normals(seed: u64, count: usize, shift: f64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count).map(|_| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0 + shift).collect()
}

fn decided(method: Method, reference: &[f64], current: &[f64]) -> Decision {
    let policy = Policy::default();
    let (reference, current) = (Sample::of(reference), Sample::of(current));
    let evidence = numbers(
        "amount",
        Side { values: reference.sorted(), missing: reference.nan },
        Side { values: current.sorted(), missing: current.nan },
        &policy.question(method, method.usual_effect(), 1),
    );
    judge(&policy, vec![evidence]).remove(0)
}

fn counted(method: Method, reference: &[u64], current: &[u64]) -> Decision {
    let policy = Policy::default();
    let evidence = categories("plan", reference, current, &policy.question(method, method.usual_effect(), 1));
    judge(&policy, vec![evidence]).remove(0)
}

#[test]
fn one_outlier_neither_makes_nor_hides_a_drift() {
    for method in Method::ALL.into_iter().filter(|method| method.compares_numbers() && *method != Method::Energy) {
        for outlier in [1e12, f64::INFINITY, f64::NEG_INFINITY] {
            let mut drifted = normals(2, 10_500, 3.0);
            let mut same = normals(3, 10_500, 0.0);
            drifted.push(outlier);
            same.push(outlier);
            let reference = normals(1, 11_000, 0.0);
            assert_ne!(decided(method, &reference, &same).verdict, Verdict::Drift, "{method:?} {outlier}");
            // A test of waves has no place for an infinity, and says so.
            if method != Method::EppsSingleton || outlier.is_finite() {
                assert_eq!(decided(method, &reference, &drifted).verdict, Verdict::Drift, "{method:?} {outlier}");
            }
        }
    }
}

#[test]
fn too_little_is_inconclusive_and_says_how_much_is_needed() {
    let reference = normals(1, 5000, 0.0);
    let eight = decided(Method::Ks, &reference, &normals(2, 8, 3.0));
    assert!(matches!(eight.verdict, Verdict::Inconclusive { n_min: Some(30..), reason: Reason::CurrentTooSmall }));
    let tiny = decided(Method::Ks, &reference[..20], &reference);
    assert!(matches!(tiny.verdict, Verdict::Inconclusive { n_min: Some(30..), reason: Reason::ReferenceTooSmall }));
    let nothing = decided(Method::Ks, &reference, &[f64::NAN; 50]);
    assert_eq!(nothing.verdict, Verdict::Inconclusive { n_min: None, reason: Reason::NothingToCompare });
    // Fifty values that are all wrong need no power analysis.
    assert_eq!(decided(Method::Ks, &reference, &normals(2, 50, 9.0)).verdict, Verdict::Drift);
}

#[test]
fn constants_are_compared() {
    let (one, other) = (vec![7.0; 4000], vec![8.0; 4000]);
    for method in Method::ALL.into_iter().filter(|method| method.compares_numbers() && *method != Method::Energy) {
        let same = decided(method, &one, &one).verdict;
        assert_ne!(same, Verdict::Drift, "{method:?}");
        assert!(
            !matches!(same, Verdict::Inconclusive { reason: Reason::NothingToCompare, .. }),
            "{method:?}: {same:?}"
        );
        if method != Method::EppsSingleton {
            assert_eq!(decided(method, &one, &other).verdict, Verdict::Drift, "{method:?}");
        }
    }
}

#[test]
fn one_row_of_a_new_level_is_no_drift() {
    for method in Method::ALL.into_iter().filter(|method| method.compares_categories()) {
        assert_eq!(counted(method, &[500, 500, 0], &[499, 500, 1]).verdict, Verdict::NoDrift, "{method:?}");
    }
    let gone = counted(Method::ChiSquared, &[5000, 5000], &[10_000, 0]);
    assert_eq!(gone.verdict, Verdict::Drift, "{gone:?}");
}

#[test]
fn a_family_is_corrected_and_looks_are_bets() {
    let policy = Policy::default();
    let question = policy.question(Method::Ks, 0.1, 20);
    assert!((question.significance - 0.0025).abs() < 1e-12);
    let evidence = |p_value, e_value| Evidence {
        p_value: Some(p_value),
        e_value,
        effect: Some(0.2),
        ..decided(Method::Ks, &normals(1, 4000, 0.0), &normals(2, 4000, 0.0)).evidence
    };
    let family: Vec<Evidence> = (0..20).map(|place| evidence(if place == 0 { 0.01 } else { 0.9 }, None)).collect();
    assert!(judge(&policy, family).iter().all(|decision| decision.verdict == Verdict::NoDrift), "0.01 of 20 is 0.2");
    let repeated = Policy { looks: Looks::Repeated, ..policy };
    let looks = judge(&repeated, vec![evidence(1e-9, Some(2.0)), evidence(0.9, Some(50.0)), evidence(0.9, None)]);
    let verdicts: Vec<&str> = looks.iter().map(|decision| decision.verdict.word()).collect();
    assert_eq!(verdicts, ["no drift", "drift", "inconclusive"]);
}

#[test]
fn a_slow_series_is_compared_in_blocks() {
    let slow = |seed: u64, shift: f64| {
        let mut value = 0.0;
        let noise = normals(seed, 9000, 0.0);
        noise
            .into_iter()
            .map(|noise| {
                value = 0.7 * value + noise;
                value + shift
            })
            .collect::<Vec<f64>>()
    };
    let policy = Policy::default();
    let question = policy.question(Method::Ks, 0.1, 1);
    let decide =
        |current: &[f64]| judge(&policy, vec![autocorrelated("load", &slow(1, 0.0), current, &question, 1)]).remove(0);
    assert_eq!(decide(&slow(2, 0.0)).verdict, Verdict::NoDrift);
    assert_eq!(decide(&slow(2, 1.0)).verdict, Verdict::Drift);
    assert!(matches!(decide(&slow(2, 1.0)[..300]).verdict, Verdict::Inconclusive { n_min: Some(1000..), .. }));
}

#[test]
fn what_is_missing_is_compared_by_itself() {
    let policy = Policy::default();
    let question = policy.question(Method::Ks, 0.1, 1);
    let decide = |current| judge(&policy, vec![missing("amount", (10, 5000), current, &question)]).remove(0);
    assert_eq!(decide((2000, 5000)).verdict, Verdict::Drift);
    assert_eq!(decide((12, 5000)).verdict, Verdict::NoDrift);
    assert_eq!(decide((0, 0)).verdict.word(), "inconclusive");
}

#[test]
fn sentences_for_whoever_is_on_call() {
    let reference = normals(1, 100_000, 0.0);
    let policy = Policy::default();
    let question = policy.question(Method::Ks, 0.1, 1);
    let sketch = Evidence { effect_error: 0.05, ..decided(Method::Ks, &reference, &normals(2, 5000, 0.2)).evidence };
    let chance = Evidence { effect: Some(0.12), p_value: Some(0.4), ..sketch.clone() };
    let chance = Evidence { effect_error: 0.0, ..chance };
    let looked = Evidence { e_value: Some(1e6), effect: Some(0.3), ..chance.clone() };
    let all = [
        decided(Method::Ks, &reference, &normals(2, 5000, 1.0)),
        decided(Method::Ks, &reference, &normals(2, 5000, 0.0)),
        decided(Method::Ks, &reference, &normals(2, 50_000, 0.05)),
        decided(Method::Ks, &reference, &normals(2, 8, 0.0)),
        decided(Method::Ks, &reference[..20], &reference),
        decided(Method::Ks, &reference, &[]),
        judge(&policy, vec![sketch]).remove(0),
        judge(&policy, vec![chance]).remove(0),
        judge(&Policy { looks: Looks::Repeated, ..policy }, vec![looked]).remove(0),
        judge(&policy, vec![missing("amount", (10, 5000), (2000, 5000), &question)]).remove(0),
    ];
    let expected = [
        "drifted: D is",
        "did not drift: D is",
        "but too little to matter",
        "8 current values are too few",
        "with a reference of 20 values no window is large enough",
        "the current data have no value",
        "the sketches may be off by",
        "but chance explains it",
        "over all looks so far",
        "the share of `amount` that is missing drifted",
    ];
    for (decision, words) in all.iter().zip(expected) {
        assert!(decision.why.contains(words) && !decision.why.contains('\n'), "{words}: {}", decision.why);
    }
}
