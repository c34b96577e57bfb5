//! What ADWIN costs: a million values through `Detector::update`, and the CPU time that this process spent on them.
//!
//! `xtask/bench/online/peer.py` does the same with River's; the bench runs both. Values are made before the clock starts, by the same
//! congruential generator on both sides, so the alarms can be compared.
//!
//! ```text
//! cargo run --release -p mod-553 --example online -- [VALUES]
//! ```

use anyhow::Context;
use mod_553::online::{AdwinSettings, Detector, Settings, Signal};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

fn main() -> anyhow::Result<()> {
    let count: u64 =
        std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse()).context("VALUES is a number")?;
    let values = values(count);
    let mut detector = Detector::new(&Settings::Adwin(AdwinSettings::default()))?;
    let before = cpu_us()?;
    let mut alarms = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if detector.update(*value)? == Signal::Drift {
            alarms.push(index);
        }
    }
    let cpu_s = (cpu_us()? - before) as f64 / 1e6;
    println!("{}", serde_json::json!({"cpu_s": cpu_s, "alarms": alarms}));
    Ok(())
}

/// Sums of four uniform numbers, around a level that changes every 100,000 values.
fn values(count: u64) -> Vec<f64> {
    let mut state = 553_u64;
    let mut uniform = move || {
        // Knuth's MMIX generator; its upper 53 bits.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count)
        .map(|index| {
            let level = (index / 100_000 % 2) as f64 * 0.1;
            let (a, b, c, d) = (uniform(), uniform(), uniform(), uniform());
            a + b + c + d + level
        })
        .collect()
}

fn cpu_us() -> anyhow::Result<i64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).context("the system does not say what this process used")?;
    Ok(usage.user_time().num_microseconds() + usage.system_time().num_microseconds())
}
