//! The text in which a service tells its metrics (Prometheus's exposition format 0.0.4), and selections from it.

use std::collections::BTreeMap;

/// One series with its value.
#[derive(Debug, Clone, PartialEq)]
struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// All that a service told at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Scrape(Vec<Series>);

impl Scrape {
    /// Reads it; what is no series is left out, as Prometheus would drop the whole scrape instead.
    pub(super) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let series = |line: &str| {
            let (name, labels, rest) = selector(line)?;
            let value = rest.split_whitespace().next()?.parse().ok()?;
            Some(Series { name, labels, value })
        };
        Self(lines.filter_map(series).collect())
    }

    fn select(&self, wanted: &str) -> impl Iterator<Item = f64> {
        let wanted = selector(wanted);
        let fits = move |series: &&Series| {
            wanted.as_ref().is_some_and(|(name, labels, _)| {
                series.name == *name && labels.iter().all(|(label, value)| series.labels.get(label) == Some(value))
            })
        };
        self.0.iter().filter(fits).map(|series| series.value)
    }

    /// The sum over all series of a selection such as `name{label="value"}`.
    pub(super) fn sum(&self, wanted: &str) -> f64 {
        self.select(wanted).sum()
    }

    /// The greatest of them.
    pub(super) fn highest(&self, wanted: &str) -> Option<f64> {
        self.select(wanted).filter(|value| value.is_finite()).max_by(f64::total_cmp)
    }
}

/// A name, its labels, and what follows.
fn selector(text: &str) -> Option<(String, BTreeMap<String, String>, &str)> {
    let end = text.find(|letter: char| letter == '{' || letter.is_whitespace()).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.insert(label.trim_start_matches(',').trim().to_owned(), value);
            rest = after.trim_start_matches([',', ' ']);
        }
        rest = &rest[1..];
    }
    (!name.is_empty()).then(|| (name.to_owned(), labels, rest))
}

/// What stands before the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut letters) = (String::new(), text.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Scrape;

    #[test]
    fn series_are_read_and_selected() {
        let text = "# HELP x y\nx_total{a=\"1\",b=\"say \\\"hi\\\", {x}\"} 3\nx_total{a=\"2\"} 4 1700000000\ny 0.5\nz NaN\nnonsense\n";
        let scrape = Scrape::parse(text);
        assert_eq!(
            (scrape.sum("x_total"), scrape.sum("x_total{a=\"2\"}"), scrape.sum("x_total{a=\"3\"}")),
            (7.0, 4.0, 0.0)
        );
        assert_eq!(
            (scrape.sum("x_total{b=\"say \\\"hi\\\", {x}\"}"), scrape.highest("y"), scrape.highest("z")),
            (3.0, Some(0.5), None)
        );
    }
}
