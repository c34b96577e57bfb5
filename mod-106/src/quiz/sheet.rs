//! The answer sheet: a TOML file bound to its paper by seed, size and digest, with an entry for each question.
//!
//! It is written whole, to a name of its own, and renamed: whatever ends the program, the file holds all answers up to the last but
//! one at least. A blank entry is an unanswered question; a *missing* entry is a broken sheet.

use super::answer::{Answer, expected};
use super::bank::Bank;
use super::error::Error;
use super::paper::Paper;
use crate::documents;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use toml::Spanned;

/// A learner's answers to one paper.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The paper.
    pub paper: Paper,
    /// One for each of the paper's questions, in its order.
    pub answers: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    paper: Spanned<Binding>,
    #[serde(default, rename = "answer")]
    answers: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    seed: u64,
    questions: usize,
    digest: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    question: Spanned<String>,
    answer: Spanned<toml::Value>,
}

impl Sheet {
    /// A sheet without answers.
    pub fn blank(paper: Paper) -> Self {
        let answers = vec![Answer::Blank; paper.questions.len()];
        Self { paper, answers }
    }

    /// Reads a sheet's file and draws its paper.
    ///
    /// # Errors
    /// Names file and line of what is wrong.
    pub fn read(path: &Path, bank: &Bank) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::reading(path, error))?;
        Self::parse(path, &text, bank)
    }

    fn parse(path: &Path, text: &str, bank: &Bank) -> Result<Self, Error> {
        let file: File = toml::from_str(text).map_err(|error| Error::malformed(path, error))?;
        let at = |offset: usize, problem: String| Error::Sheet {
            path: path.to_owned(),
            line: 1 + text.get(..offset).unwrap_or(text).matches('\n').count(),
            problem,
        };
        let place = file.paper.span().start;
        let Binding { seed, questions, digest } = file.paper.into_inner();
        let paper = Paper::draw(bank, seed, questions).map_err(|error| at(place, error.to_string()))?;
        if *digest.get_ref() != paper.digest {
            let problem = format!(
                "these answers are for another paper: its digest is {:?}, but seed {seed} with {questions} questions draws {:?}",
                digest.get_ref(),
                paper.digest
            );
            return Err(at(digest.span().start, problem));
        }
        let mut found: BTreeMap<usize, Answer> = BTreeMap::new();
        for Entry { question, answer } in &file.answers {
            let Some((number, asked)) = paper.find(question.get_ref()) else {
                let problem = format!("the paper has no question {:?}", question.get_ref());
                return Err(at(question.span().start, problem));
            };
            let answer = Answer::from_value(asked, answer.get_ref()).map_err(|error| at(answer.span().start, error))?;
            if found.insert(number, answer).is_some() {
                let problem = format!("question {:?} is answered twice: keep one of its entries", question.get_ref());
                return Err(at(question.span().start, problem));
            }
        }
        let missing: Vec<_> = (1..).zip(&paper.questions).filter(|(number, _)| !found.contains_key(number)).collect();
        if !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(|(number, asked)| format!("{number} ({:?})", asked.id)).collect();
            let problem = format!(
                "{} of {questions} questions have no entry: {}; leave a question open with `answer = \"\"`",
                missing.len(),
                names.join(", ")
            );
            return Err(Error::malformed(path, problem));
        }
        Ok(Self { paper, answers: found.into_values().collect() })
    }

    /// Writes the sheet's file, or replaces it.
    ///
    /// # Errors
    /// When the folder or the file cannot be written; an older file is then as it was.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(documents::write(path, self.to_toml().as_bytes())?)
    }

    /// The sheet as its file holds it.
    pub fn to_toml(&self) -> String {
        let Paper { seed, digest, questions } = &self.paper;
        let mut text = format!(
            "# Answers to the paper of seed {seed}. Leave a question open with \"\".\n\n[paper]\nseed = {seed}\nquestions = {}\ndigest = \"{digest}\"\n",
            questions.len()
        );
        for (number, (asked, answer)) in (1..).zip(questions.iter().zip(&self.answers)) {
            let (takes, value) = (expected(asked), answer.to_value(asked));
            let _ = write!(text, "\n# {number}: {takes}\n[[answer]]\nquestion = \"{}\"\nanswer = {value}\n", asked.id);
        }
        text
    }

    /// How many questions have an answer.
    pub fn answered(&self) -> usize {
        self.answers.iter().filter(|answer| !answer.is_blank()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::Sheet;
    use crate::quiz::answer::Answer;
    use crate::quiz::bank::{Bank, Kind};
    use crate::quiz::paper::Paper;
    use std::path::Path;

    fn sheet() -> (Bank, Sheet) {
        let bank = Bank::embedded().unwrap();
        let paper = Paper::draw(&bank, 7, 20).unwrap();
        (bank, Sheet::blank(paper))
    }

    #[test]
    fn a_sheet_comes_back_as_it_was_written() {
        let (bank, mut sheet) = sheet();
        for (asked, answer) in sheet.paper.questions.iter().zip(&mut sheet.answers) {
            *answer = match asked.kind {
                Kind::Single => Answer::Letters(vec!['b']),
                Kind::Multiple => Answer::Letters(vec!['a', 'c']),
                Kind::Ordering => Answer::Letters(asked.options.iter().rev().map(|choice| choice.letter).collect()),
                Kind::Numeric => Answer::Number(0.1 + 0.2),
                Kind::Short => Answer::Text("\"quoted\" \\ Ünï–code".to_owned()),
            };
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.toml");
        sheet.write(&path).unwrap();
        assert_eq!(Sheet::read(&path, &bank).unwrap(), sheet);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_blank_sheet_is_what_people_fill_in() {
        let head: Vec<_> = sheet().1.to_toml().lines().take(19).map(str::to_owned).collect();
        insta::assert_snapshot!(head.join("\n"));
    }

    #[test]
    fn a_broken_sheet_is_refused_with_its_place() {
        let (bank, sheet) = sheet();
        let good = sheet.to_toml();
        let first = sheet.paper.questions[0].id.clone();
        let check = |text: String, expected: &[&str]| {
            let error = Sheet::parse(Path::new("a.toml"), &text, &bank).unwrap_err().to_string();
            for part in expected {
                assert!(error.contains(part), "{error}\nlacks {part}");
            }
        };
        assert!(Sheet::parse(Path::new("a.toml"), &good, &bank).is_ok());
        check(good.replace("seed = 7", "seed = 8"), &["a.toml:6:", "another paper", "seed 8"]);
        check(good.replace("questions = 20", "questions = 2"), &["a.toml:3:", "--questions"]);
        check(
            good.replace(&format!("question = \"{first}\""), "question = \"no-such\""),
            &["a.toml:10:", "\"no-such\""],
        );
        let entry = format!("\n[[answer]]\nquestion = \"{first}\"\nanswer = \"\"\n");
        check(format!("{good}{entry}"), &["answered twice", &first]);
        let rest = good.split_once("# 2:").unwrap();
        let (_, without_first) = (rest.0, rest.1);
        let head = good.split_once("# 1:").unwrap().0;
        check(format!("{head}# 2:{without_first}"), &["1 of 20 questions have no entry", &first, "answer = \"\""]);
        check(
            good.replacen("answer = \"\"", "answer = 3.5\n[[answer]]\nquestion = \"x\"\nanswer = 1", 1),
            &["a.toml:16:", "takes"],
        );
        check(good.replace("[paper]", "[papers]"), &["unknown field `papers`", "line 3"]);
        check("seed 7".to_owned(), &["a.toml", "line 1"]);
    }
}
