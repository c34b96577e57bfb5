//! How often the same validation says something else: twenty repeats with one core kept busy, because a check that passes
//! only on an idle machine is a check of the machine.

use super::{measure, page::Figure};
use crate::cargo::{self, Profile};
use anyhow::Result;
use std::{
    hint,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

const REPEATS: usize = 20;

/// Failures in twenty repeats.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let runner = cargo::build_programs(Profile::Debug)?.join("lab-runner");
    let done = Arc::new(AtomicBool::new(false));
    let busy = thread::spawn({
        let done = Arc::clone(&done);
        move || {
            while !done.load(Ordering::Relaxed) {
                hint::spin_loop();
            }
        }
    });
    let failures = (0..REPEATS).map(|_| fails(&runner)).sum::<Result<usize>>();
    done.store(true, Ordering::Relaxed);
    // It only counts down to the flag; there is nothing it could have panicked on.
    let _ = busy.join();
    let failures = failures?;
    Ok(vec![Figure {
        what: format!("failures in {REPEATS} repeats of `validate mod-106`, one core kept busy"),
        ours: failures.to_string(),
        peer: None,
        ratio: None,
        must: "0".to_owned(),
        met: failures == 0,
    }])
}

fn fails(runner: &std::path::Path) -> Result<usize> {
    let (_, code) = measure::run(Command::new(runner).args(["validate", "mod-106", "--backend", "embedded"]))?;
    Ok(usize::from(code != Some(0)))
}
