//! Carrying an operation out: take the lease, write down the intent, do step after step, close; and finish what others left open.
//!
//! Before each step the registry is read again: whether the lease, the journal and the aliases are still what they should be.

use super::conduct::{Conductor, Finish};
use super::error::Error;
use super::lease::{Lease, is_dead};
use super::operation::{Kind, Operation, State, Step, is_done};
use super::slots::Aliases;
use crate::audit::Event;
use serde_json::json;
use std::time::{Duration, Instant};

impl Conductor {
    /// From intent to close.
    pub(super) async fn carry_out(&self, operation: Operation, lease: &mut Lease) -> Result<Finish, Error> {
        self.intend(&operation)?;
        self.registry.write_journal(&operation).await?;
        self.complete(&operation, lease).await?;
        let view = self.registry.view().await?;
        let (outcome, sentence) = match operation.kind {
            Kind::Promote => ("promoted", format!("version {} is {} now", operation.version, operation.target)),
            Kind::Rollback => {
                ("rolled-back", format!("version {} was rolled back; now {}", operation.version, view.aliases))
            }
        };
        let finish = self.finish(outcome, Some(operation.version), Some(operation.target), &view, &sentence);
        Ok(Finish { operation: Some(operation.operation), ..finish })
    }

    /// Does what is not done yet of an operation that is in the journal, and closes it.
    async fn complete(&self, operation: &Operation, lease: &mut Lease) -> Result<(), Error> {
        self.intend(operation)?;
        if let Some(deployments) = &self.deployments {
            deployments.begin(&self.registry, operation).await?;
        }
        for step in operation.steps() {
            let aliases = self.look(operation, lease).await?;
            if is_done(step, &aliases) {
                continue;
            }
            (self.progress)(&describe(step));
            self.registry.apply(operation, step).await?;
        }
        self.look(operation, lease).await?;
        if let Some(deployments) = &self.deployments {
            deployments.succeed(&self.registry, operation).await?;
        }
        let action = format!("{}.completed", operation.kind.noun());
        let detail = json!({ "operation": operation.token, "number": operation.operation, "target": operation.target,
            "reason": operation.reason, "before": operation.before, "after": operation.after });
        let head = self.write_down(&action, operation, detail)?;
        self.registry.write_audit_head(&head).await?;
        self.registry.write_journal(&operation.closed()).await
    }

    /// Whether we are still alone, and nobody asked us to stop: asked before each step.
    async fn look(&self, operation: &Operation, lease: &mut Lease) -> Result<Aliases, Error> {
        if self.stop.is_cancelled() {
            return Err(Error::Stopped { open: true });
        }
        let moment = self.registry.moment().await?;
        let disturbed = |what: String| Err(Error::Disturbed { what });
        if moment.lease.as_ref().is_none_or(|held| held.token != lease.token) {
            let owner = moment.lease.map_or_else(|| "nobody".to_owned(), |held| held.owner);
            return disturbed(format!("the lease is held by {owner}"));
        }
        if moment.last.as_ref().is_none_or(|last| last.token != operation.token) {
            return disturbed("the journal holds another operation".to_owned());
        }
        if let Some((slot, held)) = operation.disturbed(&moment.aliases) {
            let held = held.map_or_else(|| "nobody".to_owned(), |version| format!("version {version}"));
            return disturbed(format!("{slot} is {held}, which operation {} did not do", operation.operation));
        }
        let now = jiff::Timestamp::now();
        let left = Duration::try_from(lease.expires.duration_since(now)).unwrap_or_default();
        if left < self.settings.lease / 2 {
            lease.renew(now, self.settings.lease);
            self.registry.write_lease(lease).await?;
        }
        Ok(moment.aliases)
    }

    /// Takes the lease, and finishes what somebody else left open.
    pub(super) async fn begin(&self) -> Result<Lease, Error> {
        let mut lease = self.take_lease().await?;
        let open = self.registry.moment().await?.last.filter(|last| last.state == State::Open);
        if let Some(open) = open {
            (self.progress)(&format!("finishing operation {}, which {} began", open.operation, open.actor));
            if let Err(error) = self.complete(&open, &mut lease).await {
                return self.end(&lease, Err(error)).await;
            }
        }
        Ok(lease)
    }

    async fn take_lease(&self) -> Result<Lease, Error> {
        let started = Instant::now();
        if let Some(held) = self.registry.moment().await?.lease {
            held.obstructs(jiff::Timestamp::now(), is_dead)?;
        }
        let lease = Lease::new(&self.settings.actor, jiff::Timestamp::now(), self.settings.lease);
        self.registry.write_lease(&lease).await?;
        // Long enough for anybody who read before our write to have written, as far as our own speed is a measure of theirs.
        let settle = self.settings.settle.max(started.elapsed() * 3);
        if self.stop.run_until_cancelled(tokio::time::sleep(settle)).await.is_none() {
            return self.end(&lease, Err(Error::Stopped { open: false })).await;
        }
        match self.registry.moment().await?.lease {
            Some(held) if held.token == lease.token => Ok(lease),
            Some(held) => Err(Error::Busy { owner: held.owner, expires: held.expires }),
            None => Err(Error::Disturbed { what: "the lease was removed".to_owned() }),
        }
    }

    /// Gives the lease back, if it is still ours, whatever came of it.
    pub(super) async fn end<T>(&self, lease: &Lease, done: Result<T, Error>) -> Result<T, Error> {
        let released = async {
            match self.registry.moment().await?.lease {
                Some(held) if held.token == lease.token => self.registry.remove_lease().await,
                _ => Ok(()),
            }
        };
        match (done, released.await) {
            (Ok(done), Ok(())) => Ok(done),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        }
    }

    fn intend(&self, operation: &Operation) -> Result<(), Error> {
        let action = format!("{}.intended", operation.kind.noun());
        let detail = json!({ "operation": operation.token, "number": operation.operation, "target": operation.target,
            "reason": operation.reason, "before": operation.before, "after": operation.after });
        self.write_down(&action, operation, detail).map(drop)
    }

    pub(super) fn write_down(
        &self,
        action: &str,
        operation: &Operation,
        detail: serde_json::Value,
    ) -> Result<String, Error> {
        let subject = format!("model:{}/{}", self.registry.name(), operation.version);
        let event = Event::new(&operation.actor, action, subject, detail);
        let (entry, recovered) = self.trail.append_once(&event, jiff::Timestamp::now())?;
        if let Some(recovered) = recovered {
            let kept = recovered.kept.display();
            (self.progress)(&format!(
                "the audit trail's last line was torn: its {} bytes are in {kept} now",
                recovered.bytes
            ));
        }
        Ok(format!("{}:{}", entry.sequence, entry.digest))
    }
}

fn describe(step: Step) -> String {
    match step {
        Step::Poison(version) => format!("marking version {version} as rolled back"),
        Step::Point(slot, version) => format!("{slot} → version {version}"),
        Step::Remove(slot) => format!("{slot} → nobody"),
        Step::Mark(version, mark) => format!("noting that version {version} is {mark}"),
        Step::Record => "noting the operation".to_owned(),
    }
}
