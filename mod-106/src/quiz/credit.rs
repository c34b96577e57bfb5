//! Credit for one question: an exact fraction between nothing and all.
//!
//! Floating-point thirds would decide at 80 % by their rounding. All fractions that occur here are multiples of 1/2520, the
//! smallest number that 1 to 10 divide; 2520 also holds the pairs of up to seven things to order (3, 6, 10, 15, 21).

/// How many parts a whole has.
pub const WHOLE: u32 = 2520;

/// Between 0 and [`WHOLE`] parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credit(u32);

impl Credit {
    /// None of the points.
    pub const NONE: Self = Self(0);
    /// All of the points.
    pub const FULL: Self = Self(WHOLE);

    /// `right − wrong` of `of`, not below nothing: who ticks everything, or orders by chance, gains nothing.
    /// `of` has to divide 2520, as [`divides`] tells; the bank admits no others.
    pub fn right_minus_wrong(right: u32, wrong: u32, of: u32) -> Self {
        if of == 0 {
            return Self::NONE;
        }
        Self(right.saturating_sub(wrong).min(of) * (WHOLE / of))
    }

    /// All or nothing.
    pub fn of(right: bool) -> Self {
        if right { Self::FULL } else { Self::NONE }
    }

    /// In 2520ths.
    pub fn parts(self) -> u32 {
        self.0
    }
}

/// Whether fractions of this many parts are exact.
pub fn divides(of: u32) -> bool {
    of > 0 && WHOLE.is_multiple_of(of)
}

#[cfg(test)]
mod tests {
    use super::{Credit, divides};

    #[test]
    fn thirds_add_up() {
        let third = Credit::right_minus_wrong(1, 0, 3);
        assert_eq!(third.parts() * 3, Credit::FULL.parts());
        assert_eq!(Credit::right_minus_wrong(2, 3, 4), Credit::NONE);
        assert_eq!(Credit::right_minus_wrong(9, 0, 3), Credit::FULL);
        assert_eq!(Credit::right_minus_wrong(0, 0, 0), Credit::NONE);
    }

    #[test]
    fn pairs_of_up_to_seven_things_are_exact() {
        for things in 2..=7 {
            assert!(divides(things * (things - 1) / 2), "{things}");
        }
        assert!(!divides(11) && !divides(0));
    }
}
