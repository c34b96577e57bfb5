//! Curves over a common axis, each told apart by its dashes and by a name at its end, not by colour alone.

use super::axis::{Axis, figure};
use super::svg::{Anchor, Caption, Drawing, WIDTH, fitting};

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What it is of.
    pub label: String,
    /// Where it goes, from left to right; shares between 0 and 1 upwards.
    pub points: Vec<(f64, f64)>,
}

const LEFT: f64 = 46.0;
const RIGHT: f64 = WIDTH - 190.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 234.0;
/// Between two names.
const LINE: f64 = 15.0;

/// Draws shares over a quantity; `across` is the quantity's name, and a dashed line marks `level`.
#[must_use]
pub fn lines(caption: &Caption<'_>, across: &str, level: Option<f64>, curves: &[Curve]) -> String {
    let mut drawing = Drawing::new();
    let all = || curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.0));
    let (from, to) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let (from, to) = if from < to { (from, to) } else { (0.0, 1.0) };
    let x = Axis { from, to, start: LEFT, end: RIGHT };
    let y = Axis { from: 0.0, to: 1.0, start: BOTTOM, end: TOP };
    for tick in y.ticks(4) {
        drawing.line("l", (LEFT, y.at(tick)), (RIGHT, y.at(tick)));
        drawing.text("s", Anchor::End, LEFT - 6.0, y.at(tick) + 4.0, &figure(tick));
    }
    for tick in x.ticks(5) {
        drawing.text("s", Anchor::Middle, x.at(tick), BOTTOM + 18.0, &figure(tick));
    }
    drawing.line("a", (LEFT, BOTTOM), (RIGHT, BOTTOM));
    drawing.text("s", Anchor::Middle, f64::midpoint(LEFT, RIGHT), BOTTOM + 36.0, across);
    if let Some(level) = level {
        drawing.line("idle", (LEFT, y.at(level)), (RIGHT, y.at(level)));
    }
    for (place, curve) in curves.iter().enumerate() {
        let path: Vec<String> =
            curve.points.iter().map(|(at, share)| format!("{:.1} {:.1}", x.at(*at), y.at(*share))).collect();
        drawing.dashed("c", place, &format!("M{}", path.join(" L")));
        let line = TOP + 8.0 + place as f64 * LINE;
        drawing.dashed("c", place, &format!("M{:.1} {line:.1} h26", RIGHT + 12.0));
        drawing.text("t", Anchor::Start, RIGHT + 44.0, line + 4.0, &fitting(&curve.label, WIDTH - RIGHT - 46.0));
    }
    let names = TOP + 8.0 + curves.len() as f64 * LINE;
    drawing.finish(caption, names.max(BOTTOM + 46.0))
}
