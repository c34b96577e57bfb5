//! Two distributions of a number over each other: the reference filled, the current data as an outline.
//!
//! Bins are drawn equally wide whatever stretch they cover, with their edges written below: bins fixed on the reference's
//! quantiles make the reference flat, and every step of the outline away from it is a difference. The tempting wrong choice is
//! pooled equal-width bins, in which one outlier pushes all the rest into a single bar.

use super::axis::{Axis, figure};
use super::svg::{Anchor, Caption, Drawing, WIDTH};

/// Shares of both sides, each of its own whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Of the reference.
    pub reference: f64,
    /// Of the current data.
    pub current: f64,
}

impl Pair {
    pub(super) fn larger(self) -> f64 {
        self.reference.max(self.current)
    }
}

const LEFT: f64 = 46.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 176.0;
const HEIGHT: f64 = 200.0;
/// Between numbers and what is missing.
const GAP: f64 = 24.0;

/// Draws bins; `edges` are one more than bins, and open ends are infinite. `missing` stands apart.
#[must_use]
pub fn histogram(caption: &Caption<'_>, edges: &[f64], bins: &[Pair], missing: Option<Pair>) -> String {
    let mut drawing = Drawing::new();
    let highest = bins.iter().chain(&missing).map(|pair| pair.larger()).fold(0.0, f64::max).max(1e-9);
    let shares = Axis { from: 0.0, to: highest, start: BOTTOM, end: TOP };
    let columns = bins.len() + usize::from(missing.is_some());
    let width = (WIDTH - LEFT - 10.0 - if missing.is_some() { GAP } else { 0.0 }) / columns.max(1) as f64;
    // One bar across the page looks like a table's border.
    let width = width.min(120.0);
    drawing.legend(14.0);
    for tick in shares.ticks(4) {
        let y = shares.at(tick);
        drawing.line("l", (LEFT, y), (WIDTH - 10.0, y));
        drawing.text("s", Anchor::End, LEFT - 6.0, y + 4.0, &format!("{} %", figure(tick * 100.0)));
    }
    for (index, pair) in bins.iter().enumerate() {
        let y = shares.at(pair.reference);
        drawing.rectangle("r", LEFT + index as f64 * width + 1.0, y, width - 2.0, BOTTOM - y);
    }
    if !bins.is_empty() {
        drawing.path("c", &outline(bins, width, &shares));
    }
    drawing.line("a", (LEFT, BOTTOM), (WIDTH - 10.0, BOTTOM));
    // So many labels as fit: each needs some fifty pixels.
    let every = (52.0 / width).ceil().max(1.0) as usize;
    for (index, edge) in edges.iter().enumerate().filter(|(index, _)| index % every == 0) {
        let text = if edge.is_finite() { figure(*edge) } else { if *edge < 0.0 { "−∞" } else { "∞" }.to_owned() };
        drawing.text("s", Anchor::Middle, LEFT + index as f64 * width, BOTTOM + 17.0, &text);
    }
    if let Some(pair) = missing {
        let x = LEFT + bins.len() as f64 * width + GAP;
        let y = shares.at(pair.reference);
        drawing.rectangle("r", x + 1.0, y, width - 2.0, BOTTOM - y);
        let y = shares.at(pair.current);
        drawing.rectangle("c", x + 1.0, y, width - 2.0, BOTTOM - y);
        drawing.text("s", Anchor::Middle, x + width / 2.0, BOTTOM + 17.0, "missing");
    }
    drawing.finish(caption, HEIGHT)
}

fn outline(bins: &[Pair], width: f64, shares: &Axis) -> String {
    let mut path = format!("M{LEFT:.1} {BOTTOM:.1}");
    for (index, pair) in bins.iter().enumerate() {
        let right = LEFT + (index + 1) as f64 * width;
        path.push_str(&format!(" V{:.1} H{right:.1}", shares.at(pair.current)));
    }
    path.push_str(&format!(" V{BOTTOM:.1}"));
    path
}
