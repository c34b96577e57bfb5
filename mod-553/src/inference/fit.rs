//! Fits the logistic regression: full-batch gradient descent with Nesterov's momentum on standardised columns, and a little ridge so
//! that a category which separates the classes has no infinite weight.
//!
//! Not the fastest way (that would be Newton's), but it has epochs, which is what training jobs report.

/// How strongly weights are drawn to 0.
const RIDGE: f64 = 1e-4;
const STEP: f64 = 1.0;
const MOMENTUM: f64 = 0.9;
/// It has settled when an epoch changes the loss by less.
const SETTLED: f64 = 1e-7;

/// Where the fit has come to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fit {
    pub(super) bias: f64,
    pub(super) weights: Vec<f64>,
    pub(super) epochs: usize,
    pub(super) loss: f64,
}

/// Fits rows of columns to flags; `after_epoch` is told how far it has come.
pub(super) fn fit(rows: &[(Vec<f64>, bool)], most_epochs: usize, mut after_epoch: impl FnMut(&Fit)) -> Fit {
    let columns = rows.first().map_or(0, |(row, _)| row.len());
    let mut fit = Fit { bias: 0.0, weights: vec![0.0; columns], epochs: 0, loss: f64::INFINITY };
    let mut speed = vec![0.0; columns + 1];
    while fit.epochs < most_epochs {
        let (gradient, loss) = gradient(rows, &fit);
        for (place, slope) in gradient.iter().enumerate() {
            speed[place] = MOMENTUM * speed[place] - STEP * (1.0 - MOMENTUM) * slope;
        }
        fit.bias += speed[columns];
        fit.weights.iter_mut().zip(&speed).for_each(|(weight, speed)| *weight += speed);
        let before = std::mem::replace(&mut fit.loss, loss);
        fit.epochs += 1;
        after_epoch(&fit);
        if (before - loss).abs() < SETTLED {
            break;
        }
    }
    fit
}

/// The gradient of the mean log loss by weight, the bias last; and the loss itself.
fn gradient(rows: &[(Vec<f64>, bool)], fit: &Fit) -> (Vec<f64>, f64) {
    let columns = fit.weights.len();
    let mut gradient = vec![0.0; columns + 1];
    let mut loss = 0.0;
    for (row, flag) in rows {
        let log_odds = fit.bias + row.iter().zip(&fit.weights).map(|(value, weight)| value * weight).sum::<f64>();
        let probability = 1.0 / (1.0 + (-log_odds).exp());
        let error = probability - f64::from(u8::from(*flag));
        row.iter().zip(&mut gradient).for_each(|(value, slope)| *slope += error * value);
        gradient[columns] += error;
        loss -= if *flag { probability } else { 1.0 - probability }.max(1e-12).ln();
    }
    let count = rows.len().max(1) as f64;
    gradient.iter_mut().for_each(|slope| *slope /= count);
    gradient.iter_mut().zip(&fit.weights).for_each(|(slope, weight)| *slope += RIDGE * weight);
    (gradient, loss / count)
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn it_finds_the_weights_that_the_data_was_made_with() {
        let mut random = fastrand::Rng::with_seed(11);
        let draw = |_| {
            let (x, y) = (random.f64() * 4.0 - 2.0, random.f64() * 4.0 - 2.0);
            let flag = random.f64() < 1.0 / (1.0 + (-(0.5 + 1.5 * x - y)).exp());
            (vec![x, y], flag)
        };
        let rows: Vec<_> = (0..20_000).map(draw).collect();
        let found = fit(&rows, 1_000, |_| {});
        assert!((found.bias - 0.5).abs() < 0.1, "{found:?}");
        assert!((found.weights[0] - 1.5).abs() < 0.1 && (found.weights[1] + 1.0).abs() < 0.1, "{found:?}");
        assert!(found.epochs < 1_000, "{found:?}");
    }
}
