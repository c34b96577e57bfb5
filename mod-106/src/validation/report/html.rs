//! `report.html`: one file without scripts or network, in light and dark. What needs attention comes first; each column's two
//! distributions are drawn over each other; what passed is folded away, not left out.

use super::view::{View, metric_names, shares, slice, tone};
use crate::charts::{Caption, Mark, Pair, Row, bars, histogram, intervals};
use crate::documents::{Templates, number, percent};
use crate::validation::outcome::{BinKind, DriftColumn, Metric, Outcome, Verdict};
use serde::Serialize;

const NAME: &str = "validation.html";
const TEMPLATE: &str = include_str!("report.html.j2");
/// So many columns are drawn; thousands would make a page that no browser opens.
const MOST_DRAWN: usize = 60;
/// Columns at a glance, the most moved first.
const MOST_AT_A_GLANCE: usize = 30;

/// What the template sees.
#[derive(Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    view: View<'a>,
    glance: Option<String>,
    columns: Vec<Column<'a>>,
    metrics: Vec<MetricGroup<'a>>,
}

/// A column's drift, drawn.
#[derive(Serialize)]
struct Column<'a> {
    it: &'a DriftColumn,
    tone: &'static str,
    chart: Option<String>,
}

/// All slices of one metric.
#[derive(Serialize)]
struct MetricGroup<'a> {
    name: &'a str,
    chart: String,
}

/// The report for people.
#[must_use]
pub fn html(outcome: &Outcome) -> String {
    let templates = Templates::new([(NAME, TEMPLATE)]).expect("the template is part of this program, and tested");
    let page = Page {
        view: View::new(outcome),
        glance: glance(outcome),
        columns: columns(outcome),
        metrics: metrics(outcome),
    };
    templates.render(NAME, &page).expect("the template asks for what an outcome holds")
}

/// Columns, those that need attention first, each with its chart while there are not too many.
fn columns(outcome: &Outcome) -> Vec<Column<'_>> {
    let Some(drift) = &outcome.drift else { return Vec::new() };
    let mut columns: Vec<_> = drift.columns.iter().collect();
    columns.sort_by_key(|column| column.verdict == Verdict::Passed);
    columns
        .into_iter()
        .enumerate()
        .map(|(index, it)| {
            let drawn = index < MOST_DRAWN && !it.distribution.is_empty();
            Column { it, tone: tone(it.verdict), chart: drawn.then(|| distribution(index, it)) }
        })
        .collect()
}

/// Both sides of one column over each other.
fn distribution(index: usize, column: &DriftColumn) -> String {
    let pair = |bin| {
        let (reference, current) = shares(column, bin);
        Pair { reference, current }
    };
    let most = column.distribution.iter().max_by(|left, right| {
        let change = |bin| (pair(bin).current - pair(bin).reference).abs();
        change(left).total_cmp(&change(right))
    });
    let most = most.map_or_else(String::new, |bin| {
        let pair = pair(bin);
        format!(" {}: {} → {}.", bin.label, percent(pair.reference), percent(pair.current))
    });
    let description = format!("Shares of the reference and of the current data.{} {}", most, column.why);
    let (id, title) = (format!("column-{index}"), format!("Distribution of {}", column.column));
    let caption = Caption { id: &id, title: &title, description: &description };
    let numbers: Vec<_> = column.distribution.iter().filter(|bin| bin.kind == BinKind::Numbers).collect();
    if numbers.is_empty() {
        let rows: Vec<_> = column.distribution.iter().map(|bin| (bin.label.as_str(), pair(bin))).collect();
        return bars(&caption, &rows);
    }
    let lower = numbers.iter().map(|bin| bin.lower.unwrap_or(f64::NEG_INFINITY));
    let edges: Vec<_> = lower.chain(numbers.last().map(|bin| bin.upper.unwrap_or(f64::INFINITY))).collect();
    let bins: Vec<_> = numbers.iter().map(|bin| pair(bin)).collect();
    let missing = column.distribution.iter().find(|bin| bin.kind == BinKind::Missing).map(pair);
    let missing = missing.filter(|pair| pair.reference > 0.0 || pair.current > 0.0);
    histogram(&caption, &edges, &bins, missing)
}

/// How far each column moved, measured by what is allowed: methods differ in their units, and all have the limit 1.
fn glance(outcome: &Outcome) -> Option<String> {
    let columns = &outcome.drift.as_ref()?.columns;
    let ratio = |column: &DriftColumn| Some(column.effect? / column.effect_threshold).filter(|ratio| ratio.is_finite());
    let mut rows: Vec<Row> = columns
        .iter()
        .filter(|column| column.effect_threshold > 0.0)
        .map(|column| Row {
            label: column.column.clone(),
            value: ratio(column),
            interval: None,
            min: None,
            max: Some(1.0),
            mark: mark(column.verdict, true),
        })
        .collect();
    rows.sort_by(|left, right| right.value.unwrap_or(-1.0).total_cmp(&left.value.unwrap_or(-1.0)));
    rows.truncate(MOST_AT_A_GLANCE);
    let farthest = rows.first()?;
    let description = format!(
        "The effect of each column divided by its threshold; above 1 it is large enough to be drift. The largest is {} with {}.",
        farthest.label,
        farthest.value.map_or_else(|| "none".to_owned(), number)
    );
    let caption = Caption { id: "glance", title: "How far each column moved", description: &description };
    Some(intervals(&caption, &rows, Some(0.0)))
}

fn metrics(outcome: &Outcome) -> Vec<MetricGroup<'_>> {
    let Some(performance) = &outcome.performance else { return Vec::new() };
    metric_names(performance)
        .into_iter()
        .enumerate()
        .map(|(index, name)| {
            let of_name = performance.metrics.iter().filter(|metric| metric.metric == name);
            let rows: Vec<_> = of_name.map(metric_row).collect();
            let description = rows.iter().map(in_words).collect::<Vec<_>>().join("; ");
            let (id, title) = (format!("metric-{index}"), format!("{name} with its confidence intervals"));
            let chart = intervals(&Caption { id: &id, title: &title, description: &description }, &rows, None);
            MetricGroup { name, chart }
        })
        .collect()
}

fn metric_row(metric: &Metric) -> Row {
    let asked = metric.threshold.min.is_some() || metric.threshold.max.is_some();
    Row {
        label: slice(metric),
        value: metric.value,
        interval: metric.interval.as_ref().map(|interval| (interval.lower, interval.upper)),
        min: metric.threshold.min,
        max: metric.threshold.max,
        mark: mark(metric.verdict, asked),
    }
}

fn in_words(row: &Row) -> String {
    let value = row.value.map_or_else(|| "not defined".to_owned(), number);
    let interval = row.interval.map(|(lower, upper)| format!(" ({} to {})", number(lower), number(upper)));
    format!("{}: {value}{}", row.label, interval.unwrap_or_default())
}

fn mark(verdict: Verdict, asked: bool) -> Mark {
    match verdict {
        _ if !asked => Mark::Plain,
        Verdict::Passed => Mark::Good,
        Verdict::Failed | Verdict::Error => Mark::Bad,
        Verdict::Inconclusive => Mark::Unclear,
    }
}
