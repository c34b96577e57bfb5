//! Curves over time as inline SVG: without scripts, in light and dark, each curve told apart by its dash as well as by its colour.

use super::panel::{Threshold, Unit};
use crate::slo::prometheus::Series;
use jiff::Timestamp;
use mod_106::documents::html;
use std::fmt::Write;

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = WIDTH - 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = HEIGHT - 26.0;
/// More curves than this nobody tells apart; the rest is named in the table below.
pub(super) const MOST: usize = 8;
/// The page's own, so that they can be told from its ground in light and in dark.
const COLOURS: [&str; 4] = ["var(--link)", "var(--wait)", "var(--good)", "var(--fourth)"];
const DASHES: [&str; 2] = ["", "6 4"];

/// The colour and dash of a curve.
pub(super) fn style(index: usize) -> String {
    let dash = DASHES[index / COLOURS.len() % DASHES.len()];
    format!(
        "stroke:{};stroke-dasharray:{}",
        COLOURS[index % COLOURS.len()],
        if dash.is_empty() { "none" } else { dash }
    )
}

/// Draws curves; what is not finite is a gap, not a zero.
pub(super) fn lines(
    title: &str,
    description: &str,
    unit: Unit,
    threshold: Option<Threshold>,
    series: &[Series],
) -> String {
    let shown = &series[..series.len().min(MOST)];
    let limit = threshold.map(|(Threshold::Above(value) | Threshold::Below(value))| value);
    let finite = || shown.iter().flat_map(|series| &series.points).filter(|(_, value)| value.is_finite());
    let (from, to) = ends(finite().map(|(time, _)| *time));
    let highest = finite().map(|(_, value)| *value).fold(0.0, f64::max);
    // A limit far above everything would press the curves flat.
    let highest = limit.filter(|limit| *limit <= highest * 3.0).map_or(highest, |limit| highest.max(limit));
    let lowest = finite().map(|(_, value)| *value).fold(0.0, f64::min);
    let highest = if highest > lowest { highest } else { lowest + 1.0 };
    let x = |time: f64| LEFT + (time - from) / (to - from).max(1.0) * (RIGHT - LEFT);
    let y = |value: f64| BOTTOM - (value - lowest) / (highest - lowest) * (BOTTOM - TOP);
    let mut body = String::new();
    // Writing to a string cannot fail.
    for place in 0..=4 {
        let value = lowest + (highest - lowest) * f64::from(place) / 4.0;
        let at = y(value);
        let _ = writeln!(body, r#"<line class="g" x1="{LEFT}" x2="{RIGHT}" y1="{at:.1}" y2="{at:.1}"/>"#);
        let _ = writeln!(
            body,
            r#"<text text-anchor="end" x="{:.1}" y="{:.1}">{}</text>"#,
            LEFT - 6.0,
            at + 4.0,
            html(&unit.shown(value))
        );
    }
    for place in 0..=3 {
        let time = from + (to - from) * f64::from(place) / 3.0;
        let anchor = ["start", "middle", "middle", "end"][place as usize];
        let _ = writeln!(
            body,
            r#"<text text-anchor="{anchor}" x="{:.1}" y="{:.1}">{}</text>"#,
            x(time),
            HEIGHT - 8.0,
            clock(time)
        );
    }
    if let Some(limit) = limit.filter(|limit| (lowest..=highest).contains(limit)) {
        let at = y(limit);
        let _ = writeln!(body, r#"<line class="x" x1="{LEFT}" x2="{RIGHT}" y1="{at:.1}" y2="{at:.1}"/>"#);
    }
    for (index, series) in shown.iter().enumerate() {
        let _ = writeln!(body, r#"<path style="{}" d="{}"/>"#, style(index), path(series, &x, &y));
    }
    format!(
        "<svg role=\"img\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" xmlns=\"http://www.w3.org/2000/svg\"><title>{}</title><desc>{}</desc>\n{body}</svg>\n",
        html(title),
        html(description)
    )
}

fn path(series: &Series, x: &impl Fn(f64) -> f64, y: &impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (time, value) in &series.points {
        if value.is_finite() {
            let _ = write!(path, "{}{:.1} {:.1}", if drawing { "L" } else { "M" }, x(*time), y(*value));
        }
        drawing = value.is_finite();
    }
    path
}

fn ends(times: impl Iterator<Item = f64>) -> (f64, f64) {
    let ends = times.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), time| (from.min(time), to.max(time)));
    if ends.0 <= ends.1 { ends } else { (0.0, 1.0) }
}

/// `14:05`, in UTC.
fn clock(seconds: f64) -> String {
    let time = Timestamp::from_second(seconds as i64).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::dashboards::panel::{Threshold, Unit};
    use crate::slo::prometheus::Series;

    #[test]
    fn a_gap_stays_a_gap_and_no_name_breaks_the_page() {
        let points = vec![(0.0, 1.0), (60.0, f64::NAN), (120.0, 3.0), (180.0, 2.0)];
        let series = [Series { labels: std::collections::BTreeMap::new(), points }];
        let svg = lines("<b>", "a & b", Unit::Number, Some(Threshold::Above(2.5)), &series);
        assert!(svg.contains("M74.0 122.7M474.0 10.0L672.0 66.3") || svg.matches('M').count() == 2, "{svg}");
        assert!(svg.contains("&lt;b&gt;") && svg.contains("class=\"x\"") && !svg.contains("NaN"), "{svg}");
        // Nothing at all is an empty frame.
        assert!(lines("t", "d", Unit::Share, None, &[]).contains("<svg"));
    }
}
