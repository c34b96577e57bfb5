//! Small charts as inline SVG: for reports that are one file, without scripts, in light and dark.
//!
//! | Room | What it draws |
//! |---|---|
//! | `histogram` | two distributions of a number over each other |
//! | `bars` | two distributions over categories, side by side |
//! | `intervals` | values with their confidence intervals, beside what they had to be |
//! | `lines` | shares over a quantity, a curve each |
//! | `svg` | the frame of each: title, description, colours, text |
//! | `axis` | round numbers along an axis |
//!
//! The two sides of a comparison differ by shape, never by colour alone: the reference is a filled area, the current data an
//! outline. Each chart has a title and a description that says in words what it shows.

mod axis;
mod bars;
mod histogram;
mod intervals;
mod lines;
mod svg;

pub use bars::bars;
pub use histogram::{Pair, histogram};
pub use intervals::{Mark, Row, intervals};
pub use lines::{Curve, lines};
pub use svg::Caption;

#[cfg(test)]
mod tests;
