//! Drift from end to end: which columns, how each is collected within the memory that there is, and what came of comparing them.

use super::decide::drift::{Compared, decide};
use super::error::{Error, nearest};
use super::measure::difference::{Question, as_categories, compare, usual_effect};
use super::measure::samples::{Sample, Shape, Values, collect};
use super::outcome::{Correction, Drift, Expectation, Method};
use super::read::{Kind, Source, Watch};
use super::spec::{Care, DriftColumnSpec, DriftSpec, WantedPrecision, drift_id};

/// A column of so few different numbers is compared as categories, when the spec names no method.
const FEW_NUMBERS: usize = 10;

/// A column to compare.
struct Pair<'a> {
    name: &'a str,
    reference: usize,
    current: usize,
    shape: Shape,
    care: Care,
    listed: Option<&'a DriftColumnSpec>,
}

/// Drift of all columns of the spec.
pub(super) fn drift(
    spec: &DriftSpec,
    reference: &Source,
    current: &Source,
    memory_limit: u64,
    watch: &dyn Watch,
    notes: &mut Vec<String>,
) -> Result<(Drift, Vec<Expectation>), Error> {
    let pairs = match &spec.columns {
        Some(columns) => listed(spec, columns, reference, current)?,
        None => automatic(spec, reference, current, notes),
    };
    let significance = match spec.correction {
        Correction::None => spec.significance,
        // The p-value that a column which drifts alone must reach, under either correction.
        _ => spec.significance / pairs.len().max(1) as f64,
    };
    let mut compared = Vec::new();
    let mut scratch = Vec::new();
    for group in groups(&pairs, reference, current, memory_limit) {
        let sketched = match spec.precision {
            WantedPrecision::Sketched => true,
            WantedPrecision::Auto => bytes_of(group, reference, current) > memory_limit / 2,
            WantedPrecision::Exact => false,
        };
        if spec.precision == WantedPrecision::Exact && bytes_of(group, reference, current) > memory_limit / 2 {
            let what = format!("comparing `{}` exactly", group[0].name);
            let needed = 2 * bytes_of(group, reference, current);
            return Err(Error::Memory { what, needed, limit: memory_limit });
        }
        if sketched && spec.precision == WantedPrecision::Auto {
            notes.push(format!("`{}` does not fit into the memory limit and was sketched", group[0].name));
        }
        let columns: Vec<(usize, Shape)> = group.iter().map(|pair| (pair.reference, pair.shape)).collect();
        let before = collect(reference, &columns, sketched, &mut scratch, watch)?;
        let columns: Vec<(usize, Shape)> = group.iter().map(|pair| (pair.current, pair.shape)).collect();
        let after = collect(current, &columns, sketched, &mut scratch, watch)?;
        for ((pair, before), after) in group.iter().zip(before).zip(after) {
            match one(spec, pair, significance, before, after) {
                Ok(found) => compared.push(found),
                Err(note) => notes.push(note),
            }
        }
    }
    Ok(decide(spec, compared))
}

/// Compares one column; or says why it was left out.
fn one(
    spec: &DriftSpec,
    pair: &Pair<'_>,
    significance: f64,
    mut before: Sample,
    mut after: Sample,
) -> Result<Compared, String> {
    let wanted = pair.listed.and_then(|listed| listed.method);
    let mut numbers = pair.shape == Shape::Numbers;
    let distinct = before.facts.distinct.unwrap_or(f64::INFINITY);
    if pair.listed.is_none() && !numbers && distinct > 1000.0 && distinct > 0.5 * before.n as f64 {
        return Err(format!(
            "`{}` was not compared: nearly every value is another one, as of an identifier; list it under `drift.columns` to compare it",
            pair.name
        ));
    }
    if numbers
        && wanted.is_none()
        && before.error() + after.error() == 0.0
        && distinct <= FEW_NUMBERS as f64
        && distinct > 1.0
    {
        as_categories(&mut before);
        as_categories(&mut after);
        numbers = false;
    }
    let method = wanted.unwrap_or(if numbers { spec.numeric } else { spec.categorical });
    let effect = pair.listed.and_then(|listed| listed.effect).or(spec.effect).unwrap_or_else(|| usual_effect(method));
    let question = Question {
        method,
        effect,
        significance,
        power: spec.power,
        bins: spec.bins,
        max_categories: spec.max_categories,
    };
    let difference = compare(&before, &after, question);
    let forget = |mut sample: Sample| {
        sample.values = Values::Numbers(Vec::new());
        sample
    };
    Ok(Compared {
        column: pair.name.to_owned(),
        care: pair.care.clone(),
        question,
        difference,
        reference: forget(before),
        current: forget(after),
    })
}

fn listed<'a>(
    spec: &'a DriftSpec,
    columns: &'a [DriftColumnSpec],
    reference: &Source,
    current: &Source,
) -> Result<Vec<Pair<'a>>, Error> {
    let find = |source: &Source, name: &str| {
        source.column(name).ok_or_else(|| {
            let near = nearest(name, source.fields.iter().map(|field| field.name.as_str()));
            let advice = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            Error::data(&source.given, format!("there is no column `{name}` to look for drift in"), advice)
        })
    };
    let mut pairs = Vec::new();
    for column in columns.iter().filter(|column| !spec.exclude.contains(&column.column)) {
        let (before, after) = (find(reference, &column.column)?, find(current, &column.column)?);
        let categorical = matches!(column.method, Some(Method::ChiSquared));
        let kinds = [reference.fields[before].kind, current.fields[after].kind];
        let shape =
            if !categorical && kinds.iter().all(|kind| kind.is_number()) { Shape::Numbers } else { Shape::Categories };
        if shape == Shape::Categories && matches!(column.method, Some(Method::Ks | Method::Wasserstein)) {
            let found =
                format!("`{}` holds no numbers on one side, and its drift method compares numbers", column.column);
            return Err(Error::data(&current.given, found, "take chi_squared, psi or jensen_shannon"));
        }
        let (name, care) = (column.column.as_str(), column.care.clone());
        pairs.push(Pair { name, reference: before, current: after, shape, care, listed: Some(column) });
    }
    Ok(pairs)
}

fn automatic<'a>(spec: &DriftSpec, reference: &'a Source, current: &Source, notes: &mut Vec<String>) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let mut ids = std::collections::HashSet::new();
    for (before, field) in reference.fields.iter().enumerate() {
        if spec.exclude.contains(&field.name) {
            continue;
        }
        let Some(after) = current.column(&field.name) else {
            if !current.has(&field.name) {
                notes.push(format!("`{}` was not compared: the current data have no such column", field.name));
            }
            continue;
        };
        let kinds = [field.kind, current.fields[after].kind];
        if kinds.contains(&Kind::Timestamp) {
            notes.push(format!("`{}` was not compared: times always move on", field.name));
            continue;
        }
        let shape = if kinds.iter().all(|kind| kind.is_number()) { Shape::Numbers } else { Shape::Categories };
        let mut id = drift_id(&field.name);
        while !ids.insert(id.clone()) {
            // Two names that differ only in what an id cannot hold.
            id.push('_');
        }
        let care = Care { id, severity: spec.severity, owner: spec.owner.clone() };
        pairs.push(Pair { name: &field.name, reference: before, current: after, shape, care, listed: None });
    }
    pairs
}

/// Columns that are collected in one pass. Parquet hands out single columns; text is read whole each time, so as many columns as fit.
fn groups<'a, 'b>(
    pairs: &'a [Pair<'b>],
    reference: &Source,
    current: &Source,
    memory_limit: u64,
) -> impl Iterator<Item = &'a [Pair<'b>]> {
    let each = bytes_of(&pairs[..pairs.len().min(1)], reference, current).max(1);
    let fit = usize::try_from(memory_limit / 2 / each).unwrap_or(usize::MAX).max(1);
    pairs.chunks(if reference.is_text() || current.is_text() { fit } else { 1 })
}

/// What holding these columns of both sides takes, and sorting the longest of them.
fn bytes_of(pairs: &[Pair<'_>], reference: &Source, current: &Source) -> u64 {
    let held = 8 * (reference.rows + current.rows);
    held * pairs.len() as u64 + 16 * reference.rows.max(current.rows)
}
