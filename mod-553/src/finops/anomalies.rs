//! Is this day's cost strange? The day is compared with the median of the same weekday in the eight weeks before, in units of the median
//! absolute deviation, so that neither a weekend nor last month's spike decides. A day is an anomaly when it is both far off and worth
//! somebody's time. With less than three such weekdays the answer is inconclusive.

use super::costs::Cost;
use super::daily::Daily;
use super::error::Error;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeSet;

/// So many weeks are looked back on.
const WEEKS: usize = 8;
/// Less weekdays than this say nothing.
const LEAST: usize = 3;
/// A normal distribution's standard deviation by its median absolute deviation.
const SIGMA: f64 = 1.4826;
/// Days that never differ are not infinitely strange when one does: at least two percent of the median count as noise.
const FLOOR: f64 = 0.02;

/// What counts as strange.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// So many deviations off.
    pub deviations: f64,
    /// And so large a part of what was expected.
    pub share: f64,
    /// And so many US dollars.
    pub usd: f64,
}

/// What is said of one series on one day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// `total`, `model:NAME` or `tenant:NAME`.
    pub series: String,
    /// Which day.
    pub day: Date,
    /// What it cost, in US dollars.
    pub cost_usd: f64,
    /// What such days cost.
    pub expected_usd: Option<f64>,
    /// How far off, in deviations.
    pub deviations: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// In one sentence.
    pub why: String,
}

/// Strange or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As such days are.
    Normal,
    /// Far off, and worth a look.
    Anomaly,
    /// Too few days to tell.
    Inconclusive,
}

/// Looks at everything, each model and each tenant.
///
/// # Errors
/// Figures that do not fit.
pub fn find(costs: &[Cost], day: Date, zone: &TimeZone, limits: Limits) -> Result<Vec<Finding>, Error> {
    let models: BTreeSet<_> = costs.iter().filter_map(|cost| cost.model.as_ref()).collect();
    let tenants: BTreeSet<_> = costs.iter().filter_map(|cost| cost.tenant.as_ref()).collect();
    let mut findings = vec![judge("total".to_owned(), costs.iter(), day, zone, limits)?];
    for model in models {
        let mine = costs.iter().filter(|cost| cost.model.as_ref() == Some(model));
        findings.push(judge(format!("model:{model}"), mine, day, zone, limits)?);
    }
    for tenant in tenants {
        let mine = costs.iter().filter(|cost| cost.tenant.as_ref() == Some(tenant));
        findings.push(judge(format!("tenant:{tenant}"), mine, day, zone, limits)?);
    }
    Ok(findings)
}

fn judge<'a>(
    series: String,
    costs: impl Iterator<Item = &'a Cost>,
    day: Date,
    zone: &TimeZone,
    limits: Limits,
) -> Result<Finding, Error> {
    let after = day.tomorrow().map_err(|_| Error::Input(format!("{day} is the calendar's last day")))?;
    let daily = Daily::of(costs, after, zone)?;
    let inconclusive = |cost_usd: f64, weekdays: usize| Finding {
        series: series.clone(),
        day,
        cost_usd,
        expected_usd: None,
        deviations: None,
        verdict: Verdict::Inconclusive,
        why: format!("{weekdays} earlier days of this weekday; it takes {LEAST} to say what is usual"),
    };
    let Some(daily) = daily else { return Ok(inconclusive(0.0, 0)) };
    let values = daily.values();
    let Some((cost, before)) = values.split_last() else { return Ok(inconclusive(0.0, 0)) };
    let same =
        |index: usize| before[..index].iter().rev().skip(6).step_by(7).take(WEEKS).copied().collect::<Vec<f64>>();
    let weekdays = same(before.len());
    if weekdays.len() < LEAST {
        return Ok(inconclusive(*cost, weekdays.len()));
    }
    let expected = median(weekdays.clone());
    // How far days usually are from the median of their own weekday.
    let from = before.len().saturating_sub(7 * WEEKS);
    let residuals: Vec<f64> = (from..before.len())
        .filter_map(|index| {
            let peers: Vec<f64> =
                (from..before.len()).filter(|other| other % 7 == index % 7).map(|other| before[other]).collect();
            (peers.len() >= LEAST).then(|| (before[index] - median(peers)).abs())
        })
        .collect();
    let count = weekdays.len() as f64;
    // A median of few values is itself uncertain: π/2n of their variance.
    let uncertain = (1.0 + std::f64::consts::FRAC_PI_2 / count).sqrt();
    // The deviations of few values from their own median are too small.
    let shrunk = (count / (count - 1.0)).sqrt();
    let scale = (SIGMA * median(residuals) * shrunk * uncertain).max(FLOOR * expected).max(1e-9);
    let (off, deviations) = (cost - expected, (cost - expected) / scale);
    let strange = deviations.abs() > limits.deviations && off.abs() > limits.share * expected && off.abs() > limits.usd;
    let weekday =
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][daily.weekday(before.len())];
    let times = if expected > 0.0 { format!(", {:.2} times that", cost / expected) } else { String::new() };
    let why = format!(
        "${cost:.2} on a {weekday}, where ${expected:.2} is usual (the median of {count}){times}: {:.1} deviations {}",
        deviations.abs(),
        if off < 0.0 { "below" } else { "above" }
    );
    let verdict = if strange { Verdict::Anomaly } else { Verdict::Normal };
    Ok(Finding {
        series,
        day,
        cost_usd: *cost,
        expected_usd: Some(expected),
        deviations: Some(deviations),
        verdict,
        why,
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Verdict, find};
    use crate::finops::costs::Cost;
    use jiff::civil::Date;
    use jiff::tz::TimeZone;
    use rust_decimal::Decimal;
    use rust_decimal::prelude::FromPrimitive;

    const LIMITS: Limits = Limits { deviations: 5.0, share: 0.2, usd: 1.0 };

    fn verdict(values: &[f64]) -> Verdict {
        let first: Date = "2026-01-05".parse().unwrap();
        let costs: Vec<Cost> = (0..)
            .zip(values)
            .map(|(index, value)| {
                let start = first
                    .checked_add(jiff::Span::new().days(index))
                    .unwrap()
                    .to_zoned(TimeZone::UTC)
                    .unwrap()
                    .timestamp();
                let billed = Decimal::from_f64(*value).unwrap();
                Cost { start, end: start, billed, quantity: None, unit: None, meter: None, model: None, tenant: None }
            })
            .collect();
        let day = first.checked_add(jiff::Span::new().days(values.len() as i64 - 1)).unwrap();
        find(&costs, day, &TimeZone::UTC, LIMITS).unwrap()[0].verdict
    }

    fn normal(rng: &mut fastrand::Rng) -> f64 {
        (-2.0 * rng.f64().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
    }

    fn days(rng: &mut fastrand::Rng, count: usize) -> Vec<f64> {
        (0..count).map(|day| if day % 7 > 4 { 30.0 } else { 100.0 } + 4.0 * normal(rng)).collect()
    }

    #[test]
    fn a_weekend_is_no_anomaly_and_a_spike_is_one() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut values = days(&mut rng, 50);
        assert_eq!(verdict(&values[..49]), Verdict::Normal);
        values[49] = 190.0;
        assert_eq!(verdict(&values), Verdict::Anomaly);
        // Last month's spike does not hide this one.
        values[28] = 5_000.0;
        assert_eq!(verdict(&values), Verdict::Anomaly);
    }

    #[test]
    fn two_weeks_say_nothing() {
        assert_eq!(verdict(&[10.0; 15]), Verdict::Inconclusive);
        assert_eq!(verdict(&[10.0; 22]), Verdict::Normal);
    }

    #[test]
    fn ordinary_days_are_hardly_ever_strange() {
        let mut rng = fastrand::Rng::with_seed(11);
        for skewed in [false, true] {
            let false_alarms = (0..1_000).filter(|_| {
                let mut values = days(&mut rng, 50);
                if skewed {
                    values.iter_mut().for_each(|value| *value *= (0.2 * normal(&mut rng)).exp());
                }
                verdict(&values) == Verdict::Anomaly
            });
            let count = false_alarms.count();
            assert!(count <= 10, "{count} of 1000, skewed: {skewed}");
        }
    }
}
