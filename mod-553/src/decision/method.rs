//! The ways in which two samples of a column can be compared. Each has a test, which says whether chance explains the difference, and
//! an effect, which says how large it is and does not grow with the sample. No effect here can be moved far by one broken value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How two samples are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The largest distance between the distribution functions.
    Ks,
    /// Their squared distance, weighted towards the tails.
    AndersonDarling,
    /// Their squared distance.
    CramerVonMises,
    /// Whether values of one side tend to be larger.
    MannWhitney,
    /// The distance of the empirical characteristic functions.
    EppsSingleton,
    /// Energy distance, with a permutation test.
    Energy,
    /// The earth mover's distance; its significance is that of Kolmogorov–Smirnov.
    Wasserstein,
    /// The population stability index over the reference's quantile bins, or over categories.
    Psi,
    /// The Jensen–Shannon distance, likewise.
    JensenShannon,
    /// The Hellinger distance, likewise.
    Hellinger,
    /// The total variation distance, likewise.
    TotalVariation,
    /// Pearson's χ² of a contingency table, likewise.
    ChiSquared,
    /// The likelihood-ratio test of a contingency table, likewise.
    G,
    /// Fisher's exact test of two categories.
    Fisher,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Ks,
        Self::AndersonDarling,
        Self::CramerVonMises,
        Self::MannWhitney,
        Self::EppsSingleton,
        Self::Energy,
        Self::Wasserstein,
        Self::Psi,
        Self::JensenShannon,
        Self::Hellinger,
        Self::TotalVariation,
        Self::ChiSquared,
        Self::G,
        Self::Fisher,
    ];

    /// The word in specs and reports.
    pub fn word(self) -> &'static str {
        self.words().0
    }

    /// The name people know.
    pub fn title(self) -> &'static str {
        self.words().1
    }

    /// What its effect is called.
    pub fn effect_name(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ks => ("ks", "Kolmogorov–Smirnov", "D"),
            Self::AndersonDarling => ("anderson_darling", "Anderson–Darling", "D"),
            Self::CramerVonMises => ("cramer_von_mises", "Cramér–von Mises", "D"),
            Self::MannWhitney => ("mann_whitney", "Mann–Whitney U", "rank-biserial correlation"),
            Self::EppsSingleton => ("epps_singleton", "Epps–Singleton", "D"),
            Self::Energy => ("energy", "energy distance", "energy distance in ranges"),
            Self::Wasserstein => ("wasserstein", "Wasserstein distance", "W₁ / IQR of the reference"),
            Self::Psi => ("psi", "population stability index", "PSI, bias-corrected"),
            Self::JensenShannon => ("jensen_shannon", "Jensen–Shannon distance", "JS distance, bias-corrected"),
            Self::Hellinger => ("hellinger", "Hellinger distance", "Hellinger distance, bias-corrected"),
            Self::TotalVariation => ("total_variation", "total variation distance", "share moved, bias-corrected"),
            Self::ChiSquared => ("chi_squared", "χ² of homogeneity", "Cramér's V"),
            Self::G => ("g", "G-test of homogeneity", "Cramér's V"),
            Self::Fisher => ("fisher", "Fisher's exact test", "Cramér's V"),
        }
    }

    /// Whether it compares numbers.
    pub fn compares_numbers(self) -> bool {
        self != Self::Fisher
    }

    /// Whether it compares categories.
    pub fn compares_categories(self) -> bool {
        matches!(
            self,
            Self::Psi
                | Self::JensenShannon
                | Self::Hellinger
                | Self::TotalVariation
                | Self::ChiSquared
                | Self::G
                | Self::Fisher
        )
    }

    /// The least effect that matters when nobody says otherwise: the customary border between noise and something to look at.
    pub fn usual_effect(self) -> f64 {
        0.1
    }
}
