//! Values with their confidence intervals, a row each, and a mark where each had to be. What is good, bad and undecided differs
//! by shape: a disc, a cross, a ring.

use super::axis::{Axis, figure};
use super::svg::{Anchor, Caption, Drawing, WIDTH, fitting};

/// A value, how sure it is and what it had to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is of.
    pub label: String,
    /// Absent where it is not defined.
    pub value: Option<f64>,
    /// The ends of its interval.
    pub interval: Option<(f64, f64)>,
    /// What it had to be at least.
    pub min: Option<f64>,
    /// What it had to be at most.
    pub max: Option<f64>,
    /// What became of it.
    pub mark: Mark,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It holds.
    Good,
    /// It does not.
    Bad,
    /// Nobody can tell.
    Unclear,
    /// Nothing was asked.
    Plain,
}

const LEFT: f64 = 200.0;
const RIGHT: f64 = WIDTH - 70.0;
const TOP: f64 = 12.0;
const ROW: f64 = 28.0;

/// Draws a row for each value, on one axis, which begins at `from` or where the values do.
#[must_use]
pub fn intervals(caption: &Caption<'_>, rows: &[Row], from: Option<f64>) -> String {
    let mut drawing = Drawing::new();
    let mut axis = axis(rows);
    axis.from = from.unwrap_or(axis.from).min(axis.to);
    let bottom = TOP + rows.len() as f64 * ROW;
    for tick in axis.ticks(5) {
        drawing.line("l", (axis.at(tick), TOP), (axis.at(tick), bottom));
        drawing.text("s", Anchor::Middle, axis.at(tick), bottom + 18.0, &figure(tick));
    }
    for (index, row) in rows.iter().enumerate() {
        draw(&mut drawing, &axis, row, TOP + (index as f64 + 0.5) * ROW);
    }
    drawing.line("a", (LEFT, bottom), (RIGHT, bottom));
    drawing.finish(caption, bottom + 28.0)
}

fn axis(rows: &[Row]) -> Axis {
    let ends = |row: &Row| {
        let interval = row.interval.map_or([None, None], |(lower, upper)| [Some(lower), Some(upper)]);
        [row.value, row.min, row.max].into_iter().chain(interval).flatten().collect::<Vec<_>>()
    };
    let all = || rows.iter().flat_map(ends).filter(|value| value.is_finite());
    let (from, to) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if from > to {
        return Axis { from: 0.0, to: 1.0, start: LEFT, end: RIGHT };
    }
    let margin = ((to - from) * 0.08).max(to.abs() * 1e-3).max(1e-9);
    Axis { from: from - margin, to: to + margin, start: LEFT, end: RIGHT }
}

fn draw(drawing: &mut Drawing, axis: &Axis, row: &Row, y: f64) {
    let class = match row.mark {
        Mark::Good => "good",
        Mark::Bad => "bad",
        Mark::Unclear => "wait",
        Mark::Plain => "idle",
    };
    drawing.text("t", Anchor::End, LEFT - 12.0, y + 4.0, &fitting(&row.label, LEFT - 16.0));
    for (limit, inward) in [(row.min, 5.0), (row.max, -5.0)] {
        let Some(limit) = limit else { continue };
        let x = axis.at(limit);
        // A bracket that opens towards what is allowed.
        let (top, bottom) = (y - 10.0, y + 10.0);
        drawing.path("a", &format!("M{:.1} {top:.1} H{x:.1} V{bottom:.1} H{:.1}", x + inward, x + inward));
    }
    if let Some((lower, upper)) = row.interval {
        let (lower, upper) = (axis.at(lower), axis.at(upper));
        drawing.line(class, (lower, y), (upper, y));
        for x in [lower, upper] {
            drawing.line(class, (x, y - 5.0), (x, y + 5.0));
        }
    }
    let Some(value) = row.value else {
        drawing.text("s", Anchor::Start, LEFT + 4.0, y + 4.0, "not defined");
        return;
    };
    let x = axis.at(value);
    match row.mark {
        Mark::Bad => {
            let cross = format!("M{:.1} {:.1} l10 10 m0 -10 l-10 10", x - 5.0, y - 5.0);
            drawing.path(&format!("{class} x"), &cross);
        }
        Mark::Unclear => drawing.path(&format!("{class} o"), &disc(x, y)),
        Mark::Good | Mark::Plain => drawing.path(class, &disc(x, y)),
    }
    drawing.text("s", Anchor::Start, RIGHT + 8.0, y + 4.0, &figure(value));
}

fn disc(x: f64, y: f64) -> String {
    format!("M{:.1} {y:.1} a4.5 4.5 0 1 0 9 0 a4.5 4.5 0 1 0 -9 0 Z", x - 4.5)
}
