//! `mod-553 incident postmortem` and `mod-553 incident actions`.

use super::schedule::{print, refused};
use crate::incident::Error;
use crate::incident::escalation::{Incident, Journal, Policy, Script, replay};
use crate::incident::postmortem::{self, Actions, Look, Requirements};
use crate::incident::tabletop::{Entry, What};
use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use mod_106::documents;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The incident, such as INC-1; with --events the alert's fingerprint
    id: String,
    /// The journal
    #[arg(long, default_value = "incidents.jsonl", conflicts_with = "events")]
    journal: PathBuf,
    /// Events that another program kept (JSON Lines, as `rehearse` reads them), instead of a journal
    #[arg(long)]
    events: Option<PathBuf>,
    /// The escalation policy; its schedule knows the people and the clock
    #[arg(long, default_value = "incident/escalation.yaml")]
    policy: PathBuf,
    /// What was counted, as an exercise writes it
    #[arg(long)]
    impact: Option<PathBuf>,
    /// An exercise's timeline: when the harm began
    #[arg(long)]
    timeline: Option<PathBuf>,
    /// Corrective actions (YAML)
    #[arg(long)]
    actions: Option<PathBuf>,
    /// What security requires (YAML)
    #[arg(long)]
    security: Option<PathBuf>,
    /// As if it were this day, for what is overdue
    #[arg(long)]
    on: Option<Date>,
    /// The repository in which evidence is looked for
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Where `postmortem.md`, `postmortem.html` and `postmortem.json` go
    #[arg(long, default_value = ".")]
    out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(super) enum ActionsAction {
    /// Look for the evidence of each action. Exit code 1 when one is overdue, or claims what is not there
    Check {
        /// Corrective actions (YAML)
        file: PathBuf,
        /// The repository in which evidence is looked for
        #[arg(long, default_value = ".")]
        root: PathBuf,
        /// As if it were this day
        #[arg(long)]
        on: Option<Date>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn today() -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

pub(super) fn run(words: &Arguments) -> Result<()> {
    let policy = Policy::read(&words.policy)?;
    let (incident, known) = incident(words, &policy)?;
    let impact = words.impact.as_deref().map(json).transpose()?;
    let began = words.timeline.as_deref().map(began).transpose()?.flatten().or(known);
    let actions = words.actions.as_deref().map(Actions::read).transpose()?;
    let requirements = words.security.as_deref().map(Requirements::read).transpose()?;
    let look = Look { root: words.root.clone() };
    let today = words.on.unwrap_or_else(today);
    let checked = actions.map(|actions| postmortem::check(&actions, &look, today)).unwrap_or_default();
    let named = policy.schedule.people.iter();
    let people: Vec<_> = named
        .flat_map(|(id, person)| [Some(id.clone()), Some(person.name.clone()), person.contact.clone()])
        .flatten()
        .collect();
    let security = postmortem::security(&incident, &people, requirements.as_ref(), &checked);
    let facts = postmortem::facts(&incident, began, impact.as_ref(), &people, &policy.clock, security);
    let document = postmortem::document(&facts, &checked)?;
    let all = serde_json::json!({ "facts": facts, "actions": checked });
    documents::write_all(&[
        (words.out.join("postmortem.md"), document.markdown.into_bytes()),
        (words.out.join("postmortem.html"), document.html.into_bytes()),
        (words.out.join("postmortem.json"), (serde_json::to_string_pretty(&all)? + "\n").into_bytes()),
    ])?;
    for sentence in &facts.wording {
        eprintln!("wording: {sentence}");
    }
    print(&format!("{}\n", words.out.join("postmortem.md").display()))
}

/// The incident, from the journal or from events; and when it began to hurt, where the events say so.
fn incident(words: &Arguments, policy: &Policy) -> Result<(Incident, Option<Timestamp>), Error> {
    let id = &words.id;
    let (state, from, began) = match &words.events {
        Some(path) => {
            let script = Script::read(path)?;
            let played = replay(&script, policy, script.ends())?;
            (played.incidents, path, script.began.get(id).copied())
        }
        None => (Journal::new(&words.journal).state()?, &words.journal, None),
    };
    let found = state.0.get(id).or_else(|| state.last_of(id)).cloned();
    let incident = found.ok_or_else(|| {
        let all: Vec<_> = state.0.values().flat_map(|it| [it.id.as_str(), it.key.as_str()]).collect();
        Error::Input(format!("found incident {id:?}, expected one of {}: {}", from.display(), all.join(", ")))
    })?;
    Ok((incident, began))
}

pub(super) fn actions(action: &ActionsAction) -> Result<()> {
    let ActionsAction::Check { file, root, on, json } = action;
    let actions = Actions::read(file)?;
    let checked = postmortem::check(&actions, &Look { root: root.clone() }, on.unwrap_or_else(today));
    if *json {
        print(&(serde_json::to_string_pretty(&checked)? + "\n"))?;
    } else {
        let row = |it: &postmortem::Checked| {
            let (id, owner, word) = (it.action.id.clone(), it.action.owner.clone(), it.standing.word().to_owned());
            [id, owner, word, it.found.clone()]
        };
        print(&super::rows(&["action", "owner", "state", "found"], checked.iter().map(row)))?;
    }
    let failing: Vec<_> = checked.iter().filter(|it| it.standing.fails()).map(|it| it.action.id.as_str()).collect();
    if failing.is_empty() {
        return Ok(());
    }
    Err(refused(format!(
        "{}: {} of {} actions fail: {}",
        file.display(),
        failing.len(),
        checked.len(),
        failing.join(", ")
    )))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    let malformed = |error| Error::Malformed { mistakes: vec![format!("{}: {error}", path.display())] };
    serde_json::from_str(&text).map_err(malformed)
}

/// When an exercise first broke something.
fn began(path: &Path) -> Result<Option<Timestamp>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    for (number, line) in text.lines().enumerate() {
        let malformed =
            |error| Error::Malformed { mistakes: vec![format!("{}:{}: {error}", path.display(), number + 1)] };
        let entry: Entry = serde_json::from_str(line).map_err(malformed)?;
        if matches!(entry.what, What::Broken { .. }) {
            return Ok(Some(entry.at));
        }
    }
    Ok(None)
}
