//! `maturity.toml`: how mature a practice a submission shows, from 0 (by hand) to 4 (governed). A level is reached when all of its
//! criteria are met, and those of every level below; a criterion is met by checks that passed. What was not run decides nothing: the
//! answer then is "at least", with what is missing.

use super::{
    evidence::{Evidence, Known, claim},
    quality::exists,
};
use crate::{
    results::{Claim, Maturity, MaturityLevel, Results, Standing},
    submission::{ManifestError, read_toml},
};
use serde::Deserialize;
use std::path::Path;

/// A module's levels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaturityModel {
    /// `mod-106`
    pub module: String,
    /// From 0 upwards, without a gap.
    #[serde(rename = "level")]
    pub levels: Vec<Level>,
}

/// One level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// 0 to 4.
    pub level: u8,
    /// In a word or two.
    pub title: String,
    /// What it means.
    pub meaning: String,
    /// Level 0 asks for nothing.
    #[serde(default, rename = "criterion")]
    pub criteria: Vec<Criterion>,
}

/// What a level asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Kebab-case.
    pub id: String,
    /// What must be so.
    pub title: String,
    /// What shows it; all of it must.
    pub evidence: Vec<Evidence>,
}

impl MaturityModel {
    /// Reads the levels and makes sure that everything they name exists.
    ///
    /// # Errors
    /// The line of what is wrong.
    pub fn read(path: &Path, known: &Known<'_>) -> Result<Self, Box<ManifestError>> {
        let (model, text) = read_toml::<Self>(path)?;
        let wrong = |at: &str, message: String| Err(Box::new(ManifestError::naming(path, &text, at, message)));
        for (expected, level) in model.levels.iter().enumerate() {
            if usize::from(level.level) != expected {
                let message = format!("level {} comes where {expected} was expected", level.level);
                return wrong(&level.title, message);
            }
            if (expected == 0) != level.criteria.is_empty() {
                let message = "level 0 has no criteria, and every other level has".to_owned();
                return wrong(&level.title, message);
            }
            for criterion in &level.criteria {
                exists(path, &text, &criterion.id, &criterion.evidence, known)?;
                let observable = |piece: &Evidence| matches!(piece, Evidence::Check(_) | Evidence::Lab(_));
                if let Some(other) = criterion.evidence.iter().find(|piece| !observable(piece)) {
                    let message =
                        "a submission is judged by what checks see of it: expected `check` or `lab`".to_owned();
                    return wrong(other.name(), message);
                }
            }
        }
        Ok(model)
    }

    pub(super) fn judged(&self, results: &Results, known: &Known<'_>) -> Maturity {
        let levels: Vec<MaturityLevel> = self.levels.iter().map(|level| level.judged(results, known)).collect();
        let reached = levels.iter().take_while(|level| level.state == Standing::Passed).last();
        let reached = reached.map_or(0, |level| level.level);
        let next = levels.iter().find(|level| level.state != Standing::Passed);
        let title = self.levels.get(usize::from(reached)).map(|level| level.title.clone()).unwrap_or_default();
        let open = |level: &MaturityLevel, state: Standing| -> String {
            let criteria = level.criteria.iter().filter(|criterion| criterion.state == state);
            criteria.map(|criterion| criterion.title.clone()).collect::<Vec<_>>().join("; ")
        };
        let sentence = match next {
            None => format!("Level {reached}, {title}: every criterion is met"),
            Some(next) if next.state == Standing::Failed => {
                let missed = open(next, Standing::Failed);
                format!("Level {reached}, {title}. Level {}, {}, is missed by: {missed}", next.level, next.title)
            }
            Some(next) => {
                let undecided = open(next, Standing::NotRun);
                let (number, next) = (next.level, &next.title);
                format!("At least level {reached}, {title}. Level {number}, {next}, was not decided: {undecided}")
            }
        };
        Maturity {
            level: reached,
            decided: next.is_none_or(|next| next.state == Standing::Failed),
            title,
            sentence,
            levels,
        }
    }
}

impl Level {
    fn judged(&self, results: &Results, known: &Known<'_>) -> MaturityLevel {
        let judge = |it: &Criterion| claim(&it.id, &it.title, &it.evidence, results, known);
        let criteria: Vec<Claim> = self.criteria.iter().map(judge).collect();
        let state = if criteria.iter().any(|criterion| criterion.state == Standing::Failed) {
            Standing::Failed
        } else {
            criteria.iter().map(|criterion| criterion.state).max().unwrap_or(Standing::Passed)
        };
        MaturityLevel { level: self.level, title: self.title.clone(), meaning: self.meaning.clone(), state, criteria }
    }
}
