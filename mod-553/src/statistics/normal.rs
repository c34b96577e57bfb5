//! The normal distribution's tail.

use statrs::function::erf::erfc;
use std::f64::consts::SQRT_2;

/// P(Z > z).
pub fn survival(z: f64) -> f64 {
    0.5 * erfc(z / SQRT_2)
}
