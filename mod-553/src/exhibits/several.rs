//! Null hypotheses for decisions that look at several columns at once, and for those about a model's performance.
//!
//! An estimate of performance rules nothing out: here *chance ruled out* counts how often what was real lies outside of the band that
//! should hold it nineteen times in twenty.

use super::calibration::{Said, Scenario};
use super::draw::Draw;
use crate::decision::{Policy, Verdict};
use crate::multivariate::{Classifier, Embedding, Mmd, Points};
use crate::performance::{Cbpe, Dle, Estimate, Estimator, LossEstimator, Outcomes, State};

/// So many arrangements put a p-value of 5 % on a step.
const ARRANGEMENTS: u32 = 199;

/// All of them.
pub(super) fn scenarios() -> Vec<Scenario> {
    let scenario = |decision: &str, data, run: fn(&mut Draw) -> Said| Scenario::new(decision, data, false, run);
    let classifier = "classifier two-sample";
    let mmd = "maximum mean discrepancy";
    vec![
        scenario(classifier, "3 columns that go together, 60 and 60 rows", |draw| {
            classified(&cloud(draw, 60, 3), &cloud(draw, 60, 3))
        }),
        scenario(classifier, "3 columns that go together, 200 and 30 rows", |draw| {
            classified(&cloud(draw, 200, 3), &cloud(draw, 30, 3))
        }),
        scenario(classifier, "2 columns of whole numbers, 25 and 25 rows", |draw| {
            classified(&steps(draw, 25), &steps(draw, 25))
        }),
        scenario(mmd, "2 columns that go together, 20 and 20 rows", |draw| {
            discrepant(&cloud(draw, 20, 2), &cloud(draw, 20, 2))
        }),
        scenario(mmd, "2 columns of whole numbers, 10 and 40 rows", |draw| {
            discrepant(&steps(draw, 10), &steps(draw, 40))
        }),
        scenario("embedding drift", "vectors of 4 dimensions, 40 and 40", |draw| {
            embedded(&cloud(draw, 40, 4), &cloud(draw, 40, 4))
        }),
        scenario("CBPE: accuracy", "scores that need calibration, 2000 and 200 rows", estimated),
        scenario("DLE: mean absolute error", "errors that grow with a feature, 2000 and 200 rows", loss),
    ]
}

/// Rows whose columns share a part.
fn cloud(draw: &mut Draw, rows: usize, columns: usize) -> Points {
    points((0..rows).map(|_| {
        let shared = draw.normal();
        (0..columns).map(|_| 0.5 * shared + draw.normal()).collect()
    }))
}

/// The same of two columns, rounded: mostly ties.
fn steps(draw: &mut Draw, rows: usize) -> Points {
    points((0..rows).map(|_| {
        let shared = draw.normal();
        (0..2).map(|_| (0.5 * shared + draw.normal()).round()).collect()
    }))
}

fn points(rows: impl Iterator<Item = Vec<f64>>) -> Points {
    // Every row was drawn with as many finite numbers.
    Points::new(rows).unwrap_or_default()
}

fn said(verdict: Option<Verdict>, significant: bool) -> Said {
    Said {
        significant,
        drift: verdict == Some(Verdict::Drift),
        inconclusive: !matches!(verdict, Some(Verdict::Drift | Verdict::NoDrift)),
    }
}

fn classified(reference: &Points, current: &Points) -> Said {
    // Any area that chance does not explain is called drift: the least that matters must not hide how often chance is ruled out.
    let found = Classifier { least_area: 0.5, ..Classifier::default() }.compare(reference, current);
    let significant = found.as_ref().is_ok_and(|found| found.p_value <= Policy::default().significance);
    said(found.ok().map(|found| found.verdict), significant)
}

fn discrepant(reference: &Points, current: &Points) -> Said {
    let found = Mmd { arrangements: ARRANGEMENTS, ..Mmd::default() }.compare(reference, current);
    let Ok(found) = found else { return said(None, false) };
    let significant = found.p_value <= Policy::default().significance;
    said(Some(if significant { Verdict::Drift } else { Verdict::NoDrift }), significant)
}

fn embedded(reference: &Points, current: &Points) -> Said {
    let mmd = Mmd { arrangements: ARRANGEMENTS, ..Mmd::default() };
    let found = Embedding { mmd, classifier: Classifier { least_area: 0.5, ..Classifier::default() } };
    let verdict = found.compare(reference, current).ok().map(|found| found.verdict);
    said(verdict, verdict == Some(Verdict::Drift))
}

/// One chunk beside a reference of ten, all of one population whose scores are too timid.
fn estimated(draw: &mut Draw) -> Said {
    let mut rows = |count: usize| -> (Vec<f64>, Vec<bool>) {
        let sigmoid = |odds: f64| 1.0 / (1.0 + (-odds).exp());
        (0..count)
            .map(|_| {
                let odds = 1.5 * draw.normal();
                (sigmoid(1.6 * odds), draw.uniform() < sigmoid(odds))
            })
            .unzip()
    };
    let ((scores, labels), (new_scores, new_labels)) = (rows(2000), rows(200));
    let estimator = Estimator::fit(&Outcomes::binary(&scores, 0.5, &labels), &Cbpe::default());
    let estimates = estimator.and_then(|known| known.estimate(&Outcomes::binary(&new_scores, 0.5, &new_labels)));
    of_metric(estimates.as_deref().unwrap_or_default(), "accuracy")
}

/// A regression whose errors are larger where its feature is.
fn loss(draw: &mut Draw) -> Said {
    let mut rows = |count: usize| {
        let drawn: Vec<(f64, f64, f64)> = (0..count)
            .map(|_| {
                let (one, two) = (draw.uniform(), draw.uniform());
                (one, two, one + (0.2 + one) * draw.normal())
            })
            .collect();
        let predicted: Vec<f64> = drawn.iter().map(|row| row.0).collect();
        let truth: Vec<f64> = drawn.iter().map(|row| row.2).collect();
        (points(drawn.iter().map(|row| vec![row.0, row.1])), predicted, truth)
    };
    let ((reference, predicted, truth), (current, new_predicted, new_truth)) = (rows(2000), rows(200));
    let estimator = LossEstimator::fit(&reference, &predicted, &truth, &Dle::default());
    let estimates = estimator.and_then(|known| known.estimate(&current, Some((&new_predicted, &new_truth))));
    of_metric(estimates.as_deref().unwrap_or_default(), "mae")
}

fn of_metric(estimates: &[Estimate], metric: &str) -> Said {
    let Some(found) = estimates.iter().find(|estimate| estimate.metric == metric) else { return said(None, false) };
    let band = (found.lower, found.upper, found.realized);
    let missed = matches!(band, (Some(low), Some(high), Some(real)) if real < low || high < real);
    Said { significant: missed, drift: found.state == State::Changed, inconclusive: found.state == State::Inconclusive }
}
