//! A workflow as the dry run sees it: plain types, with every value that may hold an expression still as text.

use super::matrix::Matrix;
use super::source::Source;
use std::rc::Rc;

/// One file.
#[derive(Debug)]
pub struct Workflow {
    /// Its text and places.
    pub source: Source,
    /// Its name, or its path.
    pub name: String,
    /// What starts it, `workflow_call` left out.
    pub triggers: Vec<Trigger>,
    /// What it takes when others call it; nothing if they cannot.
    pub call: Option<Vec<Input>>,
    /// What the token may do, where the file says so.
    pub permissions: Option<Permissions>,
    /// Its concurrency group.
    pub concurrency: Option<Concurrency>,
    /// In the file's order.
    pub jobs: Vec<Job>,
}

/// An event that starts a workflow.
#[derive(Debug)]
pub struct Trigger {
    /// `push`, `workflow_dispatch` …
    pub event: String,
    /// The branches it is limited to.
    pub branches: Vec<String>,
    /// What people type in.
    pub inputs: Vec<Input>,
}

/// An input of a dispatch or a call.
#[derive(Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// `boolean`, `choice`, `number`, `string`, `environment`
    pub kind: String,
    /// What a choice offers.
    pub options: Vec<String>,
    /// Its value when nothing is given.
    pub default: Option<serde_json::Value>,
}

/// What a token may do.
#[derive(Debug, PartialEq, Eq)]
pub enum Permissions {
    /// `read-all`
    ReadAll,
    /// `write-all`
    WriteAll,
    /// Scope and `read`, `write` or `none`.
    Each(Vec<(String, String)>),
}

/// A concurrency group.
#[derive(Debug)]
pub struct Concurrency {
    /// Its name, perhaps with expressions.
    pub group: String,
    /// Whether a newcomer cancels what runs: `true`, `false` or an expression.
    pub cancels: String,
}

/// A job.
#[derive(Debug)]
pub struct Job {
    /// Its key.
    pub id: String,
    /// The jobs it waits for.
    pub needs: Vec<String>,
    /// Its `if`.
    pub condition: Option<String>,
    /// What the token may do, where the job says so.
    pub permissions: Option<Permissions>,
    /// Its concurrency group.
    pub concurrency: Option<Concurrency>,
    /// Its legs, where it has some and the file tells them.
    pub matrix: Option<Matrix>,
    /// What it does.
    pub body: Body,
}

/// What a job does.
#[derive(Debug)]
pub enum Body {
    /// It runs steps.
    Steps {
        /// In order.
        steps: Vec<Step>,
        /// The environment's name, perhaps with expressions.
        environment: Option<String>,
        /// `true`, `false` or an expression.
        continues: String,
        /// Names and expressions.
        outputs: Vec<(String, String)>,
        /// Whether its steps run in a shell that stops when the first part of a pipe fails.
        pipefail: bool,
        /// Its environment variables.
        env: Vec<(String, String)>,
    },
    /// It calls another workflow.
    Call {
        /// The other workflow.
        uses: Rc<str>,
        /// What it is given.
        with: Vec<(String, serde_json::Value)>,
        /// Whether it gets every secret.
        inherits_secrets: bool,
    },
}

/// A step.
#[derive(Debug)]
pub struct Step {
    /// Where it stands: its index, and that within a `parallel` block.
    pub index: (usize, Option<usize>),
    /// Its `if`.
    pub condition: Option<String>,
    /// What it runs.
    pub run: Option<String>,
    /// Whether a failure before a pipe counts.
    pub pipefail: bool,
    /// The action it uses.
    pub uses: Option<String>,
    /// What the action is given.
    pub with: Vec<(String, String)>,
    /// Its environment variables.
    pub env: Vec<(String, String)>,
    /// `true`, `false` or an expression.
    pub continues: String,
}

impl Workflow {
    /// The job of that name, and where it is in the list.
    pub fn job(&self, id: &str) -> Option<usize> {
        // Names of jobs ignore case, as all of GitHub's names do.
        self.jobs.iter().position(|job| job.id.eq_ignore_ascii_case(id))
    }
}
