//! From the spec as written to the spec as meant: which keys belong together, which numbers make sense, and which names are unique.

use super::text::{self, Columns, Short};
use super::{
    BudgetSpec, BudgetSubject, Care, Check, DriftColumnSpec, DriftSpec, Expected, MetricSpec, PerformanceSpec,
    SignatureSpec, Spec, Task,
};
use crate::validation::error::{Error, nearest};
use crate::validation::outcome::{Method, Severity, Side};
use serde_saphyr::{Location, Spanned};
use std::collections::HashSet;

/// Reads a spec.
///
/// # Errors
/// `path:line:column`, what is wrong there, and the word that was probably meant.
pub fn parse(path: &str, yaml: &str) -> Result<Spec, Error> {
    let options = serde_saphyr::Options::default();
    let suite: text::Suite =
        serde_saphyr::from_str_with_options(yaml, options).map_err(|error| refused(path, &error))?;
    let reader = Reader {
        path,
        severity: suite.defaults.severity.unwrap_or_default(),
        owner: suite.defaults.owner.clone().unwrap_or_else(|| "unowned".to_owned()),
    };
    reader.suite(suite)
}

/// What serde found, with its place and a suggestion.
fn refused(path: &str, error: &serde_saphyr::Error) -> Error {
    use serde_saphyr::Error as Yaml;
    let error = error.without_snippet();
    let at = error.location().map_or_else(|| path.to_owned(), |place| at(path, place));
    let known = |expected: &[&'static str]| format!("known are {}", expected.join(", "));
    let advice = |word: &str, expected: &[&'static str]| {
        nearest(word, expected.iter().copied())
            .map_or_else(|| known(expected), |other| format!("did you mean `{other}`? ({})", known(expected)))
    };
    match error {
        Yaml::SerdeUnknownField { field, expected, .. } => {
            Error::spec(at, format!("there is no key `{field}` here"), advice(field, expected))
        }
        Yaml::SerdeUnknownVariant { variant, expected, .. } => {
            Error::spec(at, format!("`{variant}` is not known here"), advice(variant, expected))
        }
        Yaml::SerdeMissingField { field, .. } => {
            Error::spec(at, format!("the key `{field}` is missing"), format!("add `{field}: …`"))
        }
        other => Error::spec(at, other.to_string(), ""),
    }
}

fn at(path: &str, place: Location) -> String {
    format!("{path}:{}:{}", place.line(), place.column())
}

struct Reader<'a> {
    path: &'a str,
    severity: Severity,
    owner: String,
}

impl Reader<'_> {
    fn suite(&self, suite: text::Suite) -> Result<Spec, Error> {
        let source = |source: Short<text::Source>| source.resolve().map_err(|found| Error::spec(self.path, found, ""));
        let reference = suite.reference.map(source).transpose()?;
        let current = source(suite.current)?;
        let expectations = suite
            .expectations
            .into_iter()
            .enumerate()
            .map(|(index, expectation)| self.expectation(index, expectation, reference.is_some()))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(drift) = suite.drift.as_ref().filter(|_| reference.is_none()) {
            return self.refuse(
                drift.referenced,
                "drift is looked for, and there is no reference",
                "add `reference: FILE`",
            );
        }
        let spec = Spec {
            suite: suite.suite,
            description: suite.description,
            reference,
            current,
            expectations,
            drift: suite.drift.map(|drift| self.drift(drift)).transpose()?,
            performance: suite.performance.map(|performance| self.performance(performance)).transpose()?,
            budgets: suite.budgets.into_iter().map(|budget| self.budget(budget)).collect::<Result<_, _>>()?,
            signature: suite.signature.map(|signature| self.signature(signature.value)),
        };
        self.unique_ids(&spec)?;
        Ok(spec)
    }

    fn refuse<T>(&self, place: Location, found: impl Into<String>, advice: impl Into<String>) -> Result<T, Error> {
        Err(Error::spec(at(self.path, place), found, advice))
    }

    fn care(&self, id: String, severity: Option<Severity>, owner: Option<String>) -> Care {
        Care { id, severity: severity.unwrap_or(self.severity), owner: owner.unwrap_or_else(|| self.owner.clone()) }
    }

    fn unique_ids(&self, spec: &Spec) -> Result<(), Error> {
        let listed = spec.drift.iter().flat_map(|drift| drift.columns.iter().flatten().map(|column| &column.care));
        let cares = (spec.expectations.iter().map(|expected| &expected.care))
            .chain(listed)
            .chain(
                spec.performance.iter().flat_map(|performance| performance.metrics.iter().map(|metric| &metric.care)),
            )
            .chain(spec.budgets.iter().map(|budget| &budget.care))
            .chain(spec.signature.iter().map(|signature| &signature.care));
        let mut seen = HashSet::new();
        for care in cares {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            if care.id.is_empty() || !care.id.chars().all(plain) {
                let found = format!("the id {:?} is more than letters, digits, `.`, `_` and `-`", care.id);
                return Err(Error::spec(self.path, found, "it becomes part of metric names; write it plainly"));
            }
            if !seen.insert(care.id.as_str()) {
                let found = format!("two expectations have the id `{}`", care.id);
                return Err(Error::spec(self.path, found, "give one of them an `id` of its own"));
            }
        }
        Ok(())
    }

    fn expectation(
        &self,
        index: usize,
        spanned: Spanned<text::Expectation>,
        reference: bool,
    ) -> Result<Expected, Error> {
        let place = spanned.referenced;
        let text = spanned.value;
        let Some(expected) = text.expect else {
            return self.refuse(
                place,
                "this expectation does not say what it expects",
                "add `expect: nulls` or another",
            );
        };
        self.only_known_keys(place, expected, &text)?;
        let on = text.on.unwrap_or_default();
        if on == Side::Reference && !reference {
            return self.refuse(place, "this is expected of the reference, and there is none", "add `reference: FILE`");
        }
        let (severity, owner, id) = (text.severity, text.owner.clone(), text.id.clone());
        let check = self.check(place, expected, text)?;
        let id = id.unwrap_or_else(|| {
            let subject = check.column().map_or_else(|| (index + 1).to_string(), plain);
            let side = if on == Side::Reference { "reference." } else { "" };
            format!("{side}{}.{subject}", check.word())
        });
        Ok(Expected { care: self.care(id, severity, owner), on, check })
    }

    fn only_known_keys(
        &self,
        place: Location,
        expected: text::Expected,
        text: &text::Expectation,
    ) -> Result<(), Error> {
        use text::Expected as E;
        let share = matches!(
            expected,
            E::Type | E::Nulls | E::Finite | E::Range | E::Unique | E::Categories | E::Pattern | E::Duplicates
        );
        let bounds = matches!(expected, E::Range | E::Mean | E::Rows);
        let given = [
            ("column", text.column.is_some(), !matches!(expected, E::Rows | E::Duplicates | E::Columns)),
            ("type", text.kind.is_some(), expected == E::Type),
            ("min", text.min.is_some(), bounds),
            ("max", text.max.is_some(), bounds),
            ("max_share", text.max_share.is_some(), share),
            ("values", text.values.is_some(), matches!(expected, E::Categories | E::Columns)),
            ("pattern", text.pattern.is_some(), expected == E::Pattern),
            ("max_age", text.max_age.is_some(), expected == E::Freshness),
            ("columns", text.columns.is_some(), expected == E::Duplicates),
            ("exact", text.exact.is_some(), expected == E::Columns),
        ];
        let word = format!("{expected:?}").to_lowercase();
        for (key, present, belongs) in given {
            let required = belongs && !matches!(key, "min" | "max" | "max_share" | "columns" | "exact");
            if present && !belongs {
                return self.refuse(place, format!("`expect: {word}` takes no `{key}`"), "leave it out");
            }
            if required && !present {
                return self.refuse(place, format!("`expect: {word}` needs `{key}`"), format!("add `{key}: …`"));
            }
        }
        if bounds && text.min.is_none() && text.max.is_none() {
            return self.refuse(place, format!("`expect: {word}` has neither `min` nor `max`"), "add one of them");
        }
        if let (Some(min), Some(max)) = (text.min, text.max)
            && min > max
        {
            return self.refuse(place, format!("`min` {min} is above `max` {max}"), "exchange them");
        }
        if let Some(share) = text.max_share.filter(|share| !(0.0..=1.0).contains(share)) {
            return self.refuse(place, format!("`max_share` is {share}"), "give a share between 0 and 1");
        }
        Ok(())
    }

    fn check(&self, place: Location, expected: text::Expected, text: text::Expectation) -> Result<Check, Error> {
        use text::Expected as E;
        // That what is required is there was checked above.
        let column = text.column.unwrap_or_default();
        let max_share = text.max_share.unwrap_or(0.0);
        let (min, max) = (text.min, text.max);
        let words: Vec<String> = text.values.into_iter().flatten().map(|word| word.0).collect();
        Ok(match expected {
            E::Type => Check::Type { column, kind: text.kind.unwrap_or_default(), max_share },
            E::Nulls => Check::Nulls { column, max_share },
            E::Finite => Check::Finite { column, max_share },
            E::Range => Check::Range { column, min, max, max_share },
            E::Mean => Check::Mean { column, min, max },
            E::Unique => Check::Unique { column, max_share },
            E::Categories => Check::Categories { column, values: words, max_share },
            E::Pattern => {
                let written = text.pattern.unwrap_or_default();
                match regex::Regex::new(&written) {
                    Ok(pattern) => Check::Pattern { column, pattern, max_share },
                    Err(error) => {
                        let last = error.to_string().lines().last().unwrap_or_default().to_owned();
                        return self.refuse(place, format!("the pattern {written:?} is malformed: {last}"), "");
                    }
                }
            }
            E::Freshness => {
                let written = text.max_age.unwrap_or_default();
                match seconds(&written) {
                    Some(max_age_seconds) => Check::Freshness { column, max_age_seconds },
                    None => {
                        let found = format!("`max_age` {written:?} is not a time");
                        return self.refuse(place, found, "write a number and s, m, h or d: `24h`");
                    }
                }
            }
            E::Rows => Check::Rows { min, max },
            E::Duplicates => Check::Duplicates { columns: text.columns.unwrap_or_default(), max_share },
            E::Columns => Check::Columns { values: words, exact: text.exact.unwrap_or(false) },
        })
    }

    fn drift(&self, spanned: Spanned<text::Drift>) -> Result<DriftSpec, Error> {
        let (place, text) = (spanned.referenced, spanned.value);
        let (significance, power) = (text.significance.unwrap_or(0.05), text.power.unwrap_or(0.8));
        for (key, value) in [("significance", significance), ("power", power)] {
            if !(value > 0.0 && value < 1.0) {
                return self.refuse(place, format!("`{key}` is {value}"), "give a number between 0 and 1");
            }
        }
        let bins = text.bins.unwrap_or(10);
        if !(2..=1000).contains(&bins) {
            return self.refuse(place, format!("`bins` is {bins}"), "give 2 to 1000");
        }
        let categorical = text.categorical.unwrap_or(Method::ChiSquared);
        if matches!(categorical, Method::Ks | Method::Wasserstein) {
            let found = format!("`{}` compares numbers, not categories", categorical.word());
            return self.refuse(place, found, "take chi_squared, psi or jensen_shannon");
        }
        let (severity, owner) =
            (text.severity.unwrap_or(self.severity), text.owner.clone().unwrap_or_else(|| self.owner.clone()));
        let column = |column: Short<text::DriftColumn>| {
            let full = match column {
                Short::Full(full) => full,
                Short::Word(column) => {
                    text::DriftColumn { column, id: None, method: None, effect: None, severity: None, owner: None }
                }
            };
            let id = full.id.unwrap_or_else(|| drift_id(&full.column));
            let care =
                Care { id, severity: full.severity.unwrap_or(severity), owner: full.owner.unwrap_or(owner.clone()) };
            DriftColumnSpec { column: full.column, care, method: full.method, effect: full.effect }
        };
        let columns = match text.columns.unwrap_or(Columns::Auto) {
            Columns::Auto => None,
            Columns::Named(columns) => Some(columns.into_iter().map(column).collect::<Vec<_>>()),
        };
        let listed = columns.iter().flatten().filter_map(|column| column.effect);
        if let Some(effect) = listed.chain(text.effect).find(|effect| effect.is_nan() || *effect <= 0.0) {
            return self.refuse(place, format!("`effect` is {effect}"), "give a number above 0");
        }
        Ok(DriftSpec {
            significance,
            power,
            correction: text.correction,
            numeric: text.numeric.unwrap_or(Method::Ks),
            categorical,
            columns,
            exclude: text.exclude,
            effect: text.effect,
            bins,
            max_categories: text.max_categories.unwrap_or(1000).max(1),
            precision: text.precision.unwrap_or_default(),
            severity,
            owner,
        })
    }

    fn performance(&self, spanned: Spanned<text::Performance>) -> Result<PerformanceSpec, Error> {
        let (place, text) = (spanned.referenced, spanned.value);
        if text.prediction.is_none() && (text.score.is_none() || text.task != Task::Binary) {
            return self.refuse(
                place,
                "there is no column of predictions",
                "add `prediction: COLUMN`, or of a binary task `score`",
            );
        }
        let confidence = text.confidence.unwrap_or(0.95);
        if !(confidence > 0.0 && confidence < 1.0) {
            return self.refuse(place, format!("`confidence` is {confidence}"), "give a number between 0 and 1");
        }
        let mut metrics = Vec::new();
        for metric in text.metrics {
            let (place, metric) = (metric.referenced, metric.value);
            let word = metric.metric.word();
            if !metric.metric.belongs_to(text.task) {
                return self.refuse(place, format!("{:?} tasks have no `{word}`", text.task).to_lowercase(), "");
            }
            if metric.metric.needs_score() && text.score.is_none() {
                return self.refuse(place, format!("`{word}` needs probabilities"), "add `score: COLUMN`");
            }
            let id = metric.id.unwrap_or_else(|| format!("performance.{word}"));
            let care = self.care(id, metric.severity.or(text.severity), metric.owner.or_else(|| text.owner.clone()));
            let (min, max, slices) = (metric.min, metric.max, metric.slices.unwrap_or(true));
            metrics.push(MetricSpec { care, metric: metric.metric, min, max, slices });
        }
        Ok(PerformanceSpec {
            task: text.task,
            label: text.label,
            prediction: text.prediction,
            score: text.score,
            positive: text.positive.map_or_else(|| "1".to_owned(), |word| word.0),
            threshold: text.threshold.unwrap_or(0.5),
            confidence,
            metrics,
            slices: text.slices,
            min_slice_rows: text.min_slice_rows.unwrap_or(1),
        })
    }

    fn budget(&self, spanned: Spanned<text::Budget>) -> Result<BudgetSpec, Error> {
        let (place, text) = (spanned.referenced, spanned.value);
        let subject = match (text.column, text.size_of, text.metrics, text.key) {
            (Some(column), None, None, None) => {
                let quantile = text.quantile.unwrap_or(0.99);
                if !(0.0..=1.0).contains(&quantile) {
                    return self.refuse(place, format!("`quantile` is {quantile}"), "give a number between 0 and 1");
                }
                BudgetSubject::Quantile { column, quantile }
            }
            (None, Some(path), None, None) => BudgetSubject::Size { path },
            (None, None, Some(path), Some(key)) => BudgetSubject::Metric { path, key },
            _ => {
                return self.refuse(
                    place,
                    "a budget limits exactly one thing",
                    "give `column` (and `quantile`), or `size_of`, or `metrics` and `key`",
                );
            }
        };
        let is_size = matches!(subject, BudgetSubject::Size { .. });
        let Some(limit) = quantity(&text.max.0) else {
            return self.refuse(place, format!("`max` {:?} is not a quantity", text.max.0), "write `200` or `10MB`");
        };
        let unit = text.unit.unwrap_or_else(|| if is_size { "bytes".to_owned() } else { String::new() });
        Ok(BudgetSpec { care: self.care(text.id, text.severity, text.owner), subject, limit, unit })
    }

    fn signature(&self, text: Short<text::Signature>) -> SignatureSpec {
        let full = match text {
            Short::Full(full) => full,
            Short::Word(model) => text::Signature { model, id: None, severity: None, owner: None },
        };
        let id = full.id.unwrap_or_else(|| "signature".to_owned());
        SignatureSpec { care: self.care(id, full.severity, full.owner), model: full.model }
    }
}

/// The id of a column's drift.
pub(in crate::validation) fn drift_id(column: &str) -> String {
    format!("drift.{}", plain(column))
}

/// A name as part of an id: what is not a letter, a digit, `.`, `_` or `-` becomes `_`.
pub(in crate::validation) fn plain(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    name.chars().map(keep).collect()
}

/// `90s`, `15m`, `24h`, `7d` in seconds.
fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = split_unit(text)?;
    let factor = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Some(number * factor)
}

/// `200`, `10MB`, `1.5GiB`.
fn quantity(text: &str) -> Option<f64> {
    let (number, unit) = split_unit(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number * factor)
}

fn split_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let number: f64 = text[..end].trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number, &text[end..]))
}

/// `512MiB` as bytes, for command lines.
///
/// # Errors
/// What is wrong with the text.
pub fn bytes(text: &str) -> Result<u64, String> {
    quantity(text).map(|bytes| bytes as u64).ok_or_else(|| format!("{text:?} is not a size; write 512MiB or 2GB"))
}
