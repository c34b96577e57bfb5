//! Values that follow each other, or the clock. Where a spec says so (`dependence:`), columns of numbers are read in the order of their
//! time and judged by exchanging blocks of them, or the same hour of other weeks (`decision::dependence`), in place of single values:
//! tests of independent values call every slow wave a drift, and every Saturday.
//!
//! It costs a permutation test a column, and the rows of these columns in memory.

use super::error::Error;
use super::input::{Data, Table};
use super::measure::Shape;
use super::pairs::Pair;
use super::spec::{DependenceKind, DependenceSpec, Spec};
use crate::decision::dependence::{Cell, HOURS_OF_WEEK, autocorrelated, hour_of_week};
use crate::decision::{Evidence, Method};
use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimestampMicrosecondType};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mod_106::validation::read::{Kind, Watch};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// A permutation test looks at up to 9,999 arrangements of so many values a side; of more, each second, third, … is taken.
const MOST_VALUES: usize = 20_000;
/// A quarter of an hour in microseconds: every zone's offset is a multiple of it.
const QUARTER_US: i64 = 900_000_000;
/// The same data have the same verdict.
const SEED: u64 = 553;

/// Columns of numbers in the order of their rows' times.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Microseconds since 1970; empty where no column says them.
    times: Vec<i64>,
    columns: BTreeMap<String, Vec<f64>>,
}

impl Series {
    /// Reads columns of a table; what is no number there is left out.
    ///
    /// # Errors
    /// A column of times that is not there or holds none, and data that cannot be read.
    pub fn read(
        table: &Table,
        dependence: &DependenceSpec,
        names: &[String],
        watch: &(dyn Watch + Sync),
    ) -> Result<Self, Error> {
        let source = &table.source;
        let is_number = |place: &usize| matches!(source.fields[*place].kind, Kind::Integer | Kind::Float);
        let time = dependence.time.as_deref().map(|name| time_column(table, name)).transpose()?;
        let known: Vec<(&String, usize)> =
            names.iter().filter_map(|name| Some((name, source.column(name).filter(is_number)?))).collect();
        let places: Vec<usize> = time.into_iter().chain(known.iter().map(|(_, place)| *place)).collect();
        let mut times: Vec<Option<i64>> = Vec::new();
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); known.len()];
        let refused = |error: arrow::error::ArrowError| mod_106::validation::Error::Data {
            at: table.given.clone(),
            found: error.to_string(),
            advice: "write the file again".to_owned(),
        };
        source.scan(&places, watch, &mut |arrays| {
            let (first, rest) = arrays.split_at(usize::from(time.is_some()));
            for array in first {
                times.extend(array.as_primitive::<TimestampMicrosecondType>().iter());
            }
            for (column, array) in columns.iter_mut().zip(rest) {
                let numbers = cast(array, &DataType::Float64).map_err(refused)?;
                column.extend(numbers.as_primitive::<Float64Type>().iter().map(|it| it.unwrap_or(f64::NAN)));
            }
            Ok(())
        })?;
        // Rows without a time have no place in an order.
        let mut order: Vec<(i64, usize)> =
            times.iter().enumerate().filter_map(|(row, time)| Some(((*time)?, row))).collect();
        order.sort_by_key(|(time, _)| *time);
        let arranged = |column: Vec<f64>| match time {
            Some(_) => order.iter().map(|(_, row)| column[*row]).collect(),
            None => column,
        };
        let columns = known.iter().zip(columns).map(|((name, _), column)| ((*name).clone(), arranged(column)));
        Ok(Self { columns: columns.collect(), times: order.iter().map(|(time, _)| *time).collect() })
    }

    /// The same columns by other names.
    #[must_use]
    pub fn named(self, name: impl Fn(&str) -> String) -> Self {
        Self { columns: self.columns.into_iter().map(|(known, column)| (name(&known), column)).collect(), ..self }
    }

    /// A column of it, with times where they are known.
    pub(super) fn column(&self, name: &str) -> Option<Ordered<'_>> {
        Some(Ordered { times: &self.times, values: self.columns.get(name)? })
    }
}

/// Values of one column in the order of their times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ordered<'a> {
    times: &'a [i64],
    values: &'a [f64],
}

/// Values of one column of a window, evenly thinned when there are many.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    seen: u64,
    /// Every so many values one is kept, to the power of two.
    halvings: u32,
    values: Vec<(i64, f64)>,
}

impl Kept {
    /// So many of a window at most.
    const MOST: usize = 8_192;

    pub(super) fn take(&mut self, time_us: i64, value: f64) {
        if self.seen.is_multiple_of(1 << self.halvings) {
            self.values.push((time_us, value));
            if self.values.len() == Self::MOST {
                let mut place = 0;
                self.values.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.halvings += 1;
            }
        }
        self.seen += 1;
    }

    /// In order: times, and values.
    pub(super) fn sorted(&self) -> (Vec<i64>, Vec<f64>) {
        let mut values = self.values.clone();
        values.sort_by_key(|(time, _)| *time);
        values.into_iter().unzip()
    }
}

/// What a service compares its windows with: the reference's columns of numbers in order; nothing, where nobody asks for it.
///
/// # Errors
/// A profile, a column of times that is not there, and data that cannot be read.
pub fn history(spec: &Spec, reference: &Data, watch: &(dyn Watch + Sync)) -> Result<Option<Series>, Error> {
    match (&spec.dependence, reference) {
        (None, _) => Ok(None),
        (Some(_), Data::Profile { given, .. }) => Err(without_order(given)),
        (Some(dependence), Data::Table(table)) => {
            let names: Vec<String> = table.source.fields.iter().map(|field| field.name.clone()).collect();
            Series::read(table, dependence, &names, watch).map(Some)
        }
    }
}

fn without_order(given: &str) -> Error {
    Error::spec(
        given,
        "a profile does not say in which order its values came, and `dependence` asks for it",
        "give the data themselves, or take `dependence` out",
    )
}

/// Evidence of every column of numbers, of two tables.
pub(super) fn evidence(
    spec: &Spec,
    pairs: &[Pair],
    (reference, current): (&Data, &Data),
    watch: &(dyn Watch + Sync),
) -> Result<BTreeMap<String, Evidence>, Error> {
    let Some(dependence) = &spec.dependence else { return Ok(BTreeMap::new()) };
    let (Data::Table(left), Data::Table(right)) = (reference, current) else {
        let profile = [reference, current].into_iter().find(|data| matches!(data, Data::Profile { .. }));
        return Err(without_order(profile.map_or("", Data::given)));
    };
    let numbers = pairs.iter().filter(|pair| pair.shape == Shape::Numbers);
    let names: Vec<String> = numbers.map(|pair| pair.name.clone()).collect();
    let (left, right) =
        (Series::read(left, dependence, &names, watch)?, Series::read(right, dependence, &names, watch)?);
    let both = names.iter().filter_map(|name| Some((name, left.column(name)?, right.column(name)?)));
    Ok(both
        .map(|(name, left, right)| (name.clone(), of_column(spec, dependence, name, left, right, pairs.len())))
        .collect())
}

/// Evidence of one column.
pub(super) fn of_column(
    spec: &Spec,
    dependence: &DependenceSpec,
    name: &str,
    reference: Ordered<'_>,
    current: Ordered<'_>,
    tests: usize,
) -> Evidence {
    let effect = spec.of_column(name).and_then(|own| own.effect).unwrap_or(spec.effect);
    let question = spec.policy.question(Method::Ks, effect, tests);
    match dependence.kind {
        DependenceKind::Autocorrelated => {
            // One stride for both sides: a thinned series remembers less.
            let stride = reference.values.len().max(current.values.len()).div_ceil(MOST_VALUES).max(1);
            let thinned = |side: Ordered<'_>| side.values.iter().step_by(stride).copied().collect::<Vec<f64>>();
            autocorrelated(name, &thinned(reference), &thinned(current), &question, SEED)
        }
        DependenceKind::HourOfWeek => {
            let zone = dependence.time_zone().unwrap_or(TimeZone::UTC);
            hour_of_week(name, &cells(reference, &zone), &cells(current, &zone), &question, SEED)
        }
    }
}

/// The values of each hour of each week.
fn cells(side: Ordered<'_>, zone: &TimeZone) -> Vec<Cell> {
    let mut by_quarter: HashMap<i64, (jiff::civil::Date, i8)> = HashMap::new();
    let mut hours: BTreeMap<(jiff::civil::Date, i8), Vec<f64>> = BTreeMap::new();
    for (time, value) in side.times.iter().zip(side.values).filter(|(_, value)| !value.is_nan()) {
        let quarter = time.div_euclid(QUARTER_US);
        let hour = by_quarter.entry(quarter).or_insert_with(|| {
            let time = Timestamp::from_microsecond(*time).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
            (time.date(), time.hour())
        });
        hours.entry(*hour).or_default().push(*value);
    }
    let most = (MOST_VALUES / hours.len().max(1)).max(4);
    hours
        .into_iter()
        .map(|((date, hour), values)| {
            let day = date.weekday().to_monday_zero_offset();
            let hour_of_week = u16::try_from(i32::from(day) * 24 + i32::from(hour)).unwrap_or(0) % HOURS_OF_WEEK;
            let stride = values.len().div_ceil(most).max(1);
            Cell { hour_of_week, values: values.into_iter().step_by(stride).collect() }
        })
        .collect()
}

fn time_column(table: &Table, name: &str) -> Result<usize, Error> {
    let source = &table.source;
    let refuse = |found: String, advice: &str| Err(Error::spec(&table.given, found, advice));
    match source.column(name) {
        None => {
            refuse(format!("there is no column `{name}`, which `dependence.time` names"), "name the column of times")
        }
        Some(place) if source.fields[place].kind == Kind::Timestamp => Ok(place),
        Some(place) => refuse(
            format!("`{name}`, which `dependence.time` names, holds {}", source.fields[place].kind.word()),
            "times are written as RFC 3339 says: 2026-01-02T03:04:05Z",
        ),
    }
}

/// A window's values beside the reference's, for each column that both have.
pub(super) fn of_window(
    spec: &Spec,
    history: &Series,
    window: &BTreeMap<String, Kept>,
    tests: usize,
) -> BTreeMap<String, Evidence> {
    let Some(dependence) = &spec.dependence else { return BTreeMap::new() };
    let judged = window.iter().filter_map(|(name, kept)| {
        let (times, values) = kept.sorted();
        let current = Ordered { times: &times, values: &values };
        Some((name.clone(), of_column(spec, dependence, name, history.column(name)?, current, tests)))
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::{Kept, Ordered, cells};
    use jiff::tz::TimeZone;

    #[test]
    fn hours_are_those_of_the_zone() {
        // 2026-01-05 is a Monday; 23:30 in UTC is Tuesday 00:30 in Berlin.
        let time: jiff::Timestamp = "2026-01-05T23:30:00Z".parse().unwrap();
        let times = [time.as_microsecond(), time.as_microsecond() + 1];
        let side = Ordered { times: &times, values: &[1.0, f64::NAN] };
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let found: Vec<(u16, usize)> = [TimeZone::UTC, berlin]
            .iter()
            .map(|zone| (cells(side, zone)[0].hour_of_week, cells(side, zone)[0].values.len()))
            .collect();
        assert_eq!(found, [(23, 1), (24, 1)]);
    }

    #[test]
    fn a_long_window_is_thinned_evenly() {
        let mut kept = Kept::default();
        (0..100_000).for_each(|place| kept.take(place, place as f64));
        let (times, _) = kept.sorted();
        assert!(times.len() < Kept::MOST && times.len() >= Kept::MOST / 2, "{}", times.len());
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == times[1] - times[0]));
        assert!(*times.last().unwrap() > 99_000);
    }
}
