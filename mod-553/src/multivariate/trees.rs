//! Boosted regression trees (Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29, 2001), with
//! the second-order gain of Chen & Guestrin (KDD 2016, equation 7) on quantile bins. Small on purpose: a few shallow trees that see
//! interactions, fitted in milliseconds to thousands of rows. Deterministic: nothing is drawn.

use super::Points;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the trees look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many trees.
    pub rounds: u32,
    /// How many questions one asks, one after the other.
    pub depth: u32,
    /// How much of each tree is taken.
    pub rate: f64,
    /// How many values of a dimension are told apart, at most 256.
    pub bins: usize,
    /// The fewest rows of a leaf.
    pub least_leaf: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rounds: 40, depth: 3, rate: 0.15, bins: 32, least_leaf: 10 }
    }
}

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Of targets 0 and 1; predictions are log-odds.
    Logistic,
    /// Of numbers.
    Squared,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Boosted {
    start: f64,
    trees: Vec<Vec<Node>>,
    /// What each dimension's splits gained; all 0 when nothing was found.
    pub gains: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Leaf(f64),
    /// Values up to `edge` go to the first of two neighbours.
    Split {
        dimension: usize,
        edge: f64,
        below: usize,
        above: usize,
    },
}

/// Keeps leaves of few rows from extremes.
const RIDGE: f64 = 1.0;

impl Boosted {
    /// Fits targets, one for each point.
    pub fn fit(points: &Points, targets: &[f64], loss: Loss, settings: &Settings) -> Self {
        let mean = targets.iter().sum::<f64>() / targets.len().max(1) as f64;
        let start = match loss {
            Loss::Squared => mean,
            Loss::Logistic => {
                let mean = mean.clamp(1e-6, 1.0 - 1e-6);
                (mean / (1.0 - mean)).ln()
            }
        };
        let binned = Binned::of(points, settings.bins.clamp(2, 256));
        let mut predictions = vec![start; targets.len()];
        let mut model = Self { start, trees: Vec::new(), gains: vec![0.0; points.dimensions()] };
        for _ in 0..settings.rounds {
            let slopes = predictions.iter().zip(targets).map(|(prediction, target)| slope(loss, *prediction, *target));
            let mut growth = Growth {
                binned: &binned,
                slopes: slopes.collect(),
                settings,
                nodes: Vec::new(),
                gains: &mut model.gains,
            };
            let mut rows: Vec<u32> = (0..targets.len() as u32).collect();
            growth.grow(&mut rows, settings.depth, &mut predictions);
            if matches!(growth.nodes[..], [Node::Leaf(_)]) {
                break;
            }
            model.trees.push(growth.nodes);
        }
        model
    }

    /// What is predicted of a point.
    pub fn predict(&self, point: &[f64]) -> f64 {
        self.start + self.trees.iter().map(|tree| leaf(tree, point)).sum::<f64>()
    }
}

fn leaf(tree: &[Node], point: &[f64]) -> f64 {
    let mut at = 0;
    loop {
        match &tree[at] {
            Node::Leaf(value) => return *value,
            Node::Split { dimension, edge, below, above } => {
                at = if point[*dimension] <= *edge { *below } else { *above }
            }
        }
    }
}

/// The first and second derivative of the loss.
fn slope(loss: Loss, prediction: f64, target: f64) -> [f64; 2] {
    match loss {
        Loss::Squared => [prediction - target, 1.0],
        Loss::Logistic => {
            let probability = 1.0 / (1.0 + (-prediction).exp());
            [probability - target, probability * (1.0 - probability)]
        }
    }
}

/// Points as small numbers, a dimension after the other.
struct Binned {
    rows: usize,
    bins: Vec<u8>,
    /// Of each dimension, the upper edges of all bins but the last.
    edges: Vec<Vec<f64>>,
}

impl Binned {
    fn of(points: &Points, most: usize) -> Self {
        let rows = points.len();
        let mut bins = Vec::with_capacity(rows * points.dimensions());
        let mut edges = Vec::with_capacity(points.dimensions());
        for dimension in 0..points.dimensions() {
            let column: Vec<f64> = points.rows().map(|row| row[dimension]).collect();
            let mut sorted = column.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let largest = sorted.last().copied();
            let mut cuts: Vec<f64> =
                (1..most).filter_map(|k| sorted.get(k * rows.saturating_sub(1) / most).copied()).collect();
            cuts.dedup();
            cuts.retain(|cut| Some(*cut) != largest);
            bins.extend(column.iter().map(|value| cuts.partition_point(|cut| cut < value) as u8));
            edges.push(cuts);
        }
        Self { rows, bins, edges }
    }
}

/// One tree while it grows.
struct Growth<'a> {
    binned: &'a Binned,
    slopes: Vec<[f64; 2]>,
    settings: &'a Settings,
    nodes: Vec<Node>,
    gains: &'a mut [f64],
}

/// Sums of slopes, and how many.
type Sums = [f64; 3];

impl Growth<'_> {
    /// Grows the tree over some rows and adds what it says to their predictions; returns where its root is.
    fn grow(&mut self, rows: &mut [u32], depth: u32, predictions: &mut [f64]) -> usize {
        let sums = rows.iter().fold([0.0; 3], |sums, row| with(sums, self.slopes[*row as usize]));
        let at = self.nodes.len();
        let split = if depth > 0 { self.best(rows, sums) } else { None };
        let Some((gain, dimension, bin)) = split else {
            let value = -self.settings.rate * sums[0] / (sums[1] + RIDGE);
            rows.iter().for_each(|row| predictions[*row as usize] += value);
            self.nodes.push(Node::Leaf(value));
            return at;
        };
        self.gains[dimension] += gain;
        self.nodes.push(Node::Leaf(0.0));
        let of_row = &self.binned.bins[dimension * self.binned.rows..];
        rows.sort_by_key(|row| of_row[*row as usize] as usize > bin);
        let middle = rows.partition_point(|row| of_row[*row as usize] as usize <= bin);
        let (left, right) = rows.split_at_mut(middle);
        let below = self.grow(left, depth - 1, predictions);
        let above = self.grow(right, depth - 1, predictions);
        self.nodes[at] = Node::Split { dimension, edge: self.binned.edges[dimension][bin], below, above };
        at
    }

    /// The split that gains most: its gain, its dimension, and the last bin below it.
    fn best(&self, rows: &[u32], all: Sums) -> Option<(f64, usize, usize)> {
        let least = self.settings.least_leaf.max(1) as f64;
        let mut best = None;
        for (dimension, edges) in self.binned.edges.iter().enumerate() {
            let of_row = &self.binned.bins[dimension * self.binned.rows..];
            let mut histogram = vec![[0.0; 3]; edges.len() + 1];
            for row in rows {
                let bin = &mut histogram[of_row[*row as usize] as usize];
                *bin = with(*bin, self.slopes[*row as usize]);
            }
            let mut below: Sums = [0.0; 3];
            for (bin, sums) in histogram[..edges.len()].iter().enumerate() {
                (0..3).for_each(|index| below[index] += sums[index]);
                let above = [all[0] - below[0], all[1] - below[1], all[2] - below[2]];
                if below[2] < least || above[2] < least {
                    continue;
                }
                let gain = worth(below) + worth(above) - worth(all);
                if gain > best.map_or(1e-9, |(best, _, _)| best) {
                    best = Some((gain, dimension, bin));
                }
            }
        }
        best
    }
}

fn with(sums: Sums, [first, second]: [f64; 2]) -> Sums {
    [sums[0] + first, sums[1] + second, sums[2] + 1.0]
}

fn worth(sums: Sums) -> f64 {
    sums[0] * sums[0] / (sums[1] + RIDGE)
}
