//! The exercise: breaks the service when the scenario says so, watches it, pages people, and does what the responder decides.

use super::super::Error;
use super::super::escalation::{Event, Incidents, Input, Journal, NoteKind, Policy, Trigger, due, sentence};
use super::super::schedule::{Wall, on_call};
use super::decision::{Decision, Decisions};
use super::impact::Impact;
use super::scenario::Scenario;
use super::signal::Signals;
use super::stage::{LOOK, Stage, step};
use super::timeline::{Entry, What};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep};

/// All that an exercise needs.
#[derive(Debug)]
pub struct Exercise<'a> {
    /// What breaks.
    pub scenario: &'a Scenario,
    /// What tells it; nothing on paper, where the scenario does.
    pub signals: Option<Signals>,
    /// Who is paged.
    pub policy: &'a Policy,
    /// What is decided, when nobody sits at the terminal.
    pub decisions: Decisions,
    /// Lines of whoever sits at the terminal.
    pub lines: Option<UnboundedReceiver<String>>,
    /// Faster or slower than the scenario says.
    pub speed: Option<f64>,
}

/// What became of it.
#[derive(Debug)]
pub struct Ended {
    /// Everything, in order.
    pub timeline: Vec<Entry>,
    /// What it cost.
    pub impact: Option<Impact>,
    /// The incident's name in the journal, if there was one.
    pub incident: Option<String>,
    /// Whether Ctrl-C or SIGTERM ended it.
    pub interrupted: bool,
}

/// One exercise that runs.
struct Round<'a> {
    scenario: &'a Scenario,
    policy: &'a Policy,
    journal: Journal,
    stage: Stage,
    /// As the journal has it.
    state: Incidents,
    timeline: Vec<Entry>,
    incident: Option<String>,
    responder: Option<String>,
    paged_at: Option<Timestamp>,
    resolved: bool,
}

/// Plays it; `folder` holds the journal and what the service leaves. `told` is called with each entry, as it happens.
///
/// # Errors
/// When the service cannot be started, or the journal cannot be written.
pub async fn play(mut exercise: Exercise<'_>, folder: &Path, told: &mut impl FnMut(&Entry)) -> Result<Ended, Error> {
    let scenario = exercise.scenario;
    let starts: jiff::civil::DateTime = scenario.starts.parse().map_err(|_| {
        Error::Input(format!("starts: found {:?}, expected a time such as 2026-03-04T02:10", scenario.starts))
    })?;
    let starts = exercise.policy.clock.first(Wall::of(starts));
    let speed = exercise.speed.unwrap_or(scenario.speed);
    let step = step(scenario, speed);
    // From here on Ctrl-C and SIGTERM are remembered, so that no service stays behind.
    let mut stop = Stop::listen()?;
    let stage = Stage::set(scenario, exercise.signals, folder, (starts, step)).await?;
    let mut round = Round {
        scenario,
        policy: exercise.policy,
        journal: Journal::new(folder.join("journal.jsonl")),
        stage,
        state: Incidents::default(),
        timeline: Vec::new(),
        incident: None,
        responder: exercise.decisions.responder.clone(),
        paged_at: None,
        resolved: false,
    };
    let mut faults: VecDeque<_> = scenario.faults.iter().collect();
    let mut decisions: VecDeque<_> = exercise.decisions.decisions.into_iter().collect();
    let (mut now, mut shown, mut interrupted) = (starts, 0, false);
    let reason = loop {
        let looked = Instant::now();
        while let Some(fault) = faults.pop_front_if(|fault| starts + fault.at.0 <= now) {
            round.stage.breaks(fault, now).await?;
            round.note(now, What::Broken { set: fault.set.clone() });
        }
        let changes = round.stage.look(now).await;
        round.signals(changes, now)?;
        round.escalate(now)?;
        while let Some((_, decision)) =
            decisions.pop_front_if(|(after, _)| round.paged_at.is_some_and(|paged| paged + *after <= now))
        {
            round.decided(&decision, now).await?;
        }
        while let Some(Ok(line)) = exercise.lines.as_mut().map(UnboundedReceiver::try_recv) {
            match Decision::parse(&line, scenario) {
                Ok(decision) => round.decided(&decision, now).await?,
                Err(reason) => round.note(now, What::Refused { reason }),
            }
        }
        round.timeline[shown..].iter().for_each(&mut *told);
        shown = round.timeline.len();
        if round.resolved && !round.stage.any_fires() {
            break "it was resolved, and no alert fires";
        }
        if now >= starts + scenario.lasts.0 {
            break "its time is over";
        }
        // Whoever sits there needs the time that it takes; decisions from a file need none.
        let pause = if exercise.lines.is_some() { LOOK.saturating_sub(looked.elapsed()) } else { Duration::ZERO };
        tokio::select! {
            biased;
            () = stop.asked() => { interrupted = true; break "it was interrupted" }
            () = sleep(pause) => {}
        }
        now += step;
    };
    round.note(now, What::Over { reason: reason.to_owned() });
    round.timeline[shown..].iter().for_each(&mut *told);
    let impact = round.stage.end().await;
    Ok(Ended { timeline: round.timeline, impact, incident: round.incident, interrupted })
}

/// Somebody wants it to end: Ctrl-C, or SIGTERM.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn listen() -> Result<Self, Error> {
        let of = |kind| signal(kind).map_err(|error| Error::Refused(format!("signals cannot be listened to: {error}")));
        Ok(Self { interrupt: of(SignalKind::interrupt())?, terminate: of(SignalKind::terminate())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

impl Round<'_> {
    fn note(&mut self, at: Timestamp, what: What) {
        self.timeline.push(Entry { at, what });
    }

    /// Alerts become entries, and the first of a kind an incident.
    fn signals(&mut self, changes: Vec<super::signal::Change>, now: Timestamp) -> Result<(), Error> {
        for change in changes {
            let rule = change.told;
            if !change.fires {
                self.note(now, What::Cleared { alert: rule.alert, value: change.value });
                continue;
            }
            let (alert, summary) = (rule.alert.clone(), rule.summary.clone());
            let severity = rule.severity.word().to_owned();
            self.note(now, What::Fired { alert, owner: rule.owner.clone(), severity, summary, value: change.value });
            // One incident for the exercise: more alerts of the same trouble page nobody twice.
            if self.incident.is_none() {
                let (key, title) = (format!("{}/{}", self.scenario.name, rule.alert), rule.summary);
                let (service, runbook) = ("inference".to_owned(), Some(rule.runbook));
                let trigger =
                    Input::Trigger(Trigger { key, title, severity: rule.severity, service, runbook, starts_at: None });
                let written = self.journal.decide(None, &trigger, self.policy, now)?;
                self.incident = Some(written.id);
                self.state = written.state;
                self.told(&written.events, now);
            }
        }
        Ok(())
    }

    fn escalate(&mut self, now: Timestamp) -> Result<(), Error> {
        if !self.state.0.values().filter_map(|it| due(it, self.policy)).any(|due| due <= now) {
            return Ok(());
        }
        let (state, happened) = self.journal.tick(self.policy, now)?;
        self.state = state;
        let events: Vec<_> = happened.into_iter().map(|(_, event)| event).collect();
        self.told(&events, now);
        Ok(())
    }

    /// What the escalation did becomes entries; the first page begins the responder's time.
    fn told(&mut self, events: &[Event], now: Timestamp) {
        for event in events {
            if let Event::Paged { people, .. } = event {
                self.paged_at = self.paged_at.or(Some(now));
                self.responder = self.responder.take().or_else(|| people.first().cloned());
            }
            let text = sentence(event, &self.policy.clock);
            self.note(now, What::Escalation { text });
        }
    }

    async fn decided(&mut self, decision: &Decision, now: Timestamp) -> Result<(), Error> {
        let on_call =
            self.policy.schedule.roles.first().and_then(|role| on_call(&self.policy.schedule, &role.name, now));
        let by = self.responder.clone().or_else(|| on_call?.into_iter().next()).unwrap_or_default();
        let note = |kind, text: String| Input::Note { by: by.clone(), kind, text };
        let (word, value, input) = match decision {
            Decision::Acknowledge => ("acknowledge", String::new(), Input::Acknowledge { by: by.clone() }),
            Decision::Severity(severity) => {
                let input = Input::Reclassify { by: by.clone(), severity: *severity };
                ("severity", severity.word().to_owned(), input)
            }
            Decision::Runbook(name) => {
                ("runbook", name.clone(), note(NoteKind::Observation, format!("followed runbook {name}")))
            }
            Decision::Act(id) => {
                let title = self.scenario.action(id).map_or_else(|| id.clone(), |action| action.title.clone());
                ("act", id.clone(), note(NoteKind::Mitigation, title))
            }
            Decision::Tell(text) => ("tell", text.clone(), note(NoteKind::Communication, text.clone())),
            Decision::Cause(id) => {
                let title = self.scenario.causes.iter().find(|cause| cause.id == *id).map(|cause| cause.title.clone());
                ("cause", id.clone(), note(NoteKind::Cause, title.unwrap_or_default()))
            }
            Decision::Resolve => ("resolve", String::new(), Input::Resolve { by: by.clone(), cause: None }),
        };
        let Some(id) = self.incident.clone() else {
            self.note(now, What::Refused { reason: format!("{word}: there is no incident yet") });
            return Ok(());
        };
        match self.journal.decide(Some(&id), &input, self.policy, now) {
            // What people may not do is part of the exercise, and no end of it.
            Err(Error::Refused(reason) | Error::Input(reason)) => self.note(now, What::Refused { reason }),
            Err(error) => return Err(error),
            Ok(written) => {
                self.state = written.state;
                self.resolved |= *decision == Decision::Resolve;
                self.note(now, What::Decided { by, word: word.to_owned(), value });
                if let Decision::Act(id) = decision
                    && let Some(action) = self.scenario.action(id)
                {
                    self.stage.acted(action, now).await?;
                }
            }
        }
        Ok(())
    }
}
