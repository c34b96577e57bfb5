//! Verdicts for a family of columns, all judged together: their p-values are one family, and so are their e-values.

use super::evidence::{Decision, Evidence, Reason, Verdict};
use super::policy::{Correction, Looks, Policy};
use super::sentence;
use crate::statistics::e_values;
use mod_106::statistics::{correction, power};

/// Judges all columns together. What has no p-value (or, of repeated looks, no e-value) is inconclusive and not counted as a test.
pub fn judge(policy: &Policy, family: Vec<Evidence>) -> Vec<Decision> {
    let adjusted = adjusted(policy, &family);
    family
        .into_iter()
        .zip(adjusted)
        .map(|(evidence, adjusted_p_value)| {
            let verdict = verdict(policy, &evidence, adjusted_p_value);
            let why = sentence::why(policy, &evidence, adjusted_p_value, verdict);
            Decision { evidence, adjusted_p_value, verdict, why }
        })
        .collect()
}

fn adjusted(policy: &Policy, family: &[Evidence]) -> Vec<Option<f64>> {
    let of = |evidence: &Evidence| match policy.looks {
        Looks::Once => evidence.p_value,
        Looks::Repeated => evidence.e_value,
    };
    let asked: Vec<f64> = family.iter().filter_map(of).filter(|value| !value.is_nan()).collect();
    let corrected = match (policy.looks, policy.correction) {
        (Looks::Repeated, _) => e_values::adjusted(&asked),
        (Looks::Once, Correction::BenjaminiHochberg) => correction::benjamini_hochberg(&asked),
        (Looks::Once, Correction::Holm) => correction::holm(&asked),
        (Looks::Once, Correction::None) => asked,
    };
    let mut corrected = corrected.into_iter();
    family.iter().map(|evidence| of(evidence).filter(|value| !value.is_nan()).and_then(|_| corrected.next())).collect()
}

fn verdict(policy: &Policy, evidence: &Evidence, adjusted: Option<f64>) -> Verdict {
    let (Some(effect), Some(p)) = (evidence.effect, adjusted) else {
        return Verdict::Inconclusive { n_min: None, reason: Reason::NothingToCompare };
    };
    let significant = p <= policy.significance;
    if significant && is_beyond_doubt(policy, evidence, effect) {
        return Verdict::Drift;
    }
    if let Some(inconclusive) = too_small(policy, evidence) {
        return inconclusive;
    }
    if evidence.effect_error > 0.0 && (effect - evidence.least_effect).abs() < evidence.effect_error {
        return Verdict::Inconclusive { n_min: None, reason: Reason::SketchTooCoarse };
    }
    if significant && effect >= evidence.least_effect { Verdict::Drift } else { Verdict::NoDrift }
}

/// Whether the effect is too large even after chance and a sketch took their shares: a power analysis asks how many values a *small*
/// effect needs, and a column that is all wrong needs no more than a few dozen.
fn is_beyond_doubt(policy: &Policy, evidence: &Evidence, effect: f64) -> bool {
    evidence.reference_n.min(evidence.current_n) >= policy.least_rows
        && evidence.effect_radius.is_some_and(|radius| effect - radius - evidence.effect_error >= evidence.least_effect)
}

fn too_small(policy: &Policy, evidence: &Evidence) -> Option<Verdict> {
    let least = policy.least_rows;
    let beside = power::needed_beside(evidence.reference_n, evidence.needed_effective);
    match beside {
        Some(needed) if evidence.reference_n >= least => {
            let needed = needed.max(least);
            (evidence.current_n < needed)
                .then_some(Verdict::Inconclusive { n_min: Some(needed), reason: Reason::CurrentTooSmall })
        }
        _ => {
            let each = power::needed_each(evidence.needed_effective).max(least);
            Some(Verdict::Inconclusive { n_min: Some(each), reason: Reason::ReferenceTooSmall })
        }
    }
}
