//! Two distributions over categories: a row for each, the reference as a filled bar, the current data as an outlined one, and
//! both figures beside them.

use super::axis::Axis;
use super::histogram::Pair;
use super::svg::{Anchor, Caption, Drawing, WIDTH, fitting};
use crate::documents::percent;

const LEFT: f64 = 170.0;
const RIGHT: f64 = WIDTH - 130.0;
const TOP: f64 = 28.0;
const ROW: f64 = 30.0;

/// Draws a row for each category, in the order given.
#[must_use]
pub fn bars(caption: &Caption<'_>, rows: &[(&str, Pair)]) -> String {
    let mut drawing = Drawing::new();
    let largest = rows.iter().map(|(_, pair)| pair.larger()).fold(0.0, f64::max).max(1e-9);
    let shares = Axis { from: 0.0, to: largest, start: LEFT, end: RIGHT };
    drawing.legend(14.0);
    for (index, (label, pair)) in rows.iter().enumerate() {
        let y = TOP + index as f64 * ROW;
        drawing.text("t", Anchor::End, LEFT - 8.0, y + 18.0, &fitting(label, LEFT - 12.0));
        drawing.rectangle("r", LEFT, y + 3.0, shares.at(pair.reference) - LEFT, 10.0);
        drawing.rectangle("c", LEFT, y + 14.5, shares.at(pair.current) - LEFT, 9.0);
        let figures = format!("{} → {}", percent(pair.reference), percent(pair.current));
        drawing.text("s", Anchor::Start, shares.at(pair.larger()) + 8.0, y + 18.0, &figures);
    }
    let bottom = TOP + rows.len() as f64 * ROW;
    drawing.line("a", (LEFT, TOP), (LEFT, bottom));
    drawing.finish(caption, bottom + 6.0)
}
