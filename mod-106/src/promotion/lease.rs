//! One promoter at a time: a lease in the model's tag `promotion.lock`, with an owner and an end. Pure; `conduct.rs` writes it.
//!
//! MLflow writes a tag whatever stood there, so this is Fischer's algorithm (Lamport, "A fast mutual exclusion algorithm", 1987,
//! section 2): see that it is free, write, wait, and see that it is still ours. It excludes others *as long as a write arrives within
//! the wait of the read before it*. No network promises that; a promoter that was asleep in between could come second and win. So
//! each step looks again whether lease, journal and aliases are what they should be (`Operation::disturbed`), and a lease that
//! somebody else holds stops us. What is left is one step's race between two promoters, of which both were told to promote; it
//! shows as a disturbance, never as two finished promotions in the same journal.

use super::error::Error;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who may change the model, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Unique to this run of the program.
    pub token: String,
    /// For people.
    pub owner: String,
    /// Where the owner runs, so that its machine can tell that it has died; see `process` below.
    pub process: String,
    /// After this it counts no more.
    pub expires: jiff::Timestamp,
}

impl Lease {
    /// A lease from now on.
    pub fn new(owner: &str, now: jiff::Timestamp, lasts: Duration) -> Self {
        let token = uuid::Uuid::new_v4().simple().to_string();
        let mut lease = Self { token, owner: owner.to_owned(), process: process(std::process::id()), expires: now };
        lease.renew(now, lasts);
        lease
    }

    /// Moves its end.
    pub fn renew(&mut self, now: jiff::Timestamp, lasts: Duration) {
        self.expires = now.checked_add(lasts).unwrap_or(jiff::Timestamp::MAX);
    }

    /// Whether this lease stands in the way of `ours`; `is_dead` says whether a process is known not to run any more.
    ///
    /// # Errors
    /// [`Error::Busy`] names the owner and the time.
    pub fn obstructs(&self, now: jiff::Timestamp, is_dead: impl Fn(&str) -> bool) -> Result<(), Error> {
        if self.expires <= now || is_dead(&self.process) {
            return Ok(());
        }
        Err(Error::Busy { owner: self.owner.clone(), expires: self.expires })
    }
}

/// A process, named so that no other one on any machine is mistaken for it: machine boot, process namespace, id and start time.
fn process(id: u32) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let namespace = std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    format!("{} {namespace} {id} {}", read("/proc/sys/kernel/random/boot_id"), started(id).unwrap_or_default())
}

/// When a process started, in ticks since boot: field 22 of proc(5)'s stat.
fn started(id: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    // A zombie has ended; only its parent has not looked yet.
    let mut fields = fields.split_whitespace();
    (!matches!(fields.next(), Some("Z" | "X"))).then(|| fields.nth(18).map(str::to_owned))?
}

/// Whether a process of this machine and this namespace has ended. Of others nobody here can tell: their lease has to run out.
pub(super) fn is_dead(other: &str) -> bool {
    let ours = process(std::process::id());
    let split = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (ours, other) = (split(&ours), split(other));
    if ours.len() != 4 || other.len() != 4 || ours[0].is_empty() || ours[..2] != other[..2] {
        return false;
    }
    other[2].parse().is_ok_and(|id| started(id).as_ref() != Some(&other[3]))
}

#[cfg(test)]
mod tests {
    use super::{Lease, is_dead};
    use std::time::Duration;

    #[test]
    fn a_lease_obstructs_until_it_ends_or_its_owner_dies() {
        let now = jiff::Timestamp::from_second(1_000).unwrap();
        let later = jiff::Timestamp::from_second(1_061).unwrap();
        let lease = Lease::new("ada", now, Duration::from_secs(60));
        assert!(lease.obstructs(now, is_dead).unwrap_err().to_string().contains("ada is promoting"));
        assert!(lease.obstructs(later, is_dead).is_ok());
        assert!(lease.obstructs(now, |_| true).is_ok());
    }

    #[test]
    fn a_process_that_ended_is_known_to_be_dead_and_one_elsewhere_is_not() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let name = super::process(child.id());
        assert!(!is_dead(&name));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_dead(&name));
        assert!(!is_dead("another-boot pid:[1] 7 99"));
        assert!(!is_dead("nonsense"));
    }
}
