//! A budget for a label: so many different values, and not one more, whoever sends them.
//!
//! Each value of a label is a series for every metric that carries it, and series are what a Prometheus dies of. The tempting wrong
//! choice is to trust that there are few tenants: one caller with a random name for each request is enough.

use prometheus::IntCounter;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What a value beyond the budget is called.
pub const OTHER: &str = "other";

/// Longer values are cut: a label is no place for a document.
const LONGEST: usize = 64;

/// How many values a label may take.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    admitted: Mutex<BTreeSet<String>>,
    overflow: IntCounter,
}

impl Budget {
    /// The first `limit` values are admitted; each further use of another one counts as overflow.
    pub fn new(limit: usize, overflow: IntCounter) -> Self {
        Self { limit, admitted: Mutex::default(), overflow }
    }

    /// The value to write on the label: itself while there is room, else [`OTHER`].
    pub fn admit(&self, value: &str) -> String {
        let value: String = value.chars().take(LONGEST).collect();
        // A set of strings is whole whatever happened while it was held.
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        if admitted.contains(&value) {
            return value;
        }
        if value != OTHER && admitted.len() < self.limit {
            admitted.insert(value.clone());
            return value;
        }
        self.overflow.inc();
        OTHER.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, OTHER};
    use prometheus::IntCounter;

    #[test]
    fn a_million_names_are_as_many_series_as_the_budget_and_one() {
        let overflow = IntCounter::new("overflow", "Overflow.").unwrap();
        let budget = Budget::new(3, overflow.clone());
        let mut seen: Vec<String> = (0..1_000).map(|number| budget.admit(&format!("tenant-{number}"))).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen, [OTHER, "tenant-0", "tenant-1", "tenant-2"]);
        assert_eq!(overflow.get(), 997);
        // Who was admitted stays so.
        assert_eq!(budget.admit("tenant-1"), "tenant-1");
        assert_eq!(overflow.get(), 997);
    }

    #[test]
    fn a_document_is_no_label() {
        let budget = Budget::new(1, IntCounter::new("overflow", "Overflow.").unwrap());
        assert_eq!(budget.admit(&"é".repeat(10_000)).chars().count(), 64);
    }
}
