//! A promotion and a rollback from request to answer: decide, judge the gates and the canary, and hand the operation to `carry.rs`.
//!
//! Once an operation is written down it is only ever finished, never taken back, for its gates have been passed; whoever comes next
//! finishes it first. So everything that may refuse is asked before.

use super::canary::{Judgement, Observations, Verdict, judge as judge_canary};
use super::decide::{Decision, Request, View, promote, rollback};
use super::deployments::Deployments;
use super::error::{Error, Refusal};
use super::facts::Evidence;
use super::gates::{Finding, Outcome, judge};
use super::lease::Lease;
use super::operation::{Operation, State};
use super::policy::Policy;
use super::registry::Registry;
use super::slots::{Aliases, Slot, Stage};
use crate::audit::Trail;
use crate::client::VersionNumber;
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Who promotes, and how patiently.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A name for the trail.
    pub actor: String,
    /// Why, for the trail.
    pub reason: String,
    /// How long a lease lasts when its owner says nothing more.
    pub lease: Duration,
    /// How long to wait at least before a lease counts as ours; see `lease.rs`.
    pub settle: Duration,
}

/// What to promote, and by which rules.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Which version; without, the one that stands a stage before.
    pub version: Option<VersionNumber>,
    /// Where to.
    pub to: Stage,
    /// How strict to be.
    pub policy: Policy,
    /// What was seen of canary and champion, and the file it comes from.
    pub observations: Option<(PathBuf, Observations)>,
    /// Judge, and change nothing.
    pub dry_run: bool,
}

/// How it ended, as `--json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct Finish {
    /// `promoted`, `rolled-back`, `already`, `refused`, `inconclusive`, `would-promote`, `resumed` or `nothing-to-resume`.
    pub outcome: &'static str,
    /// The model.
    pub model: String,
    /// The version.
    pub version: Option<VersionNumber>,
    /// Where it was to go, or came from.
    pub target: Option<Slot>,
    /// The operation's number, when there was one.
    pub operation: Option<u64>,
    /// The gates' answers.
    pub gates: Vec<Finding>,
    /// The canary's.
    pub canary: Option<Judgement>,
    /// Who stands where now.
    pub aliases: Aliases,
    /// For people.
    pub sentence: String,
}

/// Does promotions of one model.
#[derive(Debug)]
pub struct Conductor {
    /// The model.
    pub registry: Registry,
    /// Who and how.
    pub settings: Settings,
    /// Where it is written down.
    pub trail: Trail,
    /// Where it is shown on GitHub, if anywhere.
    pub deployments: Option<Deployments>,
    /// Told what is being done.
    pub progress: fn(&str),
    /// Asked between two steps; what is begun stays written down.
    pub stop: CancellationToken,
}

impl Conductor {
    /// Promotes a version by one stage, or says why not.
    ///
    /// # Errors
    /// [`Error`]; what the gates and the canary refuse is a [`Finish`], not an error.
    pub async fn promote(&self, setup: &Setup) -> Result<Finish, Error> {
        if setup.dry_run {
            return self.promote_with(setup, None).await;
        }
        let mut lease = self.begin().await?;
        let done = self.promote_with(setup, Some(&mut lease)).await;
        self.end(&lease, done).await
    }

    /// Rolls a version back.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn roll_back(
        &self,
        version: Option<VersionNumber>,
        restore: Option<VersionNumber>,
    ) -> Result<Finish, Error> {
        self.roll_back_because(version, restore, self.request()).await
    }

    async fn roll_back_because(
        &self,
        version: Option<VersionNumber>,
        restore: Option<VersionNumber>,
        request: Request,
    ) -> Result<Finish, Error> {
        let mut lease = self.begin().await?;
        let done = async {
            let view = self.registry.view().await?;
            match rollback(&view, version, restore, &request)? {
                Decision::Already => Ok(self.finish("already", version, None, &view, "it is rolled back already")),
                Decision::Act(operation) => self.carry_out(*operation, &mut lease).await,
            }
        };
        let done = done.await;
        self.end(&lease, done).await
    }

    /// Rolls the champion back if the figures say that it is worse than the one before.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn roll_back_if_worse(&self, file: &Path, seen: &Observations, policy: &Policy) -> Result<Finish, Error> {
        let view = self.registry.view().await?;
        let slot = if view.aliases.get(Slot::Canary).is_some() { Slot::Canary } else { Slot::Champion };
        let before = if slot == Slot::Canary { Slot::Champion } else { Slot::PreviousChampion };
        let newer = view.aliases.get(slot).ok_or(Refusal::NothingToRollBack)?;
        let older = view.aliases.get(before).ok_or(Refusal::NoPrevious { version: newer })?;
        belongs(file, seen, older, newer)?;
        let judgement = judge_canary(seen, &policy.canary);
        let finish = match judgement.verdict {
            Verdict::Fail => {
                let request = Request { reason: reason_of(&judgement), ..self.request() };
                self.roll_back_because(Some(newer), None, request).await?
            }
            Verdict::Pass => {
                self.finish("not-needed", Some(newer), Some(slot), &view, "it is no worse than the one before")
            }
            Verdict::Inconclusive => self.finish(
                "inconclusive",
                Some(newer),
                Some(slot),
                &view,
                "not enough was seen to tell; nothing was changed",
            ),
        };
        Ok(Finish { canary: Some(judgement), ..finish })
    }

    /// Finishes what is open.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn resume(&self) -> Result<Finish, Error> {
        let before = self.registry.view().await?;
        let open = before.last.clone().filter(|last| last.state == State::Open);
        let Some(open) = open else {
            return Ok(self.finish("nothing-to-resume", None, None, &before, "nothing is open"));
        };
        // Whoever takes the lease finishes what is open; that is all there is to do.
        let lease = self.begin().await?;
        let view = self.registry.view().await;
        let done = view.map(|view| {
            let finish = self.finish("resumed", Some(open.version), Some(open.target), &view, "what was open is done");
            Finish { operation: Some(open.operation), ..finish }
        });
        self.end(&lease, done).await
    }

    async fn promote_with(&self, setup: &Setup, lease: Option<&mut Lease>) -> Result<Finish, Error> {
        let view = self.registry.view().await?;
        if let Some(open) = view.last.as_ref().filter(|last| last.state == State::Open) {
            let what = format!("operation {} is open", open.operation);
            return Err(Error::Disturbed { what });
        }
        let version = match (setup.version, setup.to.before()) {
            (Some(version), _) => version,
            (None, before) => {
                let before = before.ok_or(Error::NoneAt(Slot::Candidate))?.slot();
                view.aliases.get(before).or(view.aliases.get(setup.to.slot())).ok_or(Error::NoneAt(before))?
            }
        };
        let operation = match promote(&view, version, setup.to, &self.request())? {
            Decision::Already => {
                return Ok(self.finish(
                    "already",
                    Some(version),
                    Some(setup.to.slot()),
                    &view,
                    "it stands there already",
                ));
            }
            Decision::Act(operation) => *operation,
        };
        let gates = self.judge(version, setup).await?;
        if gates.iter().any(|gate| gate.outcome != Outcome::Pass) {
            return self.refuse(&operation, gates, None, &view, setup);
        }
        let judgement = self.judge_canary(setup, &view, version)?;
        match judgement.as_ref().map(|judgement| judgement.verdict) {
            Some(Verdict::Inconclusive) => return self.refuse(&operation, gates, judgement, &view, setup),
            Some(Verdict::Fail) => return self.throw_out(&operation, gates, judgement, &view, lease).await,
            Some(Verdict::Pass) | None => {}
        }
        let Some(lease) = lease else {
            let finish =
                self.finish("would-promote", Some(version), Some(setup.to.slot()), &view, "all gates are open");
            return Ok(Finish { gates, canary: judgement, ..finish });
        };
        if self.stop.is_cancelled() {
            return Err(Error::Stopped { open: false });
        }
        self.write_findings(&operation, &gates, judgement.as_ref()).await?;
        let finish = self.carry_out(operation, lease).await?;
        Ok(Finish { gates, canary: judgement, ..finish })
    }

    async fn judge(&self, version: VersionNumber, setup: &Setup) -> Result<Vec<Finding>, Error> {
        (self.progress)("reading what is known about the version");
        let mut facts = self.registry.facts(version).await?;
        if let Some(deployments) = self.deployments.as_ref().filter(|_| setup.to >= Stage::Canary) {
            facts.review = match deployments.review(setup.to).await {
                Ok(review) => review,
                Err(error) => Some(Evidence::Unknown(error.to_string())),
            };
        }
        Ok(judge(&facts, setup.to, &setup.policy, jiff::Timestamp::now()))
    }

    fn judge_canary(&self, setup: &Setup, view: &View, version: VersionNumber) -> Result<Option<Judgement>, Error> {
        let Some(champion) = view.aliases.get(Slot::Champion).filter(|_| setup.to == Stage::Champion) else {
            // The first champion has nobody to be compared with.
            return Ok(None);
        };
        match &setup.observations {
            Some((file, seen)) => {
                belongs(file, seen, champion, version)?;
                Ok(Some(judge_canary(seen, &setup.policy.canary)))
            }
            None => Ok(Some(Judgement { verdict: Verdict::Inconclusive, measures: Vec::new() })),
        }
    }

    fn refuse(
        &self,
        operation: &Operation,
        gates: Vec<Finding>,
        canary: Option<Judgement>,
        view: &View,
        setup: &Setup,
    ) -> Result<Finish, Error> {
        let (outcome, sentence) = match &canary {
            None => ("refused", "not every gate is open"),
            Some(judgement) if judgement.measures.is_empty() => {
                ("inconclusive", "nothing was seen of the canary: give --observations")
            }
            Some(_) => ("inconclusive", "not enough was seen of the canary to tell; nothing was changed"),
        };
        if !setup.dry_run {
            let detail = json!({ "operation": operation.token, "target": operation.target, "outcome": outcome,
                "gates": gates, "canary": canary });
            self.write_down("promotion.refused", operation, detail)?;
        }
        let finish = self.finish(outcome, Some(operation.version), Some(operation.target), view, sentence);
        Ok(Finish { gates, canary, ..finish })
    }

    /// The canary did worse: it goes, and does not come back.
    async fn throw_out(
        &self,
        promotion: &Operation,
        gates: Vec<Finding>,
        canary: Option<Judgement>,
        view: &View,
        lease: Option<&mut Lease>,
    ) -> Result<Finish, Error> {
        let Some(lease) = lease else {
            let finish = self.finish(
                "would-roll-back",
                Some(promotion.version),
                Some(Slot::Canary),
                view,
                "the canary did worse",
            );
            return Ok(Finish { gates, canary, ..finish });
        };
        self.write_down("canary.judged", promotion, json!({ "operation": promotion.token, "canary": canary }))?;
        let reason = canary.as_ref().map(reason_of).unwrap_or_default();
        let request = Request { reason, ..self.request() };
        let Decision::Act(operation) = rollback(view, Some(promotion.version), None, &request)? else {
            return Err(Error::Disturbed { what: "the canary is gone".to_owned() });
        };
        self.registry.note(promotion.version, "promotion.canary", &json!(canary).to_string()).await?;
        let finish = self.carry_out(*operation, lease).await?;
        Ok(Finish { gates, canary, sentence: "the canary did worse and was rolled back".to_owned(), ..finish })
    }

    async fn write_findings(
        &self,
        operation: &Operation,
        gates: &[Finding],
        canary: Option<&Judgement>,
    ) -> Result<(), Error> {
        let short = |gate: &Finding| Finding { sentence: gate.sentence.chars().take(300).collect(), ..gate.clone() };
        let gates: Vec<_> = gates.iter().map(short).collect();
        let findings = json!({ "time": operation.time, "target": operation.target, "gates": gates });
        self.registry.note(operation.version, "promotion.gates", &findings.to_string()).await?;
        if let Some(canary) = canary {
            self.registry.note(operation.version, "promotion.canary", &json!(canary).to_string()).await?;
        }
        Ok(())
    }

    fn request(&self) -> Request {
        Request {
            actor: self.settings.actor.clone(),
            time: jiff::Timestamp::now(),
            token: uuid::Uuid::new_v4().simple().to_string(),
            reason: self.settings.reason.chars().take(500).collect(),
        }
    }

    pub(super) fn finish(
        &self,
        outcome: &'static str,
        version: Option<VersionNumber>,
        target: Option<Slot>,
        view: &View,
        sentence: &str,
    ) -> Finish {
        Finish {
            outcome,
            model: self.registry.name().to_string(),
            version,
            target,
            operation: None,
            gates: Vec::new(),
            canary: None,
            aliases: view.aliases.clone(),
            sentence: sentence.to_owned(),
        }
    }
}

/// Why figures were against a version.
fn reason_of(judgement: &Judgement) -> String {
    let failed = judgement.measures.iter().filter(|measured| measured.verdict == Verdict::Fail);
    let sentences: Vec<_> = failed.map(|measured| measured.sentence.as_str()).collect();
    format!("measured: {}", sentences.join("; ")).chars().take(500).collect()
}

/// Figures speak for the versions they were measured on, and for no others.
fn belongs(file: &Path, seen: &Observations, older: VersionNumber, newer: VersionNumber) -> Result<(), Error> {
    for (side, found, expected) in [("baseline", seen.baseline.version, older), ("canary", seen.canary.version, newer)]
    {
        if found != expected {
            return Err(Error::OtherVersions {
                path: file.to_owned(),
                side,
                found: found.to_string(),
                expected: expected.to_string(),
            });
        }
    }
    Ok(())
}
