//! The given services, with everything that a check and a mutant can do to them: `fixture/services` on our own services with every mutant,
//! on the real ones where they are at hand, and interrupted in the middle.

use crate::runner::{Ended, Runner, processes_that_know, wait_until};
use libtest_mimic::Trial;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::path::Path;

const LAB: &str = "fixture/services";

/// Every case as a test by its own name.
pub(crate) fn trials() -> Vec<Trial> {
    let missing = missing();
    let test = |name: &str, case: fn()| {
        Trial::test(format!("services::{name}"), move || {
            case();
            Ok(())
        })
    };
    vec![
        test("embedded-kills-every-mutant", embedded),
        test("killed-with-sigkill", killed),
        test("process", process).with_ignored_flag(missing.is_some()).with_kind(missing.unwrap_or_default()),
    ]
}

/// Why the real services cannot be had here.
fn missing() -> Option<String> {
    let mlflow = tests::cli::repository().join("target/labs/mlflow-2.22/bin/mlflow");
    if !mlflow.is_file() {
        return Some(format!("not run: {} is not on this machine", mlflow.display()));
    }
    let alertmanager = Path::new("/usr/bin/prometheus-alertmanager");
    (!alertmanager.is_file()).then(|| format!("not run: {} is not on this machine", alertmanager.display()))
}

fn embedded() {
    let ended = Runner::validate(&[LAB, "--fixtures", "--backend", "embedded", "--mutants"]).run();
    all_passed(&ended);
    let mutants = ended.results.as_ref().unwrap()["mutants"].as_array().unwrap().len();
    assert_eq!(mutants, 9, "{}", ended.text);
}

fn process() {
    all_passed(&Runner::validate(&[LAB, "--fixtures", "--backend", "process"]).run());
}

/// The seven checks, and that the submission starts.
fn all_passed(ended: &Ended) {
    ended.expect(0, &[]);
    assert_eq!(ended.count("passed"), 8, "{}", ended.text);
}

/// The world has processes of its own, which must not outlive the runner.
fn killed() {
    Runner::validate(&[LAB, "--fixtures", "--backend", "embedded"]).run_while(|child, folder| {
        let serves = || processes_that_know(folder).iter().any(|line| line.contains("mod-106 serve"));
        wait_until("the given tracking server", serves);
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGKILL).unwrap();
    });
}
