//! How often each decision sees a shift of the mean, by how large it is.

use super::draw::Draw;
use crate::decision::{Method, Policy, Side, Verdict, judge, numbers};
use crate::statistics::sample::Sample;
use serde::Serialize;

/// Shifts in standard deviations.
pub const SHIFTS: [f64; 9] = [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7];
/// Values of the reference and of the current data: what the power analysis of a distance of 0.1 asks for.
pub const SIZES: (usize, usize) = (1500, 500);

/// How often a shift was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// How the samples were compared.
    pub method: Method,
    /// The shift in standard deviations.
    pub shift: f64,
    /// How often it was drawn.
    pub runs: u32,
    /// How often chance alone was ruled out.
    pub significant: u32,
    /// How often it was called drift.
    pub drift: u32,
    /// How often it was inconclusive.
    pub inconclusive: u32,
}

/// Measures one method at every shift, on all processors.
pub fn points(method: Method, runs: u32, seed: u64) -> Vec<Point> {
    std::thread::scope(|scope| {
        let workers = SHIFTS.map(|shift| scope.spawn(move || point(method, shift, runs, seed)));
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    })
}

/// Measures one method at one shift.
fn point(method: Method, shift: f64, runs: u32, seed: u64) -> Point {
    let policy = Policy::default();
    let question = policy.question(method, method.usual_effect(), 1);
    let mut point = Point { method, shift, runs, significant: 0, drift: 0, inconclusive: 0 };
    for run in 0..runs {
        let mut draw = Draw::with_seed(seed ^ u64::from(run).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (reference, current) = (Sample::of(&draw.normals(SIZES.0, 0.0)), Sample::of(&draw.normals(SIZES.1, shift)));
        let side = |sample| Side { values: Sample::sorted(sample), missing: 0 };
        for decision in judge(&policy, vec![numbers("x", side(&reference), side(&current), &question)]) {
            point.significant += u32::from(decision.adjusted_p_value.is_some_and(|p| p <= policy.significance));
            match decision.verdict {
                Verdict::Drift => point.drift += 1,
                Verdict::NoDrift => {}
                Verdict::Inconclusive { .. } => point.inconclusive += 1,
            }
        }
    }
    point
}
