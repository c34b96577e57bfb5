//! `mod-553 incident open`, `acknowledge`, `tick` and their like: each decides, writes the journal and tells who has to know.

use super::schedule::{instant, print};
use crate::cli::Ended;
use crate::incident::Error;
use crate::incident::escalation::{
    Event, Incident, Incidents, Input, Journal, NoteKind, Notification, Phase, Policy, Script, Trigger, firing, replay,
};
use crate::incident::schedule::length;
use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use mod_106::alerts::{Config, Dispatcher, Fate, Options, Severity};
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Args)]
pub(super) struct Where {
    /// The escalation policy (YAML); it names its schedule
    #[arg(long, default_value = "incident/escalation.yaml")]
    policy: PathBuf,
    /// The journal (JSON Lines, chained by digest); made when it is not there
    #[arg(long, default_value = "incidents.jsonl")]
    journal: PathBuf,
    /// Send pages by this file of receivers and routes, as `mod-106 alerts` has them
    #[arg(long)]
    alerts: Option<PathBuf>,
    /// Decide as if it were this time
    #[arg(long)]
    at: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// An alert fires: open an incident and page the first level. The same key again is the same incident.
    Open {
        /// By what the same alert is known again
        #[arg(long)]
        key: String,
        /// One line
        #[arg(long)]
        title: String,
        /// How bad it is
        #[arg(long)]
        severity: Severity,
        /// What is hurt
        #[arg(long)]
        service: String,
        /// What to do about it
        #[arg(long)]
        runbook: Option<String>,
        /// When the alert says that it began: what began before an incident's end does not open it again
        #[arg(long)]
        starts_at: Option<Timestamp>,
        #[command(flatten)]
        place: Where,
    },
    /// Take an incident: nobody else is paged for it
    Acknowledge {
        id: String,
        /// Who
        #[arg(long)]
        by: String,
        #[command(flatten)]
        place: Where,
    },
    /// Put an incident off; then everything begins anew
    Snooze {
        id: String,
        /// Who
        #[arg(long)]
        by: String,
        /// For how long, such as "30 min"
        #[arg(long = "for")]
        lasts: SignedDuration,
        #[command(flatten)]
        place: Where,
    },
    /// Give an incident that you have in hand to somebody else
    HandOver {
        id: String,
        /// Who has it
        #[arg(long)]
        from: String,
        /// Who shall have it
        #[arg(long)]
        to: String,
        #[command(flatten)]
        place: Where,
    },
    /// Say that it is worse, or less bad, than it seemed
    Reclassify {
        id: String,
        /// Who
        #[arg(long)]
        by: String,
        /// How bad it is
        #[arg(long)]
        severity: Severity,
        #[command(flatten)]
        place: Where,
    },
    /// Add something to the timeline
    Note {
        id: String,
        /// Who
        #[arg(long)]
        by: String,
        /// What it is
        #[arg(long, default_value = "observation")]
        kind: NoteKind,
        /// The words
        text: String,
        #[command(flatten)]
        place: Where,
    },
    /// Say that it is over
    Resolve {
        id: String,
        /// Who
        #[arg(long)]
        by: String,
        /// Why it happened, as far as known
        #[arg(long)]
        cause: Option<String>,
        #[command(flatten)]
        place: Where,
    },
    /// Let time pass: page the next level, page who came on call, end snoozes and quiet hours; send what was not sent
    Tick {
        /// Go on, once every so often, such as "10 s"; Ctrl-C ends it
        #[arg(long)]
        every: Option<SignedDuration>,
        #[command(flatten)]
        place: Where,
    },
    /// Try a policy: events from a file on a clock that jumps, and everybody who would be told. Nothing is sent, no journal is written
    Rehearse {
        /// The escalation policy (YAML); it names its schedule
        policy: PathBuf,
        /// Events (JSON Lines): `at`, `fingerprint`, and `event`: firing, acknowledged, noted, resolved
        events: PathBuf,
        /// Let time pass until then
        #[arg(long)]
        until: Timestamp,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the journal's incidents
    List {
        #[command(flatten)]
        place: Where,
    },
    /// Show one incident and its timeline
    Show {
        id: String,
        #[command(flatten)]
        place: Where,
    },
}

pub(super) async fn run(action: Action, now: Timestamp) -> Result<()> {
    let (id, input, place) = match action {
        Action::List { place } => return list(&place),
        Action::Rehearse { policy, events, until, json } => return rehearse(&policy, &events, until, json),
        Action::Show { id, place } => return show(&id, &place),
        Action::Tick { every, place } => return tick(every, &place).await,
        Action::Open { key, title, severity, service, runbook, starts_at, place } => {
            (None, Input::Trigger(Trigger { key, title, severity, service, runbook, starts_at }), place)
        }
        Action::Acknowledge { id, by, place } => (Some(id), Input::Acknowledge { by }, place),
        Action::Snooze { id, by, lasts, place } => (Some(id), Input::Snooze { by, lasts }, place),
        Action::HandOver { id, from, to, place } => (Some(id), Input::HandOver { from, to }, place),
        Action::Reclassify { id, by, severity, place } => (Some(id), Input::Reclassify { by, severity }, place),
        Action::Note { id, by, kind, text, place } => (Some(id), Input::Note { by, kind, text }, place),
        Action::Resolve { id, by, cause, place } => (Some(id), Input::Resolve { by, cause }, place),
    };
    let (journal, policy, now) = place.open(now)?;
    let written = journal.decide(id.as_deref(), &input, &policy, now)?;
    if let Some(torn) = &written.recovered {
        let kept = torn.kept.display();
        eprintln!("a line of {} bytes that was never finished is kept in {kept}; nobody was told of it", torn.bytes);
    }
    let happened = written.events.into_iter().map(|event| (written.id.clone(), event)).collect();
    tell(&place, &written.state, happened, now, &policy).await
}

impl Where {
    fn open(&self, now: Timestamp) -> Result<(Journal, Policy, Timestamp), Error> {
        let policy = Policy::read(&self.policy)?;
        let now = self.at.as_deref().map_or(Ok(now), |text| instant("--at", text, &policy.clock))?;
        Ok((Journal::new(&self.journal), policy, now))
    }
}

async fn tick(every: Option<SignedDuration>, place: &Where) -> Result<()> {
    let Some(every) = every else {
        let (journal, policy, now) = place.open(Timestamp::now())?;
        let (state, happened) = journal.tick(&policy, now)?;
        return tell(place, &state, happened, now, &policy).await;
    };
    let pause = every.unsigned_abs().max(std::time::Duration::from_millis(100));
    // Listened to from the beginning: who asks while pages are being sent is heard as well.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    loop {
        let (journal, policy, now) = place.open(Timestamp::now())?;
        let (state, happened) = journal.tick(&policy, now)?;
        let round = async {
            // A receiver that is down does not end the watch: what it misses is sent with the next tick.
            if let Err(error) = tell(place, &state, happened, now, &policy).await {
                eprintln!("error: {error:#}");
            }
            tokio::time::sleep(pause).await;
        };
        // What was being sent is sent again by the next watch: delivery is at least once, under the same key.
        tokio::select! {
            () = round => {}
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
        }
    }
}

/// Says what happened, and sends the pages that are out.
async fn tell(
    place: &Where,
    state: &Incidents,
    happened: Vec<(String, Event)>,
    now: Timestamp,
    policy: &Policy,
) -> Result<()> {
    if place.json {
        let happened: Vec<_> =
            happened.iter().map(|(id, event)| serde_json::json!({ "incident": id, "happened": event })).collect();
        print(&(serde_json::to_string_pretty(&happened)? + "\n"))?;
    } else if happened.is_empty() {
        print("nothing new\n")?;
    } else {
        let lines = happened
            .iter()
            .map(|(id, event)| format!("{id}: {}\n", crate::incident::escalation::sentence(event, &policy.clock)));
        print(&lines.collect::<String>())?;
    }
    let Some(alerts) = &place.alerts else { return Ok(()) };
    let config = Config::read(alerts)?;
    let dispatcher = Dispatcher::new(&config);
    let options = Options { source: Some("incident".to_owned()), dry_run: false };
    let variable = |name: &str| std::env::var(name).ok();
    let deliveries = dispatcher.send(&firing(state), &options, now.max(Timestamp::now()), &variable).await?;
    for delivery in deliveries.iter().filter(|delivery| delivery.fate != Fate::Known) {
        eprintln!(
            "{}: {} {} {:?} {}",
            delivery.receiver,
            delivery.alert,
            delivery.status.word(),
            delivery.fate,
            delivery.detail
        );
    }
    dispatcher.undelivered(&deliveries).map_or(Ok(()), |error| Err(error.into()))
}

fn list(place: &Where) -> Result<()> {
    let state = Journal::new(&place.journal).state()?;
    if place.json {
        let all: Vec<_> = state.0.values().collect();
        return print(&(serde_json::to_string_pretty(&all)? + "\n"));
    }
    let row = |incident: &Incident| {
        let since = length(Timestamp::now().duration_since(incident.opened_at).as_secs());
        [
            incident.id.clone(),
            incident.severity.word().to_owned(),
            standing(&incident.phase),
            since,
            incident.title.clone(),
        ]
    };
    print(&super::rows(&["incident", "severity", "state", "age", "title"], state.0.values().map(row)))
}

fn rehearse(policy: &Path, events: &Path, until: Timestamp, json: bool) -> Result<()> {
    let (policy, script) = (Policy::read(policy)?, Script::read(events)?);
    let played = replay(&script, &policy, until)?;
    for (line, reason) in &played.refused {
        eprintln!("{}:{line}: {reason}", events.display());
    }
    if json {
        let incident = |it: &Incident| {
            serde_json::json!({
                "fingerprint": it.key, "state": word(&it.phase), "opened_at": it.opened_at, "acknowledged_at": it.acknowledged_at,
                "resolved_at": it.resolved_at, "reopened": it.episode,
            })
        };
        let incidents: Vec<_> = played.incidents.0.values().map(incident).collect();
        let all = serde_json::json!({ "notifications": played.notifications, "incidents": incidents });
        return print(&(serde_json::to_string_pretty(&all)? + "\n"));
    }
    let row = |it: &Notification| {
        let place = format!("level {}, round {}", it.level, it.round);
        [policy.clock.show(it.at), it.fingerprint.clone(), it.person.clone(), place]
    };
    print(&super::rows(&["time", "alert", "told", "as"], played.notifications.iter().map(row)))
}

/// The phase's name alone.
fn word(phase: &Phase) -> serde_json::Value {
    serde_json::to_value(phase).map(|phase| phase["phase"].clone()).unwrap_or_default()
}

fn standing(phase: &Phase) -> String {
    match phase {
        Phase::Triggered => "triggered".to_owned(),
        Phase::Held { until } => format!("held until {until:.0}"),
        Phase::Notified => "notified".to_owned(),
        Phase::Exhausted => "exhausted".to_owned(),
        Phase::Acknowledged { by } => format!("acknowledged by {by}"),
        Phase::Snoozed { by, until } => format!("snoozed by {by} until {until:.0}"),
        Phase::Resolved => "resolved".to_owned(),
    }
}

fn show(id: &str, place: &Where) -> Result<()> {
    let (journal, policy, _) = place.open(Timestamp::now())?;
    let state = journal.state()?;
    let Some(incident) = state.0.get(id) else {
        let all: Vec<_> = state.0.keys().map(String::as_str).collect();
        let message = format!("found incident {id:?}, expected one of {}", all.join(", "));
        return Err(Ended { code: 2, message }.into());
    };
    if place.json {
        return print(&(serde_json::to_string_pretty(incident)? + "\n"));
    }
    let (word, standing) = (incident.severity.word(), standing(&incident.phase));
    let mut text = format!("{id}: {} ({word}, {standing})\n\n", incident.title);
    for (at, event) in &incident.timeline {
        text +=
            &format!("{}  {}\n", policy.clock.show(*at), crate::incident::escalation::sentence(event, &policy.clock));
    }
    print(&text)
}
