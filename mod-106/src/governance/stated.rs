//! What only people can say: owner, intended use, limits. The list is data (`stated.toml`); the values are tags.

use super::dossier::{Dossier, tag};
use serde::{Deserialize, Serialize};

const FACTS: &str = include_str!("stated.toml");

/// A fact that people state, or a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// Its name in data.
    pub key: String,
    /// Its name for people.
    pub title: String,
    /// What was said; `None` is a gap.
    pub value: Option<String>,
    /// Where it was said, such as `tag owner of the model`.
    pub from: Option<String>,
    /// How to close the gap.
    pub how: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fact: Vec<Fact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    key: String,
    title: String,
    tags: Vec<String>,
    how: String,
}

/// All facts, each with what was said or as a gap.
pub(super) fn stated(dossier: &Dossier) -> Vec<Stated> {
    // The file is part of the program; a test reads it.
    let facts = toml::from_str(FACTS).map_or_else(|_| Vec::new(), |file: File| file.fact);
    facts.into_iter().map(|fact| fill(fact, dossier)).collect()
}

fn fill(fact: Fact, dossier: &Dossier) -> Stated {
    let run = dossier.run.as_ref().map_or(&[][..], |run| &run.data.tags);
    let places = [("the version", &dossier.version.tags[..]), ("the model", &dossier.model.tags), ("the run", run)];
    let found = places.into_iter().find_map(|(place, tags)| {
        fact.tags.iter().find_map(|key| tag(tags, key).map(|value| (value.to_owned(), format!("tag {key} of {place}"))))
    });
    let (value, from) = found.unzip();
    Stated { key: fact.key, title: fact.title, value, from, how: fact.how }
}

#[cfg(test)]
mod tests {
    use super::{FACTS, File};

    #[test]
    fn the_list_is_sound() {
        let file: File = toml::from_str(FACTS).unwrap();
        assert!(file.fact.len() >= 8 && file.fact.iter().all(|fact| fact.how.contains(&fact.tags[0])));
    }
}
