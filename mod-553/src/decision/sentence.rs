//! Why, in one sentence that a person on call understands: what happened, how large it is, whether chance explains it, what to do next.

use super::evidence::{Aspect, Evidence, Reason, Verdict};
use super::policy::{Looks, Policy};
use mod_106::documents::number;

/// The sentence of a verdict.
pub(super) fn why(policy: &Policy, evidence: &Evidence, adjusted: Option<f64>, verdict: Verdict) -> String {
    let what = match evidence.aspect {
        Aspect::Values => format!("`{}`", evidence.column),
        Aspect::Missing => format!("the share of `{}` that is missing", evidence.column),
    };
    match verdict {
        Verdict::Inconclusive { n_min, reason } => inconclusive(&what, evidence, n_min, reason),
        Verdict::Drift => {
            let next = match evidence.aspect {
                Aspect::Values => "look at what feeds it before you look at the model",
                Aspect::Missing => "look at who stopped sending it",
            };
            format!("{what} drifted: {}, and {}; {next}", size(evidence), chance(policy, evidence, adjusted, false))
        }
        Verdict::NoDrift => {
            let large = evidence.effect.is_some_and(|effect| effect >= evidence.least_effect);
            let significant = adjusted.is_some_and(|p| p <= policy.significance);
            match (large, significant) {
                (true, _) => format!(
                    "{what} looks different ({}), but {}",
                    size(evidence),
                    chance(policy, evidence, adjusted, true)
                ),
                (false, true) => format!(
                    "{what} differs measurably ({}), but too little to matter: {}",
                    probability(policy, evidence, adjusted),
                    size(evidence)
                ),
                (false, false) => {
                    format!("{what} did not drift: {}, and there is enough data to see more", size(evidence))
                }
            }
        }
    }
}

fn size(evidence: &Evidence) -> String {
    let effect = evidence.effect.map_or_else(|| "not defined".to_owned(), number);
    format!("{} is {effect} (alarm from {})", evidence.effect_name, number(evidence.least_effect))
}

fn chance(policy: &Policy, evidence: &Evidence, adjusted: Option<f64>, explains: bool) -> String {
    let verb = if explains { "chance explains it" } else { "chance does not explain it" };
    format!("{verb} ({})", probability(policy, evidence, adjusted))
}

fn probability(policy: &Policy, evidence: &Evidence, adjusted: Option<f64>) -> String {
    let adjusted = adjusted.map_or_else(|| "not defined".to_owned(), number);
    match (policy.looks, evidence.e_value) {
        (Looks::Repeated, Some(e)) => format!("over all looks so far e = {}, adjusted {adjusted}", number(e)),
        _ => format!("adjusted p = {adjusted}"),
    }
}

fn inconclusive(what: &str, evidence: &Evidence, n_min: Option<u64>, reason: Reason) -> String {
    let needed = n_min.map_or_else(|| "more".to_owned(), |n| n.to_string());
    let least = format!("a drift of {} = {}", evidence.effect_name, number(evidence.least_effect));
    let (m, n) = (evidence.reference_n, evidence.current_n);
    match reason {
        Reason::CurrentTooSmall => format!(
            "nobody can tell whether {what} drifted: {n} current values are too few to see {least}; wait for {needed}"
        ),
        Reason::ReferenceTooSmall => format!(
            "nobody can tell whether {what} drifted: with a reference of {m} values no window is large enough to see {least}; \
             take {needed} on each side"
        ),
        Reason::NothingToCompare => {
            let side = match (m, n) {
                (0, _) => "the reference has no value",
                (_, 0) => "the current data have no value",
                _ => "the measure is not defined for these values",
            };
            format!("nobody can tell whether {what} drifted: {side}")
        }
        Reason::SketchTooCoarse => format!(
            "nobody can tell whether {what} drifted: {}, and the sketches may be off by {}; compare it exactly",
            size(evidence),
            number(evidence.effect_error)
        ),
    }
}
