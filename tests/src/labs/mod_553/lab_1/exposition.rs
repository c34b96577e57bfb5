//! A scrape: Prometheus' text format, version 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>), read strictly.

use crate::{check::Fault, expect};
use std::collections::{BTreeMap, BTreeSet};

/// Labels by name.
pub(super) type Labels = BTreeMap<String, String>;

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: Labels,
    pub(super) value: f64,
}

/// All samples at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Scrape {
    pub(super) samples: Vec<Sample>,
    /// The type of each family that names one.
    pub(super) types: BTreeMap<String, String>,
    /// Families that say what they are.
    pub(super) helped: BTreeSet<String>,
}

impl Scrape {
    /// Reads a text.
    ///
    /// # Errors
    /// A line that is no sample, or a series that stands twice: the submission's fault.
    pub(super) fn read(what: &str, text: &str) -> Result<Self, Fault> {
        let mut scrape = Self::default();
        let mut seen = BTreeSet::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if let Some(comment) = line.strip_prefix('#') {
                let words: Vec<&str> = comment.split_whitespace().collect();
                match words.as_slice() {
                    ["TYPE", name, kind] => drop(scrape.types.insert((*name).to_owned(), (*kind).to_owned())),
                    ["HELP", name, ..] => drop(scrape.helped.insert((*name).to_owned())),
                    _ => {}
                }
                continue;
            }
            let sample = sample(line).ok_or_else(|| Fault::failed(what, "a sample on each line", line))?;
            let series = format!("{}{:?}", sample.name, sample.labels);
            expect::holds(what, seen.insert(series), "each series once", line)?;
            scrape.samples.push(sample);
        }
        Ok(scrape)
    }

    /// The samples of a metric that carry all of these labels.
    pub(super) fn of<'a>(&'a self, name: &'a str, with: &'a [(&str, &str)]) -> impl Iterator<Item = &'a Sample> {
        let fits = move |sample: &&Sample| {
            sample.name == name
                && with.iter().all(|(label, value)| sample.labels.get(*label).is_some_and(|found| found == value))
        };
        self.samples.iter().filter(fits)
    }

    /// Their sum; nothing where there is none.
    pub(super) fn sum(&self, name: &str, with: &[(&str, &str)]) -> Option<f64> {
        self.of(name, with).map(|sample| sample.value).reduce(|sum, value| sum + value)
    }

    /// How much a counter grew since an earlier scrape; one that was not there was 0.
    pub(super) fn grew(&self, before: &Self, name: &str, with: &[(&str, &str)]) -> f64 {
        self.sum(name, with).unwrap_or(0.0) - before.sum(name, with).unwrap_or(0.0)
    }

    /// The names of all metrics.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.samples.iter().map(|sample| sample.name.clone()).collect()
    }

    /// Every series, as text.
    pub(super) fn series(&self) -> BTreeSet<String> {
        self.samples.iter().map(|sample| format!("{} {:?}", sample.name, sample.labels)).collect()
    }
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    let legal = |character: char| character.is_ascii_alphanumeric() || "_:".contains(character);
    if name.is_empty() || !name.chars().all(legal) {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Labels::new(), rest),
    };
    let mut words = rest.split_whitespace();
    let value = match words.next()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().ok()?,
    };
    // A timestamp may follow, and nothing else.
    let whole = words.next().is_none_or(|time| time.parse::<i64>().is_ok()) && words.next().is_none();
    whole.then(|| Sample { name: name.to_owned(), labels, value })
}

/// The labels up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut letters = after.char_indices();
        let end = loop {
            match letters.next()? {
                (place, '"') => break place,
                (_, '\\') => value.push(match letters.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, letter) => value.push(letter),
            }
        };
        labels.insert(name.trim().to_owned(), value);
        rest = &after[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::Scrape;

    #[test]
    fn samples_are_read_with_all_that_labels_may_hold() {
        let text = "# HELP a Help.\n# TYPE a counter\na{x=\"1\",y=\"q\\\"}, \\\\ z\"} 2\na{x=\"2\"} 3.5 1700000000\nb NaN\nc{} +Inf\n";
        let scrape = Scrape::read("m", text).unwrap();
        assert_eq!(scrape.sum("a", &[]), Some(5.5));
        assert_eq!(scrape.sum("a", &[("y", "q\"}, \\ z")]), Some(2.0));
        assert!(scrape.sum("b", &[]).unwrap().is_nan() && scrape.sum("none", &[]).is_none());
        assert!(scrape.types["a"] == "counter" && scrape.helped.contains("a") && scrape.series().len() == 4);
    }

    #[test]
    fn what_is_no_sample_is_refused() {
        for text in ["a", "a{x=\"1\" 2", "a{x=1} 2", "a b", "a 1 2 3", "a-b 1", "a 1\na 2"] {
            assert!(Scrape::read("m", text).is_err(), "{text}");
        }
    }
}
