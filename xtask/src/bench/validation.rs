//! What a drift report of 1,000,000 rows × 50 columns costs beside Evidently's, with the same tests, from reading Parquet to the
//! report's pages; and what ten times the rows cost ours. Both read the same files, in the same run.

use super::{measure, page::Figure};
use crate::cargo::{self, Profile};
use anyhow::{Context, Result, bail, ensure};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    thread,
    time::Duration,
};

const ROWS: u64 = 1_000_000;
const LOOK_AGAIN: Duration = Duration::from_millis(5);
pub(super) const GIB: f64 = 1024.0 * 1024.0;

/// The same tests by both names: Evidently's defaults for large data, then the classical ones.
const TESTS: [Tests; 2] = [
    Tests { ours: ["wasserstein", "jensen_shannon"], theirs: ["wasserstein", "jensenshannon"] },
    Tests { ours: ["ks", "chi_squared"], theirs: ["ks", "chisquare"] },
];

/// One test of numbers and one of categories.
struct Tests {
    ours: [&'static str; 2],
    theirs: [&'static str; 2],
}

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) cpu_s: f64,
    pub(super) peak_kib: f64,
}

/// CPU time and peak memory of both.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let programs = cargo::build_programs(Profile::Release)?;
    let python = cargo::root().join("target/labs/evidently/bin/python");
    ensure!(python.exists(), "no target/labs/evidently: run `cargo xtask images --process`");
    let folder = Folder::make()?;
    let scripts = cargo::root().join("xtask/bench/validation");
    generate(&python, &scripts, &folder.0, ROWS)?;
    let mut figures = Vec::new();
    let mut once = None;
    for tests in &TESTS {
        let ours = ours(&programs, &folder.0, tests)?;
        let mut command = Command::new(&python);
        command.arg(scripts.join("peer.py")).args(["reference.parquet", "current.parquet", "."]).args(tests.theirs);
        let peer = cost(command.current_dir(&folder.0), &[0])?;
        let ratio = peer.cpu_s / ours.cpu_s;
        figures.push(Figure {
            what: format!("validation: drift of 1M × 50, {} and {}", tests.ours[0], tests.ours[1]),
            ours: ours.to_string(),
            peer: Some(format!("Evidently 0.7.23: {peer} (one run)")),
            ratio: Some(ratio),
            must: "≤ 1/50 of the peer's CPU time, ≤ 1.5 GiB".to_owned(),
            met: ratio >= 50.0 && ours.peak_kib <= 1.5 * GIB,
        });
        once.get_or_insert(ours);
    }
    let once = once.context("nothing was measured")?;
    generate(&python, &scripts, &folder.0, 10 * ROWS)?;
    let tenfold = ours(&programs, &folder.0, &TESTS[0])?;
    let factor = tenfold.cpu_s / once.cpu_s;
    figures.push(Figure {
        what: "validation: the same of 10M × 50".to_owned(),
        ours: format!("{tenfold}, {factor:.1} × the time of 1M"),
        peer: None,
        ratio: None,
        must: "≤ 12 × the time, ≤ 1.5 GiB".to_owned(),
        met: factor <= 12.0 && tenfold.peak_kib <= 1.5 * GIB,
    });
    Ok(figures)
}

fn ours(programs: &Path, folder: &Path, tests: &Tests) -> Result<Cost> {
    let [numeric, categorical] = tests.ours;
    let spec = format!(
        "suite: bench\nreference: reference.parquet\ncurrent: current.parquet\ndrift: {{ numeric: {numeric}, categorical: {categorical} }}\n"
    );
    fs::write(folder.join("suite.yaml"), spec).context("cannot write the spec")?;
    median_of_three(|| {
        let mut command = Command::new(programs.join("mod-106"));
        command.args(["validate", "suite.yaml", "--report", "report"]).current_dir(folder);
        // Drift was found or not: both are a report.
        cost(&mut command, &[0, 1])
    })
}

/// The median of the time, and the worst of the memory.
pub(super) fn median_of_three(mut run: impl FnMut() -> Result<Cost>) -> Result<Cost> {
    let runs = [run()?, run()?, run()?];
    let peak_kib = runs.iter().map(|run| run.peak_kib).fold(0.0, f64::max);
    Ok(Cost { cpu_s: measure::median(runs.iter().map(|run| run.cpu_s).collect()), peak_kib })
}

pub(super) fn generate(python: &Path, scripts: &Path, folder: &Path, rows: u64) -> Result<()> {
    let mut command = Command::new(python);
    command.arg(scripts.join("generate.py")).arg(folder).arg(rows.to_string());
    measure::run_well(&mut command).context("cannot generate the data")?;
    Ok(())
}

/// Runs a command to its end and watches its memory: the kernel keeps the peak (`VmHWM`) as long as the process lives.
pub(super) fn cost(command: &mut Command, expected: &[i32]) -> Result<Cost> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let proc = PathBuf::from(format!("/proc/{}", child.id()));
    let mut peak_kib = 0.0_f64;
    let before = measure::children_cpu_s()?;
    let status = loop {
        if let Ok(status) = fs::read_to_string(proc.join("status")) {
            peak_kib = peak_kib.max(high_water_kib(&status));
        }
        if let Some(status) = child.try_wait().context("cannot wait")? {
            break status;
        }
        thread::park_timeout(LOOK_AGAIN);
    };
    match status.code() {
        Some(code) if expected.contains(&code) => Ok(Cost { cpu_s: measure::children_cpu_s()? - before, peak_kib }),
        code => bail!("{command:?} exited with {code:?}"),
    }
}

fn high_water_kib(status: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} CPU-s, {:.2} GiB", self.cpu_s, self.peak_kib / GIB)
    }
}

/// A folder that goes when this value goes: the data take gigabytes.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn make() -> Result<Self> {
        let path = env::temp_dir().join(format!("xtask-bench-data-{}", process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::high_water_kib;

    #[test]
    fn the_peak_is_read_in_kib() {
        assert!((high_water_kib("VmPeak:\t 9 kB\nVmHWM:\t  2048 kB\n") - 2048.0).abs() < f64::EPSILON);
        assert!(high_water_kib("Name:\tx\n").abs() < f64::EPSILON);
    }
}
