//! A thousand promotions and rollbacks killed with SIGKILL at random points, each then asked for once more. How it is done, and what
//! counts as inconsistent, is in `mod-106/tests/it/killed.rs`, which does the same a hundred times in every test run.

use super::page::Figure;
use crate::cargo;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{env, fs, process};

const KILLS: u32 = 1000;
const CASE: &str = "scripted::a-killed-promotion-ends-as-if-it-had-not-been";

/// What the test writes down.
#[derive(Debug, Deserialize)]
struct Seen {
    kills: u32,
    before: u32,
    between: u32,
    after: u32,
    inconsistent: u32,
    promoted_twice: u32,
}

/// Inconsistent ends in a thousand kills.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let file = env::temp_dir().join(format!("xtask-bench-promotion-{}.json", process::id()));
    let mut test = cargo::command();
    test.args(["test", "--quiet", "--package", "mod-106", "--test", "it", "--", "--exact", CASE]);
    test.env("MOD106_PROMOTION_KILLS", KILLS.to_string()).env("MOD106_PROMOTION_FIGURES", &file);
    // What it found is in the file, also when it found something wrong.
    let ended = cargo::run_with_comfort(test, "kill a thousand promotions");
    let text = fs::read_to_string(&file);
    if let Err(error) = &text {
        ended.with_context(|| format!("and it left no figures ({error})"))?;
    }
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    // Nothing depends on whether the temporary file goes.
    let _ = fs::remove_file(&file);
    let seen: Seen = serde_json::from_str(&text).with_context(|| format!("{text:?} is not what the test writes"))?;
    let Seen { kills, before, between, after, inconsistent, promoted_twice } = seen;
    ensure!(kills >= KILLS, "{kills} kills instead of {KILLS}");
    let bad = inconsistent + promoted_twice;
    Ok(vec![Figure {
        what: format!(
            "inconsistent ends in {kills} kills of promote and rollback ({before} before the intent, {between} in the middle, \
             {after} after the end)"
        ),
        ours: bad.to_string(),
        peer: None,
        ratio: None,
        must: "0".to_owned(),
        met: bad == 0,
    }])
}
