//! Starts `lab-runner` with a temporary folder of its own, so that whatever it leaves behind, a file or a process, can be found.

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The lab that the cases are tried on.
pub(super) const LAB: &str = "mod-106/lab-1";

/// How long leftovers may take to go.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// A `lab-runner` about to be started.
pub(super) struct Runner {
    temporary: TempDir,
    report: PathBuf,
    command: Command,
}

/// What became of it.
pub(super) struct Ended {
    pub(super) exit_code: Option<i32>,
    pub(super) text: String,
    pub(super) results: Option<Value>,
}

impl Runner {
    /// `lab-runner validate WORDS…`
    pub(super) fn validate(words: &[&str]) -> Self {
        let temporary = tempfile::Builder::new().prefix("bad-input-").tempdir().unwrap();
        fs::create_dir(temporary.path().join("tmp")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab-runner"));
        command.arg("validate").args(words).stdin(Stdio::null());
        command.env("TMPDIR", temporary.path().join("tmp"));
        Self { report: temporary.path().join("report"), temporary, command }
    }

    /// `lab-runner validate LAB --submission FOLDER`, the folder holding these files.
    pub(super) fn grade(files: &[(&str, &[u8])]) -> Self {
        Self::grade_for(&[LAB], files)
    }

    /// `lab-runner validate WORDS… --submission FOLDER`, the folder holding these files.
    pub(super) fn grade_for(words: &[&str], files: &[(&str, &[u8])]) -> Self {
        let mut runner = Self::validate(&[words, &["--submission"]].concat());
        let folder = runner.temporary.path().join("submission");
        fs::create_dir(&folder).unwrap();
        for (name, content) in files {
            fs::write(folder.join(name), content).unwrap();
        }
        runner.command.arg(folder);
        runner
    }

    /// Another variable in its environment.
    pub(super) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Reports go to this folder instead.
    pub(super) fn report_to(mut self, folder: &Path) -> Self {
        self.report = folder.to_owned();
        self
    }

    /// Runs it to its end and makes sure that nothing is left.
    pub(super) fn run(mut self) -> Ended {
        let output = self.command.arg("--report").arg(&self.report).output().unwrap();
        self.ended(&output)
    }

    /// Starts it and lets the caller disturb it.
    pub(super) fn run_while(mut self, disturb: impl FnOnce(&Child, &Path)) -> Ended {
        self.command.arg("--report").arg(&self.report);
        let child = self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        disturb(&child, &self.temporary.path().join("tmp"));
        let output = child.wait_with_output().unwrap();
        self.ended(&output)
    }

    fn ended(self, output: &Output) -> Ended {
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        expect_nothing_left(&self.temporary.path().join("tmp"), &text);
        let results = fs::read_to_string(self.report.join("results.json")).ok();
        let results = results.map(|text| serde_json::from_str(&text).unwrap());
        Ended { exit_code: output.status.code(), text, results }
    }
}

impl Ended {
    /// The exit code and parts of what was said.
    #[track_caller]
    pub(super) fn expect(&self, exit_code: i32, parts: &[&str]) -> &Self {
        assert_eq!(self.exit_code, Some(exit_code), "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "`{part}` is not in:\n{}", self.text);
        }
        self
    }

    /// How many checks ended with this verdict.
    #[track_caller]
    pub(super) fn count(&self, verdict: &str) -> u64 {
        let results = self.results.as_ref().unwrap_or_else(|| panic!("no results.json:\n{}", self.text));
        results["summary"]["verdicts"][verdict].as_u64().unwrap()
    }
}

/// Waits for something that comes soon, or never.
#[track_caller]
pub(super) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < deadline, "waited 120 s for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// No file in the temporary folder, and no process that knows it.
#[track_caller]
fn expect_nothing_left(folder: &Path, text: &str) {
    let deadline = Instant::now() + GONE_WITHIN;
    loop {
        let left = leftovers(folder);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "left behind: {left:?}\n{text}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

fn leftovers(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path().display().to_string());
    files.chain(processes_that_know(folder)).collect()
}

/// Processes whose arguments or environment name the folder.
pub(super) fn processes_that_know(folder: &Path) -> Vec<String> {
    let needle = folder.to_str().unwrap();
    let knows = |process: &Path| {
        ["cmdline", "environ"].iter().any(|file| {
            fs::read(process.join(file)).is_ok_and(|content| String::from_utf8_lossy(&content).contains(needle))
        })
    };
    let entries = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let numbered =
        entries.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().parse::<u32>().is_ok()));
    numbered
        .filter(|process| knows(process))
        .map(|process| {
            let cmdline = fs::read(process.join("cmdline")).unwrap_or_default();
            format!("{}: {}", process.display(), String::from_utf8_lossy(&cmdline).replace('\0', " "))
        })
        .collect()
}
