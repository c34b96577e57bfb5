//! Programs that judge what a submission made: our own command beside the runner, and those that `cargo xtask images --process` has
//! installed or the machine has. They run as the harness, not as the submission, and never on its clock. What is absent makes a
//! check *not run*.

use crate::{
    check::Fault,
    patience::stretched,
    redact::Redactor,
    submission::{
        CommandOutput,
        launch::{Launch, Tools},
        program,
    },
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::timeout;

/// A judge that takes longer has hung.
const LIMIT: Duration = Duration::from_secs(60);

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Where a tool is found.
#[derive(Clone, Copy, Debug)]
enum Home {
    /// Beside `lab-runner`.
    Ours,
    /// `bin/` of an environment under `target/labs`.
    Environment(&'static str),
    /// `node_modules/.bin/` under `target/labs/npm`.
    Npm,
    /// The machine's PATH.
    Machine,
}

/// The tools that checks may ask for by name; `python:<environment>` is the interpreter of any environment under `target/labs`.
const KNOWN: [(&str, Home); 13] = [
    ("mod-106", Home::Ours),
    ("zizmor", Home::Environment("workflows")),
    ("check-jsonschema", Home::Environment("workflows")),
    ("feast", Home::Environment("feast")),
    ("prism", Home::Npm),
    ("node", Home::Machine),
    ("npm", Home::Machine),
    ("promtool", Home::Machine),
    ("amtool", Home::Machine),
    ("prometheus", Home::Machine),
    ("git", Home::Machine),
    ("bash", Home::Machine),
    ("openssl", Home::Machine),
];

/// A program that judges.
#[derive(Clone, Debug)]
pub struct Tool {
    name: String,
    program: PathBuf,
    supervisor: PathBuf,
    folder: PathBuf,
    path: String,
    redactor: Redactor,
}

impl Tool {
    /// Looks for it.
    ///
    /// # Errors
    /// Why it is not to be had, and what to do.
    pub fn find(name: &str, tools: &Tools) -> Result<Self, String> {
        let installed = |environment: &str, program: &str| tools.labs.join(environment).join("bin").join(program);
        let (program, hint) = match (name.strip_prefix("python:"), KNOWN.iter().find(|(known, _)| *known == name)) {
            (Some(environment), _) => (Some(installed(environment, "python")), "run `cargo xtask images --process`"),
            (None, Some((_, Home::Ours))) => (Some(tools.binaries.join(name)), "run `cargo build -p mod-106`"),
            (None, Some((_, Home::Environment(environment)))) => {
                (Some(installed(environment, name)), "run `cargo xtask images --process`")
            }
            (None, Some((_, Home::Npm))) => {
                (Some(tools.labs.join("npm/node_modules/.bin").join(name)), "run `cargo xtask images --process`")
            }
            (None, Some((_, Home::Machine))) => (program(name), "install it"),
            (None, None) => return Err(format!("no tool is called `{name}`")),
        };
        let program = program.filter(|program| program.is_file());
        let program = program.ok_or_else(|| format!("the tool `{name}` is not on this machine; {hint}"))?;
        let folder = std::env::temp_dir();
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
        let (supervisor, redactor) = (tools.lab_runner.clone(), Redactor::default());
        Ok(Self { name: name.to_owned(), program, supervisor, folder, path, redactor })
    }

    /// The same tool, run in this folder, its output cleaned of these secrets.
    #[must_use]
    pub(crate) fn in_folder(self, folder: &Path, redactor: &Redactor) -> Self {
        Self { folder: folder.to_owned(), redactor: redactor.clone(), ..self }
    }

    /// Where the program is.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Runs it to its end with these arguments and variables; it gets a minute. A status other than zero is *not* an error.
    ///
    /// # Errors
    /// It cannot be started or does not end: the harness's own fault, never the learner's.
    pub async fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<CommandOutput, Fault> {
        let folder = self.folder.display().to_string();
        let base = [("PATH", self.path.as_str()), ("HOME", &folder), ("TMPDIR", &folder), ("LANG", "C.UTF-8")];
        let environment: BTreeMap<String, String> =
            base.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let command: Vec<String> = std::iter::once(self.program.display().to_string())
            .chain(arguments.iter().map(|&argument| argument.to_owned()))
            .collect();
        let launch = Launch {
            supervisor: &self.supervisor,
            command: &command,
            folder: &self.folder,
            environment: &environment,
            grace: GRACE,
        };
        let failed = |reason: String| Fault::Harness(format!("the tool `{}`: {reason}", self.name));
        let mut running = launch.start().map_err(|error| failed(error.to_string()))?;
        let limit = stretched(LIMIT);
        let Ok(status) = timeout(limit, running.wait()).await else {
            running.stop().await;
            return Err(failed(format!("no end within {limit:?}")));
        };
        let clean = |text: String| self.redactor.clean(&text);
        Ok(CommandOutput { status, stdout: clean(running.stdout.text()), stderr: clean(running.stderr.text()) })
    }
}
