//! The as-of join: which feature row was true for this entity at this moment? Pure, on integers.
//!
//! For an entity row at time *t*, among the feature rows of the same key with `t − ttl ≤ event ≤ t`, the one with the latest event
//! time is taken; between equal event times, the one created last. Both ends count, as in Feast's `_filter_ttl`. A row from after *t*
//! is the future: a model that trains on it learns what it will never be given.
//!
//! Both sides are sorted once and walked together: O(n log n + m log m). The tempting wrong turn is to merge on the key first and
//! filter by time afterwards: each pair of an entity's rows is then in memory once, and a busy entity has millions. Next: `training.rs`.

use crate::features::time::Nanoseconds;

/// An entity row: whom it is about, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// The entity, numbered.
    pub key: u32,
    /// The moment that is asked about.
    pub at: Nanoseconds,
}

/// A feature row: whom it is about, since when it is true, and when it was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeatureRow {
    /// The entity, numbered as in [`Wanted`].
    pub key: u32,
    /// Since when it is true.
    pub event: Nanoseconds,
    /// When it was written; the same for all where that is not known.
    pub created: Nanoseconds,
}

/// Which rows count as known at the moment that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Known {
    /// Those that were true by then: what Feast answers by default. A backfill rewrites history.
    #[default]
    ByEvent,
    /// Those that were also written by then: what an online store could have answered. A backfill changes nothing before it.
    ByCreation,
}

/// For each entity row the index of the feature row that was true then, if any. `ttl` is in nanoseconds; `None` is *for ever*.
pub fn as_of(wanted: &[Wanted], rows: &[FeatureRow], ttl: Option<Nanoseconds>, known: Known) -> Vec<Option<usize>> {
    let mut in_order: Vec<usize> = (0..wanted.len()).collect();
    in_order.sort_unstable_by_key(|index| (wanted[*index], *index));
    let mut sorted: Vec<usize> = (0..rows.len()).collect();
    // The index comes last, so that equal rows keep the order of the file and the result does not depend on the sort.
    sorted.sort_unstable_by_key(|index| (rows[*index], *index));
    let mut found = vec![None; wanted.len()];
    // All before `next` are of an earlier key, or of this key and not from the future.
    let mut next = 0;
    for index in in_order {
        let Wanted { key, at } = wanted[index];
        while next < sorted.len() && (rows[sorted[next]].key, rows[sorted[next]].event) <= (key, at) {
            next += 1;
        }
        let oldest = ttl.map_or(Nanoseconds::MIN, |ttl| at.saturating_sub(ttl));
        let candidates = sorted[..next].iter().rev().map(|row| (*row, rows[*row]));
        let mut candidates = candidates.take_while(|(_, row)| row.key == key && row.event >= oldest);
        found[index] = match known {
            Known::ByEvent => candidates.next(),
            // Walks back over what was written too late; a backfill is rare, so the walk is short.
            Known::ByCreation => candidates.find(|(_, row)| row.created <= at),
        }
        .map(|(row, _)| row);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{FeatureRow, Known, Nanoseconds, Wanted, as_of};
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
    use proptest::test_runner::{Config, TestCaseError, TestRunner};

    type Join = fn(&[Wanted], &[FeatureRow], Option<Nanoseconds>, Known) -> Vec<Option<usize>>;

    const SECOND: Nanoseconds = 1_000_000_000;

    /// What the words of the module say, written down without any thought of speed.
    fn naive(wanted: &[Wanted], rows: &[FeatureRow], ttl: Option<Nanoseconds>, known: Known) -> Vec<Option<usize>> {
        let best = |wanted: &Wanted| {
            let mut best: Option<usize> = None;
            for (index, row) in rows.iter().enumerate() {
                let fits = row.key == wanted.key
                    && row.event <= wanted.at
                    && ttl.is_none_or(|ttl| wanted.at - row.event <= ttl)
                    && (known == Known::ByEvent || row.created <= wanted.at);
                if fits && best.is_none_or(|best| (rows[best].event, rows[best].created) <= (row.event, row.created)) {
                    best = Some(index);
                }
            }
            best
        };
        wanted.iter().map(best).collect()
    }

    /// The mistake that the property must catch: rows of the next second count as already there, as after truncating to seconds.
    fn leaks_by_one_second(
        wanted: &[Wanted],
        rows: &[FeatureRow],
        ttl: Option<Nanoseconds>,
        known: Known,
    ) -> Vec<Option<usize>> {
        let later: Vec<_> = wanted.iter().map(|it| Wanted { key: it.key, at: it.at + SECOND }).collect();
        as_of(&later, rows, ttl.map(|ttl| ttl + SECOND), known)
    }

    /// Few keys and few moments, so that ties, empty keys and exact edges are common.
    fn moments() -> impl Strategy<Value = Nanoseconds> {
        (-4..40_i64, -1..2_i64).prop_map(|(half_seconds, offset)| half_seconds * (SECOND / 2) + offset)
    }

    fn wanted() -> impl Strategy<Value = Vec<Wanted>> {
        let one = (0..4_u32, moments()).prop_map(|(key, at)| Wanted { key, at });
        proptest::collection::vec(one, 0..25)
    }

    fn rows() -> impl Strategy<Value = Vec<FeatureRow>> {
        let one = (0..4_u32, moments(), 0..25 * SECOND);
        let one = one.prop_map(|(key, event, created)| FeatureRow { key, event, created: created / SECOND * SECOND });
        proptest::collection::vec(one, 0..40)
    }

    fn ttls() -> impl Strategy<Value = Option<Nanoseconds>> {
        (any::<bool>(), 0..8_i64).prop_map(|(bounded, seconds)| bounded.then_some(seconds * SECOND))
    }

    /// The property: no value is from the future, too old, somebody else's, or not the best there was.
    fn holds(
        join: Join,
        wanted: &[Wanted],
        rows: &[FeatureRow],
        ttl: Option<Nanoseconds>,
        known: Known,
    ) -> Result<(), TestCaseError> {
        let found = join(wanted, rows, ttl, known);
        for (wanted, index) in wanted.iter().zip(&found) {
            let Some(row) = index.map(|index| rows[index]) else { continue };
            prop_assert!(row.event <= wanted.at, "a value from the future: {row:?} for {wanted:?}");
            prop_assert_eq!(row.key, wanted.key);
        }
        prop_assert_eq!(found, naive(wanted, rows, ttl, known));
        Ok(())
    }

    proptest! {
        #![proptest_config(Config { cases: 2_000, failure_persistence: None, ..Config::default() })]

        #[test]
        fn no_value_is_from_the_future(wanted in wanted(), rows in rows(), ttl in ttls(), by_creation: bool) {
            let known = if by_creation { Known::ByCreation } else { Known::ByEvent };
            holds(as_of, &wanted, &rows, ttl, known)?;
        }
    }

    #[test]
    fn the_property_catches_a_join_that_leaks_by_one_second() {
        let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
        let caught = TestRunner::new(config).run(&(wanted(), rows(), ttls()), |(wanted, rows, ttl)| {
            holds(leaks_by_one_second, &wanted, &rows, ttl, Known::ByEvent)
        });
        assert!(caught.is_err_and(|error| error.to_string().contains("from the future")));
    }

    #[test]
    fn the_edges_count() {
        fn check(at: i64, ttl: Option<i64>, known: Known, expected: Option<usize>) {
            let rows = [(0, 10, 10), (0, 20, 20), (0, 20, 25), (1, 15, 15)];
            let rows = rows.map(|(key, event, created)| FeatureRow { key, event, created });
            assert_eq!(as_of(&[Wanted { key: 0, at }], &rows, ttl, known), [expected], "{at} {ttl:?} {known:?}");
        }
        check(9, None, Known::ByEvent, None);
        check(10, None, Known::ByEvent, Some(0));
        check(19, Some(9), Known::ByEvent, Some(0));
        check(19, Some(8), Known::ByEvent, None);
        check(20, None, Known::ByEvent, Some(2));
        check(20, None, Known::ByCreation, Some(1));
        check(24, None, Known::ByCreation, Some(1));
        check(25, None, Known::ByCreation, Some(2));
    }

    #[test]
    fn a_million_rows_take_no_time() {
        let rows: Vec<_> = (0..1_000_000_i64)
            .map(|index| FeatureRow { key: (index % 7) as u32, event: (index * 7919) % 1_000_003, created: 0 })
            .collect();
        let wanted: Vec<_> =
            (0..100_000_i64).map(|index| Wanted { key: (index % 7) as u32, at: (index * 31) % 1_000_003 }).collect();
        let started = std::time::Instant::now();
        let found = as_of(&wanted, &rows, Some(1_000), Known::ByEvent);
        assert!(found.iter().flatten().count() > 90_000);
        // The naive join would compare 14 thousand million pairs.
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }
}
