//! Cost by day of a calendar: what forecasts and anomaly detection look at. Sums are exact; what is made of them is statistics, and from
//! here on in floating point. A day without rows between others cost nothing, and that is a figure, too.

use super::costs::Cost;
use super::error::Error;
use super::money;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;

/// Days without a gap.
#[derive(Clone, Debug, PartialEq)]
pub struct Daily {
    /// The first of them.
    pub first: Date,
    /// US dollars, one for each day.
    pub usd: Vec<Decimal>,
}

impl Daily {
    /// All days before `until`, from the first that has a row.
    ///
    /// # Errors
    /// Figures that do not fit.
    pub fn of<'a>(
        costs: impl IntoIterator<Item = &'a Cost>,
        until: Date,
        zone: &TimeZone,
    ) -> Result<Option<Self>, Error> {
        let mut days = BTreeMap::<Date, Decimal>::new();
        for cost in costs {
            let day = cost.start.to_zoned(zone.clone()).date();
            if day < until {
                let sum = days.entry(day).or_default();
                *sum = money::plus(*sum, cost.billed)
                    .ok_or_else(|| Error::TooLarge { what: format!("the cost of {day}") })?;
            }
        }
        let Some(first) = days.keys().next().copied() else { return Ok(None) };
        let all = first.series(jiff::Span::new().days(1)).take_while(|day| *day < until);
        Ok(Some(Self { first, usd: all.map(|day| days.get(&day).copied().unwrap_or_default()).collect() }))
    }

    /// As floating point, for statistics.
    pub fn values(&self) -> Vec<f64> {
        self.usd.iter().map(|usd| usd.to_f64().unwrap_or(f64::NAN)).collect()
    }

    /// The day with this number, from 0.
    pub fn day(&self, index: usize) -> Date {
        let days = i64::try_from(index).unwrap_or(i64::MAX);
        self.first.checked_add(jiff::Span::new().days(days.min(1_000_000))).unwrap_or(Date::MAX)
    }

    /// Its weekday, Monday being 0.
    pub fn weekday(&self, index: usize) -> usize {
        (usize::try_from(self.first.weekday().to_monday_zero_offset()).unwrap_or(0) + index) % 7
    }
}
