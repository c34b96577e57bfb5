//! Has a column drifted? Only if the difference is large, is significant after correction for all the columns that were asked, and both
//! samples are large enough to tell. Too small a sample is *inconclusive*, whatever its p-value: the same data, ten times as many, might
//! say the opposite.

use super::{blank, number};
use crate::statistics::{correction, power};
use crate::validation::measure::difference::{Difference, Question};
use crate::validation::measure::samples::Sample;
use crate::validation::outcome::{Correction, Drift, DriftColumn, Expectation, Precision, Threshold, Verdict, finite};
use crate::validation::spec::{Care, DriftSpec};

/// One column that was compared.
pub(in crate::validation) struct Compared {
    pub(in crate::validation) column: String,
    pub(in crate::validation) care: Care,
    pub(in crate::validation) question: Question,
    pub(in crate::validation) difference: Difference,
    /// Without their values.
    pub(in crate::validation) reference: Sample,
    pub(in crate::validation) current: Sample,
}

/// Judges all columns together, for their p-values are one family.
pub(in crate::validation) fn decide(spec: &DriftSpec, compared: Vec<Compared>) -> (Drift, Vec<Expectation>) {
    let p_values: Vec<f64> = compared.iter().filter_map(|one| one.difference.p_value).collect();
    let adjusted = match spec.correction {
        Correction::BenjaminiHochberg => correction::benjamini_hochberg(&p_values),
        Correction::Holm => correction::holm(&p_values),
        Correction::None => p_values,
    };
    let mut adjusted = adjusted.into_iter();
    let mut expectations = Vec::new();
    let mut columns = Vec::new();
    for one in compared {
        let adjusted = one.difference.p_value.and_then(|_| adjusted.next());
        let column = column(&one, adjusted, spec.significance);
        expectations.push(expectation(&one, &column));
        columns.push(column);
    }
    let drifted = columns.iter().filter(|column| column.verdict == Verdict::Failed).count();
    let drift =
        Drift { significance: spec.significance, power: spec.power, correction: spec.correction, drifted, columns };
    (drift, expectations)
}

fn column(one: &Compared, adjusted: Option<f64>, significance: f64) -> DriftColumn {
    let difference = &one.difference;
    let (verdict, why) = verdict(one, adjusted, significance);
    DriftColumn {
        id: one.care.id.clone(),
        column: one.column.clone(),
        method: one.question.method,
        precision: precision(one),
        statistic: difference.statistic.and_then(finite),
        test: difference.test.to_owned(),
        p_value: difference.p_value.and_then(finite),
        adjusted_p_value: adjusted.and_then(finite),
        effect: difference.effect.and_then(finite),
        effect_name: difference.effect_name.to_owned(),
        effect_threshold: one.question.effect,
        reference_n: difference.n.0,
        current_n: difference.n.1,
        needed_n: power::needed_beside(difference.n.0, difference.needed_effective),
        needed_n_each: Some(power::needed_each(difference.needed_effective)),
        verdict,
        why,
        reference: one.reference.facts.clone(),
        current: one.current.facts.clone(),
        distribution: difference.distribution.clone(),
        new_categories: difference.new_categories.clone(),
    }
}

fn precision(one: &Compared) -> Precision {
    let sketch = [&one.reference, &one.current].into_iter().find_map(|side| match &side.precision {
        Precision::Sketched { sketch, .. } => Some(sketch.clone()),
        Precision::Exact => None,
    });
    match sketch {
        Some(sketch) => Precision::Sketched { error: one.difference.error, sketch },
        None => Precision::Exact,
    }
}

fn verdict(one: &Compared, adjusted: Option<f64>, significance: f64) -> (Verdict, String) {
    let difference = &one.difference;
    let (name, threshold, error) = (difference.effect_name, one.question.effect, difference.error);
    let (m, n) = (difference.n.0 as f64, difference.n.1 as f64);
    let (Some(effect), Some(p)) = (difference.effect, adjusted) else {
        let side = if difference.n.0 == 0 { "reference" } else { "current data" };
        return (Verdict::Inconclusive, format!("the {side} have no value to compare"));
    };
    let size = format!("{name} is {} (drift from {})", number(effect), number(threshold));
    let chance = format!("adjusted p = {}", number(p));
    if m * n / (m + n) < difference.needed_effective {
        let needed = match power::needed_beside(difference.n.0, difference.needed_effective) {
            Some(needed) => format!("{needed} current values are needed beside this reference"),
            None => format!(
                "the reference is too small: {} values on each side are needed",
                power::needed_each(difference.needed_effective)
            ),
        };
        return (
            Verdict::Inconclusive,
            format!("{} and {} values are too few to tell: {needed}; {size}, {chance}", difference.n.0, difference.n.1),
        );
    }
    if error > 0.0 && (effect - threshold).abs() < error {
        let why =
            format!("{size}, and the sketch may be off by {}: compare it exactly, with more memory", number(error));
        return (Verdict::Inconclusive, why);
    }
    let significant = p <= significance;
    match (effect >= threshold, significant) {
        (true, true) => {
            let new = match difference.new_categories.as_slice() {
                [] => String::new(),
                new => format!("; new: {}", new.iter().take(3).cloned().collect::<Vec<_>>().join(", ")),
            };
            (
                Verdict::Failed,
                format!("drift: {size}, {chance}{new}; compare the distributions, then the data's source"),
            )
        }
        (true, false) => (Verdict::Passed, format!("{size}, which chance explains: {chance}")),
        (false, true) => (Verdict::Passed, format!("{size}: significant ({chance}), and too small to matter")),
        (false, false) => (Verdict::Passed, format!("{size}, {chance}")),
    }
}

fn expectation(one: &Compared, column: &DriftColumn) -> Expectation {
    Expectation {
        verdict: column.verdict,
        measured: column.effect,
        threshold: Threshold {
            min: None,
            max: Some(column.effect_threshold),
            words: Some(format!("{} below it", column.effect_name)),
        },
        precision: column.precision.clone(),
        why: format!("`{}`: {}", column.column, column.why),
        ..blank(&one.care, "drift", Some(&one.column), "drift_effect")
    }
}
