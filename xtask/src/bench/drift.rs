//! What the drift monitor costs: 1,000,000 rows × 50 columns, reference and current, with KS, Wasserstein, PSI and Jensen–Shannon of numbers
//! and χ², PSI and Jensen–Shannon of categories at once. Beside Evidently and NannyML from reading the files to the answer, beside scipy's
//! kernels alone, and beside whylogs' profile; all read the same files, in the same run. A peer that is not installed is said to be.

use super::{
    measure,
    page::Figure,
    validation::{Cost, Folder, GIB, cost, generate, median_of_three},
};
use crate::cargo::{self, Profile};
use anyhow::{Context, Result};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const ROWS: u64 = 1_000_000;
/// Rows at which columns are multiplied: ten times the columns of 1M rows would be a benchmark of the disk.
const ROWS_OF_WIDE: u64 = 100_000;
const FILES: [&str; 2] = ["reference.parquet", "current.parquet"];

/// Where everything is.
struct Bench {
    program: PathBuf,
    folder: Folder,
    scripts: PathBuf,
    generator: PathBuf,
}

/// CPU time and peak memory of all.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let programs = cargo::build_programs(Profile::Release)?;
    let python = python("evidently").context("no target/labs/evidently: run `cargo xtask images --process`")?;
    let scripts = cargo::root().join("xtask/bench");
    let bench = Bench {
        program: programs.join("mod-553"),
        folder: Folder::make()?,
        generator: scripts.join("validation"),
        scripts: scripts.join("drift"),
    };
    generate(&python, &bench.generator, &bench.folder.0, ROWS)?;
    let plain = bench.check(&[])?;
    let mut figures = vec![bench.end_to_end(&python, plain)?, bench.with_report()?, bench.kernels()?];
    figures.extend(bench.profiles()?);
    let sketched = bench.check(&["--memory-limit", "1MiB"])?;
    generate(&python, &bench.generator, &bench.folder.0, 10 * ROWS)?;
    figures.push(growth("rows", "10M × 50", plain, bench.check(&[])?, 12.0));
    let memory = bench.check(&["--memory-limit", "1MiB"])?;
    let factor = memory.peak_kib / sketched.peak_kib;
    figures.push(Figure {
        what: "drift: memory of a sketched pass over 10M × 50".to_owned(),
        ours: format!("{memory}; 1M: {sketched}"),
        peer: None,
        ratio: None,
        must: "≤ 1.2 × that of 1M".to_owned(),
        met: factor <= 1.2,
    });
    generate(&python, &bench.generator, &bench.folder.0, ROWS_OF_WIDE)?;
    let narrow = bench.check(&[])?;
    let mut wide = Command::new(&python);
    wide.arg(bench.scripts.join("wide.py")).arg(&bench.folder.0).arg(ROWS_OF_WIDE.to_string());
    measure::run_well(&mut wide).context("cannot generate the wide data")?;
    figures.push(growth("columns", "100k × 500", narrow, bench.check(&[])?, 10.5));
    Ok(figures)
}

impl Bench {
    fn check(&self, words: &[&str]) -> Result<Cost> {
        median_of_three(|| {
            let mut command = Command::new(&self.program);
            command.args(["drift", "check", "--reference", FILES[0], "--current", FILES[1]]).args(words);
            // Drift was found or not, or the sketches cannot tell: each is an answer.
            cost(command.current_dir(&self.folder.0), &[0, 1, 4])
        })
    }

    fn end_to_end(&self, evidently: &Path, ours: Cost) -> Result<Figure> {
        let mut command = Command::new(evidently);
        command.arg(self.generator.join("peer.py")).args(FILES).args([".", "wasserstein", "jensenshannon"]);
        let theirs = cost(command.current_dir(&self.folder.0), &[0])?;
        let nannyml = match python("nannyml") {
            Some(python) => {
                let cost = median_of_three(|| {
                    let mut command = Command::new(&python);
                    command.env("NML_DISABLE_USAGE_LOGGING", "1");
                    command.arg(self.scripts.join("nannyml_peer.py")).args(FILES);
                    command.args(["kolmogorov_smirnov,wasserstein,jensen_shannon", "chi2,jensen_shannon"]);
                    cost(command.current_dir(&self.folder.0), &[0])
                })?;
                format!("NannyML 0.13.1: {cost}")
            }
            None => "NannyML: not installed".to_owned(),
        };
        Ok(Figure {
            what: "drift: 1M × 50, seven measures, from Parquet to the verdicts".to_owned(),
            ours: ours.to_string(),
            peer: Some(format!("Evidently 0.7.23, two measures: {theirs} (one run); {nannyml}")),
            ratio: Some(theirs.cpu_s / ours.cpu_s),
            must: "≤ 3 CPU-s, ≤ 1.5 GiB".to_owned(),
            met: ours.cpu_s <= 3.0 && ours.peak_kib <= 1.5 * GIB,
        })
    }

    fn with_report(&self) -> Result<Figure> {
        let ours = self.check(&["--report", "report"])?;
        Ok(Figure {
            what: "drift: the same with its JSON, HTML and Prometheus reports".to_owned(),
            ours: ours.to_string(),
            peer: None,
            ratio: None,
            must: "≤ 5 CPU-s, ≤ 1.5 GiB".to_owned(),
            met: ours.cpu_s <= 5.0 && ours.peak_kib <= 1.5 * GIB,
        })
    }

    /// Without reading: sorting, walking and counting of ours, `ks_2samp` and `wasserstein_distance` of scipy.
    fn kernels(&self) -> Result<Figure> {
        let ours = self.seconds(|| {
            let mut command = Command::new(&self.program);
            command.args(["drift", "kernels"]);
            command
        })?;
        let peer = python("evidently").map(|python| {
            self.seconds(|| {
                let mut command = Command::new(&python);
                command.arg(self.scripts.join("scipy_peer.py"));
                command
            })
        });
        let theirs = peer.transpose()?;
        Ok(Figure {
            what: "drift: kernels alone, all measures of 50 columns".to_owned(),
            ours: format!("{ours:.2} CPU-s"),
            peer: theirs.map(|theirs| format!("scipy, KS and Wasserstein of the 40 numbers: {theirs:.2} CPU-s")),
            ratio: theirs.map(|theirs| theirs / ours),
            must: "less than the peer's".to_owned(),
            met: theirs.is_none_or(|theirs| ours < theirs),
        })
    }

    /// The median of three runs of a command on both files, each of which prints its seconds.
    fn seconds(&self, command: impl Fn() -> Command) -> Result<f64> {
        let run = || printed(command().args(FILES).current_dir(&self.folder.0));
        Ok(measure::median(vec![run()?, run()?, run()?]))
    }

    fn profiles(&self) -> Result<Option<Figure>> {
        let ours = median_of_three(|| {
            let mut command = Command::new(&self.program);
            command.args(["drift", "profile", FILES[0], "--to", "reference.profile.json"]);
            cost(command.current_dir(&self.folder.0), &[0])
        })?;
        let theirs = match python("whylogs") {
            Some(python) => {
                let theirs = median_of_three(|| {
                    let mut command = Command::new(&python);
                    command.arg(self.scripts.join("whylogs_peer.py")).args([FILES[0], "whylogs.bin"]);
                    cost(command.env("WHYLOGS_NO_ANALYTICS", "True").current_dir(&self.folder.0), &[0])
                });
                Some(theirs?)
            }
            None => None,
        };
        Ok(Some(Figure {
            what: "drift: a profile of 1M × 50".to_owned(),
            ours: ours.to_string(),
            peer: Some(
                theirs.map_or_else(|| "whylogs: not installed".to_owned(), |theirs| format!("whylogs 1.6.4: {theirs}")),
            ),
            ratio: theirs.map(|theirs| theirs.cpu_s / ours.cpu_s),
            must: "≤ 1/10 of the peer's CPU time".to_owned(),
            met: theirs.is_some_and(|theirs| ours.cpu_s <= theirs.cpu_s / 10.0),
        }))
    }
}

fn growth(of: &str, what: &str, once: Cost, tenfold: Cost, most: f64) -> Figure {
    let factor = tenfold.cpu_s / once.cpu_s;
    Figure {
        what: format!("drift: ten times the {of}, {what}"),
        ours: format!("{tenfold}, {factor:.1} × the time"),
        peer: None,
        ratio: None,
        must: format!("≤ {most} × the time, ≤ 1.5 GiB"),
        met: factor <= most && tenfold.peak_kib <= 1.5 * GIB,
    }
}

/// The environment of a peer, where it is installed.
fn python(name: &str) -> Option<PathBuf> {
    let path = cargo::root().join("target/labs").join(name).join("bin/python");
    path.exists().then_some(path)
}

/// The number that a command prints.
fn printed(command: &mut Command) -> Result<f64> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().with_context(|| format!("{command:?} printed {text:?}, not a number of seconds"))
}
