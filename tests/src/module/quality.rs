//! `quality.toml`: the quality checklist of a module's document, in our words. Each item names its evidence; an item without any, or
//! with evidence that does not exist, is an error and not a tick.

use super::evidence::{Evidence, Known, claim};
use crate::{
    results::{Claim, Results},
    submission::{ManifestError, read_toml},
};
use serde::Deserialize;
use std::path::Path;

/// A module's checklist.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// `mod-106`
    pub module: String,
    /// In the order of the module's document.
    #[serde(rename = "item")]
    pub items: Vec<Item>,
}

/// One item.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Kebab-case.
    pub id: String,
    /// What must be so.
    pub title: String,
    /// What shows it; all of it must.
    pub evidence: Vec<Evidence>,
}

impl Checklist {
    /// Reads a checklist and makes sure that everything it names exists.
    ///
    /// # Errors
    /// The line of what is wrong.
    pub fn read(path: &Path, known: &Known<'_>) -> Result<Self, Box<ManifestError>> {
        let (checklist, text) = read_toml::<Self>(path)?;
        for item in &checklist.items {
            exists(path, &text, &item.id, &item.evidence, known)?;
        }
        Ok(checklist)
    }

    pub(super) fn judged(&self, results: &Results, known: &Known<'_>) -> Vec<Claim> {
        self.items.iter().map(|item| claim(&item.id, &item.title, &item.evidence, results, known)).collect()
    }
}

/// Every line has evidence, and all of it exists.
pub(super) fn exists(
    path: &Path,
    text: &str,
    id: &str,
    evidence: &[Evidence],
    known: &Known<'_>,
) -> Result<(), Box<ManifestError>> {
    let wrong = |at: &str, message: String| Err(Box::new(ManifestError::naming(path, text, at, message)));
    if evidence.is_empty() {
        return wrong(id, format!("`{id}` has no evidence: expected what shows it, or who signs for it"));
    }
    for piece in evidence {
        if let Err(reason) = piece.exists(known) {
            let at = if piece.name().trim().is_empty() { id } else { piece.name() };
            return wrong(at, format!("the evidence of `{id}` does not exist: {reason}"));
        }
    }
    Ok(())
}
