//! The question bank: one TOML file a content item, built into the program. It holds no answers.
//!
//! A question that could not be asked or graded fairly is refused here, so that all later code can rely on it. Papers are drawn
//! from it in `paper`.

use super::credit;
use super::error::Error;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// The files, in the order of the curriculum's content items.
const FILES: [(&str, &str); 7] = [
    ("questions/1-principles.toml", include_str!("../../quiz/questions/1-principles.toml")),
    ("questions/2-tracking.toml", include_str!("../../quiz/questions/2-tracking.toml")),
    ("questions/3-registry.toml", include_str!("../../quiz/questions/3-registry.toml")),
    ("questions/4-delivery.toml", include_str!("../../quiz/questions/4-delivery.toml")),
    ("questions/5-validation.toml", include_str!("../../quiz/questions/5-validation.toml")),
    ("questions/6-features.toml", include_str!("../../quiz/questions/6-features.toml")),
    ("questions/7-governance.toml", include_str!("../../quiz/questions/7-governance.toml")),
];

/// All questions.
#[derive(Debug, Clone)]
pub struct Bank {
    /// The content items, in the curriculum's order.
    pub items: Vec<Item>,
}

/// A content item of the curriculum.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its short name.
    #[serde(rename = "item")]
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// What its questions are about, by short name.
    pub objectives: BTreeMap<String, String>,
    /// The questions.
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
}

/// A question.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Question {
    /// Unique in the bank.
    pub id: String,
    /// One of its item's objectives.
    pub objective: String,
    /// How far it goes.
    pub difficulty: Difficulty,
    /// What it is worth.
    pub points: u32,
    /// What is asked.
    pub text: String,
    /// How it is answered.
    pub kind: Kind,
    /// What can be chosen or ordered, by letter; empty for the others.
    pub options: BTreeMap<char, String>,
    /// Of a number; empty where it has none.
    pub unit: String,
}

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One letter.
    Single,
    /// One letter or more.
    Multiple,
    /// All letters, in order.
    Ordering,
    /// A number.
    Numeric,
    /// A few words.
    Short,
}

/// How far a question goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Difficulty {
    /// Know it.
    Recall,
    /// Use it.
    Apply,
    /// Weigh it.
    Judge,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Single, Self::Multiple, Self::Ordering, Self::Numeric, Self::Short];

    /// Whether it is answered by letters.
    pub fn has_options(self) -> bool {
        matches!(self, Self::Single | Self::Multiple | Self::Ordering)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Single => "choose one",
            Self::Multiple => "choose all that apply",
            Self::Ordering => "put in order",
            Self::Numeric => "a number",
            Self::Short => "a few words",
        })
    }
}

/// A question as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    kind: Kind,
    objective: String,
    difficulty: Difficulty,
    points: u32,
    text: String,
    #[serde(default)]
    options: BTreeMap<char, String>,
    #[serde(default)]
    unit: Option<String>,
}

impl TryFrom<Raw> for Question {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let Raw { id, kind, objective, difficulty, points, text, options, unit } = raw;
        let count = u32::try_from(options.len()).unwrap_or(u32::MAX);
        let refuse = |problem: &str| Err(format!("question {id:?}: {problem}"));
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return refuse("its id is not made of lower-case letters, digits and hyphens");
        }
        if !(1..=5).contains(&points) {
            return refuse("it is worth 1 to 5 points");
        }
        if !options.keys().copied().eq(('a'..='z').take(options.len())) {
            return refuse("its options are not lettered a, b, c without a gap");
        }
        match kind {
            Kind::Single | Kind::Multiple if !(3..=8).contains(&count) => return refuse("it has 3 to 8 options"),
            Kind::Ordering if !(3..=7).contains(&count) || !credit::divides(count * (count - 1) / 2) => {
                return refuse("it has 3 to 7 options");
            }
            Kind::Numeric | Kind::Short if count > 0 => return refuse("it has no options"),
            Kind::Numeric if unit.is_none() => return refuse("a number has a unit, or `unit = \"\"`"),
            _ if kind != Kind::Numeric && unit.is_some() => return refuse("only a number has a unit"),
            _ => {}
        }
        // Sources are wrapped where they are convenient to edit; readers wrap by their own width.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Self { id, objective, difficulty, points, text, kind, options, unit: unit.unwrap_or_default() })
    }
}

impl Bank {
    /// The bank that is built in.
    ///
    /// # Errors
    /// When one of its files is not what it should be; a test of this part keeps that from happening.
    pub fn embedded() -> Result<Self, Error> {
        Self::read(&FILES)
    }

    /// Reads a bank from named texts.
    ///
    /// # Errors
    /// Names the file and what is wrong in it.
    pub fn read(files: &[(&str, &str)]) -> Result<Self, Error> {
        let mut items = Vec::new();
        let mut ids = BTreeSet::new();
        for (name, text) in files {
            let refuse = |problem: String| Error::malformed(Path::new(name), problem);
            let item: Item = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
            for question in &item.questions {
                if !ids.insert(question.id.clone()) {
                    return Err(refuse(format!("the id {:?} is taken by another question", question.id)));
                }
                if !item.objectives.contains_key(&question.objective) {
                    let problem =
                        format!("{:?} has the objective {:?}, which is not listed", question.id, question.objective);
                    return Err(refuse(problem));
                }
            }
            items.push(item);
        }
        Ok(Self { items })
    }

    /// Every question with its item.
    pub fn questions(&self) -> impl Iterator<Item = (&Item, &Question)> {
        self.items.iter().flat_map(|item| item.questions.iter().map(move |question| (item, question)))
    }

    /// How many questions there are.
    pub fn len(&self) -> usize {
        self.items.iter().map(|item| item.questions.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Bank, Kind};
    use std::collections::BTreeMap;

    #[test]
    fn the_bank_covers_every_item_by_every_kind() {
        let bank = Bank::embedded().unwrap();
        assert_eq!(bank.items.len(), 7);
        assert!(bank.len() >= 45, "{}", bank.len());
        for item in &bank.items {
            let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
            item.questions.iter().for_each(|question| *kinds.entry(question.kind).or_default() += 1);
            assert_eq!(kinds.len(), Kind::ALL.len(), "{}: {kinds:?}", item.id);
            for objective in item.objectives.keys() {
                assert!(item.questions.iter().any(|question| question.objective == *objective), "{objective}");
            }
        }
    }

    #[test]
    fn a_bad_question_is_named() {
        fn check(question: &str, expected: &str) {
            let text = format!(
                "item = \"i\"\ntitle = \"I\"\nobjectives.o = \"O\"\n[[question]]\nobjective = \"o\"\n{question}"
            );
            let error = Bank::read(&[("i.toml", &text)]).unwrap_err().to_string();
            assert!(error.contains("i.toml") && error.contains(expected), "{error}");
        }
        let rest = "difficulty = \"apply\"\npoints = 1\ntext = \"?\"\n";
        check(&format!("id = \"Q\"\nkind = \"short\"\n{rest}"), "lower-case");
        check(&format!("id = \"q\"\nkind = \"long\"\n{rest}"), "unknown variant `long`");
        check(&format!("id = \"q\"\nkind = \"numeric\"\n{rest}"), "has a unit");
        check(&format!("id = \"q\"\nkind = \"single\"\n{rest}options.a = \"A\""), "3 to 8 options");
        check(&format!("id = \"q\"\nkind = \"single\"\n{rest}options.b = \"A\""), "without a gap");
        check(&format!("id = \"q\"\nkind = \"short\"\n{rest}answer = \"a\""), "unknown field `answer`");
        check(&format!("id = \"q\"\nkind = \"short\"\n{}", rest.replace("points = 1", "points = 9")), "1 to 5 points");
    }
}
