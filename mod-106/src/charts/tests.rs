//! Snapshots of small charts; and that nothing odd breaks one.

use super::*;

const CAPTION: Caption<'_> = Caption { id: "c", title: "amount <now>", description: "It moved." };

fn pair(reference: f64, current: f64) -> Pair {
    Pair { reference, current }
}

#[test]
fn charts_are_what_they_were() {
    let edges = [f64::NEG_INFINITY, 0.5, 1234.0, f64::INFINITY];
    let bins = [pair(0.3, 0.1), pair(0.4, 0.2), pair(0.3, 0.6)];
    insta::assert_snapshot!("histogram", histogram(&CAPTION, &edges, &bins, Some(pair(0.0, 0.1))));
    insta::assert_snapshot!("bars", bars(&CAPTION, &[("basic & co", pair(0.75, 0.5)), ("new", pair(0.0, 0.5))]));
    let row = |mark, value, interval| Row { label: "all".into(), value, interval, min: Some(0.8), max: None, mark };
    let rows = [
        row(Mark::Good, Some(0.9), Some((0.85, 0.94))),
        row(Mark::Bad, Some(0.6), None),
        row(Mark::Unclear, Some(0.8), Some((0.7, 0.9))),
        row(Mark::Plain, None, None),
    ];
    insta::assert_snapshot!("intervals", intervals(&CAPTION, &rows, None));
}

#[test]
fn empty_constant_and_huge_data_are_drawn_with_finite_numbers() {
    let nothing = [histogram(&CAPTION, &[], &[], None), bars(&CAPTION, &[]), intervals(&CAPTION, &[], Some(0.0))];
    let zero = histogram(&CAPTION, &[1.0, 1.0], &[pair(0.0, 0.0)], None);
    let huge = Row {
        label: "x".repeat(500),
        value: Some(1e300),
        interval: Some((-1e300, 1e300)),
        min: None,
        max: None,
        mark: Mark::Plain,
    };
    let huge = intervals(&CAPTION, &[huge], None);
    for chart in nothing.iter().chain([&zero, &huge]) {
        assert!(!chart.contains("NaN") && !chart.contains("inf") && !chart.contains("\"-"), "{chart}");
        assert!(chart.ends_with("</svg>\n") && chart.contains("<title") && chart.contains("<desc"));
    }
    assert!(huge.contains("xxx…"));
}
