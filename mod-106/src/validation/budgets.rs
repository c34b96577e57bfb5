//! Budgets: a latency's quantile in the data, the size of a model, a number that another program wrote.

use super::decide::{blank, number};
use super::error::Error;
use super::measure::samples::{Shape, Values, collect};
use super::outcome::{Budget, Expectation, Precision, Threshold, Verdict, finite};
use super::read::{Source, Watch};
use super::spec::{BudgetSpec, BudgetSubject};
use crate::statistics::order::quantile;
use std::path::Path;

/// What was spent, or why that is not known.
struct Spent {
    subject: String,
    value: Result<f64, (Verdict, String)>,
    precision: Precision,
}

/// Measures and judges.
pub(super) fn budgets(
    specs: &[BudgetSpec],
    current: &Source,
    folder: &Path,
    memory_limit: u64,
    watch: &dyn Watch,
) -> Result<(Vec<Budget>, Vec<Expectation>), Error> {
    let mut budgets = Vec::new();
    let mut expectations = Vec::new();
    for spec in specs {
        let spent = match &spec.subject {
            BudgetSubject::Quantile { column, quantile } => {
                of_column(current, (column, *quantile, spec.limit), memory_limit, watch)?
            }
            BudgetSubject::Size { path } => Spent {
                subject: format!("size of {path}"),
                value: size(&folder.join(path)).map_err(|error| (Verdict::Error, format!("{path}: {error}"))),
                precision: Precision::Exact,
            },
            BudgetSubject::Metric { path, key } => Spent {
                subject: format!("{key} in {path}"),
                value: metric(&folder.join(path), key).map_err(|why| (Verdict::Error, format!("{path}: {why}"))),
                precision: Precision::Exact,
            },
        };
        let (budget, expectation) = decide(spec, spent);
        budgets.push(budget);
        expectations.push(expectation);
    }
    Ok((budgets, expectations))
}

fn decide(spec: &BudgetSpec, spent: Spent) -> (Budget, Expectation) {
    let unit = if spec.unit.is_empty() { String::new() } else { format!(" {}", spec.unit) };
    let limit = spec.limit;
    let (verdict, why) = match &spent.value {
        Ok(value) if *value <= limit => {
            (Verdict::Passed, format!("{} is {}{unit}, within {}{unit}", spent.subject, number(*value), number(limit)))
        }
        Ok(value) => {
            let why = format!("{} is {}{unit} and may be {}{unit}", spent.subject, number(*value), number(limit));
            (Verdict::Failed, why)
        }
        Err((verdict, why)) => (*verdict, why.clone()),
    };
    let value = spent.value.ok().and_then(finite);
    let (id, unit) = (spec.care.id.clone(), spec.unit.clone());
    let column = match &spec.subject {
        BudgetSubject::Quantile { column, .. } => Some(column.as_str()),
        _ => None,
    };
    let expectation = Expectation {
        verdict,
        measured: value,
        threshold: Threshold { min: None, max: Some(limit), words: None },
        precision: spent.precision,
        why,
        ..blank(&spec.care, "budget", column, "spent")
    };
    (Budget { id, subject: spent.subject, spent: value, limit, unit, verdict }, expectation)
}

fn of_column(
    current: &Source,
    (column, share, limit): (&str, f64, f64),
    memory_limit: u64,
    watch: &dyn Watch,
) -> Result<Spent, Error> {
    let subject = format!("p{} of {column}", number(share * 100.0));
    let failed = |verdict, why: String| {
        Ok(Spent { subject: subject.clone(), value: Err((verdict, why)), precision: Precision::Exact })
    };
    let Some(index) = current.column(column) else {
        return failed(Verdict::Failed, format!("{} has no column `{column}`", current.given));
    };
    if !current.fields[index].kind.is_number() {
        return failed(Verdict::Error, format!("`{column}` holds no numbers, so it has no quantile"));
    }
    let sketched = 24 * current.rows > memory_limit;
    let sample = collect(current, &[(index, Shape::Numbers)], sketched, &mut Vec::new(), watch)?.pop();
    let Some(sample) = sample else { return failed(Verdict::Error, "nothing was read".to_owned()) };
    let needed = (1.0 / (1.0 - share).max(1e-9)).ceil();
    if (sample.n as f64) < needed {
        let why = format!("{subject}: {} values are too few; at least {} are needed", sample.n, number(needed));
        return failed(Verdict::Inconclusive, why);
    }
    let at = |share: f64| match &sample.values {
        Values::Numbers(values) => quantile(values, share.clamp(0.0, 1.0)).unwrap_or(f64::NAN),
        Values::Categories(_) => f64::NAN,
    };
    let value = at(share);
    let Precision::Sketched { sketch, .. } = &sample.precision else {
        return Ok(Spent { subject, value: Ok(value), precision: Precision::Exact });
    };
    // A rank that may be off leaves room for every value between two ranks; the ends are known.
    let (low, high) = (share - sample.error(), share + sample.error());
    let low = if low <= 0.0 { sample.facts.min.unwrap_or(value) } else { at(low) };
    let high = if high >= 1.0 { sample.facts.max.unwrap_or(value) } else { at(high) };
    let precision = Precision::Sketched { error: (high - value).max(value - low), sketch: sketch.clone() };
    if low <= limit && limit < high {
        let why = format!(
            "{subject} lies between {} and {}, and may be {}: measure it exactly, with more memory",
            number(low),
            number(high),
            number(limit)
        );
        return Ok(Spent { subject, value: Err((Verdict::Inconclusive, why)), precision });
    }
    Ok(Spent { subject, value: Ok(value), precision })
}

/// Bytes of a file, or of all files below a folder.
fn size(path: &Path) -> std::io::Result<f64> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_dir() {
        return Ok(metadata.len() as f64);
    }
    let mut sum = 0.0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        // A link that leads back up would never end.
        if !entry.file_type()?.is_symlink() {
            sum += size(&entry.path())?;
        }
    }
    Ok(sum)
}

fn metric(path: &Path, key: &str) -> Result<f64, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| format!("no JSON: {error}"))?;
    let whole = json.get(key);
    let found = whole.or_else(|| key.split('.').try_fold(&json, |json, name| json.get(name)));
    found.and_then(serde_json::Value::as_f64).ok_or_else(|| format!("there is no number at {key:?}"))
}
