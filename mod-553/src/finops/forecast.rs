//! What the coming days will cost, with an interval. A regression on weekday and a linear trend, and a bootstrap of its residuals
//! (Davison and Hinkley, "Bootstrap Methods and their Application", 1997, 6.3.3): each draw refits the model to resampled residuals,
//! scaled for leverage, and adds a new residual to each coming day, so that both the noise and what the fit does not know are in the
//! interval. The tempting wrong choice is the fitted line alone: a figure without an interval is a promise.

use super::daily::Daily;
use super::error::Error;
use jiff::civil::Date;
use serde::Serialize;

/// Three weeks, so that each weekday was seen three times.
pub const LEAST_DAYS: usize = 21;
/// Seven weekdays and a slope.
const TERMS: usize = 8;
const DRAWS: usize = 1_000;

/// What is to come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// How it was made.
    pub method: &'static str,
    /// From so many days.
    pub days_used: usize,
    /// How sure the intervals are.
    pub level: f64,
    /// All days together.
    pub total: Interval,
    /// Day by day.
    pub days: Vec<Day>,
}

/// One day of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Day {
    /// Which.
    pub day: Date,
    /// US dollars.
    #[serde(flatten)]
    pub usd: Interval,
}

/// A figure, and where it will lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// What is expected.
    pub estimate: f64,
    /// As little as that.
    pub low: f64,
    /// As much as that.
    pub high: f64,
}

/// Looks ahead.
///
/// # Errors
/// [`Error::Inconclusive`] with less than three weeks; a level outside 0 to 1.
pub fn forecast(daily: &Daily, horizon: usize, level: f64, seed: u64) -> Result<Forecast, Error> {
    let values = daily.values();
    let n = values.len();
    if n < LEAST_DAYS {
        return Err(Error::Inconclusive(format!(
            "{n} days of cost; a forecast needs {LEAST_DAYS}, so that each weekday was seen three times"
        )));
    }
    if !(level > 0.0 && level < 1.0) || horizon == 0 {
        return Err(Error::Input(format!(
            "level {level} and {horizon} days ahead; expected a level between 0 and 1, and a day or more"
        )));
    }
    let row = |index: usize| {
        let mut row = [0.0; TERMS];
        row[daily.weekday(index)] = 1.0;
        row[7] = (index as f64 - (n as f64 - 1.0) / 2.0) / n as f64;
        row
    };
    let rows: Vec<_> = (0..n).map(row).collect();
    let ahead: Vec<_> = (n..n + horizon).map(row).collect();
    // Three weeks hold each weekday, and three of each say something about the slope, so there is an inverse.
    let inverse =
        inverse(&rows).ok_or_else(|| Error::Inconclusive("the days do not tell weekday from trend".to_owned()))?;
    let fit = |values: &[f64]| -> [f64; TERMS] {
        let mut right = [0.0; TERMS];
        for (row, value) in rows.iter().zip(values) {
            right.iter_mut().zip(row).for_each(|(sum, term)| *sum += term * value);
        }
        inverse.map(|line| dot(&line, &right))
    };
    let weights = fit(&values);
    let fitted: Vec<f64> = rows.iter().map(|row| dot(row, &weights)).collect();
    let residuals: Vec<f64> = rows
        .iter()
        .zip(values.iter().zip(&fitted))
        .map(|(row, (value, fitted))| {
            let leverage = dot(row, &inverse.map(|line| dot(&line, row)));
            (value - fitted) / (1.0 - leverage).max(0.05).sqrt()
        })
        .collect();
    let mean = residuals.iter().sum::<f64>() / n as f64;
    let residuals: Vec<f64> = residuals.into_iter().map(|residual| residual - mean).collect();
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut draws = vec![Vec::with_capacity(DRAWS); horizon + 1];
    for _ in 0..DRAWS {
        let resampled: Vec<f64> = fitted.iter().map(|fitted| fitted + residuals[rng.usize(..n)]).collect();
        let again = fit(&resampled);
        let mut sum = 0.0;
        for (day, row) in ahead.iter().enumerate() {
            // What the fit misses, and what a new day adds: around the estimate, and on its other side.
            let miss = dot(row, &weights) - dot(row, &again) + residuals[rng.usize(..n)];
            let value = dot(row, &weights) + miss;
            draws[day].push(value);
            sum += value;
        }
        draws[horizon].push(sum);
    }
    let estimates: Vec<f64> = ahead.iter().map(|row| dot(row, &weights)).collect();
    let total = estimates.iter().sum();
    let mut intervals = draws
        .into_iter()
        .zip(estimates.into_iter().chain([total]))
        .map(|(draws, estimate)| interval(draws, estimate, level));
    let days =
        (n..n + horizon).zip(intervals.by_ref()).map(|(index, usd)| Day { day: daily.day(index), usd }).collect();
    let total = intervals.next().unwrap_or(Interval { estimate: 0.0, low: 0.0, high: 0.0 });
    Ok(Forecast { method: "weekday means and a linear trend; residual bootstrap", days_used: n, level, total, days })
}

/// Where the draws lie, cut to millionths of a dollar; nothing costs less than nothing.
fn interval(mut draws: Vec<f64>, estimate: f64, level: f64) -> Interval {
    draws.sort_by(f64::total_cmp);
    let at = |share: f64| draws[((draws.len() as f64 - 1.0) * share).round() as usize];
    let cut = |value: f64| (value.max(0.0) * 1e6).round() / 1e6;
    let tail = (1.0 - level) / 2.0;
    Interval { estimate: cut(estimate), low: cut(at(tail)), high: cut(at(1.0 - tail)) }
}

fn dot(left: &[f64; TERMS], right: &[f64; TERMS]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// (XᵀX)⁻¹ by Gauss and Jordan, with pivots; eight terms need nothing finer.
fn inverse(rows: &[[f64; TERMS]]) -> Option<[[f64; TERMS]; TERMS]> {
    let mut left = [[0.0; TERMS]; TERMS];
    for row in rows {
        for (i, line) in left.iter_mut().enumerate() {
            line.iter_mut().zip(row).for_each(|(sum, term)| *sum += row[i] * term);
        }
    }
    let mut right = [[0.0; TERMS]; TERMS];
    (0..TERMS).for_each(|i| right[i][i] = 1.0);
    for column in 0..TERMS {
        let pivot = (column..TERMS).max_by(|a, b| left[*a][column].abs().total_cmp(&left[*b][column].abs()))?;
        if left[pivot][column].abs() < 1e-12 {
            return None;
        }
        left.swap(column, pivot);
        right.swap(column, pivot);
        let scale = left[column][column];
        left[column].iter_mut().chain(right[column].iter_mut()).for_each(|value| *value /= scale);
        for line in (0..TERMS).filter(|line| *line != column) {
            let factor = left[line][column];
            for term in 0..TERMS {
                left[line][term] -= factor * left[column][term];
                right[line][term] -= factor * right[column][term];
            }
        }
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::forecast;
    use crate::finops::Error;
    use crate::finops::daily::Daily;
    use rust_decimal::Decimal;
    use rust_decimal::prelude::FromPrimitive;

    const SEASON: [f64; 7] = [100.0, 110.0, 105.0, 120.0, 115.0, 40.0, 35.0];

    fn daily(values: &[f64]) -> Daily {
        let usd = values.iter().map(|value| Decimal::from_f64(*value).unwrap().round_dp(6)).collect();
        Daily { first: "2026-01-01".parse().unwrap(), usd }
    }

    fn level(index: usize) -> f64 {
        SEASON[(index + 3) % 7] + 0.5 * index as f64
    }

    #[test]
    fn what_has_no_noise_is_foreseen_exactly() {
        let values: Vec<f64> = (0..42).map(level).collect();
        let seen = forecast(&daily(&values), 14, 0.9, 1).unwrap();
        let expected: f64 = (42..56).map(level).sum();
        assert!((seen.total.estimate - expected).abs() < 1e-3, "{seen:?}");
        assert_eq!(seen.days[0].day.to_string(), "2026-02-12");
    }

    #[test]
    fn too_few_days_are_inconclusive() {
        assert!(matches!(forecast(&daily(&[1.0; 20]), 7, 0.9, 1), Err(Error::Inconclusive(_))));
    }

    /// How often the interval holds what comes, over 120 simulated months: normal and skewed noise.
    #[test]
    fn intervals_hold_what_they_promise() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut uniform = move || rng.f64().max(1e-12);
        for skewed in [false, true] {
            let mut held = 0;
            for run in 0..120 {
                let mut value = |index: usize| {
                    let noise = if skewed {
                        -12.0 * uniform().ln() - 12.0
                    } else {
                        12.0 * (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
                    };
                    level(index) + noise
                };
                let past: Vec<f64> = (0..56).map(&mut value).collect();
                let coming: f64 = (56..70).map(&mut value).sum();
                let seen = forecast(&daily(&past), 14, 0.9, run).unwrap().total;
                held += usize::from(seen.low <= coming && coming <= seen.high);
            }
            // 108 of 120 are promised; three standard errors are 10.
            assert!((98..=118).contains(&held), "{held} of 120, skewed: {skewed}");
        }
    }
}
