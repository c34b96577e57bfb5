//! Calibration and power as people read them: tables in Markdown, curves as SVG.

use super::calibration::Rate;
use super::power::{Point, SHIFTS, SIZES};
use mod_106::charts::{Caption, Curve, lines};
use mod_106::documents::percent;
use std::fmt::Write;

/// A row for each decision and each null hypothesis.
pub fn calibration_table(rates: &[Rate]) -> String {
    let mut table = String::from(
        "| Decision | Data without drift | Runs | Chance ruled out | Called drift | Inconclusive | Allowed | |\n|---|---|---|---|---|---|---|---|\n",
    );
    for rate in rates {
        let share = |count: u32| percent(f64::from(count) / f64::from(rate.runs));
        let (low, high) = (rate.nominal - rate.allowance(), rate.nominal + rate.allowance());
        let allowed = if rate.two_sided {
            format!("{} to {}", percent(low), percent(high))
        } else {
            format!("at most {}", percent(high))
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {allowed} | {} |",
            rate.decision,
            rate.data,
            rate.runs,
            share(rate.significant),
            share(rate.drift),
            share(rate.inconclusive),
            if rate.holds() { "**holds**" } else { "**violated**" },
        );
    }
    table
}

/// A row for each method, a column for each shift: how often it was called drift, and in brackets how often chance alone was ruled out.
pub fn power_table(points: &[Point]) -> String {
    let mut table = String::from("| Method |");
    SHIFTS.iter().for_each(|shift| table.push_str(&format!(" {shift} σ |")));
    table.push_str("\n|---|");
    SHIFTS.iter().for_each(|_| table.push_str("---|"));
    table.push('\n');
    for points in points.chunk_by(|a, b| a.method == b.method) {
        let _ = write!(table, "| {} |", points[0].method.title());
        for point in points {
            let share = |count: u32| percent(f64::from(count) / f64::from(point.runs));
            let _ = write!(table, " {} ({}) |", share(point.drift), share(point.significant));
        }
        table.push('\n');
    }
    table
}

/// A curve for each method.
pub fn power_chart(points: &[Point]) -> String {
    let curves: Vec<Curve> = points
        .chunk_by(|a, b| a.method == b.method)
        .map(|points| Curve {
            label: points[0].method.word().to_owned(),
            points: points.iter().map(|point| (point.shift, f64::from(point.drift) / f64::from(point.runs))).collect(),
        })
        .collect();
    let (m, n) = SIZES;
    let description = format!(
        "The share of runs that were called drift, over the shift in standard deviations; {m} normal values of the reference and {n} of the \
         current data, least effect 0.1, significance 5 %."
    );
    let caption = Caption { id: "power", title: "How often a shift is called drift", description: &description };
    lines(&caption, "shift in standard deviations", Some(0.8), &curves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Method;

    #[test]
    fn figures_are_what_they_were() {
        let rate = |drift, significant, two_sided| Rate {
            decision: "Kolmogorov–Smirnov".into(),
            data: "normal".into(),
            runs: 10_000,
            significant,
            drift,
            inconclusive: 12,
            nominal: 0.05,
            two_sided,
        };
        insta::assert_snapshot!(
            "calibration",
            calibration_table(&[rate(10, 520, true), rate(10, 20, true), rate(10, 20, false), rate(600, 600, false)])
        );
        let point = |method, shift, drift| Point { method, shift, runs: 100, significant: 100, drift, inconclusive: 0 };
        let points = [
            point(Method::Ks, 0.0, 0),
            point(Method::Ks, 0.5, 90),
            point(Method::Psi, 0.0, 1),
            point(Method::Psi, 0.5, 100),
        ];
        insta::assert_snapshot!("power", power_chart(&points));
    }
}
