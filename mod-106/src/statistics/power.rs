//! How many values a comparison needs before "no drift" means anything: the sample size at which an effect as large as the threshold
//! is found with the wanted power.
//!
//! Below it a verdict would depend on the sample more than on the data: eight rows "drift", or never can.

use super::{chi_squared, interval, kolmogorov};

/// What is looked for, and how surely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    /// The significance of one test, after the correction for the number of tests.
    pub significance: f64,
    /// How surely the effect is to be found.
    pub power: f64,
    /// The least effect that matters, in the unit of the measure.
    pub effect: f64,
}

/// The effective size m·n/(m + n) that a Kolmogorov–Smirnov test needs to find a distance D = `effect`.
///
/// The critical distance is z(α)/√e; the observed one scatters around D with a standard deviation of at most ½/√e. Both together give
/// e = ((z(α) + z_power/2) / D)².
pub fn ks_effective(question: Question) -> f64 {
    let critical = kolmogorov::limit_critical(question.significance);
    ((critical + interval::normal_quantile(question.power) / 2.0) / question.effect).powi(2)
}

/// The effective size that a χ² test over `bins` bins needs, when its effective size times `information` is the non-centrality of
/// the least effect that matters: 4V² for Cramér's V, PSI itself, 8 ln 2 · d² for a Jensen–Shannon distance d.
pub fn chi_squared_effective(question: Question, bins: usize, information: f64) -> f64 {
    let degrees_of_freedom = bins.saturating_sub(1).max(1) as f64;
    chi_squared::noncentrality(question.significance, question.power, degrees_of_freedom) / information
}

/// The size that the other sample needs, next to a reference of `m` values, to reach an effective size; nothing, when the reference is
/// too small for any.
pub fn needed_beside(reference: u64, effective: f64) -> Option<u64> {
    let m = reference as f64;
    (m > effective).then(|| (effective * m / (m - effective)).ceil() as u64)
}

/// The size that each of two equally large samples needs.
pub fn needed_each(effective: f64) -> u64 {
    (2.0 * effective).ceil() as u64
}

/// The distance D between two normal distributions whose means differ by `shift` interquartile ranges.
pub fn ks_distance_of_shift(shift: f64) -> f64 {
    // An interquartile range is 1.349 standard deviations; D = 2 Φ(δ/2) − 1.
    statrs::function::erf::erf(shift * 1.348_979_500_392_163_5 / (2.0 * std::f64::consts::SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::super::ks;
    use super::*;

    #[test]
    fn sizes_beside_a_reference() {
        assert_eq!(needed_beside(1000, 500.0), Some(1000));
        assert_eq!(needed_beside(500, 500.0), None);
        assert_eq!(needed_each(392.4), 785);
    }

    /// With as many values as it asks for, a shift of exactly the least distance is found at least as often as promised.
    #[test]
    fn the_promised_power_is_kept() {
        let question = Question { significance: 0.05, power: 0.8, effect: 0.15 };
        let n = needed_each(ks_effective(question)) as usize;
        let mut random = fastrand::Rng::with_seed(3);
        let mut sample = |shift: f64| {
            let mut values: Vec<f64> = (0..n).map(|_| random.f64() + shift).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        // Of two uniform distributions, D is the shift.
        let found = (0..200).filter(|_| {
            let (a, b) = (sample(0.0), sample(0.15));
            ks::two_sample(&a, &b).is_some_and(|ks| ks.p_value <= 0.05)
        });
        let share = found.count() as f64 / 200.0;
        assert!(share >= 0.8 - 3.0 * (0.8_f64 * 0.2 / 200.0).sqrt(), "{share}");
    }
}
