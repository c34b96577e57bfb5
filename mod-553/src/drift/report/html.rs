//! `drift.html`: one file without scripts or network, in light and dark. What needs attention comes first and open; each column's two
//! distributions are drawn over each other; what is stable is folded away, not left out.

use super::prometheus::{by_concern, ratio};
use crate::drift::outcome::{Column, Outcome, Verdict};
use mod_106::charts::{Caption, Mark, Pair, Row, bars, histogram, intervals};
use mod_106::documents::{Templates, number, percent};
use mod_106::validation::outcome::{Bin, BinKind};
use serde::Serialize;

const NAME: &str = "drift.html";
const TEMPLATE: &str = include_str!("drift.html.j2");
/// So many columns are drawn; thousands would make a page that no browser opens.
const MOST_DRAWN: usize = 60;
/// Columns at a glance.
const MOST_AT_A_GLANCE: usize = 30;

/// What the template sees.
#[derive(Serialize)]
struct Page<'a> {
    outcome: &'a Outcome,
    headline: String,
    tone: &'static str,
    took_ms: u64,
    glance: Option<String>,
    columns: Vec<Drawn<'a>>,
}

/// A column, drawn.
#[derive(Serialize)]
struct Drawn<'a> {
    it: &'a Column,
    tone: &'static str,
    is_open: bool,
    needed: String,
    chart: Option<String>,
}

/// The report for people.
pub fn html(outcome: &Outcome) -> String {
    let templates = Templates::new([(NAME, TEMPLATE)]).expect("the template is part of this program, and tested");
    let columns = by_concern(&outcome.columns);
    let page = Page {
        outcome,
        headline: format!("{}: {}", outcome.monitor, outcome.why),
        tone: tone(outcome.verdict),
        took_ms: (outcome.duration_seconds * 1000.0).max(0.0) as u64,
        glance: glance(&columns),
        columns: columns.iter().enumerate().map(|(index, column)| drawn(index, column)).collect(),
    };
    templates.render(NAME, &page).expect("the template asks for what an outcome holds")
}

fn drawn(index: usize, column: &Column) -> Drawn<'_> {
    let is_drawn = index < MOST_DRAWN && !column.distribution.is_empty();
    let needed = match column.values.as_ref().map(|decision| decision.verdict) {
        Some(crate::decision::Verdict::Inconclusive { n_min: Some(needed), .. }) => needed.to_string(),
        _ => String::new(),
    };
    Drawn {
        it: column,
        tone: tone(column.verdict),
        is_open: column.verdict != Verdict::Stable,
        needed,
        chart: is_drawn.then(|| distribution(index, column)),
    }
}

fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Stable => "good",
        Verdict::Drift | Verdict::Broken => "bad",
        Verdict::Inconclusive | Verdict::Unresolved => "wait",
    }
}

/// Both sides of one column over each other, each as shares of its own rows.
fn distribution(index: usize, column: &Column) -> String {
    let all = |side: fn(&Bin) -> u64| column.distribution.iter().map(side).sum::<u64>().max(1) as f64;
    let (m, n) = (all(|bin| bin.reference), all(|bin| bin.current));
    let pair = |bin: &Bin| Pair { reference: bin.reference as f64 / m, current: bin.current as f64 / n };
    let change = |bin: &&Bin| (pair(bin).current - pair(bin).reference).abs();
    let most = column.distribution.iter().max_by(|left, right| change(left).total_cmp(&change(right)));
    let most = most.map_or_else(String::new, |bin| {
        format!(" {}: {} → {}.", bin.label, percent(pair(bin).reference), percent(pair(bin).current))
    });
    let description = format!("Shares of the reference and of the current data.{most} {}", column.why);
    let (id, title) = (format!("column-{index}"), format!("Distribution of {}", column.column));
    let caption = Caption { id: &id, title: &title, description: &description };
    let numbers: Vec<&Bin> = column.distribution.iter().filter(|bin| bin.kind == BinKind::Numbers).collect();
    if numbers.is_empty() {
        let rows: Vec<_> = column.distribution.iter().map(|bin| (bin.label.as_str(), pair(bin))).collect();
        return bars(&caption, &rows);
    }
    let lower = numbers.iter().map(|bin| bin.lower.unwrap_or(f64::NEG_INFINITY));
    let edges: Vec<f64> = lower.chain(numbers.last().map(|bin| bin.upper.unwrap_or(f64::INFINITY))).collect();
    let bins: Vec<Pair> = numbers.iter().map(|bin| pair(bin)).collect();
    let apart = column.distribution.iter().filter(|bin| bin.kind != BinKind::Numbers).map(pair);
    let apart = apart.reduce(|a, b| Pair { reference: a.reference + b.reference, current: a.current + b.current });
    histogram(&caption, &edges, &bins, apart)
}

/// How far each column moved, measured by what is allowed.
fn glance(columns: &[&Column]) -> Option<String> {
    let row = |column: &&Column| Row {
        label: column.column.clone(),
        value: ratio(column),
        interval: None,
        min: None,
        max: Some(1.0),
        mark: match column.verdict {
            Verdict::Stable => Mark::Good,
            Verdict::Drift | Verdict::Broken => Mark::Bad,
            Verdict::Inconclusive | Verdict::Unresolved => Mark::Unclear,
        },
    };
    let rows: Vec<Row> = columns.iter().map(row).filter(|row| row.value.is_some()).take(MOST_AT_A_GLANCE).collect();
    let farthest = rows.iter().max_by(|a, b| a.value.unwrap_or(0.0).total_cmp(&b.value.unwrap_or(0.0)))?;
    let description = format!(
        "The effect of each column divided by its threshold; from 1 it is large enough to be drift. The largest is {} with {}.",
        farthest.label,
        farthest.value.map_or_else(|| "none".to_owned(), number)
    );
    let caption = Caption { id: "glance", title: "How far each column moved", description: &description };
    Some(intervals(&caption, &rows, Some(0.0)))
}
