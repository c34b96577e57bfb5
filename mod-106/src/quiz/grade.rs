//! Grading: pure functions from a sheet and the key to points and feedback.
//!
//! Multiple choice gives right minus wrong, over the right ones; ordering gives Kendall's τ, pairs in order minus pairs reversed, over all
//! pairs (Kendall 1938, doi:10.1093/biomet/30.1-2.81); neither goes below nothing. So guessing everything gains nothing. A grade names no
//! right answer: learners may see it.

use super::answer::Answer;
use super::bank::Kind;
use super::credit::{Credit, WHOLE};
use super::key::{Key, Right};
use super::paper::Asked;
use super::sheet::Sheet;
use serde::Serialize;

/// The least grade that passes, in per cent of the points.
pub const PASS_PERCENT: u32 = 80;

/// A graded sheet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grade {
    /// Whether it is enough.
    pub passed: bool,
    /// Of all points, rounded down to a tenth: 79.99 must not read as 80.
    pub percent: f64,
    /// What is enough.
    pub pass_percent: u32,
    /// What the paper was drawn by.
    pub seed: u64,
    /// The paper's digest.
    pub digest: String,
    /// All of it together.
    pub total: Part,
    /// By content item, in the curriculum's order.
    pub items: Vec<Part>,
    /// By objective, weakest first.
    pub objectives: Vec<Part>,
    /// By question, in the paper's order.
    pub questions: Vec<Graded>,
}

/// What was earned in one part of the paper.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What the part is.
    pub name: String,
    /// Points, to a hundredth.
    pub earned: f64,
    /// Points that could be earned.
    pub possible: u32,
    /// Rounded down to a tenth.
    pub percent: f64,
    /// In 2520ths of a point, exact.
    #[serde(skip)]
    parts: u64,
}

/// One question's outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Graded {
    /// Its number on the paper.
    pub number: usize,
    /// Its id.
    pub id: String,
    /// Its content item.
    pub item: String,
    /// How it is answered.
    pub kind: Kind,
    /// Whether there was an answer.
    pub answered: bool,
    /// Points, to a hundredth.
    pub earned: f64,
    /// Points that could be earned.
    pub possible: u32,
}

/// Grades a sheet. A question without a key earns nothing; `verify` makes sure that there is none.
pub fn grade(sheet: &Sheet, key: &Key) -> Grade {
    let mut total = Part::new("all questions");
    let (mut items, mut objectives) = (Vec::new(), Vec::new());
    let mut questions = Vec::new();
    for (number, (asked, answer)) in (1..).zip(sheet.paper.questions.iter().zip(&sheet.answers)) {
        let credit = key.entries.get(&asked.id).map_or(Credit::NONE, |entry| credit(asked, answer, &entry.right));
        total.add(credit, asked.points);
        part(&mut items, &asked.item).add(credit, asked.points);
        part(&mut objectives, &asked.objective).add(credit, asked.points);
        questions.push(Graded {
            number,
            id: asked.id.clone(),
            item: asked.item.clone(),
            kind: asked.kind,
            answered: !answer.is_blank(),
            earned: points(u64::from(credit.parts()) * u64::from(asked.points)),
            possible: asked.points,
        });
    }
    // A stable sort: equally weak objectives stay in the curriculum's order.
    objectives.sort_by(|a, b| a.percent.total_cmp(&b.percent));
    Grade {
        passed: total.parts * 100 >= u64::from(PASS_PERCENT) * u64::from(total.possible) * u64::from(WHOLE),
        percent: total.percent,
        pass_percent: PASS_PERCENT,
        seed: sheet.paper.seed,
        digest: sheet.paper.digest.clone(),
        total,
        items,
        objectives,
        questions,
    }
}

/// The credit for one answer.
pub fn credit(asked: &Asked, answer: &Answer, right: &Right) -> Credit {
    match (answer, right) {
        (Answer::Letters(letters), Right::Single(letter)) => Credit::of(in_bank(asked, letters) == [*letter]),
        (Answer::Letters(letters), Right::Multiple(right)) => {
            let chosen = in_bank(asked, letters);
            let hits = chosen.iter().filter(|letter| right.contains(letter)).count();
            Credit::right_minus_wrong(count(hits), count(chosen.len() - hits), count(right.len()))
        }
        (Answer::Letters(letters), Right::Ordering(right)) => kendall(&in_bank(asked, letters), right),
        (Answer::Number(number), Right::Number { value, tolerance }) => {
            // A tolerance of 0 still allows for the last bit of a decimal fraction.
            Credit::of((number - value).abs() <= tolerance + 1e-12 * value.abs())
        }
        (Answer::Text(text), Right::Words(words)) => Credit::of(words.accepts(text)),
        _ => Credit::NONE,
    }
}

fn in_bank(asked: &Asked, letters: &[char]) -> Vec<char> {
    let bank_letter = |letter: &char| asked.options.iter().find(|choice| choice.letter == *letter);
    letters.iter().filter_map(bank_letter).map(|choice| choice.in_bank).collect()
}

fn kendall(order: &[char], right: &[char]) -> Credit {
    let place = |letter: &char| right.iter().position(|other| other == letter);
    let (mut kept, mut reversed) = (0, 0);
    for (index, first) in order.iter().enumerate() {
        for second in &order[index + 1..] {
            if place(first) < place(second) {
                kept += 1;
            } else {
                reversed += 1;
            }
        }
    }
    Credit::right_minus_wrong(kept, reversed, count(right.len() * right.len().saturating_sub(1) / 2))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn part<'a>(parts: &'a mut Vec<Part>, name: &str) -> &'a mut Part {
    let index = parts.iter().position(|part| part.name == name).unwrap_or_else(|| {
        parts.push(Part::new(name));
        parts.len() - 1
    });
    &mut parts[index]
}

impl Part {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), earned: 0.0, possible: 0, percent: 0.0, parts: 0 }
    }

    fn add(&mut self, credit: Credit, worth: u32) {
        self.parts += u64::from(credit.parts()) * u64::from(worth);
        self.possible += worth;
        self.earned = points(self.parts);
        self.percent = (self.parts * 1000 / (u64::from(self.possible) * u64::from(WHOLE))) as f64 / 10.0;
    }
}

/// Hundredths of a point, rounded down.
fn points(parts: u64) -> f64 {
    (parts * 100 / u64::from(WHOLE)) as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::{Grade, credit, grade};
    use crate::quiz::answer::{Answer, tests::question};
    use crate::quiz::bank::{Bank, Kind};
    use crate::quiz::credit::{Credit, WHOLE};
    use crate::quiz::key::{Key, Right};
    use crate::quiz::paper::{Asked, Paper};
    use crate::quiz::sheet::Sheet;
    use proptest::prelude::*;
    use std::path::Path;
    use std::sync::LazyLock;

    static BANK: LazyLock<Bank> = LazyLock::new(|| Bank::embedded().unwrap());
    static KEY: LazyLock<Key> =
        LazyLock::new(|| Key::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("quiz/key")).unwrap());

    /// The full answer, in the paper's letters.
    fn full(asked: &Asked, key: &Key) -> Answer {
        let on_paper = |in_bank: &char| asked.options.iter().find(|choice| choice.in_bank == *in_bank).unwrap().letter;
        match &key.entries[&asked.id].right {
            Right::Single(letter) => Answer::Letters(vec![on_paper(letter)]),
            Right::Multiple(letters) | Right::Ordering(letters) => {
                Answer::Letters(letters.iter().map(on_paper).collect())
            }
            Right::Number { value, .. } => Answer::Number(*value),
            Right::Words(words) => Answer::Text(words.model.clone()),
        }
    }

    fn full_sheet(seed: u64, size: usize, key: &Key) -> Sheet {
        let paper = Paper::draw(&BANK, seed, size).unwrap();
        let answers = paper.questions.iter().map(|asked| full(asked, key)).collect();
        Sheet { paper, answers }
    }

    #[test]
    fn credit_is_partial_where_an_answer_is_partly_right() {
        fn check(kind: Kind, right: Right, answer: &str, of_six: u32) {
            let asked = question(kind, "");
            let answer = Answer::from_line(&asked, answer).unwrap();
            assert_eq!(credit(&asked, &answer, &right).parts(), of_six * WHOLE / 6, "{answer:?}");
        }
        let two = || Right::Multiple(vec!['a', 'b']);
        check(Kind::Multiple, two(), "ab", 6);
        check(Kind::Multiple, two(), "a", 3);
        check(Kind::Multiple, two(), "abc", 3);
        check(Kind::Multiple, two(), "abcd", 0);
        check(Kind::Multiple, two(), "cd", 0);
        check(Kind::Multiple, two(), "", 0);
        let order = || Right::Ordering("abcd".chars().collect());
        check(Kind::Ordering, order(), "abcd", 6);
        check(Kind::Ordering, order(), "bacd", 4);
        check(Kind::Ordering, order(), "badc", 2);
        check(Kind::Ordering, order(), "dcba", 0);
        check(Kind::Ordering, order(), "bdac", 0);
        check(Kind::Single, Right::Single('c'), "c", 6);
        check(Kind::Single, Right::Single('c'), "a", 0);
        let number = |tolerance| Right::Number { value: 0.3, tolerance };
        check(Kind::Numeric, number(0.0), "0.3", 6);
        check(Kind::Numeric, number(0.1), "0.4", 6);
        check(Kind::Numeric, number(0.1), "0.41", 0);
    }

    #[test]
    fn a_full_key_is_worth_everything_and_a_blank_sheet_nothing() {
        let (key, bank) = (&KEY, &BANK);
        for seed in 0..50 {
            let sheet = full_sheet(seed, 20, key);
            let grade = super::grade(&sheet, key);
            assert!(
                grade.passed && grade.percent == 100.0 && grade.total.earned == f64::from(grade.total.possible),
                "{seed}"
            );
            let blank = super::grade(&Sheet::blank(sheet.paper), key);
            assert!(!blank.passed && blank.percent == 0.0);
        }
        assert_eq!(super::grade(&full_sheet(1, bank.len(), key), key).percent, 100.0);
    }

    #[test]
    fn eighty_per_cent_pass_and_a_hair_less_does_not() {
        let key = &KEY;
        // Both sides of the border, by blanking questions one after the other.
        let (mut above, mut below) = (None::<Grade>, None::<Grade>);
        for seed in 0..200 {
            let mut sheet = full_sheet(seed, 20, key);
            for index in 0..20 {
                sheet.answers[index] = Answer::Blank;
                let grade = grade(&sheet, key);
                assert_eq!(grade.passed, grade.total.earned * 100.0 >= 80.0 * f64::from(grade.total.possible));
                if grade.passed && above.as_ref().is_none_or(|best| grade.percent < best.percent) {
                    above = Some(grade);
                } else if !grade.passed && below.as_ref().is_none_or(|best| grade.percent > best.percent) {
                    below = Some(grade);
                }
            }
        }
        assert_eq!(above.unwrap().percent, 80.0);
        assert!(below.unwrap().percent < 80.0);
    }

    /// Any answer to any question of the bank, right or wrong.
    fn any_answer(asked: &Asked, choice: u64) -> Answer {
        let letters: Vec<char> = asked.options.iter().map(|choice| choice.letter).collect();
        match asked.kind {
            _ if choice.is_multiple_of(7) => Answer::Blank,
            Kind::Single => Answer::Letters(vec![letters[choice as usize % letters.len()]]),
            Kind::Multiple => Answer::Letters(
                letters.iter().enumerate().filter(|(bit, _)| choice >> bit & 1 == 1).map(|(_, l)| *l).collect(),
            ),
            Kind::Ordering => {
                let mut letters = letters;
                fastrand::Rng::with_seed(choice).shuffle(&mut letters);
                Answer::Letters(letters)
            }
            Kind::Numeric => Answer::Number(f64::from_bits(choice).clamp(-1e9, 1e9)),
            Kind::Short => Answer::Text(format!("word {choice}")),
        }
    }

    proptest! {
        #[test]
        fn grades_stay_between_nothing_and_everything(seed in 0u64..50, choices in prop::collection::vec(any::<u64>(), 20)) {
            let key = &KEY;
            let mut sheet = full_sheet(seed, 20, key);
            sheet.answers = sheet.paper.questions.iter().zip(&choices).map(|(asked, choice)| any_answer(asked, *choice)).collect();
            let grade = grade(&sheet, key);
            prop_assert!((0.0..=100.0).contains(&grade.percent));
            prop_assert_eq!(grade.questions.iter().map(|graded| graded.possible).sum::<u32>(), grade.total.possible);
            for graded in &grade.questions {
                prop_assert!((0.0..=f64::from(graded.possible)).contains(&graded.earned), "{graded:?}");
            }
            prop_assert!(grade.objectives.windows(2).all(|pair| pair[0].percent <= pair[1].percent));
        }

        #[test]
        fn a_better_answer_never_lowers_the_grade(seed in 0u64..50, choices in prop::collection::vec(any::<u64>(), 20), mended in 0usize..20) {
            let key = &KEY;
            let mut sheet = full_sheet(seed, 20, key);
            let right = sheet.answers[mended].clone();
            sheet.answers = sheet.paper.questions.iter().zip(&choices).map(|(asked, choice)| any_answer(asked, *choice)).collect();
            let before = grade(&sheet, key);
            sheet.answers[mended] = right;
            let after = grade(&sheet, key);
            prop_assert!(after.percent >= before.percent && (after.passed || !before.passed));
            prop_assert_eq!(after.questions[mended].earned, f64::from(after.questions[mended].possible));
        }

        #[test]
        fn ticking_a_right_option_gains_and_a_wrong_one_loses(chosen in 0u32..16) {
            let asked = question(Kind::Multiple, "");
            let right = Right::Multiple(vec!['a', 'b']);
            let worth = |bits: u32| -> Credit {
                let letters = ('a'..='d').enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, letter)| letter).collect();
                credit(&asked, &Answer::Letters(letters), &right)
            };
            for bit in 0..4 {
                let (without, with) = (worth(chosen & !(1 << bit)), worth(chosen | 1 << bit));
                let fair = if bit < 2 { with >= without } else { with <= without };
                prop_assert!(fair);
            }
        }

        #[test]
        fn swapping_a_reversed_pair_of_neighbours_gains(order in Just(('a'..='f').collect::<Vec<_>>()).prop_shuffle(), at in 0usize..5) {
            let right: Vec<char> = ('a'..='f').collect();
            let before = super::kendall(&order, &right);
            let mut mended = order.clone();
            mended.swap(at, at + 1);
            let after = super::kendall(&mended, &right);
            let fair = if order[at] > order[at + 1] { after >= before } else { after <= before };
            prop_assert!(fair);
            prop_assert_eq!(super::kendall(&right, &right), Credit::FULL);
        }
    }
}
