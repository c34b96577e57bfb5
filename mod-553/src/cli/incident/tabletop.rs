//! `mod-553 incident tabletop`: plays a scenario, shows what fires, takes decisions, scores them.

use super::schedule::{print, refused};
use crate::incident::Error;
use crate::incident::escalation::Policy;
use crate::incident::tabletop::{self, Decisions, Entry, Exercise, Rubric, Scenario, Score, Signals, What};
use anyhow::Result;
use clap::Args;
use mod_106::documents;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc::unbounded_channel;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The scenario (YAML)
    scenario: PathBuf,
    /// Decisions from a file (YAML), instead of from whoever sits here
    #[arg(long)]
    decisions: Option<PathBuf>,
    /// The rules that fire; `signals.yaml` one folder above the scenario when absent
    #[arg(long)]
    signals: Option<PathBuf>,
    /// What counts how much; `rubric.yaml` likewise
    #[arg(long)]
    rubric: Option<PathBuf>,
    /// Who is paged; `escalation.yaml` likewise
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Where the timeline, the journal, the impact and the score go
    #[arg(long, default_value = "tabletop")]
    out: PathBuf,
    /// How many times faster than life, instead of what the scenario says
    #[arg(long)]
    speed: Option<f64>,
    /// Print the score as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(words: Arguments) -> Result<()> {
    let scenario = Scenario::read(&words.scenario)?;
    let above = words.scenario.parent().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    let beside = |given: &Option<PathBuf>, name: &str| given.clone().unwrap_or_else(|| above.join(name));
    let on_paper = !scenario.alerts.is_empty();
    let signals = (!on_paper).then(|| Signals::read(&beside(&words.signals, "signals.yaml"))).transpose()?;
    let rubric = Rubric::read(&beside(&words.rubric, "rubric.yaml"))?;
    let policy = Policy::read(&beside(&words.policy, "escalation.yaml"))?;
    let knows = |alert: &str| match &signals {
        Some(signals) => signals.knows(alert),
        None => scenario.alerts.iter().any(|known| known.alert == alert),
    };
    if !knows(&scenario.expects.alert) {
        let alert = &scenario.expects.alert;
        return Err(
            Error::Input(format!("{}: expects.alert: there is no signal {alert:?}", words.scenario.display())).into()
        );
    }
    if words.out.join("journal.jsonl").exists() {
        let message = format!("{} holds an exercise already; give another folder with --out", words.out.display());
        return Err(Error::Input(message).into());
    }
    std::fs::create_dir_all(&words.out)?;
    let (decisions, lines) = match &words.decisions {
        Some(path) => (Decisions::read(path, &scenario)?, None),
        None => (Decisions { responder: None, decisions: Vec::new() }, Some(lines())),
    };
    eprintln!("{}: {}\n{}", scenario.name, scenario.title, scenario.story.trim());
    if lines.is_some() {
        let actions: Vec<_> =
            scenario.actions.iter().map(|action| format!("  {}: {}", action.id, action.title)).collect();
        let causes: Vec<_> = scenario.causes.iter().map(|cause| format!("  {}: {}", cause.id, cause.title)).collect();
        eprintln!("You can say: {}\nActions:\n{}\nCauses:\n{}", tabletop::WORDS, actions.join("\n"), causes.join("\n"));
    }
    let exercise = Exercise { scenario: &scenario, signals, policy: &policy, decisions, lines, speed: words.speed };
    // Line by line as it happens: whoever is killed has lost nothing that was seen.
    let mut kept = std::fs::File::create(words.out.join("timeline.jsonl"))?;
    let mut told = |entry: &Entry| {
        let line = serde_json::to_string(entry).unwrap_or_default();
        if let Err(error) = writeln!(kept, "{line}") {
            eprintln!("the timeline could not be kept: {error}");
        }
        // What the scenario breaks is for those who find it.
        if !matches!(entry.what, What::Broken { .. }) {
            eprintln!("{}  {}", policy.clock.show(entry.at), entry.what.words());
        }
    };
    let ended = tabletop::play(exercise, &words.out, &mut told).await?;
    let score = tabletop::score(&rubric, &scenario, &ended.timeline);
    write(&words.out, &scenario, &policy, &ended, &score)?;
    let text = if words.json { serde_json::to_string_pretty(&score)? + "\n" } else { for_people(&score) };
    print(&text)?;
    if ended.interrupted {
        return Err(refused("the exercise was interrupted; what happened until then is written down".to_owned()));
    }
    let enough = format!("{} of {} points are not enough", score.points, score.of);
    if score.passed { Ok(()) } else { Err(refused(enough)) }
}

/// Lines of whoever sits there; on a terminal or through a pipe.
fn lines() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    if std::io::stdin().is_terminal() {
        eprintln!("Decide by typing; Ctrl-C ends the exercise.");
    }
    // A thread of its own, which nobody waits for: reading from a terminal cannot be called off, and the exercise must be able to end.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::io::Result::ok) {
            if !line.trim().is_empty() && sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn write(out: &Path, scenario: &Scenario, policy: &Policy, ended: &tabletop::Ended, score: &Score) -> Result<()> {
    let mut lines = String::new();
    for entry in &ended.timeline {
        lines += &(serde_json::to_string(entry)? + "\n");
    }
    let mut markdown = tabletop::markdown(&scenario.title, &ended.timeline, &policy.clock);
    markdown += &format!("\n{}", score_table(score));
    let mut files = vec![
        (out.join("timeline.jsonl"), lines.into_bytes()),
        (out.join("timeline.md"), markdown.into_bytes()),
        (out.join("score.json"), (serde_json::to_string_pretty(score)? + "\n").into_bytes()),
    ];
    if let Some(impact) = &ended.impact {
        files.push((out.join("impact.json"), (serde_json::to_string_pretty(impact)? + "\n").into_bytes()));
    }
    documents::write_all(&files)?;
    Ok(())
}

fn score_table(score: &Score) -> String {
    let mut text = format!("## Score: {} of {}\n\n| Line | Points | Found |\n|---|---|---|\n", score.points, score.of);
    for line in &score.lines {
        let (id, found) = (documents::markdown(&line.id), documents::markdown(&line.found));
        text += &format!("| {id} | {} of {} | {found} |\n", line.points, line.of);
    }
    text
}

fn for_people(score: &Score) -> String {
    let row = |line: &tabletop::Line| [line.id.clone(), format!("{} of {}", line.points, line.of), line.found.clone()];
    let table = super::rows(&["line", "points", "found"], score.lines.iter().map(row));
    format!("{table}{} of {} points\n", score.points, score.of)
}
