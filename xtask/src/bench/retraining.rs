//! A thousand steps of retraining killed with SIGKILL at random moments, each then asked for once more. How it is done, and what counts as
//! inconsistent, is in `mod-553/tests/it/retraining/killed.rs`, which does the same sixty times in every test run.

use super::page::Figure;
use crate::cargo;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{env, fs, process};

const KILLS: u32 = 1000;
const CASE: &str = "retraining::a-killed-step-ends-as-if-it-had-not-been";

/// What the test writes down.
#[derive(Debug, Deserialize)]
struct Seen {
    kills: u32,
    before: u32,
    between: u32,
    after: u32,
    locked: u32,
    chains: u32,
    inconsistent: u32,
}

/// Inconsistent ends in a thousand kills.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let file = env::temp_dir().join(format!("xtask-bench-retraining-{}.json", process::id()));
    let mut test = cargo::command();
    test.args(["test", "--quiet", "--package", "mod-553", "--test", "it", "--", "--exact", CASE]);
    test.env("MOD553_RETRAINING_KILLS", KILLS.to_string()).env("MOD553_RETRAINING_FIGURES", &file);
    // What it found is in the file, also when it found something wrong.
    let ended = cargo::run_with_comfort(test, "kill a thousand steps of retraining");
    let text = fs::read_to_string(&file);
    if let Err(error) = &text {
        ended.with_context(|| format!("and it left no figures ({error})"))?;
    }
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    // Nothing depends on whether the temporary file goes.
    let _ = fs::remove_file(&file);
    let seen: Seen = serde_json::from_str(&text).with_context(|| format!("{text:?} is not what the test writes"))?;
    let Seen { kills, before, between, after, locked, chains, inconsistent } = seen;
    ensure!(kills >= KILLS, "{kills} kills instead of {KILLS}");
    Ok(vec![Figure {
        what: format!(
            "chains of retraining, of {chains}, that end at another commit than undisturbed ones, after {kills} kills ({before} before \
             anything was written, {between} in the middle, of which {locked} left git's lock, {after} after the branch had moved)"
        ),
        ours: inconsistent.to_string(),
        peer: None,
        ratio: None,
        must: "0".to_owned(),
        met: inconsistent == 0,
    }])
}
