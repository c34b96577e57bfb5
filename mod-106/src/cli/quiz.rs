//! `mod-106 quiz`: take a paper, grade its answers, print papers and keys.
//!
//! The key is never built in: `grade` and `key` read it from a folder that instructors have.

use crate::quiz::bank::Bank;
use crate::quiz::error::Error;
use crate::quiz::grade::grade;
use crate::quiz::key::Key;
use crate::quiz::paper::{Paper, USUAL_SIZE};
use crate::quiz::session::{Ended, Style};
use crate::quiz::sheet::Sheet;
use crate::quiz::{render, session, verify};
use clap::Subcommand;
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// `mod-106 quiz …`
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 done or passed · 1 not passed · 2 malformed or wrong usage")]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Take a paper, question by question; the same command goes on where you stopped
    Take {
        #[command(flatten)]
        drawn: Drawn,
        /// Where your answers are kept, as TOML
        #[arg(long, value_name = "FILE", default_value = "answers.toml")]
        answers: PathBuf,
    },
    /// Grade an answer sheet; 80 % of the points pass
    Grade {
        /// The sheet
        answers: PathBuf,
        #[command(flatten)]
        key: KeyFolder,
        /// The paper it must belong to, as `quiz paper --json` printed it
        #[arg(long, value_name = "FILE")]
        paper: Option<PathBuf>,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Print a paper's key with explanations, for instructors
    Key {
        #[command(flatten)]
        drawn: Drawn,
        #[command(flatten)]
        key: KeyFolder,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Print a paper, or the empty sheet that belongs to it
    Paper {
        #[command(flatten)]
        drawn: Drawn,
        /// Print the empty answer sheet instead
        #[arg(long, conflicts_with = "json")]
        sheet: bool,
        /// Print JSON, which `--paper` reads
        #[arg(long)]
        json: bool,
    },
}

/// Which paper.
#[derive(Debug, clap::Args)]
struct Drawn {
    /// What the paper is drawn by: the same number draws the same paper
    #[arg(long, value_name = "N", required_unless_present = "paper")]
    seed: Option<u64>,
    /// How many questions it has
    #[arg(long, value_name = "N", default_value_t = USUAL_SIZE)]
    questions: usize,
    /// A paper that `quiz paper --json` printed, instead of a seed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "questions"])]
    paper: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct KeyFolder {
    /// The folder of the key
    #[arg(long, value_name = "FOLDER", env = "MOD106_QUIZ_KEY")]
    key: PathBuf,
}

/// Does what was asked.
///
/// # Errors
/// When a file is not what it should be, or the grade does not pass.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let bank = Bank::embedded()?;
    match arguments.action {
        Action::Take { drawn, answers } => take(&bank, &drawn, &answers),
        Action::Grade { answers, key, paper, json } => {
            let key = fitting(&bank, &key)?;
            let sheet = Sheet::read(&answers, &bank)?;
            if let Some(path) = paper {
                same_paper(&sheet, &Paper::read(&path, &bank)?, &answers)?;
            }
            let grade = grade(&sheet, &key);
            print(&if json { serde_json::to_string_pretty(&grade)? + "\n" } else { render::grade(&grade) })?;
            if grade.passed {
                return Ok(());
            }
            Err(Error::NotPassed { percent: format!("{:.1}", grade.percent), needed: grade.pass_percent }.into())
        }
        Action::Key { drawn, key, json } => {
            let (paper, key) = (drawn.paper(&bank)?, fitting(&bank, &key)?);
            if !json {
                return print(&render::key(&paper, &key));
            }
            let entries: Vec<_> =
                paper.questions.iter().filter_map(|asked| Some((asked, key.entries.get(&asked.id)?))).collect();
            let entries: Vec<_> = entries
                .into_iter()
                .map(|(asked, entry)| {
                    json!({
                        "id": asked.id, "answer": render::right(asked, entry),
                        "explanation": entry.explanation, "reference": entry.reference,
                    })
                })
                .collect();
            let key = json!({ "seed": paper.seed, "digest": paper.digest, "questions": entries });
            print(&(serde_json::to_string_pretty(&key)? + "\n"))
        }
        Action::Paper { drawn, sheet, json } => {
            let paper = drawn.paper(&bank)?;
            match (json, sheet) {
                (true, _) => print(&(serde_json::to_string_pretty(&paper)? + "\n")),
                (_, true) => print(&Sheet::blank(paper).to_toml()),
                _ => print(&render::paper(&paper)),
            }
        }
    }
}

impl Drawn {
    fn paper(&self, bank: &Bank) -> Result<Paper, Error> {
        match &self.paper {
            Some(path) => Paper::read(path, bank),
            None => Paper::draw(bank, self.seed.unwrap_or_default(), self.questions),
        }
    }
}

fn take(bank: &Bank, drawn: &Drawn, path: &Path) -> anyhow::Result<()> {
    let paper = drawn.paper(bank)?;
    let mut sheet = if path.exists() {
        let sheet = Sheet::read(path, bank)?;
        same_paper(&sheet, &paper, path)?;
        sheet
    } else {
        Sheet::blank(paper)
    };
    let stdout = std::io::stdout();
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let (_, columns) = dialoguer::console::Term::stdout().size();
    let style = Style { colour: stdout.is_terminal() && !refused, width: usize::from(columns).clamp(40, 100) };
    let ended = session::run(&mut sheet, path, std::io::stdin().lock(), stdout.lock(), style)?;
    if ended == Ended::Done {
        eprintln!("note: instructors grade it with `mod-106 quiz grade {} --key FOLDER`", path.display());
    }
    Ok(())
}

/// Answers are only good for the paper they were given to.
fn same_paper(sheet: &Sheet, paper: &Paper, path: &Path) -> Result<(), Error> {
    if sheet.paper == *paper {
        return Ok(());
    }
    let problem = format!(
        "holds answers to another paper (seed {}, {} questions; asked for was seed {}, {} questions): name another file, or that paper",
        sheet.paper.seed,
        sheet.paper.questions.len(),
        paper.seed,
        paper.questions.len()
    );
    Err(Error::Malformed { path: path.to_owned(), problem })
}

/// The key, once it is known to fit.
fn fitting(bank: &Bank, folder: &KeyFolder) -> Result<Key, Error> {
    let key = Key::read(&folder.key)?;
    match verify::problems(bank, &key) {
        problems if problems.is_empty() => Ok(key),
        problems => Err(Error::Unfit { problems }),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    // Not `print!`: it panics when the reader has gone.
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
