//! Logistic regression by gradient descent on standardised features: small enough to read, good enough to promote.

use crate::data::{FEATURES, Loan, logistic};
use serde_json::{Value, json};

/// A trained model.
pub(crate) struct Model {
    mean: [f64; 4],
    deviation: [f64; 4],
    weights: [f64; 4],
    bias: f64,
}

/// How one epoch went.
pub(crate) struct Epoch {
    /// Mean log loss on the training set, in nats.
    pub(crate) loss: f64,
}

impl Model {
    /// Trains on `loans` and reports each epoch.
    pub(crate) fn train(loans: &[Loan], epochs: usize, rate: f64, mut report: impl FnMut(usize, Epoch)) -> Self {
        let rows = loans.len() as f64;
        let column = |index: usize| loans.iter().map(move |loan| loan.features()[index]);
        let mean: [f64; 4] = std::array::from_fn(|index| column(index).sum::<f64>() / rows);
        let deviation = std::array::from_fn(|index| {
            let variance = column(index).map(|value| (value - mean[index]).powi(2)).sum::<f64>() / rows;
            variance.sqrt().max(f64::MIN_POSITIVE)
        });
        let mut model = Self { mean, deviation, weights: [0.0; 4], bias: 0.0 };
        for epoch in 0..epochs {
            let (mut slope, mut bias_slope, mut loss) = ([0.0; 4], 0.0, 0.0);
            for loan in loans {
                let inputs = model.standardised(loan);
                let score = model.score_standardised(&inputs);
                let label = f64::from(u8::from(loan.default));
                loss -= if loan.default { score.ln() } else { (1.0 - score).ln() };
                bias_slope += score - label;
                for (slope, input) in slope.iter_mut().zip(inputs) {
                    *slope += (score - label) * input;
                }
            }
            for (weight, slope) in model.weights.iter_mut().zip(slope) {
                *weight -= rate * slope / rows;
            }
            model.bias -= rate * bias_slope / rows;
            report(epoch, Epoch { loss: loss / rows });
        }
        model
    }

    /// The probability of default.
    pub(crate) fn score(&self, loan: &Loan) -> f64 {
        self.score_standardised(&self.standardised(loan))
    }

    /// The model's parameters, as the artifact `model.json` holds them.
    pub(crate) fn parameters(&self) -> Value {
        json!({
            "kind": "logistic regression on standardised features",
            "features": FEATURES,
            "mean": self.mean,
            "deviation": self.deviation,
            "weights": self.weights,
            "bias": self.bias,
        })
    }

    fn standardised(&self, loan: &Loan) -> [f64; 4] {
        let features = loan.features();
        std::array::from_fn(|index| (features[index] - self.mean[index]) / self.deviation[index])
    }

    fn score_standardised(&self, inputs: &[f64; 4]) -> f64 {
        logistic(self.bias + inputs.iter().zip(self.weights).map(|(input, weight)| input * weight).sum::<f64>())
    }
}

/// The area under the ROC curve, as the share of pairs ranked rightly (Mann and Whitney, 1947); ties count half.
pub(crate) fn roc_auc(loans: &[Loan], scores: &[f64]) -> f64 {
    let mut ranked: Vec<(f64, bool)> = scores.iter().copied().zip(loans.iter().map(|loan| loan.default)).collect();
    ranked.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (mut below, mut pairs) = (0.0, 0.0);
    for tied in ranked.chunk_by(|left, right| left.0 == right.0) {
        let positives = tied.iter().filter(|(_, default)| *default).count() as f64;
        let negatives = tied.len() as f64 - positives;
        pairs += positives * (below + negatives / 2.0);
        below += negatives;
    }
    pairs / (below * (ranked.len() as f64 - below))
}
