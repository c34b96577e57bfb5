//! How often our decisions are wrong when nothing has changed. Here a short run of what is cheap; the long run of everything is
//! `mod-553 exhibits calibrate`, whose figures in `calibration/` are checked to be about what is measured today.

use libtest_mimic::{Completion, Failed, Trial};
use mod_553::exhibits::calibration::{Rate, rate, scenarios};
use serde_json::Value;
use std::path::Path;

const RUNS: u32 = 120;
const SEED: u64 = 1;
/// Too slow without optimisation.
const SLOW: [&str; 7] =
    ["energy distance", "2000 levels", "1999 and 997", "any of", "over blocks", "200 rows", "200 and 30 rows"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("calibration::a-short-run-holds", short_run),
        Trial::ignorable_test("calibration::the-published-figures-are-of-these-decisions", published),
    ]
}

fn short_run() -> Result<(), Failed> {
    let mut ran = 0;
    for scenario in scenarios() {
        if SLOW.iter().any(|slow| scenario.decision.contains(slow) || scenario.data.contains(slow)) {
            continue;
        }
        let rate = rate(&scenario, RUNS, SEED);
        assert!(rate.holds(), "{rate:?}");
        ran += 1;
    }
    assert!(ran > 30, "only {ran} were measured");
    Ok(())
}

/// Every decision and every null hypothesis, 10,000 times, each within what it says.
fn published() -> Result<Completion, Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("calibration/calibration.json");
    if !path.exists() {
        let reason = "nothing is published; `mod-553 exhibits calibrate --output mod-553/calibration`, built with --release, does it";
        return Ok(Completion::ignored_with(reason));
    }
    let figures: Vec<Value> = serde_json::from_slice(&std::fs::read(path)?)?;
    let count = |figure: &Value, name: &str| figure[name].as_u64().and_then(|count| u32::try_from(count).ok());
    let all = scenarios();
    assert_eq!(figures.len(), all.len(), "measure again: mod-553 exhibits calibrate --output mod-553/calibration");
    for (figure, scenario) in figures.iter().zip(&all) {
        let rate = Rate {
            decision: figure["decision"].as_str().unwrap_or_default().to_owned(),
            data: figure["data"].as_str().unwrap_or_default().to_owned(),
            runs: count(figure, "runs").ok_or("runs")?,
            significant: count(figure, "significant").ok_or("significant")?,
            drift: count(figure, "drift").ok_or("drift")?,
            inconclusive: count(figure, "inconclusive").ok_or("inconclusive")?,
            nominal: 0.05,
            two_sided: scenario.two_sided,
        };
        assert_eq!((rate.decision.as_str(), rate.data.as_str()), (scenario.decision.as_str(), scenario.data));
        assert!(rate.runs >= 10_000 && rate.holds(), "{rate:?}");
    }
    Ok(Completion::Completed)
}
