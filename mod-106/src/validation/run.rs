//! One validation from end to end: open the data, measure, decide. Clock, memory and the one who watches are passed in.

use super::compare;
use super::decide::expectations::{decide, decide_whole};
use super::error::Error;
use super::measure::breaks::{self, Measured};
use super::measure::facts::FactCount;
use super::measure::repeats;
use super::outcome::{Column, Counts, Dataset, Drift, DriftColumn, Expectation, Outcome, Side, VERSION};
use super::read::{Source, Watch};
use super::spec::{BudgetSubject, Check, Expected, Spec};
use super::{budgets, performance, signature};
use crate::digest::hex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;

/// What a validation is done with.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The spec's path, as it was given; data are looked for beside it.
    pub spec_path: &'a Path,
    /// Bytes that collected columns may take.
    pub memory_limit: u64,
    /// The time it is.
    pub now: jiff::Timestamp,
}

/// Validates.
///
/// # Errors
/// When the data cannot be read, or the watch asks to stop; what the data are like is in the outcome.
pub fn validate(spec: &Spec, yaml: &str, settings: Settings<'_>, watch: &dyn Watch) -> Result<Outcome, Error> {
    let started = std::time::Instant::now();
    let folder = settings.spec_path.parent().unwrap_or(Path::new(""));
    let current = Source::open(&spec.current, folder, watch)?;
    let reference = spec.reference.as_ref().map(|source| Source::open(source, folder, watch)).transpose()?;
    let mut notes: Vec<String> = std::iter::once(&current)
        .chain(&reference)
        .flat_map(|source| source.nested.iter().map(|it| it.note(source)))
        .collect();
    refuse_nested(spec, &current, reference.as_ref())?;
    let mut facts = Vec::new();
    let mut expectations = quality(spec, &current, reference.as_ref(), settings, watch, &mut facts)?;
    let mut drift = None;
    if let (Some(asked), Some(reference)) = (&spec.drift, &reference) {
        let (found, decided) = compare::drift(asked, reference, &current, settings.memory_limit, watch, &mut notes)?;
        expectations.extend(decided);
        drift = Some(found);
    }
    let mut performance = None;
    if let Some(asked) = &spec.performance {
        let (found, decided) = performance::performance(asked, &current, settings.memory_limit, watch, &mut notes)?;
        expectations.extend(decided);
        performance = Some(found);
    }
    let (budgets, decided) = budgets::budgets(&spec.budgets, &current, folder, settings.memory_limit, watch)?;
    expectations.extend(decided);
    let mut fit = None;
    if let Some(asked) = &spec.signature {
        let (found, decided) = signature::signature(asked, &current, folder, watch)?;
        expectations.push(decided);
        fit = Some(found);
    }
    let datasets =
        std::iter::once((Side::Current, &current)).chain(reference.iter().map(|source| (Side::Reference, source)));
    Ok(Outcome {
        version: VERSION,
        suite: spec.suite.clone(),
        description: spec.description.clone(),
        spec: settings.spec_path.display().to_string(),
        spec_digest: format!("sha256:{}", hex(&Sha256::digest(yaml))),
        tool: concat!("mod-106 ", env!("CARGO_PKG_VERSION")).to_owned(),
        started_at: settings.now.to_string(),
        duration_seconds: started.elapsed().as_secs_f64(),
        verdict: Outcome::decide(&expectations),
        counts: Counts::of(&expectations),
        datasets: datasets.map(|(side, source)| dataset(side, source, &facts, drift.as_ref())).collect(),
        expectations,
        drift,
        performance,
        budgets,
        signature: fit,
        notes,
    })
}

/// A nested column may be there, but nothing can be said of its values.
fn refuse_nested(spec: &Spec, current: &Source, reference: Option<&Source>) -> Result<(), Error> {
    for expected in &spec.expectations {
        let Some(source) = (if expected.on == Side::Current { Some(current) } else { reference }) else { continue };
        match &expected.check {
            // All columns: nested ones among them.
            Check::Duplicates { columns, .. } if columns.is_empty() => {
                source.nested.iter().try_for_each(|nested| source.refuse_nested(&nested.name))?;
            }
            Check::Duplicates { columns, .. } => columns.iter().try_for_each(|name| source.refuse_nested(name))?,
            check => check.column().map_or(Ok(()), |name| source.refuse_nested(name))?,
        }
    }
    for column in spec.drift.iter().flat_map(|drift| drift.columns.iter().flatten()) {
        reference.map_or(Ok(()), |source| source.refuse_nested(&column.column))?;
        current.refuse_nested(&column.column)?;
    }
    if let Some(asked) = &spec.performance {
        let names = [Some(&asked.label), asked.prediction.as_ref(), asked.score.as_ref()];
        names.into_iter().flatten().chain(&asked.slices).try_for_each(|name| current.refuse_nested(name))?;
    }
    let mut quantiles = spec.budgets.iter().filter_map(|budget| match &budget.subject {
        BudgetSubject::Quantile { column, .. } => Some(column),
        _ => None,
    });
    quantiles.try_for_each(|column| current.refuse_nested(column))
}

/// Facts of a column of one side.
type SideFacts = (Side, usize, FactCount);

fn quality(
    spec: &Spec,
    current: &Source,
    reference: Option<&Source>,
    settings: Settings<'_>,
    watch: &dyn Watch,
    facts: &mut Vec<SideFacts>,
) -> Result<Vec<Expectation>, Error> {
    let mut decided: Vec<Option<Expectation>> = vec![None; spec.expectations.len()];
    let sides = std::iter::once((Side::Current, current)).chain(reference.map(|source| (Side::Reference, source)));
    for (side, source) in sides {
        let here = spec.expectations.iter().enumerate().filter(|(_, expected)| expected.on == side);
        let (places, expected): (Vec<usize>, Vec<&Expected>) = here.unzip();
        let checks: Vec<&Check> = expected.iter().map(|expected| &expected.check).collect();
        let pass = breaks::measure(source, &checks, watch)?;
        facts.extend(pass.facts.into_iter().map(|(column, count)| (side, column, count)));
        for ((place, expected), measured) in places.into_iter().zip(expected).zip(pass.measured) {
            let now_us = settings.now.as_microsecond();
            let repeated = repeated(&expected.check, source, settings.memory_limit, watch)?;
            decided[place] = Some(match measured.or(repeated) {
                Some(measured) => decide(expected, &measured, source, now_us),
                None => decide_whole(expected, source),
            });
        }
    }
    Ok(decided.into_iter().flatten().collect())
}

fn repeated(check: &Check, source: &Source, memory_limit: u64, watch: &dyn Watch) -> Result<Option<Measured>, Error> {
    let (names, skip_nulls) = match check {
        Check::Unique { column, .. } => (vec![column.clone()], true),
        Check::Duplicates { columns, .. } if columns.is_empty() => {
            (source.fields.iter().map(|field| field.name.clone()).collect(), false)
        }
        Check::Duplicates { columns, .. } => (columns.clone(), false),
        _ => return Ok(None),
    };
    let columns: Option<Vec<usize>> = names.iter().map(|name| source.column(name)).collect();
    let Some(columns) = columns else { return Ok(Some(Measured::NoColumn)) };
    repeats::measure(source, &columns, skip_nulls, memory_limit, watch).map(|breaks| Some(Measured::Breaks(breaks)))
}

fn dataset(side: Side, source: &Source, facts: &[SideFacts], drift: Option<&Drift>) -> Dataset {
    let here = facts.iter().filter(|(of, ..)| *of == side);
    let asked: HashMap<usize, &FactCount> = here.map(|(_, column, count)| (*column, count)).collect();
    let of_drift =
        |column: &DriftColumn| if side == Side::Current { column.current.clone() } else { column.reference.clone() };
    let compared: HashMap<&str, &DriftColumn> =
        drift.iter().flat_map(|drift| &drift.columns).map(|column| (column.column.as_str(), column)).collect();
    let mut columns: Vec<Column> = (source.fields.iter().enumerate())
        .map(|(index, field)| Column {
            name: field.name.clone(),
            kind: field.kind.word().to_owned(),
            // What drift counted is counted exactly, unless it did not fit into memory.
            facts: compared
                .get(field.name.as_str())
                .map(|column| of_drift(column))
                .or_else(|| asked.get(&index).map(|count| count.facts())),
        })
        .collect();
    for nested in &source.nested {
        let column = Column { name: nested.name.clone(), kind: "other".to_owned(), facts: None };
        columns.insert(nested.place.min(columns.len()), column);
    }
    Dataset {
        side,
        path: source.given.clone(),
        format: source.spec.format.word().to_owned(),
        bytes: source.bytes,
        digest: source.digest.clone(),
        rows: source.rows,
        columns,
    }
}
