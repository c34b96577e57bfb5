//! Isotonic regression (Barlow et al. 1972) by pooling adjacent violators, as scikit-learn's `IsotonicRegression(out_of_bounds="clip")`:
//! equal scores are one point, and between points the curve is a line. With it, a score becomes the share of positives at that score.

/// A score, what was true of it (0 or 1, or a share), and how much it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The score.
    pub score: f64,
    /// What was true.
    pub truth: f64,
    /// How much it counts.
    pub weight: f64,
}

/// A rising curve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Isotonic {
    /// Where it bends: ascending scores.
    scores: Vec<f64>,
    shares: Vec<f64>,
}

/// Neighbours that have one share.
struct Block {
    first: f64,
    last: f64,
    sum: f64,
    weight: f64,
}

impl Isotonic {
    /// Fits points in ascending order of their scores. Points of no weight are left out; without points, every share is 0.
    pub fn fit(sorted: impl IntoIterator<Item = Point>) -> Self {
        let mut blocks: Vec<Block> = Vec::new();
        for Point { score, truth, weight } in sorted {
            if weight <= 0.0 {
                continue;
            }
            match blocks.last_mut() {
                // Equal scores are one point, so they pool whatever their shares are; a longer block ends with them.
                Some(block) if block.last == score && block.first == score => {
                    block.sum += truth * weight;
                    block.weight += weight;
                }
                _ => blocks.push(Block { first: score, last: score, sum: truth * weight, weight }),
            }
        }
        let mut pooled: Vec<Block> = Vec::with_capacity(blocks.len());
        for mut block in blocks {
            while let Some(before) = pooled.pop_if(|before| before.sum * block.weight >= block.sum * before.weight) {
                block.first = before.first;
                block.sum += before.sum;
                block.weight += before.weight;
            }
            pooled.push(block);
        }
        let mut curve = Self::default();
        for Block { first, last, sum, weight } in pooled {
            for score in if first == last { vec![first] } else { vec![first, last] } {
                curve.scores.push(score);
                curve.shares.push(sum / weight);
            }
        }
        curve
    }

    /// The share at a score; beyond the ends, that of the end.
    pub fn share(&self, score: f64) -> f64 {
        let above = self.scores.partition_point(|known| *known < score);
        let (Some(right), Some(share)) = (self.scores.get(above), self.shares.get(above)) else {
            return self.shares.last().copied().unwrap_or(0.0);
        };
        if above == 0 || *right == score {
            return *share;
        }
        let (left, from) = (self.scores[above - 1], self.shares[above - 1]);
        from + (share - from) * ((score - left) / (right - left))
    }
}

/// The expected calibration error of shares (Naeini 2015), in `bins` of equally many rows, as NannyML has it: Σ n_b/n |mean share − mean
/// truth|.
pub fn calibration_error(rows: &[(f64, f64)], bins: usize) -> f64 {
    if rows.is_empty() {
        return 0.0;
    }
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let size = (rows.len() / bins.max(1)).max(1);
    let whole = sorted.len() / size;
    (0..whole)
        .map(|bin| {
            // What remains after the last whole bin belongs to it.
            let end = if bin + 1 == whole { sorted.len() } else { (bin + 1) * size };
            let rows = &sorted[bin * size..end];
            (rows.iter().map(|(share, truth)| share - truth).sum::<f64>()).abs() / sorted.len() as f64
        })
        .sum()
}
