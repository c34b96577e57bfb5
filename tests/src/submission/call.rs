//! One call of a submission's named command: with arguments and variables of the call's own, within a time limit, and ended by
//! SIGKILL in the middle where a check asks for that.

use super::{CommandOutput, deployment::Started, launch::Running, supervise::descendants};
use crate::{check::Fault, patience::stretched};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::time::Duration;
use tokio::time::timeout;

/// A command that takes longer has hung.
const USUAL_LIMIT: Duration = Duration::from_secs(60);

/// What is called, and how.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its name under `[commands]`.
    pub command: &'a str,
    /// Arguments after the declared ones.
    pub arguments: &'a [&'a str],
    /// Variables that this call alone sees, or sees with other values. Where the manifest's words name one, they say this value.
    pub variables: &'a [(&'a str, &'a str)],
    /// How long it may take; longer is the submission's failure.
    pub limit: Duration,
    /// Ends it and all that it started by SIGKILL after so long, as a machine that dies would; it reads 137 then.
    pub kill_after: Option<Duration>,
}

impl<'a> Call<'a> {
    /// A call that gets a minute.
    #[must_use]
    pub fn of(command: &'a str, arguments: &'a [&'a str]) -> Self {
        Self { command, arguments, variables: &[], limit: USUAL_LIMIT, kill_after: None }
    }
}

impl Started {
    /// Makes the call, changed as the mutant says.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<CommandOutput, Fault> {
        let limit = stretched(call.limit);
        let made = timeout(limit, self.call_unlimited(call)).await;
        made.unwrap_or_else(|_| {
            let what = format!("the command `{}`", [&[call.command], call.arguments].concat().join(" "));
            let what = self.redactor.clean(&what);
            Err(Fault::failed(what, format!("an end within {limit:?}"), "no end"))
        })
    }

    async fn call_unlimited(&self, call: Call<'_>) -> Result<CommandOutput, Fault> {
        let name = call.command;
        let declared = self.manifest.commands.get(name);
        let declared = declared.ok_or_else(|| Fault::NotRun(format!("submission.toml has no command `{name}`")))?;
        let arguments: Vec<String> = call.arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut variables: Vec<(String, String)> =
            call.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let Some(fault) = self.mutant.as_ref().and_then(|mutant| mutant.command(name, &arguments)) else {
            let line = [self.expanded(declared, &variables)?, arguments].concat();
            return self.run_until(&line, &variables, call.kill_after).await;
        };
        variables.extend(fault.env.clone());
        let declared = self.expanded(declared, &variables)?;
        let mut output = CommandOutput { status: 0, stdout: String::new(), stderr: String::new() };
        for step in fault.steps(&declared, &arguments) {
            if output.status == 0 {
                output = self.run_until(&self.expanded(&step, &variables)?, &variables, call.kill_after).await?;
            }
        }
        Ok(fault.told(output))
    }

    /// Runs words that need no expansion any more.
    pub(super) async fn run_until(
        &self,
        command: &[String],
        variables: &[(String, String)],
        kill_after: Option<Duration>,
    ) -> Result<CommandOutput, Fault> {
        if kill_after.is_some() && self.fence.sandbox().is_some() {
            return Err(Fault::NotRun("a command in a container is not killed from outside".to_owned()));
        }
        let mut running = self.start_command(command, variables)?;
        let status = match kill_after {
            None => running.wait().await,
            Some(limit) => match timeout(limit, running.wait()).await {
                Ok(status) => status,
                Err(_) => {
                    kill_all(&running);
                    running.wait().await
                }
            },
        };
        let clean = |output: &super::output::Output| self.redactor.clean(&output.text());
        Ok(CommandOutput { status, stdout: clean(&running.stdout), stderr: clean(&running.stderr) })
    }
}

/// SIGKILL to everything below the supervisor, which itself lives on to tell of their end.
fn kill_all(running: &Running) {
    for pid in running.supervisor_pid().map(descendants).unwrap_or_default() {
        // It may have ended in the meantime; that is what was wanted.
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}
