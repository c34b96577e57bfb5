//! How long is too long. A limit is there to end what hangs, and says nothing of how fast a solution must be; each is ample for a machine
//! with two idle processors. Where many share a machine, a person stretches them all (`--patience`).

use std::sync::OnceLock;
use std::time::Duration;

static FACTOR: OnceLock<u32> = OnceLock::new();

/// Stretches every limit of this process. Only the first word counts: a run keeps the patience that it began with.
pub fn grant(factor: u32) {
    // Whoever comes second is told nothing: the command line says it once.
    let _ = FACTOR.set(factor.max(1));
}

/// A limit as long as it is here.
pub fn stretched(limit: Duration) -> Duration {
    times(limit, FACTOR.get().copied())
}

fn times(limit: Duration, factor: Option<u32>) -> Duration {
    limit.saturating_mul(factor.unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::{stretched, times};
    use std::time::Duration;

    #[test]
    fn a_limit_is_itself_unless_somebody_has_more_patience() {
        let minute = Duration::from_secs(60);
        assert_eq!(stretched(minute), minute);
        assert_eq!(times(minute, Some(3)), Duration::from_secs(180));
        assert_eq!(times(Duration::MAX, Some(3)), Duration::MAX);
    }
}
