//! From numbers to verdicts. What drift is, `decision` says: a large effect *and* corrected significance *and* enough values. Here a
//! column's measures become its evidence, all columns are judged as one family, and each gets one verdict and one sentence.

use super::measure::{Measured, Sample, Values};
use super::outcome::{Column, Measure, Verdict};
use super::spec::Spec;
use crate::decision::{self, Decision, Evidence, Looks, Method, Policy, Question, Reason, Side};
use crate::statistics::sample::Sorted;
use mod_106::statistics::{interval, kolmogorov, power};
use mod_106::validation::outcome::{Facts, Precision, finite};
use std::collections::BTreeMap;

/// One column, measured and not yet judged.
pub(super) struct Compared {
    pub(super) column: String,
    pub(super) kind: String,
    pub(super) found: Found,
}

/// What became of comparing it.
pub(super) enum Found {
    /// It was compared.
    Measured(Box<(Measured, Evidence, Option<Evidence>)>),
    /// It cannot be, and a sentence why.
    Broken(String),
}

/// The evidence that a column's method gives; samples are for methods that `measure` does not take by itself.
pub(super) fn evidence(name: &str, measured: &Measured, samples: (&Sample, &Sample), question: &Question) -> Evidence {
    let mut evidence = match measured.by(question.method) {
        Some(taken) if matches!(question.method, Method::Ks | Method::Wasserstein) => {
            let asked = power::Question {
                significance: question.significance,
                power: question.power,
                effect: if question.method == Method::Ks {
                    question.least_effect
                } else {
                    power::ks_distance_of_shift(question.least_effect)
                },
            };
            let mut evidence = decision::categories(name, &[], &[], question);
            taken.test.clone_into(&mut evidence.test);
            evidence.statistic = finite(taken.statistic);
            evidence.effect = finite(taken.effect);
            evidence.p_value = finite(taken.p_value);
            (evidence.reference_n, evidence.current_n) = measured.n;
            evidence.needed_effective = power::ks_effective(asked);
            let root = evidence.effective().sqrt();
            let in_deviations = interval::normal_quantile(1.0 - question.significance / 2.0);
            let critical = kolmogorov::limit_critical(question.significance);
            let chance = taken.chance.map_or(critical, |chance| in_deviations * chance);
            evidence.effect_radius = (root > 0.0).then_some(chance / root);
            evidence
        }
        _ if question.method.compares_categories() => {
            decision::categories(name, &measured.table.0, &measured.table.1, question)
        }
        _ => match (side(samples.0), side(samples.1)) {
            (Some(left), Some(right)) => decision::numbers(name, left, right, question),
            _ => decision::categories(name, &[], &[], question),
        },
    };
    evidence.effect_error = measured.by(question.method).map_or(measured.error * 4.0, |taken| taken.effect_error);
    evidence
}

fn side(sample: &Sample) -> Option<Side<'_>> {
    match &sample.values {
        Values::Numbers(values) => Some(Side { values: Sorted::new(values)?, missing: sample.missing() }),
        Values::Categories(_) => None,
    }
}

/// The evidence of what is missing, when anything is.
pub(super) fn missing(name: &str, reference: &Sample, current: &Sample, question: &Question) -> Option<Evidence> {
    let gone = |sample: &Sample| sample.facts.rows - sample.n.min(sample.facts.rows);
    let (left, right) = (gone(reference), gone(current));
    let rows = (reference.facts.rows, current.facts.rows);
    (left + right > 0 && rows.0 > 0 && rows.1 > 0)
        .then(|| decision::missing(name, (left, rows.0), (right, rows.1), question))
}

/// Judges all columns together, for their p-values are one family; and those that a watch looks at again and again together, for their
/// e-values are another.
pub(super) fn decide(spec: &Spec, compared: Vec<Compared>, e_values: &BTreeMap<String, f64>) -> Vec<Column> {
    let (mut family, mut is_watched) = (Vec::new(), Vec::new());
    for one in &compared {
        let Found::Measured(found) = &one.found else { continue };
        let e_value = e_values.get(&one.column).copied();
        family.push(Evidence { e_value, ..found.1.clone() });
        is_watched.push(e_value.is_some());
        family.extend(found.2.clone());
        is_watched.extend(found.2.iter().map(|_| false));
    }
    let of =
        |wanted: bool| family.iter().zip(&is_watched).filter(move |(_, is)| **is == wanted).map(|(it, _)| it.clone());
    let once = Policy { looks: Looks::Once, ..spec.policy };
    let mut by_once = decision::judge(&once, of(false).collect()).into_iter();
    let mut by_watch = decision::judge(&spec.policy, of(true).collect()).into_iter();
    let mut decisions = is_watched.iter().map(|is| if *is { by_watch.next() } else { by_once.next() });
    let mut columns = Vec::with_capacity(compared.len());
    for one in compared {
        let mut column = blank(spec, &one);
        match one.found {
            Found::Broken(why) => (column.verdict, column.why) = (Verdict::Broken, why),
            Found::Measured(found) => {
                let (measured, _, missing) = *found;
                column.values = decisions.next().flatten();
                column.missing = missing.and_then(|_| decisions.next().flatten());
                let worse = [&column.values, &column.missing].into_iter().flatten().max_by_key(|decision| {
                    // Of equals the first: what is said of the values comes before what is said of gaps.
                    (verdict(decision), decision.evidence.aspect == decision::Aspect::Values)
                });
                if let Some(worse) = worse {
                    (column.verdict, column.why) = (verdict(worse), worse.why.clone());
                }
                describe(&mut column, measured);
            }
        }
        columns.push(column);
    }
    columns
}

fn verdict(decision: &Decision) -> Verdict {
    match decision.verdict {
        decision::Verdict::Drift => Verdict::Drift,
        decision::Verdict::NoDrift => Verdict::Stable,
        decision::Verdict::Inconclusive { reason: Reason::SketchTooCoarse, .. } => Verdict::Unresolved,
        decision::Verdict::Inconclusive { .. } => Verdict::Inconclusive,
    }
}

fn blank(spec: &Spec, one: &Compared) -> Column {
    let own = spec.of_column(&one.column);
    let severity = own.and_then(|own| own.severity).unwrap_or(spec.severity);
    Column {
        column: one.column.clone(),
        kind: one.kind.clone(),
        owner: own.and_then(|own| own.owner.clone()).unwrap_or_else(|| spec.owner.clone()),
        severity: severity.word().to_owned(),
        verdict: Verdict::Inconclusive,
        why: String::new(),
        values: None,
        missing: None,
        precision: Precision::Exact,
        measures: Vec::new(),
        reference: Facts::default(),
        current: Facts::default(),
        distribution: Vec::new(),
        new_categories: Vec::new(),
    }
}

fn describe(column: &mut Column, measured: Measured) {
    if let Some(sketch) = measured.sketch {
        column.precision = Precision::Sketched { error: measured.error, sketch: sketch.to_owned() };
    }
    let measures = measured.measures.iter().map(|taken| Measure {
        method: taken.method,
        statistic: finite(taken.statistic),
        effect: finite(taken.effect),
        effect_name: taken.method.effect_name().to_owned(),
        p_value: finite(taken.p_value),
    });
    column.measures = measures.collect();
    (column.reference, column.current) = measured.facts;
    column.distribution = measured.distribution;
    if !measured.new_categories.is_empty() && column.verdict == Verdict::Drift {
        let shown: Vec<String> = measured.new_categories.iter().take(3).map(|name| format!("`{name}`")).collect();
        column.why = format!("{}; new: {}", column.why, shown.join(", "));
    }
    column.new_categories = measured.new_categories;
}
