//! Rows as points: equally many finite numbers each, one after the other in memory.

use super::Error;
use fastrand::Rng;

/// The largest magnitude that is taken: squares of differences, summed over all dimensions and pairs, are still numbers.
const LARGEST: f64 = 1e140;

/// A cloud of points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    dimensions: usize,
    values: Vec<f64>,
}

impl Points {
    /// Points from rows.
    ///
    /// # Errors
    /// A row of another length, a value that is not finite, or one beyond ±10¹⁴⁰.
    pub fn new<Row: AsRef<[f64]>>(rows: impl IntoIterator<Item = Row>) -> Result<Self, Error> {
        let (mut dimensions, mut values) = (None, Vec::new());
        for (row, given) in rows.into_iter().enumerate() {
            let given = given.as_ref();
            let expected = *dimensions.get_or_insert(given.len());
            if given.len() != expected {
                return Err(Error::Ragged { row, found: given.len(), expected });
            }
            if let Some(dimension) = given.iter().position(|value| value.is_nan() || value.abs() > LARGEST) {
                return Err(Error::NotFinite { row, dimension, found: given[dimension] });
            }
            values.extend_from_slice(given);
        }
        Ok(Self { dimensions: dimensions.unwrap_or(0), values })
    }

    /// How many numbers a point has.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.dimensions).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.dimensions..(index + 1) * self.dimensions]
    }

    /// All of them, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        // A cloud without dimensions has no values, and so no rows.
        self.values.chunks_exact(self.dimensions.max(1))
    }

    /// The mean of each dimension.
    pub fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.dimensions];
        for (count, row) in self.rows().enumerate() {
            for (mean, value) in mean.iter_mut().zip(row) {
                *mean += (value - *mean) / (count + 1) as f64;
            }
        }
        mean
    }

    /// The covariance of the dimensions around their means, row by row; divided by n.
    pub fn covariance(&self) -> Vec<Vec<f64>> {
        let mean = self.mean();
        let mut sums = vec![vec![0.0; self.dimensions]; self.dimensions];
        for row in self.rows() {
            for i in 0..self.dimensions {
                let centered = row[i] - mean[i];
                for j in 0..=i {
                    sums[i][j] += centered * (row[j] - mean[j]);
                }
            }
        }
        let n = self.len().max(1) as f64;
        let at = |i: usize, j: usize| sums[i.max(j)][i.min(j)] / n;
        (0..self.dimensions).map(|i| (0..self.dimensions).map(|j| at(i, j)).collect()).collect()
    }

    /// At most so many of them, drawn without replacement; in their order.
    pub(super) fn thinned(&self, most: usize, random: &mut Rng) -> Self {
        if self.len() <= most {
            return self.clone();
        }
        let mut chosen = random.choose_multiple(0..self.len(), most);
        chosen.sort_unstable();
        self.chosen(&chosen)
    }

    /// Some of them.
    pub fn chosen(&self, rows: &[usize]) -> Self {
        Self { dimensions: self.dimensions, values: rows.iter().flat_map(|row| self.row(*row)).copied().collect() }
    }

    /// One cloud after another.
    pub(super) fn followed_by(&self, other: &Self) -> Self {
        Self { dimensions: self.dimensions, values: [self.values.as_slice(), &other.values].concat() }
    }
}

/// Whether two clouds can be compared: one space, and at least `least` points each.
pub(super) fn comparable(reference: &Points, current: &Points, least: usize) -> Result<(), Error> {
    for (side, points) in [("reference", reference), ("current data", current)] {
        if points.len() < least {
            return Err(Error::TooFew { side, found: points.len(), expected: least });
        }
    }
    if reference.dimensions != current.dimensions {
        return Err(Error::Dimensions { reference: reference.dimensions, current: current.dimensions });
    }
    Ok(())
}
