//! The exhibits given to the tools themselves, each in its own environment. Where that is absent the exhibit says so; no answer is ever
//! remembered from another machine.

use super::cases::{Case, Data};
use super::error::Error;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
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

/// Asks the tool of a case about each of its pairs; nothing, if its environment is not under `labs`.
///
/// # Errors
/// When it is there and does not answer.
pub fn answer(case: &Case, labs: &Path) -> Result<Option<Vec<Answer>>, Error> {
    let program = labs.join(case.peer.environment).join("bin/python");
    if !program.exists() {
        return Ok(None);
    }
    let failed = |problem: String| Error::Peer { program: program.clone(), problem };
    let mut command = Command::new(&program);
    command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("it has no pipes".to_owned()));
    };
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        // Written beside reading: both pipes are shorter than the data.
        scope.spawn(move || {
            for pair in &case.pairs {
                if writeln!(input, "{}", question(case, pair)).is_err() {
                    break;
                }
            }
        });
        BufReader::new(output).lines().map_while(Result::ok).filter_map(|line| read(&line)).collect()
    });
    let end = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if answers.len() == case.pairs.len() {
        return Ok(Some(answers));
    }
    let told = String::from_utf8_lossy(&end.stderr);
    let last = told.lines().last().unwrap_or("it said nothing").to_owned();
    Err(failed(format!("{} answers to {} questions of `{}`: {last}", answers.len(), case.pairs.len(), case.id)))
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
