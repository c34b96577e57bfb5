//! Where an exercise happens: around the reference service, which breaks for real, or on paper, where the scenario says what fires. On
//! both the clock goes on by a step with each look, so that a busy machine makes an exercise longer, and never another one.

use super::super::Error;
use super::impact::Impact;
use super::scenario::{Action, Effect, Fault, Scenario};
use super::signal::{Change, Signals, Told};
use super::world::World;
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use std::time::Duration;

/// How often the service is looked at, in the time of whoever sits there.
pub(super) const LOOK: Duration = Duration::from_millis(150);
/// How often before anything breaks: what is usual has to be known.
const USUAL: i32 = 17;
/// How far the clock goes with each look on paper.
const PAPER: SignedDuration = SignedDuration::from_secs(10);

/// One of the two.
pub(super) enum Stage {
    /// The service, and the rules over what it tells.
    Service(Box<World>, Signals),
    /// The scenario's own alerts.
    Paper(Box<Paper>),
}

/// What an exercise on paper remembers.
pub(super) struct Paper {
    scenario: Scenario,
    broken: Option<Timestamp>,
    mitigated: Option<Timestamp>,
    /// Which alerts fire, in the scenario's order.
    firing: Vec<bool>,
}

/// How far the exercise's clock goes with each look.
pub(super) fn step(scenario: &Scenario, speed: f64) -> SignedDuration {
    match scenario.traffic {
        Some(_) => SignedDuration::try_from_secs_f64(LOOK.as_secs_f64() * speed).unwrap_or(PAPER),
        None => PAPER,
    }
}

impl Stage {
    /// Starts what there is to start, and watches it until it is known what is usual.
    pub(super) async fn set(
        scenario: &Scenario,
        signals: Option<Signals>,
        folder: &Path,
        (starts, step): (Timestamp, SignedDuration),
    ) -> Result<Self, Error> {
        let (Some(flow), Some(mut signals)) = (&scenario.traffic, signals) else {
            let firing = vec![false; scenario.alerts.len()];
            let paper = Paper { scenario: scenario.clone(), broken: None, mitigated: None, firing };
            return Ok(Self::Paper(Box::new(paper)));
        };
        let mut world = World::start(folder, flow, LOOK).await?;
        for number in (1..=USUAL).rev() {
            world.call().await;
            if let Some(scrape) = world.scrape().await {
                signals.observe(starts - step * number, scrape);
            }
        }
        signals.begin();
        Ok(Self::Service(Box::new(world), signals))
    }

    /// One look: what begins to fire, and what ends.
    pub(super) async fn look(&mut self, now: Timestamp) -> Vec<Change> {
        match self {
            Self::Service(world, signals) => {
                world.call().await;
                let scrape = world.scrape().await;
                scrape.map(|scrape| signals.observe(now, scrape)).unwrap_or_default()
            }
            Self::Paper(paper) => paper.look(now),
        }
    }

    /// Something breaks.
    pub(super) async fn breaks(&mut self, fault: &Fault, now: Timestamp) -> Result<(), Error> {
        match self {
            Self::Service(world, _) => world.turn(&fault.set).await,
            Self::Paper(paper) => {
                paper.broken.get_or_insert(now);
                Ok(())
            }
        }
    }

    /// Somebody does something about it.
    pub(super) async fn acted(&mut self, action: &Action, now: Timestamp) -> Result<(), Error> {
        match self {
            Self::Service(world, _) if !action.effect.is_empty() => world.turn(&action.effect).await,
            Self::Paper(paper) if action.kind == Effect::Mitigates => {
                paper.mitigated.get_or_insert(now);
                Ok(())
            }
            Self::Service(..) | Self::Paper(_) => Ok(()),
        }
    }

    /// Whether any alert fires.
    pub(super) fn any_fires(&self) -> bool {
        match self {
            Self::Service(_, signals) => signals.any_fires(),
            Self::Paper(paper) => paper.firing.contains(&true),
        }
    }

    /// Ends what was started, and says what it cost where that was counted.
    pub(super) async fn end(self) -> Option<Impact> {
        let Self::Service(world, signals) = self else { return None };
        world.stop().await;
        signals.ends().map(|(first, begins, ends)| Impact::between(first, begins, ends))
    }
}

impl Paper {
    fn look(&mut self, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        for (alert, firing) in self.scenario.alerts.iter().zip(&mut self.firing) {
            let begun = self.broken.filter(|broken| {
                let from = *broken + alert.fires.0;
                from <= now && self.mitigated.is_none_or(|mitigated| from <= mitigated)
            });
            let ended = self.mitigated.is_some_and(|mitigated| mitigated + alert.clears.0 <= now);
            let fires = begun.is_some() && !ended;
            if fires != *firing {
                *firing = fires;
                let (name, summary, runbook) = (alert.alert.clone(), alert.summary.clone(), alert.runbook.clone());
                let told = Told { alert: name, owner: None, severity: alert.severity, summary, runbook };
                changes.push(Change { told, fires, value: f64::from(u8::from(fires)) });
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::yaml;

    const SCENARIO: &str = "
name: x
title: x
story: x
starts: 2026-03-10T14:00
lasts: 30 min
faults: [{ at: 3 min }]
alerts:
  - { alert: First, severity: error, summary: x, runbook: x, fires: 2 min, clears: 1 min }
  - { alert: Second, severity: error, summary: x, runbook: x, fires: 9 min, clears: 1 min }
expects: { alert: First, severity: error, runbook: x, cause: x }
actions: [{ id: mend, title: x, kind: mitigates }]
causes: [{ id: x, title: x }]
";

    #[test]
    fn on_paper_alerts_fire_and_end_when_the_scenario_says_so() {
        let scenario: Scenario = yaml::parse(Path::new("scenario.yaml"), SCENARIO).unwrap();
        let mut paper = Paper { scenario, broken: None, mitigated: None, firing: vec![false; 2] };
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let mut told = Vec::new();
        for minute in 0..30 {
            paper.broken = (minute >= 3).then(|| at(3));
            paper.mitigated = (minute >= 8).then(|| at(8));
            told.extend(paper.look(at(minute)).into_iter().map(|change| (minute, change.told.alert, change.fires)));
        }
        // The second alert would have come after what was done, and never does.
        assert_eq!(told, [(5, "First".to_owned(), true), (9, "First".to_owned(), false)]);
    }
}
