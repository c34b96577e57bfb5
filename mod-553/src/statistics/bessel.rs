//! The modified Bessel function of the second kind of order ¼, which the limit of the Cramér–von Mises statistic is made of; not found
//! in `statrs`.

/// e^q K_¼(q) for q > 0: the integral ∫₀^∞ exp(−q (cosh t − 1)) cosh(t/4) dt (DLMF 10.32.9) by the trapezoid rule, whose error for an
/// analytic function that vanishes this fast is below the rounding (Trefethen & Weideman, SIAM Review 56(3), 2014).
pub(super) fn scaled_k_quarter(q: f64) -> f64 {
    let step = (0.4 / q.sqrt()).min(0.125);
    let mut sum = 0.5;
    let mut t = step;
    loop {
        // cosh t − 1 without cancellation.
        let exponent = -2.0 * q * (t / 2.0).sinh().powi(2);
        let term = exponent.exp() * (t / 4.0).cosh();
        sum += term;
        if term < sum * 1e-18 {
            return sum * step;
        }
        t += step;
    }
}

#[cfg(test)]
mod tests {
    use super::scaled_k_quarter;

    #[test]
    fn agrees_with_scipy() {
        // scipy.special.kve(0.25, q)
        fn check(q: f64, expected: f64) {
            let found = scaled_k_quarter(q);
            assert!((found / expected - 1.0).abs() < 1e-13, "{q}: {found} is not {expected}");
        }
        check(0.01, KVE[0]);
        check(0.5, KVE[1]);
        check(20.0, KVE[2]);
        check(5000.0, KVE[3]);
    }

    const KVE: [f64; 4] = [6.227707994041582, 1.5832939515157707, 0.2789700879064432, 0.01772420621029977];
}
