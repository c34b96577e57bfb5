//! The sizes that tests of this module need, as effective sizes m·n/(m + n). Those of Kolmogorov–Smirnov and χ² are in
//! `mod_106::statistics::power`.

use mod_106::statistics::interval::normal_quantile;
use mod_106::statistics::power::Question;

/// What Mann–Whitney needs to find a rank-biserial correlation of `effect`: ((z(α/2) + z(power)) / effect)² / 3, because the area under the
/// curve is effect/2 from ½ and scatters with 1/√(12e) (Noether 1987).
pub fn mann_whitney_effective(question: Question) -> f64 {
    let reach = normal_quantile(1.0 - question.significance / 2.0) + normal_quantile(question.power);
    (reach / question.effect).powi(2) / 3.0
}

/// The shift, in interquartile ranges, between two normal distributions at an energy distance of `effect` (in ranges): E² = 2δ²∫f², and
/// ∫f² = 1/(2√π σ).
pub fn shift_of_energy(effect: f64) -> f64 {
    effect / 0.872_4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaller_effects_need_more() {
        let question = |effect| Question { significance: 0.05, power: 0.8, effect };
        // P(X > Y) = 0.55: (1.960 + 0.842)² / (3 · 0.1²).
        let needed = mann_whitney_effective(question(0.1));
        assert!((needed - 261.6).abs() < 0.5, "{needed}");
        assert!(mann_whitney_effective(question(0.2)) < needed / 3.9);
    }
}
