//! From verdicts of single windows to alerts that do not flap: so many windows in a row that drifted begin one, so many in a row that did
//! not end it. A window that cannot tell changes nothing: silence neither alarms nor reassures.

use crate::drift::outcome::Verdict;
use serde::{Deserialize, Serialize};

/// One column's recent past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hysteresis {
    /// Windows in a row that drifted.
    pub drifted: u32,
    /// Windows in a row that did not.
    pub stable: u32,
    /// Whether somebody has been told, and not yet that it is over.
    pub firing: bool,
}

/// What a window changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Tell somebody.
    Fires,
    /// Tell them that it is over.
    Resolves,
    /// Tell nobody.
    None,
}

impl Hysteresis {
    /// Takes the next window's verdict.
    pub fn see(&mut self, verdict: Verdict, fire_after: u32, resolve_after: u32) -> Change {
        match verdict {
            Verdict::Drift | Verdict::Broken => (self.drifted, self.stable) = (self.drifted.saturating_add(1), 0),
            Verdict::Stable => (self.drifted, self.stable) = (0, self.stable.saturating_add(1)),
            Verdict::Inconclusive | Verdict::Unresolved => return Change::None,
        }
        match self.firing {
            false if self.drifted >= fire_after => {
                self.firing = true;
                Change::Fires
            }
            true if self.stable >= resolve_after => {
                self.firing = false;
                Change::Resolves
            }
            _ => Change::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Hysteresis};
    use crate::drift::outcome::Verdict::{Drift, Inconclusive, Stable};

    #[test]
    fn alternating_windows_tell_nobody() {
        let mut column = Hysteresis::default();
        let changes: Vec<Change> =
            [Drift, Stable].into_iter().cycle().take(40).map(|verdict| column.see(verdict, 2, 3)).collect();
        assert!(changes.iter().all(|change| *change == Change::None));
    }

    #[test]
    fn it_fires_once_and_resolves_once() {
        let mut column = Hysteresis::default();
        let verdicts = [Drift, Inconclusive, Drift, Drift, Stable, Drift, Stable, Stable, Inconclusive, Stable, Stable];
        let changes = verdicts.map(|verdict| column.see(verdict, 2, 3));
        let told: Vec<(usize, Change)> =
            changes.into_iter().enumerate().filter(|(_, change)| *change != Change::None).collect();
        assert_eq!(told, [(2, Change::Fires), (9, Change::Resolves)]);
    }
}
