//! Loans, drawn by seed: what a real training would read from a warehouse. Which of them default follows from a known rule, so
//! that a model has something to learn, and a shift of the applicants is a shift that somebody chose.

use std::{fmt::Write as _, io, path::Path};

/// The regions, and how often each occurs.
const REGIONS: [(&str, f64); 4] = [("north", 0.4), ("south", 0.3), ("east", 0.2), ("west", 0.1)];

/// The columns that a model reads, in order.
pub(crate) const FEATURES: [&str; 4] = ["income", "utilisation", "age", "prior_defaults"];

/// One application for a loan.
pub(crate) struct Loan {
    /// Thousands of euros a year.
    pub(crate) income: f64,
    /// Share of the credit line in use, 0 to 1.
    pub(crate) utilisation: f64,
    /// Years.
    pub(crate) age: f64,
    /// Count.
    pub(crate) prior_defaults: f64,
    /// Where the applicant lives; no model sees it, slices are made of it.
    pub(crate) region: &'static str,
    /// Whether it was not paid back.
    pub(crate) default: bool,
}

impl Loan {
    /// What a model sees, in the order of [`FEATURES`].
    pub(crate) fn features(&self) -> [f64; 4] {
        [self.income, self.utilisation, self.age, self.prior_defaults]
    }
}

/// Draws `rows` loans. `shift` moves incomes down and utilisation up, in standard deviations: a downturn.
pub(crate) fn draw(rows: usize, seed: u64, shift: f64) -> Vec<Loan> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..rows).map(|_| loan(&mut rng, shift)).collect()
}

fn loan(rng: &mut fastrand::Rng, shift: f64) -> Loan {
    let income = (3.7 + 0.4 * (normal(rng) - shift)).exp();
    let utilisation = logistic(0.9 * (normal(rng) + shift) - 0.4);
    let age = (42.0 + 12.0 * normal(rng)).clamp(18.0, 90.0).round();
    let prior_defaults = f64::from(rng.f64() < 0.15) + f64::from(rng.f64() < 0.03);
    let risk = -1.6 - 0.03 * (income - 40.0) + 3.0 * (utilisation - 0.4) + 1.1 * prior_defaults - 0.01 * (age - 42.0);
    Loan { income, utilisation, age, prior_defaults, region: region(rng.f64()), default: rng.f64() < logistic(risk) }
}

fn region(mut point: f64) -> &'static str {
    for (name, share) in REGIONS {
        if point < share {
            return name;
        }
        point -= share;
    }
    REGIONS[0].0
}

/// A standard normal, by Box and Muller (1958).
fn normal(rng: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}

/// The logistic function.
pub(crate) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Writes loans with a model's scores as CSV; answers the file's bytes, for a digest.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write(path: &Path, loans: &[Loan], scores: &[f64]) -> io::Result<Vec<u8>> {
    let mut text = "income,utilisation,age,prior_defaults,region,default,score\n".to_owned();
    for (loan, score) in loans.iter().zip(scores) {
        let Loan { income, utilisation, age, prior_defaults, region, default } = loan;
        let label = u8::from(*default);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{income:.3},{utilisation:.4},{age},{prior_defaults},{region},{label},{score:.6}");
    }
    std::fs::write(path, &text)?;
    Ok(text.into_bytes())
}
