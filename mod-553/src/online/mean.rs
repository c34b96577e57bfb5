//! A running mean, in the order of operations of River's `stats.Mean` (West 1979), so that it rounds as River's does.

use serde::{Deserialize, Serialize};

/// A mean, and of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mean {
    pub(super) n: f64,
    pub(super) value: f64,
}

impl Mean {
    #[inline]
    pub(super) fn add(&mut self, value: f64) {
        self.n += 1.0;
        self.value += (1.0 / self.n) * (value - self.value);
    }
}
