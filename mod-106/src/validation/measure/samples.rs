//! Columns collected for a comparison. Exact: every number, sorted, or every category, counted. Sketched, when that is wanted or a
//! column does not fit into memory: a KLL sketch of the numbers, the frequent ones of the categories; both mergeable, both with a
//! stated error.

use super::super::error::Error;
use super::facts::FactCount;
use super::{cell, each_number};
use crate::statistics::order;
use crate::validation::outcome::{Facts, Precision};
use crate::validation::read::{Source, Watch};
use arrow::array::{Array, ArrayRef, AsArray};
use datasketches::common::SearchCriteria;
use datasketches::frequencies::{ErrorType, FrequentItemsSketch};
use datasketches::kll::{KllFloat, KllSketch};
use std::collections::HashMap;

/// A sketch of about 23 KB with a rank error of about 0.3 %.
const KLL_K: u16 = 1000;
/// So many numbers stand for a sketched column: four times what it retains.
const STAND_INS: usize = 4096;
/// Counters of the frequent categories.
const FREQUENT_ITEMS: usize = 1 << 16;
/// Beyond so many different categories a column is sketched; it may then only be compared by its frequent ones.
const EXACT_CATEGORIES: usize = 1 << 20;

/// Whether a column is compared as numbers or as categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::validation) enum Shape {
    Numbers,
    Categories,
}

/// One column of one data set.
#[derive(Clone, Debug)]
pub(in crate::validation) struct Sample {
    pub(in crate::validation) facts: Facts,
    pub(in crate::validation) values: Values,
    /// How many values it has: all but nulls and NaN.
    pub(in crate::validation) n: u64,
    pub(in crate::validation) precision: Precision,
}

#[derive(Clone, Debug)]
pub(in crate::validation) enum Values {
    /// Sorted; of a sketched column, stand-ins at evenly spaced ranks.
    Numbers(Vec<f64>),
    /// Counts; of a sketched column, of the frequent ones only.
    Categories(HashMap<String, u64>),
}

impl Sample {
    /// In shares: how far a distribution function may be off at any value, or the count of a category.
    pub(in crate::validation) fn error(&self) -> f64 {
        if let Precision::Sketched { error, .. } = self.precision { error } else { 0.0 }
    }

    /// Rows without a value.
    pub(in crate::validation) fn missing(&self) -> u64 {
        self.facts.nulls + self.facts.nans
    }
}

/// Collects some columns of a data set in one pass.
pub(in crate::validation) fn collect(
    source: &Source,
    columns: &[(usize, Shape)],
    sketched: bool,
    scratch: &mut Vec<u64>,
    watch: &dyn Watch,
) -> Result<Vec<Sample>, Error> {
    let mut collectors: Vec<Collector> =
        columns.iter().map(|(_, shape)| Collector::new(*shape, sketched, source.rows)).collect();
    let indices: Vec<usize> = columns.iter().map(|(index, _)| *index).collect();
    source.scan(&indices, watch, &mut |arrays| {
        collectors.iter_mut().zip(arrays).for_each(|(collector, array)| collector.see(array));
        Ok(())
    })?;
    Ok(collectors.into_iter().map(|collector| collector.finish(scratch)).collect())
}

struct Collector {
    facts: FactCount,
    held: Held,
}

enum Held {
    Numbers(Vec<f64>),
    NumberSketch(Box<KllSketch<KllFloat<f64>>>),
    Categories(HashMap<String, u64>),
    CategorySketch(Box<FrequentItemsSketch<String>>),
}

impl Collector {
    fn new(shape: Shape, sketched: bool, rows: u64) -> Self {
        let held = match (shape, sketched) {
            (Shape::Numbers, false) => Held::Numbers(Vec::with_capacity(rows as usize)),
            (Shape::Numbers, true) => match KllSketch::new(KLL_K) {
                Ok(sketch) => Held::NumberSketch(Box::new(sketch)),
                // The only refused k are outside 8..=65535.
                Err(_) => Held::Numbers(Vec::new()),
            },
            (Shape::Categories, false) => Held::Categories(HashMap::new()),
            (Shape::Categories, true) => frequent_items(),
        };
        // What is held whole is counted whole.
        let facts = if sketched { FactCount::estimating() } else { FactCount::default() };
        Self { facts, held }
    }

    fn see(&mut self, array: &ArrayRef) {
        let Self { facts, held } = self;
        match held {
            Held::Numbers(values) => facts.see(array, |value| values.push(value)),
            Held::NumberSketch(sketch) => facts.see(array, |value| {
                // NaN was counted and left out before.
                if let Ok(value) = KllFloat::<f64>::new(value) {
                    sketch.update(value);
                }
            }),
            Held::Categories(counts) => {
                facts.see(array, |_| {});
                count_categories(array, |text, count| match counts.get_mut(text) {
                    Some(known) => *known += count,
                    None => {
                        counts.insert(text.to_owned(), count);
                    }
                });
                if counts.len() > EXACT_CATEGORIES {
                    facts.estimate_from(counts.keys().map(String::as_str));
                    let counts = std::mem::take(counts);
                    *held = frequent_items();
                    if let Held::CategorySketch(sketch) = held {
                        counts.into_iter().for_each(|(text, count)| sketch.update_with_count(text, count));
                    }
                }
            }
            Held::CategorySketch(sketch) => {
                facts.see(array, |_| {});
                count_categories(array, |text, count| sketch.update_with_count(text.to_owned(), count));
            }
        }
    }

    fn finish(self, scratch: &mut Vec<u64>) -> Sample {
        let mut facts = self.facts.facts();
        let n = facts.rows - facts.nulls - facts.nans;
        let (values, precision) = match self.held {
            Held::Numbers(mut values) => {
                order::sort(&mut values, scratch);
                let distinct = values.chunk_by(|a, b| a == b).count();
                facts.distinct = Some(distinct as f64);
                (Values::Numbers(values), Precision::Exact)
            }
            Held::NumberSketch(sketch) => stand_ins(&sketch),
            Held::Categories(counts) => {
                facts.distinct = Some(counts.len() as f64);
                (Values::Categories(counts), Precision::Exact)
            }
            Held::CategorySketch(sketch) => {
                let rows = sketch.frequent_items(ErrorType::NoFalsePositives);
                let counts = rows.iter().map(|row| (row.item().clone(), row.estimate())).collect();
                let error = sketch.maximum_error() as f64 / (n.max(1)) as f64;
                (Values::Categories(counts), Precision::Sketched { error, sketch: "frequent items".to_owned() })
            }
        };
        Sample { facts, values, n, precision }
    }
}

fn frequent_items() -> Held {
    match FrequentItemsSketch::new(FREQUENT_ITEMS) {
        Ok(sketch) => Held::CategorySketch(Box::new(sketch)),
        // The only refused sizes are no powers of two.
        Err(_) => Held::Categories(HashMap::new()),
    }
}

/// Evenly spaced quantiles stand for the column: whatever compares sorted samples then compares sketches, too.
fn stand_ins(sketch: &KllSketch<KllFloat<f64>>) -> (Values, Precision) {
    let n = sketch.n() as usize;
    let count = n.min(STAND_INS);
    let view = sketch.sorted_view();
    let at = |place: usize| {
        let rank = (place as f64 + 0.5) / count as f64;
        view.quantile(rank, SearchCriteria::Inclusive).ok().flatten().map(KllFloat::into_inner)
    };
    let values: Vec<f64> = (0..count).filter_map(at).collect();
    if !sketch.is_estimation_mode() && n <= STAND_INS {
        return (Values::Numbers(values), Precision::Exact);
    }
    let error = sketch.normalized_rank_error() + 0.5 / count as f64;
    (Values::Numbers(values), Precision::Sketched { error, sketch: format!("KLL k={KLL_K}") })
}

fn count_categories(array: &ArrayRef, mut each: impl FnMut(&str, u64)) {
    if let Some(texts) = array.as_string_opt::<i32>() {
        // Runs of the same value are looked up once.
        let mut rows = texts.iter().flatten();
        let Some(mut run) = rows.next() else { return };
        let mut count = 1;
        for text in rows {
            if text == run {
                count += 1;
            } else {
                each(run, count);
                (run, count) = (text, 1);
            }
        }
        each(run, count);
    } else if array.data_type().is_numeric() {
        each_number(array, |_, value| {
            if !value.is_nan() {
                each(&value.to_string(), 1);
            }
        });
    } else {
        for row in 0..array.len() {
            if let Some(text) = cell(array, row) {
                each(&text, 1);
            }
        }
    }
}
