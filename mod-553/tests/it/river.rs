//! Our online detectors beside River's: alarms and warnings at the same indices, on a thousand streams for each detector, with
//! ties, constants, tiny and huge values, abrupt, gradual and recurring changes, and settings drawn at random.

use super::environment::labs;
use fastrand::Rng;
use libtest_mimic::{Completion, Failed, Trial};
use mod_553::online::{
    AdwinSettings, DdmSettings, Detector, Direction, EddmSettings, HddmASettings, HddmWSettings, KswinSettings,
    PageHinkleySettings, Settings, Signal,
};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("python/river_peer.py");
const STREAMS: usize = 1_000;

pub(crate) fn trials() -> Vec<Trial> {
    let names = ["adwin", "page_hinkley", "kswin", "ddm", "eddm", "hddm_a", "hddm_w"];
    names
        .into_iter()
        .map(|name| Trial::ignorable_test(format!("river::{name}-alarms-at-the-same-values"), || agrees(name)))
        .collect()
}

fn agrees(name: &'static str) -> Result<Completion, Failed> {
    let python = labs().join("river/bin/python");
    if !python.exists() {
        return Ok(Completion::ignored_with("no target/labs/river; `cargo xtask images --process river` makes it"));
    }
    let mut child = Command::new(python).args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (mut input, output) = (child.stdin.take().ok_or("no pipe")?, child.stdout.take().ok_or("no pipe")?);
    let question = move |round: usize| {
        let mut random = Rng::with_seed((553 << 32) + round as u64);
        let settings = settings(name, &mut random);
        let values = values(name, round, &mut random);
        (settings, values)
    };
    let writer = std::thread::spawn(move || -> Result<(), String> {
        for round in 0..STREAMS {
            let (settings, values) = question(round);
            writeln!(input, "{}", json!({"settings": settings, "values": values}))
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    });
    let (mut alarms, mut streams) = (0, 0);
    for (round, line) in BufReader::new(output).lines().enumerate() {
        let theirs: Value = serde_json::from_str(&line?)?;
        let (settings, values) = question(round);
        let ours = ours(&settings, &values)?;
        if json!(ours) != theirs {
            return Err(format!("stream {round}, {settings:?}\n  ours:   {ours:?}\n  theirs: {theirs}").into());
        }
        streams += 1;
        alarms += ours[0].len();
    }
    child.wait()?;
    writer.join().map_err(|_| "the writer panicked")??;
    // Streams on which nobody ever alarms would agree whatever we do.
    if streams != STREAMS || alarms < STREAMS / 4 {
        return Err(format!("{alarms} alarms on {streams} streams say nothing").into());
    }
    Ok(Completion::Completed)
}

/// The indices of alarms, and of warnings.
fn ours(settings: &Settings, values: &[f64]) -> Result<[Vec<usize>; 2], Failed> {
    let mut detector = Detector::new(settings)?;
    let mut found = [Vec::new(), Vec::new()];
    for (index, value) in values.iter().enumerate() {
        match detector.update(*value)? {
            Signal::Quiet => {}
            Signal::Drift => found[0].push(index),
            Signal::Warning => found[1].push(index),
        }
    }
    Ok(found)
}

/// River's defaults half of the time, otherwise something else within reason.
fn settings(name: &str, random: &mut Rng) -> Settings {
    let usual = random.bool();
    let mut pick = |usually: f64, others: [f64; 3]| if usual { usually } else { others[random.usize(0..3)] };
    match name {
        "adwin" => Settings::Adwin(AdwinSettings {
            delta: pick(0.002, [0.0001, 0.05, 0.3]),
            clock: pick(32.0, [1.0, 7.0, 32.0]) as u32,
            max_buckets: pick(5.0, [2.0, 3.0, 9.0]) as u32,
            min_window_length: pick(5.0, [1.0, 5.0, 20.0]) as u32,
            grace_period: pick(10.0, [0.0, 10.0, 100.0]) as u32,
        }),
        "page_hinkley" => Settings::PageHinkley(PageHinkleySettings {
            min_instances: pick(30.0, [1.0, 10.0, 100.0]) as u32,
            delta: pick(0.005, [0.0, 0.1, 1.0]),
            threshold: pick(50.0, [2.0, 10.0, 25.0]),
            alpha: pick(1.0 - 0.0001, [0.99, 1.0, 0.9999]),
            mode: [Direction::Up, Direction::Down, Direction::Both][pick(2.0, [0.0, 1.0, 2.0]) as usize],
        }),
        "kswin" => Settings::Kswin(KswinSettings {
            alpha: pick(0.005, [0.0001, 0.01, 0.05]),
            window_size: pick(60.0, [40.0, 60.0, 80.0]) as u32,
            stat_size: pick(20.0, [3.0, 10.0, 20.0]) as u32,
            seed: pick(0.0, [1.0, 4_294_967_295.0, 68_719_476_737.0]) as u64,
        }),
        "ddm" => Settings::Ddm(DdmSettings {
            warm_start: pick(30.0, [1.0, 10.0, 100.0]) as u32,
            warning_threshold: pick(2.0, [1.0, 1.5, 2.5]),
            drift_threshold: pick(3.0, [2.5, 3.0, 4.0]),
        }),
        "eddm" => Settings::Eddm(EddmSettings {
            warm_start: pick(30.0, [5.0, 10.0, 50.0]) as u32,
            alpha: pick(0.95, [0.8, 0.9, 0.99]),
            beta: pick(0.9, [0.5, 0.7, 0.8]),
        }),
        "hddm_a" => Settings::HddmA(HddmASettings {
            drift_confidence: pick(0.001, [0.0001, 0.001, 0.01]),
            warning_confidence: pick(0.005, [0.005, 0.05, 0.1]),
            two_sided_test: pick(0.0, [0.0, 1.0, 1.0]) > 0.0,
        }),
        _ => Settings::HddmW(HddmWSettings {
            drift_confidence: pick(0.001, [0.0001, 0.001, 0.01]),
            warning_confidence: pick(0.005, [0.005, 0.05, 0.1]),
            lambda_val: pick(0.05, [0.01, 0.1, 0.3]),
            two_sided_test: pick(0.0, [0.0, 1.0, 1.0]) > 0.0,
        }),
    }
}

/// A stream: parts between which something changes, at once or bit by bit.
fn values(name: &str, round: usize, random: &mut Rng) -> Vec<f64> {
    let numbers = matches!(name, "adwin" | "page_hinkley" | "kswin");
    let parts = random.usize(1..4);
    let longest = if name == "kswin" { 60 } else { 500 };
    let levels: Vec<f64> = (0..parts).map(|_| random.f64()).collect();
    let gradual = random.usize(0..3) == 0;
    let mut values = Vec::new();
    let mut before = levels[0];
    for level in levels {
        let length = random.usize(1..=longest);
        for index in 0..length {
            let share = if gradual { index as f64 / length as f64 } else { 1.0 };
            let level = before + (level - before) * share;
            values.push(if numbers { number(round, level, random) } else { f64::from(u8::from(random.f64() < level)) });
        }
        before = level;
    }
    values
}

/// A number around a level; of eight kinds in turn.
fn number(round: usize, level: f64, random: &mut Rng) -> f64 {
    let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    match round % 8 {
        0 => f64::from(u8::from(random.f64() < level)),
        1 => (level * 10.0).round(),
        2 => (4.0 * level + normal).round(),
        3 => 1e-12 * (3.0 * level + normal),
        4 => 1e100 * (3.0 * level + normal),
        5 => 1e9 + 5.0 * level + normal,
        6 if random.usize(0..200) == 0 => 1e12,
        _ => 6.0 * level + normal,
    }
}
