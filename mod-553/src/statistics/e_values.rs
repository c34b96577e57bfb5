//! Many e-values at once. An e-value is what a fair bet against "no drift" has paid so far; one that is stopped whenever one likes still
//! has mean at most 1.

use mod_106::statistics::correction;

/// e-BH (Wang & Ramdas, "False discovery rate control with e-values", JRSS-B 84(3), 2022): rejecting what is adjusted to at most α keeps the
/// false discovery rate below α under any dependence, and at any time one looks. It is Benjamini–Hochberg of the inverses.
pub fn adjusted(e_values: &[f64]) -> Vec<f64> {
    let inverses: Vec<f64> = e_values.iter().map(|e| if *e > 1.0 { 1.0 / e } else { 1.0 }).collect();
    correction::benjamini_hochberg(&inverses)
}

#[cfg(test)]
mod tests {
    use super::adjusted;

    #[test]
    fn of_four_columns_two_pay_enough() {
        // At α = 0.05 the k-th largest must be at least 4/(k · 0.05): 80, 40, 26.7, 20.
        let found = adjusted(&[90.0, 0.1, 41.0, 10.0]);
        assert_eq!(found.iter().map(|p| *p <= 0.05).collect::<Vec<_>>(), [true, false, true, false]);
        assert_eq!(adjusted(&[f64::INFINITY]), [0.0]);
        assert!(adjusted(&[]).is_empty());
    }
}
