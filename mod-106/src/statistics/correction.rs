//! Many tests at once: of 50 columns without drift, two or three have p < 0.05. These make a p-value account for the others. As
//! statsmodels' `multipletests`, methods `fdr_bh` and `holm`.

/// Benjamini & Hochberg 1995: rejecting what is adjusted to at most q keeps the expected share of false rejections below q.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, index) in ranked(p_values).into_iter().enumerate().rev() {
        least = least.min(p_values[index] * count / (rank as f64 + 1.0));
        adjusted[index] = least;
    }
    adjusted
}

/// Holm 1979: rejecting what is adjusted to at most α keeps the chance of any false rejection below α.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut adjusted = vec![1.0; count];
    let mut greatest = 0.0_f64;
    for (rank, index) in ranked(p_values).into_iter().enumerate() {
        greatest = greatest.max(p_values[index] * (count - rank) as f64).min(1.0);
        adjusted[index] = greatest;
    }
    adjusted
}

/// Indices by ascending p-value.
fn ranked(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: &[f64], expected: &[f64]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} for {expected:?}");
        assert_eq!(found.len(), expected.len());
    }

    #[test]
    fn adjusted_by_hand() {
        check(&benjamini_hochberg(&[0.01, 0.04, 0.03, 0.5]), &[0.04, 0.16 / 3.0, 0.16 / 3.0, 0.5]);
        check(&holm(&[0.01, 0.04, 0.03, 0.5]), &[0.04, 0.09, 0.09, 0.5]);
        check(&benjamini_hochberg(&[]), &[]);
        check(&holm(&[0.9, 0.8]), &[1.0, 1.0]);
    }
}
