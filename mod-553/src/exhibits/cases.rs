//! Data on which tools are fooled, each with what is true of it, and what we say of it.
//!
//! Every case is a thing that happens: one broken sensor value, a column of many levels, a series that remembers, a look every morning.

use super::draw::Draw;
use crate::decision::dependence::autocorrelated;
use crate::decision::{Decision, Evidence, Looks, Method, Policy, Side, Watch, categories, judge, numbers};
use crate::statistics::sample::Sample;

/// One side of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Numbers, in the order of their arrival.
    Numbers(Vec<f64>),
    /// Counts of levels.
    Counts(Vec<u64>),
}

/// A tool and the test of it that is fooled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The environment under `target/labs/` that it lives in.
    pub environment: &'static str,
    /// Its name and version.
    pub name: &'static str,
    /// The test, as the tool calls it.
    pub test: &'static str,
}

/// An exhibit.
#[derive(Clone, Debug)]
pub struct Case {
    /// Letters, digits and `-`.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What the data are.
    pub data: &'static str,
    /// Why the tool is fooled.
    pub why: &'static str,
    /// Whether they drifted.
    pub drifted: bool,
    /// The tool that is asked.
    pub peer: Peer,
    /// Reference and current data, once for each run.
    pub pairs: Vec<(Data, Data)>,
    /// So many pairs are one run: it alarms when any of them does.
    pub looks: usize,
    /// Ours, one for each run; of several looks, the last or the first that alarmed.
    pub ours: Vec<Decision>,
}

const EVIDENTLY: &str = "Evidently 0.7.23";

fn evidently(test: &'static str) -> Peer {
    Peer { environment: "evidently", name: EVIDENTLY, test }
}

/// All exhibits, of `runs` runs where they are about a rate.
pub fn cases(runs: usize) -> Vec<Case> {
    let mut draw = Draw::with_seed(553);
    let mut all = outliers(&mut draw);
    all.extend(levels(&mut draw, runs));
    all.extend(time(&mut draw, runs));
    all.extend(few(&mut draw, runs));
    all
}

/// What is different between cases; the rest is filled in.
struct Told {
    id: &'static str,
    title: &'static str,
    data: &'static str,
    why: &'static str,
    drifted: bool,
    peer: Peer,
}

fn case(told: Told, method: Method, pairs: Vec<(Data, Data)>) -> Case {
    let ours = pairs.iter().map(|(reference, current)| ours(method, reference, current)).collect();
    with(told, pairs, 1, ours)
}

fn with(told: Told, pairs: Vec<(Data, Data)>, looks: usize, ours: Vec<Decision>) -> Case {
    let Told { id, title, data, why, drifted, peer } = told;
    Case { id, title, data, why, drifted, peer, pairs, looks, ours }
}

fn one(evidence: Evidence, policy: &Policy) -> Decision {
    // A family of one has one decision.
    judge(policy, vec![evidence]).remove(0)
}

fn ours(method: Method, reference: &Data, current: &Data) -> Decision {
    let policy = Policy::default();
    let question = policy.question(method, method.usual_effect(), 1);
    let evidence = match (reference, current) {
        (Data::Counts(reference), Data::Counts(current)) => categories("x", reference, current, &question),
        (Data::Numbers(reference), Data::Numbers(current)) => {
            let (reference, current) = (Sample::of(reference), Sample::of(current));
            let (left, right) = (reference.sorted(), current.sorted());
            numbers(
                "x",
                Side { values: left, missing: reference.nan },
                Side { values: right, missing: current.nan },
                &question,
            )
        }
        _ => categories("x", &[], &[], &question),
    };
    one(evidence, &policy)
}

fn outliers(draw: &mut Draw) -> Vec<Case> {
    let normal = |draw: &mut Draw, shift| draw.normals(100_000, shift);
    let (reference, mut shifted) = (normal(draw, 0.0), normal(draw, 3.0));
    shifted[0] = 1e12;
    let moved = (Data::Numbers(reference.clone()), Data::Numbers(shifted));
    let mut broken = normal(draw, 0.0);
    broken[0] = 1e9;
    let still = (Data::Numbers(reference.clone()), Data::Numbers(broken));
    let mut old = reference;
    old[0] = 1e9;
    let since = (Data::Numbers(old), Data::Numbers(normal(draw, 2.0)));
    vec![
        case(
            Told {
                id: "outlier-hides-psi",
                title: "One broken value hides a drift of three standard deviations from PSI",
                data: "100,000 values of N(0, 1) against 100,000 of N(3, 1), one of them 10¹²",
                why: "its bins are equally wide over both sides pooled, so that the outlier has one for itself and all the rest share another",
                drifted: true,
                peer: evidently("psi"),
            },
            Method::Psi,
            vec![moved.clone()],
        ),
        case(
            Told {
                id: "outlier-hides-js",
                title: "The same value hides it from Jensen–Shannon",
                data: "as before",
                why: "it has the same bins",
                drifted: true,
                peer: evidently("jensenshannon"),
            },
            Method::JensenShannon,
            vec![moved],
        ),
        case(
            Told {
                id: "outlier-is-a-drift",
                title: "One broken value is a drift of ten thousand standard deviations",
                data: "100,000 values of N(0, 1) on each side, one of the current ones 10⁹",
                why: "a Wasserstein distance is a mean of distances, and one value moves a mean as far as it likes",
                drifted: false,
                peer: evidently("wasserstein"),
            },
            Method::Wasserstein,
            vec![still],
        ),
        case(
            Told {
                id: "outlier-in-the-reference",
                title: "One broken value in the reference, and a drift of two standard deviations is gone",
                data: "100,000 values of N(0, 1), one of them 10⁹, against 100,000 of N(2, 1)",
                why: "for large references the distance is estimated in bins of equal width",
                drifted: true,
                peer: Peer { environment: "nannyml", name: "NannyML 0.13.1", test: "kolmogorov_smirnov" },
            },
            Method::Ks,
            vec![since],
        ),
    ]
}

fn levels(draw: &mut Draw, runs: usize) -> Vec<Case> {
    let table = |draw: &mut Draw, count, levels| Data::Counts(draw.levels(count, levels));
    let null = (0..runs).map(|_| (table(draw, 300, 5), table(draw, 300, 5))).collect();
    let many = (table(draw, 2000, 2000), table(draw, 2000, 2000));
    let new = (Data::Counts(vec![500, 500, 0]), Data::Counts(vec![499, 500, 1]));
    vec![
        case(
            Told {
                id: "exact-reference",
                title: "A reference of 300 rows is taken for the truth",
                data: "five levels of equal probability, 300 rows on each side, nothing changed",
                why: "`chisquare` compares with expectations, and a sample is none: its own noise counts as the other side's drift",
                drifted: false,
                peer: evidently("chisquare"),
            },
            Method::ChiSquared,
            null,
        ),
        case(
            Told {
                id: "many-levels",
                title: "A column of many levels has always drifted",
                data: "2000 levels of equal probability, 2000 rows on each side, nothing changed",
                why: "a distance of shares grows with the number of levels that nobody has drawn often enough",
                drifted: false,
                peer: evidently("jensenshannon"),
            },
            Method::JensenShannon,
            vec![many],
        ),
        case(
            Told {
                id: "new-level",
                title: "One row of a new level in a thousand",
                data: "1000 rows of two levels against 999 of them and one of a third",
                why: "what an exact reference does not have is impossible, and its p-value 0",
                drifted: false,
                peer: evidently("chisquare"),
            },
            Method::ChiSquared,
            vec![new],
        ),
    ]
}

fn time(draw: &mut Draw, runs: usize) -> Vec<Case> {
    const DAYS: usize = 30;
    let (mut daily, mut ours_daily) = (Vec::new(), Vec::new());
    let policy = Policy { looks: Looks::Repeated, ..Policy::default() };
    let question = policy.question(Method::Ks, 0.1, 1);
    for seed in 0..runs.div_ceil(5) {
        let reference = draw.normals(1000, 0.0);
        let (sample, mut watch) = (Sample::of(&reference), Watch::new(&reference, seed as u64));
        let mut decisions: Vec<Decision> = Vec::new();
        for _ in 0..DAYS {
            let day = draw.normals(1000, 0.0);
            let (e_value, current) = (Some(watch.look(&day)), Sample::of(&day));
            let side = |sample| Side { values: Sample::sorted(sample), missing: 0 };
            let evidence = numbers("x", side(&sample), side(&current), &question);
            decisions.push(one(Evidence { e_value, ..evidence }, &policy));
            daily.push((Data::Numbers(reference.clone()), Data::Numbers(day)));
        }
        let alarmed = decisions.iter().position(|decision| decision.verdict == crate::decision::Verdict::Drift);
        ours_daily.push(decisions.swap_remove(alarmed.unwrap_or(DAYS - 1)));
    }
    let slow: Vec<(Vec<f64>, Vec<f64>)> = (0..runs).map(|_| (draw.slow(1000, 0.7), draw.slow(1000, 0.7))).collect();
    let once = Policy::default();
    let question = once.question(Method::Ks, 0.1, 1);
    let ours_slow = slow
        .iter()
        .map(|(reference, current)| one(autocorrelated("x", reference, current, &question, 1), &once))
        .collect();
    let slow =
        slow.into_iter().map(|(reference, current)| (Data::Numbers(reference), Data::Numbers(current))).collect();
    vec![
        with(
            Told {
                id: "thirty-looks",
                title: "A look every morning",
                data: "a reference of 1000 values and 1000 new ones on each of 30 days, nothing changed",
                why: "each test is wrong once in twenty mornings, and nobody adds them up",
                drifted: false,
                peer: evidently("ks"),
            },
            daily,
            DAYS,
            ours_daily,
        ),
        with(
            Told {
                id: "slow-waves",
                title: "Values that remember",
                data: "1000 values on each side whose neighbours correlate at 0.7, nothing changed",
                why: "the test counts 1000 independent values where there are fewer than 200",
                drifted: false,
                peer: evidently("ks"),
            },
            slow,
            1,
            ours_slow,
        ),
    ]
}

fn few(draw: &mut Draw, runs: usize) -> Vec<Case> {
    let normal = |draw: &mut Draw, count| Data::Numbers(draw.normals(count, 0.0));
    let small = (0..runs).map(|_| (normal(draw, 100), normal(draw, 100))).collect();
    let eight = (0..runs).map(|_| (normal(draw, 1500), normal(draw, 8))).collect();
    vec![
        case(
            Told {
                id: "psi-by-chance",
                title: "PSI above 0.1 by chance",
                data: "100 values of N(0, 1) on each side, nothing changed",
                why: "without drift PSI is about (bins − 1)(1/m + 1/n), which a fixed threshold does not know",
                drifted: false,
                peer: evidently("psi"),
            },
            Method::Psi,
            small,
        ),
        case(
            Told {
                id: "eight-rows",
                title: "Drift from eight rows",
                data: "1500 values of N(0, 1) against 8, nothing changed",
                why: "the default for large references is a distance, and eight rows are always at some distance",
                drifted: false,
                peer: evidently("wasserstein"),
            },
            Method::Wasserstein,
            eight,
        ),
    ]
}
