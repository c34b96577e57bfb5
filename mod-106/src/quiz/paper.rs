//! A paper: questions drawn from the bank by a seed, balanced over items, kinds and difficulties, choices in an order of their own.
//!
//! There is no random generator whose next version would draw other papers: what a seed prefers is the order of SHA-256 digests
//! over seed and name. The paper's digest binds answers to it; `sheet` says how.

use super::bank::{Bank, Difficulty, Item, Kind, Question};
use super::error::Error;
use crate::digest::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How many questions a paper has where nobody asks for another number.
pub const USUAL_SIZE: usize = 20;

/// A paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// What it was drawn by.
    pub seed: u64,
    /// `sha256:` and 64 hexadecimal digits over seed and questions.
    pub digest: String,
    /// The questions, in the curriculum's order of items.
    pub questions: Vec<Asked>,
}

/// A question as a paper asks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The question's id in the bank.
    pub id: String,
    /// Its content item's name for people.
    pub item: String,
    /// What it is about.
    pub objective: String,
    /// How it is answered.
    pub kind: Kind,
    /// How far it goes.
    pub difficulty: Difficulty,
    /// What it is worth.
    pub points: u32,
    /// What is asked.
    pub text: String,
    /// What can be chosen or ordered, lettered anew for this paper.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Of a number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Its letter on this paper.
    pub letter: char,
    /// What it says.
    pub text: String,
    /// Its letter in the bank, which the key speaks of; it does not leave the program.
    #[serde(skip, default = "unknown_letter")]
    pub in_bank: char,
}

fn unknown_letter() -> char {
    '?'
}

impl Paper {
    /// Draws a paper.
    ///
    /// # Errors
    /// When `size` is less than one question a content item, or more than there are.
    pub fn draw(bank: &Bank, seed: u64, size: usize) -> Result<Self, Error> {
        if !(bank.items.len()..=bank.len()).contains(&size) {
            return Err(Error::Size { asked: size, smallest: bank.items.len(), largest: bank.len() });
        }
        let chosen = choose(bank, seed, size);
        let mut questions = Vec::with_capacity(size);
        for item in &bank.items {
            let mut of_item: Vec<_> = item.questions.iter().filter(|question| chosen.contains(&question.id)).collect();
            of_item.sort_by_key(|question| preference(seed, "position", &question.id));
            questions.extend(of_item.into_iter().map(|question| ask(item, question, seed)));
        }
        Ok(Self { seed, digest: digest(seed, &questions), questions })
    }

    /// Reads a paper's file and holds it against what the bank draws by the same seed.
    ///
    /// # Errors
    /// When the file is no paper, or differs from what was drawn: then the place is named.
    pub fn read(path: &Path, bank: &Bank) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::reading(path, error))?;
        let read: Self = serde_json::from_str(&text).map_err(|error| {
            Error::malformed(path, format!("not a paper as `quiz paper --json` prints it: {error}"))
        })?;
        let drawn = Self::draw(bank, read.seed, read.questions.len())
            .map_err(|error| Error::malformed(path, format!("the paper was changed: {error}")))?;
        match difference(&read, &drawn) {
            None => Ok(drawn),
            Some(place) => Err(Error::malformed(
                path,
                format!(
                    "the paper was changed: {place} is not what seed {} draws; print it again with `mod-106 quiz paper --seed {} --questions {} --json`",
                    read.seed,
                    read.seed,
                    drawn.questions.len()
                ),
            )),
        }
    }

    /// The question of this id, with its number from 1.
    pub fn find(&self, id: &str) -> Option<(usize, &Asked)> {
        self.questions.iter().enumerate().find(|(_, asked)| asked.id == id).map(|(index, asked)| (index + 1, asked))
    }

    /// What all questions are worth together.
    pub fn points(&self) -> u32 {
        self.questions.iter().map(|asked| asked.points).sum()
    }
}

/// The ids of the paper's questions: in turn the item with the fewest so far, and of it the question whose kind and difficulty the paper
/// has used least of what the bank offers.
fn choose(bank: &Bank, seed: u64, size: usize) -> BTreeSet<String> {
    let offered = |of: &dyn Fn(&Question) -> bool| bank.questions().filter(|(_, question)| of(question)).count();
    let mut chosen = BTreeSet::new();
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut difficulties: BTreeMap<Difficulty, usize> = BTreeMap::new();
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    while chosen.len() < size {
        let left = |item: &Item| item.questions.len() - taken.get(item.id.as_str()).copied().unwrap_or(0);
        let next =
            bank.items.iter().filter(|item| left(item) > 0).min_by_key(|item| {
                (taken.get(item.id.as_str()).copied().unwrap_or(0), preference(seed, "item", &item.id))
            });
        let Some(item) = next else { break };
        let open = item.questions.iter().filter(|question| !chosen.contains(&question.id));
        let share = |used: usize, offered: usize| (used + 1) * 1000 / offered.max(1);
        let best = open.min_by_key(|question| {
            let kind =
                share(kinds.get(&question.kind).copied().unwrap_or(0), offered(&|other| other.kind == question.kind));
            let difficulty = share(
                difficulties.get(&question.difficulty).copied().unwrap_or(0),
                offered(&|other| other.difficulty == question.difficulty),
            );
            // Kinds weigh double: somebody who knows the matter may still never have met an ordering.
            (2 * kind + difficulty, preference(seed, "question", &question.id))
        });
        let Some(question) = best else { break };
        *kinds.entry(question.kind).or_default() += 1;
        *difficulties.entry(question.difficulty).or_default() += 1;
        *taken.entry(&item.id).or_default() += 1;
        chosen.insert(question.id.clone());
    }
    chosen
}

fn ask(item: &Item, question: &Question, seed: u64) -> Asked {
    let mut options: Vec<_> = question.options.iter().collect();
    options.sort_by_key(|(letter, _)| preference(seed, &question.id, &letter.to_string()));
    let choice =
        |(letter, (in_bank, text)): (char, (&char, &String))| Choice { letter, text: text.clone(), in_bank: *in_bank };
    Asked {
        id: question.id.clone(),
        item: item.title.clone(),
        objective: item.objectives.get(&question.objective).cloned().unwrap_or_default(),
        kind: question.kind,
        difficulty: question.difficulty,
        points: question.points,
        text: question.text.clone(),
        options: ('a'..='z').zip(options).map(choice).collect(),
        unit: question.unit.clone(),
    }
}

/// Where a name stands in a seed's favour; the smallest comes first.
fn preference(seed: u64, purpose: &str, name: &str) -> [u8; 32] {
    Sha256::digest(format!("{seed}\n{purpose}\n{name}")).into()
}

fn digest(seed: u64, questions: &[Asked]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("mod-106 quiz paper 1\n{seed}\n"));
    // Plain strings, numbers and lists always serialise.
    hasher.update(serde_json::to_vec(questions).unwrap_or_default());
    format!("sha256:{}", hex(&hasher.finalize()))
}

fn difference(read: &Paper, drawn: &Paper) -> Option<String> {
    for (number, (read, drawn)) in (1..).zip(read.questions.iter().zip(&drawn.questions)) {
        let same_options = read.options.len() == drawn.options.len()
            && read.options.iter().zip(&drawn.options).all(|(a, b)| (a.letter, &a.text) == (b.letter, &b.text));
        let (mut read, mut drawn) = (read.clone(), drawn.clone());
        (read.options, drawn.options) = (Vec::new(), Vec::new());
        if read != drawn || !same_options {
            return Some(format!("question {number} ({:?})", read.id));
        }
    }
    (read.digest != drawn.digest).then(|| format!("the digest {:?}", read.digest))
}

#[cfg(test)]
mod tests {
    use super::{Paper, USUAL_SIZE};
    use crate::quiz::bank::{Bank, Difficulty, Kind};
    use std::collections::{BTreeMap, BTreeSet};

    fn count<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
        keys.fold(BTreeMap::new(), |mut counts, key| {
            *counts.entry(key).or_default() += 1;
            counts
        })
    }

    #[test]
    fn every_paper_is_balanced_and_every_question_is_drawn_by_some_seed() {
        let bank = Bank::embedded().unwrap();
        let mut drawn: BTreeMap<String, usize> = BTreeMap::new();
        for seed in 0..500 {
            let paper = Paper::draw(&bank, seed, USUAL_SIZE).unwrap();
            assert_eq!(paper.questions.len(), USUAL_SIZE);
            let items = count(paper.questions.iter().map(|asked| asked.item.clone()));
            assert!(items.len() == 7 && items.values().all(|count| (2..=3).contains(count)), "{seed}: {items:?}");
            let kinds = count(paper.questions.iter().map(|asked| asked.kind));
            assert!(
                kinds.len() == Kind::ALL.len() && kinds.values().all(|count| (2..=10).contains(count)),
                "{seed}: {kinds:?}"
            );
            let difficulties = count(paper.questions.iter().map(|asked| asked.difficulty));
            assert!(
                difficulties.get(&Difficulty::Judge).is_some_and(|count| (4..=9).contains(count)),
                "{seed}: {difficulties:?}"
            );
            assert!(
                difficulties.get(&Difficulty::Recall).is_some_and(|count| (2..=7).contains(count)),
                "{seed}: {difficulties:?}"
            );
            paper.questions.iter().for_each(|asked| *drawn.entry(asked.id.clone()).or_default() += 1);
        }
        assert_eq!(drawn.len(), bank.len(), "{drawn:?}");
        let rarest = drawn.values().min().unwrap();
        assert!(*rarest >= 25, "{drawn:?}");
    }

    #[test]
    fn a_seed_draws_the_same_paper_and_another_seed_another_one() {
        let bank = Bank::embedded().unwrap();
        let draw = |seed| Paper::draw(&bank, seed, USUAL_SIZE).unwrap();
        assert_eq!(draw(7), draw(7));
        let digests: BTreeSet<_> = (0..200).map(|seed| draw(seed).digest).collect();
        assert_eq!(digests.len(), 200);
        // Each letter is in every place of some paper.
        let firsts = (0..200).flat_map(|seed| draw(seed).questions).filter(|asked| asked.kind == Kind::Single);
        let firsts = count(firsts.map(|asked| asked.options[0].in_bank));
        assert!(firsts.len() == 4 && firsts.values().all(|count| *count > 200), "{firsts:?}");
    }

    #[test]
    fn sizes_that_cannot_be_balanced_are_refused() {
        let bank = Bank::embedded().unwrap();
        for size in [0, 6, bank.len() + 1] {
            let error = Paper::draw(&bank, 1, size).unwrap_err().to_string();
            assert!(error.contains("--questions"), "{error}");
        }
        assert_eq!(Paper::draw(&bank, 1, bank.len()).unwrap().questions.len(), bank.len());
        assert_eq!(Paper::draw(&bank, 1, 7).unwrap().questions.len(), 7);
    }

    #[test]
    fn a_changed_paper_is_found_out_and_the_place_is_named() {
        let bank = Bank::embedded().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("paper.json");
        let paper = Paper::draw(&bank, 3, USUAL_SIZE).unwrap();
        let text = serde_json::to_string(&paper).unwrap();
        let check = |text: String, expected: &str| {
            std::fs::write(&path, text).unwrap();
            let error = Paper::read(&path, &bank).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        std::fs::write(&path, &text).unwrap();
        assert_eq!(Paper::read(&path, &bank).unwrap(), paper);
        check(text.replacen("\"points\":", "\"points\":5, \"was\":", 1), "unknown field `was`");
        let asked = &paper.questions[4];
        check(text.replace(&asked.text, "What?"), &format!("question 5 ({:?})", asked.id));
        check(text.replace(&paper.digest, "sha256:00"), "the digest \"sha256:00\"");
        check(text.replace("\"seed\":3", "\"seed\":4"), "is not what seed 4 draws");
        check("{}".to_owned(), "not a paper");
    }
}
