//! What cannot be read off a workflow: which environments are production, which have required reviewers, and what a command does.
//!
//! Reviewers are a setting of the repository, not of the file: whoever runs the check says which environments have them.

use super::model::{Body, Job, Step};
use regex::Regex;
use serde::Deserialize;

/// What the check is told.
#[derive(Debug)]
pub struct Policy {
    /// Environments that are production.
    pub production: Vec<String>,
    /// Environments whose required reviewers approve what goes to production.
    pub protected: Vec<String>,
    /// Environments that get a release before production does.
    pub canary: Vec<String>,
    tests: Vec<Regex>,
    promotes: Vec<Regex>,
    canaries: Vec<Regex>,
    rolls_back: Vec<Regex>,
}

/// The same as a file (TOML).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyFile {
    production: Option<Vec<String>>,
    protected: Option<Vec<String>>,
    canary: Option<Vec<String>>,
    tests: Option<Vec<String>>,
    promotes: Option<Vec<String>>,
    canaries: Option<Vec<String>>,
    rolls_back: Option<Vec<String>>,
}

const TESTS: [&str; 3] = [
    r"\b(pytest|unittest|tox|nox|ctest|rspec|jest|vitest|cargo (test|nextest)|go test|dotnet test)\b",
    r"\b(npm|pnpm|yarn|make|mvn|gradlew?|just)\b.*\b(test|tests|check|verify)\b",
    r"\bmod-106\b.*\bvalidate\b",
];
const PROMOTES: [&str; 2] =
    [r"\bpromote\b.*\b(champion|production)\b", r"\b(stage|alias|environment)[= ]+['\x22]?(champion|production)\b"];
const CANARIES: [&str; 2] = [r"\bpromote\b.*\bcanary\b", r"\b(stage|alias|environment)[= ]+['\x22]?canary\b"];
const ROLLS_BACK: [&str; 2] = [r"\brollback\b", r"\brollout undo\b"];

impl Policy {
    /// What a file says, and what stands on the command line besides.
    ///
    /// # Errors
    /// A pattern that is no regular expression.
    pub fn new(file: PolicyFile, protected: &[String], production: &[String]) -> Result<Self, regex::Error> {
        let names = |given: Option<Vec<String>>, more: &[String], default: &[&str]| {
            let default = || default.iter().map(|name| (*name).to_owned()).collect();
            let mut names = match given {
                None if !more.is_empty() => Vec::new(),
                given => given.unwrap_or_else(default),
            };
            names.extend_from_slice(more);
            names
        };
        let patterns = |given: Option<Vec<String>>, default: &[&str]| {
            let given = given.unwrap_or_else(|| default.iter().map(|each| (*each).to_owned()).collect());
            given.iter().map(|pattern| Regex::new(pattern)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            production: names(file.production, production, &["production", "prod"]),
            protected: names(file.protected, protected, &[]),
            canary: names(file.canary, &[], &["canary"]),
            tests: patterns(file.tests, &TESTS)?,
            promotes: patterns(file.promotes, &PROMOTES)?,
            canaries: patterns(file.canaries, &CANARIES)?,
            rolls_back: patterns(file.rolls_back, &ROLLS_BACK)?,
        })
    }

    /// What a job's commands do.
    pub fn duties(&self, job: &Job) -> Duties {
        let Body::Steps { steps, .. } = &job.body else { return Duties::default() };
        let any =
            |patterns: &[Regex]| steps.iter().any(|step| commands(step).any(|command| matches(patterns, &command)));
        let tests = steps.iter().enumerate().filter_map(|(position, step)| {
            let lines: Vec<_> = commands(step).collect();
            let test = lines.iter().find(|line| matches(&self.tests, line))?;
            Some(Test { step: position, swallowed: swallows(step, &lines, test) })
        });
        Duties {
            promotes: any(&self.promotes),
            canaries: any(&self.canaries),
            rolls_back: any(&self.rolls_back),
            tests: tests.collect(),
        }
    }
}

/// What a job's commands do.
#[derive(Debug, Default)]
pub struct Duties {
    /// Puts a release into production.
    pub promotes: bool,
    /// Gives a release to a few first.
    pub canaries: bool,
    /// Puts the release of before back.
    pub rolls_back: bool,
    /// Its steps that test.
    pub tests: Vec<Test>,
}

/// A step that tests.
#[derive(Debug, Clone, Copy)]
pub struct Test {
    /// Which.
    pub step: usize,
    /// Whether the shell forgets that it failed.
    pub swallowed: bool,
}

/// Whether a name is in the list; environments ignore case.
pub fn is_named(name: &str, names: &[String]) -> bool {
    names.iter().any(|each| each.eq_ignore_ascii_case(name))
}

fn matches(patterns: &[Regex], line: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(line))
}

/// A step's commands, a line each; comments and what is only said are left out.
fn commands(step: &Step) -> impl Iterator<Item = String> {
    let run = step.run.as_deref().unwrap_or_default().replace("\\\n", " ");
    let lines: Vec<_> = run.lines().map(|line| line.trim().to_owned()).collect();
    lines.into_iter().filter(|line| !["#", "echo ", "printf "].iter().any(|start| line.starts_with(start)))
}

/// Whether the shell goes on, or ends well, after this line failed.
fn swallows(step: &Step, lines: &[String], line: &str) -> bool {
    let forgiven = line.split("||").skip(1).any(|after| {
        let word = after.split_whitespace().next().unwrap_or_default();
        matches!(word, "true" | ":" | "echo" | "printf") || after.trim().starts_with("exit 0")
    });
    let lenient = lines.iter().take_while(|each| *each != line).any(|each| each.contains("set +e"));
    let pipefail = step.pipefail || lines.iter().any(|each| each.contains("pipefail"));
    let piped = line.replace("||", "").contains('|') && !pipefail;
    let ended = line.ends_with("; true") || line.ends_with("; exit 0") || line.ends_with('&');
    forgiven || lenient || piped || ended
}
