//! Runs a runbook's steps, one after the other, and stops at the first that does not do what it should. Later steps assume earlier
//! ones: going on after a surprise is how an incident becomes two.

use super::parse::{Runbook, Step};
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::Stdio;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a run of a runbook did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The runbook's title.
    pub title: String,
    /// Whether every step did what it should.
    pub done: bool,
    /// Every step, also those that did not run.
    pub steps: Vec<StepResult>,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepResult {
    /// Its name.
    pub name: String,
    /// `done`, `deviated` or `not run`.
    pub state: &'static str,
    /// Its exit code, unless a signal or the limit ended it.
    pub exit: Option<i32>,
    /// How it deviated.
    pub deviation: Option<String>,
    /// What it printed.
    pub output: String,
    /// What it complained about.
    pub errors: String,
}

/// Called before and after each step, for whoever watches.
pub trait Progress {
    /// A step begins.
    fn begins(&mut self, step: &Step);
    /// A step ended.
    fn ended(&mut self, result: &StepResult);
}

/// Runs the steps with these variables. `mod-106` is the program that runs the runbook, wherever it lies.
pub async fn run(runbook: &Runbook, variables: &BTreeMap<String, String>, progress: &mut impl Progress) -> Outcome {
    let mut outcome = Outcome { title: runbook.title.clone(), done: true, steps: Vec::new() };
    // One listener for all steps: a Ctrl-C between two of them is heard by the next.
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    for step in &runbook.steps {
        let result = if outcome.done {
            progress.begins(step);
            let result = run_step(step, variables, interrupt.as_mut()).await;
            progress.ended(&result);
            result
        } else {
            StepResult::new(step, "not run")
        };
        outcome.done &= result.state == "done";
        outcome.steps.push(result);
    }
    outcome
}

impl StepResult {
    fn new(step: &Step, state: &'static str) -> Self {
        let (name, output, errors) = (step.name.clone(), String::new(), String::new());
        Self { name, state, exit: None, deviation: None, output, errors }
    }
}

async fn run_step(step: &Step, variables: &BTreeMap<String, String>, interrupt: Option<&mut Signal>) -> StepResult {
    let mut result = StepResult::new(step, "deviated");
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", &step.command]).envs(variables).env("PATH", path());
    // A group of its own: what a step starts ends with it.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            result.deviation = Some(format!("the shell could not be started: {error}"));
            return result;
        }
    };
    let group = child.id();
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let all = async {
        let out = async {
            if let Some(stdout) = &mut stdout {
                let _ = stdout.read_to_end(&mut output).await;
            }
        };
        let err = async {
            if let Some(stderr) = &mut stderr {
                let _ = stderr.read_to_end(&mut errors).await;
            }
        };
        let ((), (), status) = tokio::join!(out, err, child.wait());
        status
    };
    let ended = tokio::select! {
        status = all => Ok(status),
        () = tokio::time::sleep(step.limit) => Err(format!("it took longer than {} s and was stopped", step.limit.as_secs())),
        () = heard(interrupt) => Err("it was interrupted".to_owned()),
    };
    result.output = String::from_utf8_lossy(&output).into_owned();
    result.errors = String::from_utf8_lossy(&errors).into_owned();
    match ended {
        Ok(Ok(status)) => {
            result.exit = status.code();
            result.deviation = deviation(step, result.exit, &result.output);
        }
        Ok(Err(error)) => result.deviation = Some(format!("it could not be waited for: {error}")),
        Err(problem) => {
            stop(group).await;
            result.deviation = Some(problem);
        }
    }
    if result.deviation.is_none() {
        result.state = "done";
    }
    result
}

/// Ends when Ctrl-C was pressed; never, where nobody listens for it: there it ends the program.
async fn heard(interrupt: Option<&mut Signal>) {
    match interrupt {
        Some(interrupt) => drop(interrupt.recv().await),
        None => std::future::pending().await,
    }
}

fn deviation(step: &Step, exit: Option<i32>, output: &str) -> Option<String> {
    let Some(exit) = exit else { return Some("a signal ended it".to_owned()) };
    if !step.exits.contains(&exit) {
        let expected: Vec<_> = step.exits.iter().map(i32::to_string).collect();
        return Some(format!("it ended with exit code {exit}, not {}", expected.join(" or ")));
    }
    let expect = step.expect.as_ref().filter(|expect| !expect.is_match(output))?;
    Some(format!("it printed nothing that matches {:?}", expect.as_str()))
}

/// Ends a step and all that it started. The shell's own `kill` knows groups; there is no safe call for it here.
async fn stop(group: Option<u32>) {
    if let Some(group) = group {
        let _ =
            Command::new("sh").args(["-c", &format!("kill -KILL -- -{group}")]).stderr(Stdio::null()).status().await;
    }
}

fn path() -> std::ffi::OsString {
    let here = std::env::current_exe().ok().and_then(|program| program.parent().map(std::path::Path::to_owned));
    let others = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(here.into_iter().chain(std::env::split_paths(&others))).unwrap_or(others)
}

#[cfg(test)]
mod tests {
    use super::{Progress, StepResult, run};
    use crate::governance::runbook::{Runbook, Step};
    use std::path::Path;

    struct Silent;
    impl Progress for Silent {
        fn begins(&mut self, _step: &Step) {}
        fn ended(&mut self, _result: &StepResult) {}
    }

    async fn states(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let runbook = Runbook::parse(&format!("# x\n\n{text}"), Path::new("x.md")).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let outcome = run(&runbook, &variables, &mut Silent).await;
        let line = |step: StepResult| format!("{} {} {}", step.name, step.state, step.deviation.unwrap_or_default());
        outcome.steps.into_iter().map(line).map(|line| line.trim_end().to_owned()).collect()
    }

    #[tokio::test]
    async fn the_first_deviation_ends_the_run() {
        let text = "```sh step=a exit=3\nexit 3\n```\n\n```sh step=b\nfalse\ntrue\n```\n\n```sh step=c\ntrue\n```\n";
        assert_eq!(states(text, &[]).await, ["a done", "b deviated it ended with exit code 1, not 0", "c not run"]);
    }

    #[tokio::test]
    async fn variables_are_values_and_never_words_of_a_command() {
        let text = "```sh step=a expect=\"^<; exit 7 #.id.>$\"\nprintf '<%s>' \"$NAME\"\n```\n";
        assert_eq!(states(text, &[("NAME", "; exit 7 #`id`")]).await, ["a done"]);
    }

    #[tokio::test]
    async fn expectations_limits_and_unset_variables_are_deviations() {
        let text = "```sh step=a expect=\"^no$\"\necho yes\n```\n";
        assert_eq!(states(text, &[]).await, ["a deviated it printed nothing that matches \"^no$\""]);
        let text = "```sh step=a limit=1\nsleep 30 & sleep 30\n```\n";
        assert_eq!(states(text, &[]).await, ["a deviated it took longer than 1 s and was stopped"]);
        let text = "```sh step=a\necho \"$NOBODY_SET_THIS\"\n```\n";
        assert!(states(text, &[]).await[0].starts_with("a deviated it ended with exit code"));
    }
}
