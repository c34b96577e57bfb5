//! The exhibits given to the tools themselves, each in its own environment. Where that is absent the exhibit says so; no answer is ever
//! remembered from another machine.

use super::cases::{Case, Data};
use super::error::Error;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("peer.py");

/// What a tool said of one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// A p-value or a distance.
    pub score: f64,
    /// Its verdict.
    pub drifted: bool,
}

/// Asks the tools of all cases about each pair, every tool in one process; nothing, where its environment is not under `labs`.
///
/// # Errors
/// When a tool is there and does not answer.
pub fn answer(cases: &[Case], labs: &Path) -> Result<Vec<Option<Vec<Answer>>>, Error> {
    let mut answers: Vec<Option<Vec<Answer>>> = vec![None; cases.len()];
    let mut environments: Vec<&str> = cases.iter().map(|case| case.peer.environment).collect();
    environments.sort_unstable();
    environments.dedup();
    for environment in environments {
        let program = labs.join(environment).join("bin/python");
        if !program.exists() {
            continue;
        }
        let places: Vec<usize> =
            (0..cases.len()).filter(|place| cases[*place].peer.environment == environment).collect();
        let asked: Vec<&Case> = places.iter().map(|place| &cases[*place]).collect();
        let mut all = ask(&program, &asked)?.into_iter();
        for place in places {
            answers[place] = Some(all.by_ref().take(cases[place].pairs.len()).collect());
        }
    }
    Ok(answers)
}

fn ask(program: &Path, cases: &[&Case]) -> Result<Vec<Answer>, Error> {
    let failed = |problem: String| Error::Peer { program: program.to_owned(), problem };
    let mut command = Command::new(program);
    command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let (Some(mut input), Some(output), Some(mut complaints)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(failed("it has no pipes".to_owned()));
    };
    let mut told = String::new();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        // Three pipes at once: each is shorter than what goes through it.
        scope.spawn(move || {
            for (case, pair) in cases.iter().flat_map(|case| case.pairs.iter().map(move |pair| (case, pair))) {
                if writeln!(input, "{}", question(case, pair)).is_err() {
                    break;
                }
            }
        });
        let told = &mut told;
        scope.spawn(move || complaints.read_to_string(told));
        BufReader::new(output).lines().map_while(Result::ok).filter_map(|line| read(&line)).collect()
    });
    child.wait().map_err(|error| failed(error.to_string()))?;
    let asked: usize = cases.iter().map(|case| case.pairs.len()).sum();
    if answers.len() == asked {
        return Ok(answers);
    }
    let last = told.lines().last().unwrap_or("it said nothing").to_owned();
    Err(failed(format!("{} answers to {asked} questions: {last}", answers.len())))
}

fn question(case: &Case, (reference, current): &(Data, Data)) -> Value {
    json!({ "tool": case.peer.environment, "test": case.peer.test, "reference": side(reference), "current": side(current) })
}

fn side(data: &Data) -> Value {
    match data {
        Data::Counts(counts) => json!({ "counts": counts }),
        Data::Numbers(values) => json!({ "numbers": values }),
    }
}

fn read(line: &str) -> Option<Answer> {
    let (score, drifted): (String, bool) = serde_json::from_str(line).ok()?;
    Some(Answer { score: score.parse().unwrap_or(f64::NAN), drifted })
}
