//! What `submission.toml` may say. It is the main interface of the whole workspace, so it is strict: a key nobody knows is an
//! error, because a misspelt `timout_s` that is silently ignored costs its author an hour. `schemas/submission.schema.json`
//! is made from these types. Values may hold `${LAB_…}`; `expand.rs` fills them in.

use super::{
    Place,
    read::{ManifestError, read_toml},
};
use crate::{backend::Backend, world::World};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// A command and its arguments; the first is looked up in the submission's folder when it begins with `./`, else on PATH.
pub(super) type CommandLine = Vec<String>;

/// How a submission introduces itself: which lab it answers, how it is started and what it offers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The lab that this folder answers, such as `mod-106/lab-1`.
    pub lab: String,
    /// A name for this way of solving it; a learner needs none.
    pub variant: Option<String>,
    /// The kind of world it stands on.
    pub backend: Backend,
    /// What must be on this machine, or nothing is run and the report says why.
    #[serde(default)]
    pub requires: Requires,
    /// How it is started. A command-line lab has no service to start and leaves this out.
    pub start: Option<Start>,
    /// How the harness knows that it is ready.
    pub ready: Option<Ready>,
    /// How it is stopped; without it, SIGTERM to all its processes, and SIGKILL after ten seconds.
    pub stop: Option<Step>,
    /// How it is restarted; without it, stop and start with the same environment.
    pub restart: Option<Step>,
    /// Where it answers, by name. The checks of a tracking lab ask for `tracking`.
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
    /// Which certificates the checks trust.
    #[serde(default)]
    pub tls: Tls,
    /// The accounts that it hands to the checks, by name.
    #[serde(default)]
    pub accounts: BTreeMap<String, AccountSource>,
    /// What it claims to do beyond the minimum.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Commands that the checks may run, by name, in the submission's folder and environment.
    #[serde(default)]
    pub commands: BTreeMap<String, CommandLine>,
    /// What the checks may read, by name: files and folders in its folder, or under `${LAB_WORK}`.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Where it logs, besides standard output and standard error.
    #[serde(default)]
    pub logs: Logs,
    /// What must never be seen in process lists, logs or images.
    #[serde(default)]
    pub secrets: Secrets,
    /// How it is fenced in.
    #[serde(default)]
    pub sandbox: Sandbox,
}

/// What must be on this machine.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Requires {
    /// Programs, looked up on PATH, then in `/usr/sbin` and `/usr/lib/postgresql/*/bin`.
    pub programs: Vec<String>,
    /// Files that must exist.
    pub files: Vec<String>,
    /// Whether Docker must answer.
    pub docker: bool,
    /// Images that must be on this machine.
    pub images: Vec<String>,
    /// What to do about it, as the report tells the reader.
    pub hint: Option<String>,
}

/// How a submission is started.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Runs in the foreground; it and all its children are the submission.
    pub command: CommandLine,
    /// Variables besides the harness's own.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// How the harness knows that a submission is ready.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Asked on the first endpoint until it answers 200, without credentials.
    pub path: String,
    /// How long that may take. It is never on the learner's clock.
    #[serde(default = "ready_timeout_s")]
    pub timeout_s: u64,
}

/// One command of the submission's life.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The command; zero means done.
    pub command: CommandLine,
}

/// Which certificates the checks trust.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// A PEM file; read anew at each connection, because certificates are rotated too.
    pub ca_file: Option<String>,
}

/// Where an account's credentials come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSource {
    /// The name to log in with.
    pub username: String,
    /// The password itself; better, name a file.
    pub password: Option<String>,
    /// A file that holds the password; read anew at each use.
    pub password_file: Option<String>,
}

/// What a submission claims to do beyond the minimum.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// Names that the lab's brief lists. What is not claimed is reported so, and never failed.
    pub claims: Vec<String>,
}

/// Where a submission logs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    /// Files; a `*` stands for any part of a file's name.
    pub files: Vec<String>,
    /// A command that prints the logs.
    pub command: Option<CommandLine>,
}

/// What must never be seen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// Files that hold nothing but a secret each; a `*` stands for any part of a file's name.
    pub files: Vec<String>,
    /// Images to search for those secrets.
    pub images: Vec<String>,
}

/// How a submission is fenced in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sandbox {
    /// Runs every command in a container of this image, without a network but its own, where Docker is at hand.
    pub image: Option<String>,
}

impl Manifest {
    /// Reads a manifest and checks what serde cannot.
    ///
    /// # Errors
    /// The file, line and column of what is wrong.
    pub fn read(path: &Path) -> Result<Self, Box<ManifestError>> {
        let (manifest, text) = read_toml::<Self>(path)?;
        manifest.validate(path, &text)?;
        Ok(manifest)
    }

    /// The name of the variant, or of the backend where there is none.
    #[must_use]
    pub fn variant(&self) -> &str {
        self.variant.as_deref().unwrap_or(self.backend.name())
    }

    fn validate(&self, path: &Path, text: &str) -> Result<(), Box<ManifestError>> {
        known_variables(path, text)?;
        let wrong = |needle: &str, message: String| Err(Box::new(ManifestError::naming(path, text, needle, message)));
        for (name, account) in &self.accounts {
            if account.password.is_some() == account.password_file.is_some() {
                let needle = format!("[accounts.{name}]");
                return wrong(&needle, format!("account `{name}`: expected either `password` or `password_file`"));
            }
        }
        let commands = self.commands.values().chain(self.start.iter().map(|start| &start.command));
        let steps = self.stop.iter().chain(&self.restart).map(|step| &step.command);
        if commands.chain(steps).any(|command| command.first().is_none_or(String::is_empty)) {
            return wrong("[]", "expected a command with its arguments, such as [\"./start.sh\"]".to_owned());
        }
        if self.ready.is_some() && self.endpoints.is_empty() {
            return wrong("[ready]", "expected an address under `[endpoints]` to ask whether it is ready".to_owned());
        }
        if let Some(ready) = &self.ready
            && !ready.path.starts_with('/')
        {
            return wrong(&ready.path, "expected a path that begins with `/`".to_owned());
        }
        for (name, file) in &self.files {
            let inside = file.strip_prefix("${LAB_WORK}/").unwrap_or(file);
            if inside.is_empty() || inside.starts_with('/') || inside.split('/').any(|part| part == "..") {
                let message =
                    format!("file `{name}`: expected a path inside the submission's folder, or under ${{LAB_WORK}}/");
                return wrong(file, message);
            }
        }
        for (name, address) in &self.endpoints {
            if !(address.starts_with("http://") || address.starts_with("https://")) {
                return wrong(
                    address,
                    format!("endpoint `{name}`: expected an address that begins with http:// or https://"),
                );
            }
        }
        Ok(())
    }
}

/// Refuses `${HOME}` and the like where they stand, instead of when the submission is started.
fn known_variables(path: &Path, text: &str) -> Result<(), Box<ManifestError>> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let opened = if line.trim_start().starts_with('#') { None } else { line.find("${") };
        for offset in opened.iter().flat_map(|first| line[*first..].match_indices("${").map(move |(i, _)| first + i)) {
            let Some(length) = line[offset..].find('}') else { continue };
            let name = &line[offset + 2..offset + length];
            let mut known = Place::VARIABLES.into_iter().chain(World::known_variables());
            if !known.any(|known| known == name) {
                let known = Place::VARIABLES.into_iter().chain(World::known_variables()).collect::<Vec<_>>().join(", ");
                let message = format!("unknown variable `${{{name}}}`, expected one of {known}");
                let span = at + offset..at + offset + length + 1;
                return Err(Box::new(ManifestError::at(path, text, span, message)));
            }
        }
        at += line.len();
    }
    Ok(())
}

fn ready_timeout_s() -> u64 {
    60
}

#[cfg(test)]
mod tests {
    use super::Manifest;
    use std::{fs, path::Path};

    #[test]
    fn the_committed_schema_is_current() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Manifest)).unwrap() + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/submission.schema.json");
        if fs::read_to_string(&path).unwrap_or_default() != schema {
            fs::write(&path, schema).unwrap();
            panic!("schemas/submission.schema.json was out of date and has been rewritten: look at it and commit it");
        }
    }
}
