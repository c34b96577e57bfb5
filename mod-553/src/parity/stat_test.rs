//! The tests by name, with the thresholds and the defaults that Evidently gives them.

/// One of Evidently's tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatTest {
    /// `anderson`
    Anderson,
    /// `chisquare`: the reference is taken for exact.
    ChiSquare,
    /// `cramer_von_mises`
    CramerVonMises,
    /// `ed`
    Energy,
    /// `es`
    EppsSingleton,
    /// `fisher_exact`: only for sides of the same length.
    FisherExact,
    /// `g_test`: the reference is taken for exact, and only sides of the same length are accepted.
    G,
    /// `hellinger`
    Hellinger,
    /// `jensenshannon`: natural logarithm.
    JensenShannon,
    /// `kl_div`
    KlDiv,
    /// `ks`
    Ks,
    /// `mannw`: one-sided, the reference smaller.
    MannWhitney,
    /// `empirical_mmd`: 100 permutations, drawn anew at every run.
    Mmd,
    /// `psi`
    Psi,
    /// `t_test`
    TTest,
    /// `TVD`: 1000 permutations from the same seed.
    Tvd,
    /// `wasserstein`: in standard deviations of the reference.
    Wasserstein,
    /// `z`
    Z,
}

/// Whether a test's score is a p-value or a distance, and on which side the threshold itself lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DriftsWhen {
    Below,
    AtMost,
    Above,
    AtLeast,
}

impl StatTest {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Anderson,
        Self::ChiSquare,
        Self::CramerVonMises,
        Self::Energy,
        Self::EppsSingleton,
        Self::FisherExact,
        Self::G,
        Self::Hellinger,
        Self::JensenShannon,
        Self::KlDiv,
        Self::Ks,
        Self::MannWhitney,
        Self::Mmd,
        Self::Psi,
        Self::TTest,
        Self::Tvd,
        Self::Wasserstein,
        Self::Z,
    ];

    /// Evidently's name for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Anderson => "anderson",
            Self::ChiSquare => "chisquare",
            Self::CramerVonMises => "cramer_von_mises",
            Self::Energy => "ed",
            Self::EppsSingleton => "es",
            Self::FisherExact => "fisher_exact",
            Self::G => "g_test",
            Self::Hellinger => "hellinger",
            Self::JensenShannon => "jensenshannon",
            Self::KlDiv => "kl_div",
            Self::Ks => "ks",
            Self::MannWhitney => "mannw",
            Self::Mmd => "empirical_mmd",
            Self::Psi => "psi",
            Self::TTest => "t_test",
            Self::Tvd => "TVD",
            Self::Wasserstein => "wasserstein",
            Self::Z => "z",
        }
    }

    /// The test of a name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|test| test.word() == word)
    }

    /// The threshold that it has when nobody names one.
    pub fn usual_threshold(self) -> f64 {
        match self {
            Self::ChiSquare | Self::EppsSingleton | Self::Ks | Self::MannWhitney | Self::TTest | Self::Z => 0.05,
            _ => 0.1,
        }
    }

    /// Whether it may be named for a column of numbers. By default a number of few values gets a test of categories nevertheless.
    pub fn compares_numbers(self) -> bool {
        !matches!(self, Self::ChiSquare | Self::FisherExact | Self::G | Self::Tvd | Self::Z)
    }

    /// Whether it may be named for a column of categories.
    pub fn compares_categories(self) -> bool {
        !self.compares_numbers() || matches!(self, Self::Hellinger | Self::JensenShannon | Self::KlDiv | Self::Psi)
    }

    pub(super) fn drifts_when(self) -> DriftsWhen {
        match self {
            Self::Ks | Self::CramerVonMises => DriftsWhen::AtMost,
            Self::Energy => DriftsWhen::Above,
            Self::Hellinger | Self::JensenShannon | Self::KlDiv | Self::Psi | Self::Wasserstein => DriftsWhen::AtLeast,
            _ => DriftsWhen::Below,
        }
    }

    /// The test that is taken when nobody names one: by the size of the reference and the number of distinct values of both sides.
    pub fn by_default(is_number: bool, reference_n: usize, distinct: usize) -> Self {
        match (reference_n <= 1000, is_number && distinct > 5) {
            (true, true) => Self::Ks,
            (true, false) if distinct > 2 => Self::ChiSquare,
            (true, false) => Self::Z,
            (false, true) => Self::Wasserstein,
            (false, false) => Self::JensenShannon,
        }
    }
}
