//! What a check is given: the submission's addresses, accounts and commands, the world's bucket, names of its own, and a
//! wire that records what was said.

use std::sync::Arc;

/// A check's view of the submission and the world. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    seed: Arc<u64>,
}

impl Context {
    /// The seed of this run, from which every generated name and value follows.
    #[must_use]
    pub fn seed(&self) -> u64 {
        *self.seed
    }
}
