//! Points. They sit on rubric lines, exact and all or nothing; only what the submission answers for can cost any. Pure.
//! Next on the data's way: `report/`.

use crate::{
    results::{LineState, RubricResult},
    verdict::Verdict,
};
use rust_decimal::Decimal;

/// Shares of a line are rounded to this many decimals; the last check takes the rest, so that the shares add up exactly.
const SHARE_DECIMALS: u32 = 4;

/// Grades one rubric line by the verdicts of its checks.
///
/// A failure decides the line, whatever else could not run. What was not claimed is as if it were not listed.
#[must_use]
pub fn grade_line(id: &str, title: &str, points: Decimal, checks: &[String], verdicts: &[Verdict]) -> RubricResult {
    let claimed = || verdicts.iter().filter(|&&verdict| verdict != Verdict::NotClaimed);
    let state = if verdicts.iter().any(|verdict| verdict.costs_points()) {
        LineState::Missed
    } else if claimed().next().is_none() {
        LineState::NotClaimed
    } else if claimed().all(|&verdict| verdict == Verdict::Passed) {
        LineState::Reached
    } else {
        LineState::Undecided
    };
    let (reached, at_stake) = match state {
        LineState::Reached => (points, points),
        LineState::Missed => (Decimal::ZERO, points),
        LineState::NotClaimed | LineState::Undecided => (Decimal::ZERO, Decimal::ZERO),
    };
    RubricResult {
        id: id.to_owned(),
        title: title.to_owned(),
        checks: checks.to_vec(),
        points: reached,
        max_points: at_stake,
        state,
    }
}

/// Splits a line's points over its checks.
#[must_use]
pub fn shares(points: Decimal, checks: usize) -> Vec<Decimal> {
    let Some(others) = checks.checked_sub(1) else { return Vec::new() };
    let share = (points / Decimal::from(checks)).round_dp(SHARE_DECIMALS);
    let mut shares = vec![share; others];
    shares.push(points - share * Decimal::from(others));
    shares
}

#[cfg(test)]
mod tests {
    use super::{grade_line, shares};
    use crate::{
        results::LineState,
        verdict::Verdict::{
            self, Blocked, EnvironmentNotReady, Failed, HarnessError, NotClaimed, NotRun, Passed, TimedOut,
        },
    };
    use rust_decimal::Decimal;

    fn check(verdicts: &[Verdict], state: LineState, points: i64, max_points: i64) {
        let line = grade_line("l", "t", Decimal::from(3), &[], verdicts);
        assert_eq!(
            (line.state, line.points, line.max_points),
            (state, points.into(), max_points.into()),
            "{verdicts:?}"
        );
    }

    #[test]
    fn only_the_learner_can_lose_points() {
        check(&[Passed, Passed], LineState::Reached, 3, 3);
        check(&[Passed, Failed], LineState::Missed, 0, 3);
        check(&[TimedOut, NotRun], LineState::Missed, 0, 3);
        check(&[Passed, Blocked], LineState::Missed, 0, 3);
        check(&[Passed, NotRun], LineState::Undecided, 0, 0);
        check(&[EnvironmentNotReady], LineState::Undecided, 0, 0);
        check(&[HarnessError, Passed], LineState::Undecided, 0, 0);
        check(&[NotClaimed, Passed], LineState::Reached, 3, 3);
        check(&[NotClaimed], LineState::NotClaimed, 0, 0);
    }

    #[test]
    fn shares_add_up_exactly() {
        for (points, checks) in [("10", 3), ("0.1", 7), ("2.5", 1), ("1", 6)] {
            let points: Decimal = points.parse().unwrap();
            assert_eq!(shares(points, checks).iter().sum::<Decimal>(), points);
        }
        assert!(shares(Decimal::ONE, 0).is_empty());
    }
}
