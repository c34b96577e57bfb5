//! Whether bank and key fit: each question has one answer that can be given, and each pattern accepts what it should.
//!
//! A test of this part runs it over what is in the repository; grading runs it first, so that nobody is graded by a key that belongs to
//! another bank.

use super::bank::{Bank, Item, Kind, Question};
use super::credit;
use super::key::{Entry, Key, Right, Words};
use std::collections::BTreeSet;

/// Every misfit, in words; none when all is well.
pub fn problems(bank: &Bank, key: &Key) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    for (item, question) in bank.questions() {
        ids.insert(&question.id);
        let found = match key.entries.get(&question.id) {
            None => vec!["has no key".to_owned()],
            Some(entry) => misfits(item, question, entry),
        };
        problems.extend(found.into_iter().map(|problem| format!("question {:?} {problem}", question.id)));
    }
    let strays = key.entries.keys().filter(|id| !ids.contains(id));
    problems.extend(strays.map(|id| format!("the key of {id:?} belongs to no question")));
    problems
}

fn misfits(item: &Item, question: &Question, entry: &Entry) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |wrong: bool, problem: &str| {
        if wrong {
            found.push(problem.to_owned());
        }
    };
    note(entry.item != item.id, "has its key in another item's file");
    note(entry.explanation.trim().is_empty(), "has no explanation");
    note(!entry.reference.starts_with("https://"), "has no public reference");
    let options: BTreeSet<char> = question.options.keys().copied().collect();
    let distinct = |letters: &[char]| letters.iter().collect::<BTreeSet<_>>().len() == letters.len();
    match (&entry.right, question.kind) {
        (Right::Single(letter), Kind::Single) => note(!options.contains(letter), "has a key letter that is no option"),
        (Right::Multiple(letters), Kind::Multiple) => {
            note(!letters.iter().all(|letter| options.contains(letter)), "has a key letter that is no option");
            note(!distinct(letters), "has a key letter twice");
            let right = u32::try_from(letters.len()).unwrap_or(u32::MAX);
            note(right < 2 || letters.len() >= options.len(), "should have two right options and a wrong one at least");
            note(!credit::divides(right), "has a number of right options that points cannot be divided by");
        }
        (Right::Ordering(letters), Kind::Ordering) => {
            let all = letters.iter().copied().collect::<BTreeSet<_>>() == options && distinct(letters);
            note(!all, "has an order that does not hold each option once");
        }
        (Right::Number { value, tolerance }, Kind::Numeric) => {
            note(
                !value.is_finite() || !tolerance.is_finite() || *tolerance < 0.0,
                "has a value or tolerance that is no number",
            );
        }
        (Right::Words(words), Kind::Short) => found.extend(word_misfits(words)),
        _ => note(true, "has a key of another kind"),
    }
    found
}

fn word_misfits(words: &Words) -> Vec<String> {
    let mut found = Vec::new();
    for right in words.variants.iter().chain([&words.model]) {
        if !words.accepts(right) {
            found.push(format!("does not accept {right:?}"));
        }
    }
    if words.refused.is_empty() {
        found.push("names no wrong answer that it must refuse".to_owned());
    }
    for wrong in words.refused.iter().map(String::as_str).chain([""]) {
        if words.accepts(wrong) {
            found.push(format!("accepts {wrong:?}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::quiz::bank::{Bank, Kind};
    use crate::quiz::key::{Key, Right};
    use std::collections::BTreeMap;
    use std::path::Path;

    fn key() -> Key {
        Key::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("quiz/key")).unwrap()
    }

    #[test]
    fn the_key_fits_the_bank() {
        assert_eq!(problems(&Bank::embedded().unwrap(), &key()), Vec::<String>::new());
    }

    #[test]
    fn right_letters_are_spread_in_the_bank() {
        let (bank, key) = (Bank::embedded().unwrap(), key());
        let mut letters: BTreeMap<char, usize> = BTreeMap::new();
        for (_, question) in bank.questions().filter(|(_, question)| question.kind == Kind::Single) {
            if let Right::Single(letter) = key.entries[&question.id].right {
                *letters.entry(letter).or_default() += 1;
            }
        }
        assert!(letters.len() == 4 && letters.values().all(|count| *count >= 3), "{letters:?}");
    }

    #[test]
    fn the_longest_option_is_not_the_right_one_too_often() {
        let (bank, key) = (Bank::embedded().unwrap(), key());
        let (mut longest, mut all) = (0, 0);
        for (_, question) in bank.questions() {
            if let Right::Single(letter) = key.entries[&question.id].right {
                let length = |letter: &char| question.options[letter].chars().count();
                all += 1;
                longest += usize::from(
                    question.options.keys().all(|other| *other == letter || length(other) < length(&letter)),
                );
            }
        }
        assert!(longest * 2 <= all, "the longest option is right in {longest} of {all} questions");
    }

    #[test]
    fn misfits_are_named() {
        let bank = Bank::embedded().unwrap();
        let check = |id: &str, change: &dyn Fn(&mut Key), expected: &str| {
            let mut key = key();
            assert!(key.entries.contains_key(id));
            change(&mut key);
            let found = problems(&bank, &key).join("\n");
            assert!(found.contains(expected), "{found}");
        };
        let (single, multiple, short) = ("level-from-evidence", "what-level-one-adds", "two-code-paths");
        let set = |id: &'static str, right: Right| {
            move |key: &mut Key| key.entries.get_mut(id).unwrap().right = right.clone()
        };
        check(single, &|key| drop(key.entries.remove(single)), "\"level-from-evidence\" has no key");
        check(single, &set(single, Right::Single('z')), "no option");
        check(multiple, &set(multiple, Right::Multiple(vec!['b', 'b'])), "twice");
        check(multiple, &set(multiple, Right::Multiple("abcde".chars().collect())), "a wrong one at least");
        check("microsoft-levels", &set("microsoft-levels", Right::Ordering(vec!['a'])), "each option once");
        check("error-budget-left", &set("error-budget-left", Right::Single('a')), "another kind");
        check(single, &|key| key.entries.get_mut(single).unwrap().reference.clear(), "public reference");
        check(single, &|key| key.entries.get_mut(single).unwrap().item = "x".to_owned(), "another item's file");
        check(
            short,
            &|key| match &mut key.entries.get_mut(short).unwrap().right {
                Right::Words(words) => words.refused.push("train-serve skew".to_owned()),
                other => panic!("{other:?}"),
            },
            "accepts \"train-serve skew\"",
        );
        let stray = |key: &mut Key| drop(key.entries.insert("stray".to_owned(), key.entries[single].clone()));
        check(single, &stray, "\"stray\" belongs to no question");
    }
}
