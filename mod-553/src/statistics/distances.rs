//! Distances of two tables of counts, plain and less what chance alone adds.
//!
//! Without drift a distance of shares is not zero: with 2,000 levels and 2,000 values the Jensen–Shannon distance is 0.5. `mod_106` corrects
//! PSI and Jensen–Shannon; here are the others.

/// The Hellinger distance √(1 − Σ √(p q)) of shares; nothing, if a side is empty.
pub fn hellinger(reference: &[u64], current: &[u64]) -> Option<f64> {
    squared_hellinger(reference, current).map(f64::sqrt)
}

/// The distance after its square lost its mean without drift, (B − 1)/8 · (1/m + 1/n) for B categories that occur (the second-order term
/// of any f-divergence, Csiszár & Shields 2004, section 4).
pub fn hellinger_corrected(reference: &[u64], current: &[u64]) -> Option<f64> {
    let (m, n) = totals(reference, current)?;
    let by_chance = (occupied(reference, current) - 1.0) / 8.0 * (1.0 / m + 1.0 / n);
    Some((squared_hellinger(reference, current)? - by_chance).max(0.0).sqrt())
}

fn squared_hellinger(reference: &[u64], current: &[u64]) -> Option<f64> {
    let (m, n) = totals(reference, current)?;
    // Σ (√p − √q)²/2 is the same, and does not cancel where the sides agree.
    let term = |(left, right): (&u64, &u64)| ((*left as f64 / m).sqrt() - (*right as f64 / n).sqrt()).powi(2);
    Some(reference.iter().zip(current).map(term).sum::<f64>() / 2.0)
}

/// The total variation distance ½ Σ |p − q|: the share of values that would have to move; nothing, if a side is empty.
pub fn total_variation(reference: &[u64], current: &[u64]) -> Option<f64> {
    let (m, n) = totals(reference, current)?;
    let term = |(left, right): (&u64, &u64)| (*left as f64 / m - *right as f64 / n).abs();
    Some(reference.iter().zip(current).map(term).sum::<f64>() / 2.0)
}

/// The distance less its mean without drift: a difference of shares is then about normal, with mean absolute value √(2/π) σ. The squares
/// are subtracted, because far from zero chance adds next to nothing.
pub fn total_variation_corrected(reference: &[u64], current: &[u64]) -> Option<f64> {
    let (m, n) = totals(reference, current)?;
    let term = |(left, right): (&u64, &u64)| {
        let pooled = (left + right) as f64 / (m + n);
        (pooled * (1.0 - pooled) * (1.0 / m + 1.0 / n)).sqrt()
    };
    let deviation: f64 = reference.iter().zip(current).map(term).sum();
    let by_chance = (2.0 / std::f64::consts::PI).sqrt() * deviation / 2.0;
    let plain = total_variation(reference, current)?;
    Some((plain * plain - by_chance * by_chance).max(0.0).sqrt())
}

/// The Kullback–Leibler divergence Σ p ln(p/q) of weights that are scaled to shares, as scipy's `entropy(p, q)`.
pub fn kullback_leibler(reference: &[f64], current: &[f64]) -> f64 {
    let (left, right) = (reference.iter().sum::<f64>(), current.iter().sum::<f64>());
    let term = |(p, q): (&f64, &f64)| {
        let (p, q) = (p / left, q / right);
        if p > 0.0 && q >= 0.0 { p * (p / q).ln() } else { 0.0 }
    };
    reference.iter().zip(current).map(term).sum()
}

fn occupied(reference: &[u64], current: &[u64]) -> f64 {
    reference.iter().zip(current).filter(|(left, right)| **left + **right > 0).count() as f64
}

fn totals(reference: &[u64], current: &[u64]) -> Option<(f64, f64)> {
    let (m, n) = (reference.iter().sum::<u64>(), current.iter().sum::<u64>());
    (m > 0 && n > 0).then_some((m as f64, n as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_the_scales() {
        for distance in [hellinger, total_variation] {
            assert_eq!(distance(&[3, 1], &[6, 2]), Some(0.0));
            assert_eq!(distance(&[3, 0], &[0, 2]), Some(1.0));
            assert_eq!(distance(&[0, 0], &[0, 2]), None);
        }
        assert_eq!(kullback_leibler(&[1.0, 0.0], &[0.0, 1.0]), f64::INFINITY);
    }

    #[test]
    fn many_levels_without_drift_are_no_distance() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut side = || {
            let mut counts = vec![0; 2000];
            (0..2000).for_each(|_| counts[random.usize(0..2000)] += 1);
            counts
        };
        let (a, b): (Vec<u64>, Vec<u64>) = (side(), side());
        assert!(hellinger(&a, &b).unwrap() > 0.5);
        assert!(total_variation(&a, &b).unwrap() > 0.4);
        assert!(total_variation_corrected(&a, &b).unwrap() < 0.35);
    }
}
