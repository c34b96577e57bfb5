//! Round numbers along an axis: 0, 0.2, 0.4 rather than 0, 0.1937, 0.3874.

/// A stretch of numbers, and where its ends lie in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) start: f64,
    pub(super) end: f64,
}

impl Axis {
    /// The pixel of a number; what lies outside is put at the edge.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = if self.to > self.from { (value - self.from) / (self.to - self.from) } else { 0.5 };
        self.start + share.clamp(0.0, 1.0) * (self.end - self.start)
    }

    /// About so many round numbers within.
    pub(super) fn ticks(&self, about: usize) -> Vec<f64> {
        let step = step((self.to - self.from) / about.max(1) as f64);
        let first = (self.from / step - 1e-9).ceil();
        let last = (self.to / step + 1e-9).floor();
        let count = (last - first).max(0.0) as usize;
        (0..=count).map(|index| (first + index as f64) * step).collect()
    }
}

/// The next of 1, 2 or 5 times a power of ten.
pub(super) fn step(rough: f64) -> f64 {
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(rough.log10().floor());
    let multiple = [1.0, 2.0, 5.0, 10.0].into_iter().find(|multiple| multiple * power >= rough * 0.999_999);
    multiple.unwrap_or(10.0) * power
}

/// A number of few digits, for a tick.
pub(super) fn figure(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        0.0 => "0".to_owned(),
        _ if !(1e-3..1e6).contains(&size) => format!("{value:.1e}").replace(".0e", "e"),
        _ if size >= 100.0 => format!("{value:.0}"),
        _ => {
            let decimals = (2.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
            let text = format!("{value:.decimals$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        fn check(from: f64, to: f64, expected: &[f64]) {
            let ticks = Axis { from, to, start: 0.0, end: 100.0 }.ticks(4);
            assert_eq!(ticks.len(), expected.len(), "{ticks:?}");
            assert!(ticks.iter().zip(expected).all(|(tick, expected)| (tick - expected).abs() < 1e-9), "{ticks:?}");
        }
        check(0.0, 1.0, &[0.0, 0.5, 1.0]);
        check(0.0, 0.34, &[0.0, 0.1, 0.2, 0.3]);
        check(-3.0, 7.0, &[0.0, 5.0]);
        check(1.0, 1.0, &[1.0]);
    }

    #[test]
    fn figures_are_short() {
        let figures = [0.0, 1.0, -0.25, 1234.5, 0.000_012, 3e9, 12.345].map(figure);
        assert_eq!(figures, ["0", "1", "−0.25", "1234", "1.2e−5", "3e9", "12.3"]);
    }
}
