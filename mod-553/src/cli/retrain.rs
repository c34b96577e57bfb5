//! `mod-553 retrain`: from signals to a proposal, approvals, a rollout, its verification, and back; all of it in a bare git repository.

use super::Ended;
use crate::retraining::{Answer, Candidate, Desk, Error, Files, Inputs, Outcome, Policy, Store, Window, schema};
use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::io::Write;
use std::path::PathBuf;

/// Retraining: decide, propose, approve, roll out, verify, roll back.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  mod-553 drift check --reference r.csv --current c.csv --report out
  mod-553 retrain decide policy.yaml --repository gitops.git --signal out/drift.json
  mod-553 retrain propose policy.yaml --repository gitops.git --by monitor --performance estimate.json
  mod-553 retrain approve policy.yaml --repository gitops.git --by ada --proposal 0123456789abcdef
  mod-553 retrain roll-out policy.yaml --repository gitops.git --by deployer --proposal 0123456789abcdef --candidate candidate.json
Each step is one commit; a step that was killed is simply asked for again.
Exit codes: 0 done · 1 refused, rolled back, or a dead-man's switch · 2 malformed input · 3 the repository cannot be used · 4 inconclusive";

#[derive(Debug, Subcommand)]
enum Command {
    /// Take in signals, and say whether a retraining is due, or why not. Exit code 1 when a signal has fallen silent
    Decide {
        #[command(flatten)]
        place: Place,
        /// Drift reports, performance (estimated or measured), Alertmanager's webhook payloads; may be given again.
        #[arg(long, value_name = "FILE")]
        signal: Vec<PathBuf>,
        /// The window of estimates that do not say theirs: two times in RFC 3339.
        #[arg(long, value_name = "START/END", value_parser = window)]
        window: Option<Window>,
    },
    /// Say where it stands; changes nothing
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Propose what is due, if its expected benefit is above its cost. Exit code 4 when that cannot be told
    Propose {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        who: Who,
        /// How much is lost: what `mod-553 performance estimate --json` or `measure --json` printed.
        #[arg(long, value_name = "FILE")]
        performance: PathBuf,
    },
    /// Approve a proposal of somebody else's
    Approve {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        which: Which,
    },
    /// Begin with a canary, or judge it: all traffic, back, or wait. Exit codes 1 and 4 for the latter two
    RollOut {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        which: Which,
        /// What the training made: version, digest, data window.
        #[arg(long, value_name = "FILE", required_unless_present = "observations", conflicts_with = "observations")]
        candidate: Option<PathBuf>,
        /// What was seen of canary and baseline.
        #[arg(long, value_name = "FILE")]
        observations: Option<PathBuf>,
    },
    /// Verify that all is well with all traffic; go back when it is not
    Verify {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        which: Which,
        /// How good the model is now: what `mod-553 performance estimate --json` or `measure --json` printed.
        #[arg(long, value_name = "FILE")]
        performance: PathBuf,
    },
    /// Take a rollout back, and poison it
    RollBack {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        which: Which,
        /// Why, for whoever meets the poison list later.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Go on with what is open, as far as the files lead
    Resume {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        who: Who,
        /// What the training made.
        #[arg(long, value_name = "FILE")]
        candidate: Option<PathBuf>,
        /// What was seen of canary and baseline.
        #[arg(long, value_name = "FILE")]
        observations: Option<PathBuf>,
        /// How good the model is now.
        #[arg(long, value_name = "FILE")]
        performance: Option<PathBuf>,
    },
    /// Print the JSON Schema of the documents in the repository
    Schema,
}

/// The policy, the place of truth, and the clock.
#[derive(Debug, Args)]
struct Place {
    /// The policy, in YAML.
    policy: PathBuf,
    /// The bare git repository.
    #[arg(long, value_name = "FOLDER")]
    repository: PathBuf,
    /// The time, in RFC 3339; the machine's clock when it is not given.
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Who {
    /// Who does it.
    #[arg(long, value_name = "NAME")]
    by: String,
}

#[derive(Debug, Args)]
struct Which {
    /// The proposal's id.
    #[arg(long, value_name = "ID")]
    proposal: String,
}

fn window(text: &str) -> Result<Window, String> {
    let (start, end) = text.split_once('/').ok_or("expected START/END")?;
    let time = |text: &str| text.parse().map_err(|error: jiff::Error| error.to_string());
    Ok(Window { start: time(start)?, end: time(end)? })
}

/// Runs it.
///
/// # Errors
/// What the part reports; a refusal is printed as an answer first.
pub fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Schema => {
            std::io::stdout().write_all(schema().as_bytes())?;
            Ok(())
        }
        Command::Decide { place, signal, window } => {
            place.answer(|desk| desk.decide(&Files { paths: signal.clone(), window }))
        }
        Command::Status { place } => place.answer(Desk::status),
        Command::Propose { place, who, performance } => place.answer(|desk| desk.propose(&who.by, &performance)),
        Command::Approve { place, who, which } => place.answer(|desk| desk.approve(&which.proposal, &who.by)),
        Command::RollOut { place, who, which, candidate, observations } => {
            place.answer(|desk| match (&candidate, &observations) {
                (_, Some(file)) => desk.judge_canary(&which.proposal, &who.by, file),
                (Some(file), None) => desk.begin(&which.proposal, &who.by, &Candidate::read(file)?),
                (None, None) => unreachable!("clap requires one of both"),
            })
        }
        Command::Verify { place, who, which, performance } => {
            place.answer(|desk| desk.verify(&which.proposal, &who.by, &performance))
        }
        Command::RollBack { place, who, which, reason } => {
            place.answer(|desk| desk.roll_back(&which.proposal, &who.by, &reason))
        }
        Command::Resume { place, who, candidate, observations, performance } => {
            place.answer(|desk| desk.resume(&who.by, &Inputs { candidate, observations, performance }))
        }
    }
}

impl Place {
    /// Takes the step and prints its answer; a refusal is an answer too.
    fn answer(&self, step: impl FnOnce(&Desk) -> Result<Answer, Error>) -> Result<()> {
        let policy = Policy::read(&self.policy)?;
        let store = Store::open(&self.repository, &policy.branch)?;
        let desk = Desk { policy, store, now: self.now.unwrap_or_else(Timestamp::now) };
        let answer = match step(&desk) {
            Err(Error::Refused(why)) if self.json => {
                let refused = serde_json::json!({ "outcome": Outcome::Refused, "why": why });
                writeln!(std::io::stdout(), "{refused:#}")?;
                return Err(Error::Refused(why).into());
            }
            answer => answer?,
        };
        if self.json {
            writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&answer)?)?;
        } else {
            let about = answer.proposal.as_ref().map_or_else(String::new, |id| format!(" {id}"));
            let outcome = serde_json::to_value(answer.outcome)?;
            writeln!(std::io::stdout(), "{}{about}: {}", outcome.as_str().unwrap_or_default(), answer.why)?;
        }
        match answer.exit {
            0 => Ok(()),
            code => Err(Ended { code, message: answer.why }.into()),
        }
    }
}
