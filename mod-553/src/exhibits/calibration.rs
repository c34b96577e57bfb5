//! How often each decision is wrong when nothing has changed: at most as often as it says, plus three standard errors of the count. Of
//! independent continuous data also not less often, for a test that never alarms is calibrated too.
//!
//! Every run has a seed of its own, so that the figures do not hang on how many threads there were.

use super::draw::Draw;
use super::several;
use crate::decision::dependence::{Cell, autocorrelated, hour_of_week};
use crate::decision::{
    Correction, Decision, Evidence, Looks, Method, Policy, Side, Verdict, Watch, categories, judge, missing, numbers,
};
use crate::statistics::sample::Sample;
use serde::Serialize;

/// Draws data without drift and decides about them once.
type Run = Box<dyn Fn(&mut Draw) -> Said + Sync>;

/// What came of one run, of which nothing should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Chance was ruled out.
    pub(super) significant: bool,
    /// It was called drift.
    pub(super) drift: bool,
    /// Nobody could tell.
    pub(super) inconclusive: bool,
}

impl Said {
    /// Of a family: whether any of its decisions was wrong.
    fn by(decisions: &[Decision]) -> Self {
        let significance = Policy::default().significance;
        Self {
            significant: decisions.iter().any(|one| one.adjusted_p_value.is_some_and(|p| p <= significance)),
            drift: decisions.iter().any(|one| one.verdict == Verdict::Drift),
            inconclusive: decisions.iter().all(|one| matches!(one.verdict, Verdict::Inconclusive { .. })),
        }
    }
}

/// One null hypothesis and one decision.
pub struct Scenario {
    /// The decision.
    pub decision: String,
    /// The data, in words.
    pub data: &'static str,
    /// Whether it must also alarm as often as it says, not only at most.
    pub two_sided: bool,
    run: Run,
}

impl Scenario {
    pub(super) fn new(
        decision: &str,
        data: &'static str,
        two_sided: bool,
        run: impl Fn(&mut Draw) -> Said + Sync + 'static,
    ) -> Self {
        Self { decision: decision.to_owned(), data, two_sided, run: Box::new(run) }
    }
}

/// What came of one scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// The decision.
    pub decision: String,
    /// The data, in words.
    pub data: String,
    /// How often it ran.
    pub runs: u32,
    /// How often chance alone was ruled out, falsely.
    pub significant: u32,
    /// How often it was called drift, falsely.
    pub drift: u32,
    /// How often it was inconclusive.
    pub inconclusive: u32,
    /// The significance that was asked for.
    pub nominal: f64,
    /// Whether `significant` must not be too small either.
    pub two_sided: bool,
}

impl Rate {
    /// Three standard errors of a share of `nominal`.
    pub fn allowance(&self) -> f64 {
        3.0 * (self.nominal * (1.0 - self.nominal) / f64::from(self.runs)).sqrt()
    }

    /// Whether it is wrong as often as it says, and no more. Where a decision is mostly conclusive its significance alone must hold too:
    /// the least effect that somebody asks for may be small.
    pub fn holds(&self) -> bool {
        let share = |count: u32| f64::from(count) / f64::from(self.runs);
        let (low, high) = (self.nominal - self.allowance(), self.nominal + self.allowance());
        let conclusive = self.inconclusive * 2 < self.runs;
        share(self.drift) <= high
            && (!conclusive || share(self.significant) <= high)
            && (!self.two_sided || (low..=high).contains(&share(self.significant)))
    }
}

/// Runs a scenario so often, on all processors.
pub fn rate(scenario: &Scenario, runs: u32, seed: u64) -> Rate {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u32).min(runs.max(1));
    let counted = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || count(scenario, (thread..runs).step_by(threads as usize), seed)))
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .fold([0; 3], |sum, one| [sum[0] + one[0], sum[1] + one[1], sum[2] + one[2]])
    });
    Rate {
        decision: scenario.decision.clone(),
        data: scenario.data.to_owned(),
        runs,
        significant: counted[0],
        drift: counted[1],
        inconclusive: counted[2],
        nominal: Policy::default().significance,
        two_sided: scenario.two_sided,
    }
}

fn count(scenario: &Scenario, runs: impl Iterator<Item = u32>, seed: u64) -> [u32; 3] {
    let mut counts = [0; 3];
    for run in runs {
        let said = (scenario.run)(&mut Draw::with_seed(seed ^ u64::from(run).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        counts[0] += u32::from(said.significant);
        counts[1] += u32::from(said.drift);
        counts[2] += u32::from(said.inconclusive);
    }
    counts
}

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    for method in Method::ALL.into_iter().filter(|method| method.compares_numbers()) {
        // These sizes have no common divisor: the exact KS p-value then takes so many values that 5 % is nearly one of them.
        all.push(of_numbers(method, "normal, 1999 and 997 values", true, |draw| {
            (draw.normals(1999, 0.0), draw.normals(997, 0.0))
        }));
        // Where Epps–Singleton does not claim to be calibrated it is inconclusive.
        let two_sided = method != Method::EppsSingleton;
        all.push(of_numbers(method, "normal, 499 and 173 values", two_sided, |draw| {
            (draw.normals(499, 0.0), draw.normals(173, 0.0))
        }));
        all.push(of_numbers(method, "normal with one outlier of 10¹²", false, |draw| {
            let mut current = draw.normals(173, 0.0);
            current[0] = 1e12;
            (draw.normals(499, 0.0), current)
        }));
        all.push(of_numbers(method, "Poisson(1), 1000 and 1000 values", false, |draw| {
            (draw.poisson(1000), draw.poisson(1000))
        }));
        all.push(of_numbers(method, "normal, 8 and 8 values", false, |draw| {
            (draw.normals(8, 0.0), draw.normals(8, 0.0))
        }));
        all.push(of_numbers(method, "normal, 2000 and 30 values", false, |draw| {
            (draw.normals(2000, 0.0), draw.normals(30, 0.0))
        }));
    }
    for method in Method::ALL.into_iter().filter(|method| method.compares_categories() && *method != Method::Fisher) {
        all.push(of_counts(method, "40 levels by Zipf, 400 and 400 values", |draw| {
            (draw.zipf(400, 40), draw.zipf(400, 40))
        }));
        all.push(of_counts(method, "2000 levels, 2000 and 2000 values", |draw| {
            (draw.levels(2000, 2000), draw.levels(2000, 2000))
        }));
    }
    for method in [Method::Fisher, Method::ChiSquared, Method::G] {
        all.push(of_counts(method, "two levels, 3 % and 97 %, 300 and 300 values", |draw| {
            let mut side = || {
                let rare = (0..300).filter(|_| draw.uniform() < 0.03).count() as u64;
                vec![rare, 300 - rare]
            };
            (side(), side())
        }));
    }
    all.extend(others());
    all.extend(several::scenarios());
    all
}

fn of_numbers(
    method: Method,
    data: &'static str,
    two_sided: bool,
    draw: fn(&mut Draw) -> (Vec<f64>, Vec<f64>),
) -> Scenario {
    let run = move |source: &mut Draw| {
        let (reference, current) = draw(source);
        judged(&Policy::default(), vec![evidence(method, &reference, &current, 1)])
    };
    Scenario::new(method.title(), data, two_sided, run)
}

fn of_counts(method: Method, data: &'static str, draw: fn(&mut Draw) -> (Vec<u64>, Vec<u64>)) -> Scenario {
    let run = move |source: &mut Draw| {
        let (reference, current) = draw(source);
        let policy = Policy::default();
        let question = policy.question(method, method.usual_effect(), 1);
        judged(&policy, vec![categories("x", &reference, &current, &question)])
    };
    Scenario::new(method.title(), data, false, run)
}

fn evidence(method: Method, reference: &[f64], current: &[f64], tests: usize) -> Evidence {
    let (reference, current) = (Sample::of(reference), Sample::of(current));
    let question = Policy::default().question(method, method.usual_effect(), tests);
    let side = |sample: &Sample| (sample.nan, sample.clone());
    let ((m_nan, reference), (n_nan, current)) = (side(&reference), side(&current));
    numbers(
        "x",
        Side { values: reference.sorted(), missing: m_nan },
        Side { values: current.sorted(), missing: n_nan },
        &question,
    )
}

fn judged(policy: &Policy, family: Vec<Evidence>) -> Said {
    Said::by(&judge(policy, family))
}

/// Families, looks, dependence and season.
fn others() -> Vec<Scenario> {
    let scenario =
        |decision: &str, data, two_sided, run: fn(&mut Draw) -> Said| Scenario::new(decision, data, two_sided, run);
    vec![
        scenario("any of 20 columns, Benjamini–Hochberg", "normal, 499 and 173 values", true, |draw| {
            family(draw, Correction::BenjaminiHochberg)
        }),
        scenario("any of 20 columns, Holm", "normal, 499 and 173 values", true, |draw| family(draw, Correction::Holm)),
        scenario("any of 30 daily looks at 3 columns, e-BH", "normal, 500 values and 50 a day", false, |draw| {
            looks(draw, |draw, count| draw.normals(count, 0.0))
        }),
        scenario("any of 30 daily looks at 3 columns, e-BH", "Poisson(1), 500 values and 50 a day", false, |draw| {
            looks(draw, Draw::poisson)
        }),
        scenario(
            "Kolmogorov–Smirnov over blocks",
            "neighbours correlate at 0.7, 1200 and 600 values",
            false,
            |draw| {
                let (reference, current) = (draw.slow(1200, 0.7), draw.slow(600, 0.7));
                series(&reference, &current)
            },
        ),
        scenario("Kolmogorov–Smirnov over blocks", "independent, 600 and 600 values", false, |draw| {
            let (reference, current) = (draw.normals(600, 0.0), draw.normals(600, 0.0));
            series(&reference, &current)
        }),
        scenario(
            "the same hour of other weeks",
            "a season, and hours that are alike; 6 weeks and a day",
            false,
            season,
        ),
        scenario("share missing", "1 % of 1000 and 1000 rows", false, |draw| {
            let mut side = || ((0..1000).filter(|_| draw.uniform() < 0.01).count() as u64, 1000);
            let (reference, current) = (side(), side());
            let policy = Policy::default();
            let question = policy.question(Method::Fisher, 0.1, 1);
            judged(&policy, vec![missing("x", reference, current, &question)])
        }),
    ]
}

fn family(draw: &mut Draw, correction: Correction) -> Said {
    let policy = Policy { correction, ..Policy::default() };
    let columns = (0..20).map(|_| evidence(Method::Ks, &draw.normals(499, 0.0), &draw.normals(173, 0.0), 20)).collect();
    judged(&policy, columns)
}

/// Thirty days; the decisions of all of them.
fn looks(draw: &mut Draw, day: fn(&mut Draw, usize) -> Vec<f64>) -> Said {
    let policy = Policy { looks: Looks::Repeated, ..Policy::default() };
    let references: Vec<Vec<f64>> = (0..3).map(|_| day(draw, 500)).collect();
    let mut watches: Vec<Watch> =
        references.iter().zip(0..).map(|(reference, seed)| Watch::new(reference, seed)).collect();
    let mut decisions = Vec::new();
    for _ in 0..30 {
        let columns = watches.iter_mut().zip(&references).map(|(watch, reference)| {
            let values = day(draw, 50);
            let e_value = Some(watch.look(&values));
            Evidence { e_value, ..evidence(Method::Ks, reference, &values, 3) }
        });
        decisions.extend(judge(&policy, columns.collect()));
    }
    Said::by(&decisions)
}

fn series(reference: &[f64], current: &[f64]) -> Said {
    let policy = Policy::default();
    let question = policy.question(Method::Ks, 0.1, 1);
    judged(&policy, vec![autocorrelated("x", reference, current, &question, 1)])
}

/// Hours with a mean of their own that is the same every week, as many values as the hour is busy, and what an hour's values have
/// in common.
fn season(draw: &mut Draw) -> Said {
    let mut day = || -> Vec<Cell> {
        (0..24_u16)
            .map(|hour| {
                let season = (f64::from(hour) / 24.0 * std::f64::consts::TAU).sin();
                let alike = 0.5 * draw.normal();
                let busy = 4 + usize::from(hour) % 12 + draw.below(5);
                Cell { hour_of_week: hour, values: draw.normals(busy, 2.0 * season + alike) }
            })
            .collect()
    };
    let reference: Vec<Cell> = (0..6).flat_map(|_| day()).collect();
    let current = day();
    let policy = Policy::default();
    let question = policy.question(Method::Ks, 0.1, 1);
    judged(&policy, vec![hour_of_week("x", &reference, &current, &question, 1)])
}
