//! A thousand SIGKILLs at random moments of something that must survive them, each asked for once more afterwards. How it is done, and what
//! counts as inconsistent, is in the tests that do the same a few times in every test run: `mod-106/tests/it/killed.rs` and
//! `mod-553/tests/it/retraining/killed.rs`.

use super::page::Figure;
use crate::cargo;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, de::DeserializeOwned};
use std::{env, fs, process};

const KILLS: u32 = 1000;

/// What the test of promotions writes down.
#[derive(Debug, Deserialize)]
struct Promotions {
    kills: u32,
    before: u32,
    between: u32,
    after: u32,
    inconsistent: u32,
    promoted_twice: u32,
}

/// What the test of retraining writes down.
#[derive(Debug, Deserialize)]
struct Retrainings {
    kills: u32,
    before: u32,
    between: u32,
    after: u32,
    locked: u32,
    chains: u32,
    inconsistent: u32,
}

/// Inconsistent ends of promotions and rollbacks.
pub(super) fn promotion() -> Result<Vec<Figure>> {
    let seen = killed("mod-106", "MOD106_PROMOTION", "scripted::a-killed-promotion-ends-as-if-it-had-not-been")?;
    let Promotions { kills, before, between, after, inconsistent, promoted_twice } = seen;
    let moments = format!("{before} before the intent, {between} in the middle, {after} after the end");
    figure(
        "inconsistent ends of promote and rollback, killed a thousand times",
        inconsistent + promoted_twice,
        kills,
        &moments,
    )
}

/// Chains of proposals, approvals and rollouts that end at another commit than undisturbed ones.
pub(super) fn retraining() -> Result<Vec<Figure>> {
    let seen = killed("mod-553", "MOD553_RETRAINING", "retraining::a-killed-step-ends-as-if-it-had-not-been")?;
    let Retrainings { kills, before, between, after, locked, chains, inconsistent } = seen;
    let moments = format!(
        "in {chains} chains; {before} before anything was written, {between} in the middle, of which {locked} left git's lock, {after} \
         after the branch had moved"
    );
    figure(
        "retraining that ends at another commit than undisturbed, killed a thousand times",
        inconsistent,
        kills,
        &moments,
    )
}

/// Runs a test with so many kills, and reads the figures that it leaves.
fn killed<S: DeserializeOwned>(package: &str, variables: &str, case: &str) -> Result<S> {
    let file = env::temp_dir().join(format!("xtask-bench-{package}-{}.json", process::id()));
    let mut test = cargo::command();
    test.args(["test", "--quiet", "--workspace", "--test", "it", "--", "--exact", case]);
    test.env(format!("{variables}_KILLS"), KILLS.to_string()).env(format!("{variables}_FIGURES"), &file);
    // What it found is in the file, also when it found something wrong.
    let ended = cargo::run_with_comfort(test, &format!("kill a thousand times: {case}"));
    let text = fs::read_to_string(&file);
    if let Err(error) = &text {
        ended.with_context(|| format!("and it left no figures ({error})"))?;
    }
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    // Nothing depends on whether the temporary file goes.
    let _ = fs::remove_file(&file);
    serde_json::from_str(&text).with_context(|| format!("{text:?} is not what the test writes"))
}

fn figure(what: &str, bad: u32, kills: u32, moments: &str) -> Result<Vec<Figure>> {
    ensure!(kills >= KILLS, "{kills} kills instead of {KILLS}");
    Ok(vec![Figure {
        what: what.to_owned(),
        ours: format!("{bad} ({kills} kills: {moments})"),
        peer: None,
        ratio: None,
        must: "0".to_owned(),
        met: bad == 0,
    }])
}
