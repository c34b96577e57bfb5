//! Papers, keys and grades as people read them: Markdown, which is also plain to read on a terminal.

use super::bank::Kind;
use super::grade::{Grade, Part};
use super::key::{Entry, Key, Right};
use super::paper::{Asked, Paper};
use std::fmt::Write;

/// A paper to print. Writing to a string cannot fail, here and below.
pub fn paper(paper: &Paper) -> String {
    let mut text = format!(
        "# MLOps architecture quiz, paper {}\n\n{} questions, {} points. 80 % pass.\n\nPaper `{}`.\n",
        paper.seed,
        paper.questions.len(),
        paper.points(),
        paper.digest
    );
    let mut item = "";
    for (number, asked) in (1..).zip(&paper.questions) {
        if asked.item != item {
            item = &asked.item;
            let _ = write!(text, "\n## {item}\n");
        }
        let _ = write!(text, "\n{}", question(number, asked));
    }
    text
}

fn question(number: usize, asked: &Asked) -> String {
    let mut text = format!("**{number}.** {} *({}; {})*\n", asked.text, kind(asked), points(asked.points));
    if !asked.options.is_empty() {
        text.push('\n');
    }
    for choice in &asked.options {
        let _ = writeln!(text, "- **{}** {}", choice.letter, choice.text);
    }
    text
}

/// How a question is answered, with its unit.
pub fn kind(asked: &Asked) -> String {
    if asked.unit.is_empty() {
        asked.kind.to_string()
    } else {
        format!("{} of {}", asked.kind, asked.unit).replace("of %", "in %")
    }
}

/// `1 point`, `2 points`
pub fn points(count: u32) -> String {
    if count == 1 { "1 point".to_owned() } else { format!("{count} points") }
}

/// A paper's key, for instructors.
pub fn key(paper: &Paper, key: &Key) -> String {
    let mut text = format!("# Key to paper {}, for instructors\n\nPaper `{}`.\n", paper.seed, paper.digest);
    for (number, asked) in (1..).zip(&paper.questions) {
        let Some(entry) = key.entries.get(&asked.id) else { continue };
        let _ = write!(
            text,
            "\n{}\n**Answer:** {}\n\n{}\n\n<{}>\n",
            question(number, asked),
            right(asked, entry),
            entry.explanation,
            entry.reference
        );
    }
    text
}

/// What is right, in the paper's letters.
pub fn right(asked: &Asked, entry: &Entry) -> String {
    let on_paper = |letters: &[char], between: &str| {
        let choice = |letter: &char| asked.options.iter().find(|choice| choice.in_bank == *letter);
        let letters = letters.iter().filter_map(choice).map(|choice| choice.letter.to_string());
        let mut letters: Vec<_> = letters.collect();
        if asked.kind == Kind::Multiple {
            letters.sort();
        }
        letters.join(between)
    };
    match &entry.right {
        Right::Single(letter) => on_paper(&[*letter], ""),
        Right::Multiple(letters) => on_paper(letters, " "),
        Right::Ordering(letters) => on_paper(letters, " > "),
        Right::Number { value, tolerance } => {
            let value = format!("{value:.4}");
            let value = if value.contains('.') { value.trim_end_matches('0').trim_end_matches('.') } else { &value };
            format!("{value} {} (± {tolerance})", asked.unit).replace("  ", " ")
        }
        Right::Words(words) => words.model.clone(),
    }
}

/// A grade, with what to learn again.
pub fn grade(grade: &Grade) -> String {
    let verdict = if grade.passed { "Passed" } else { "Not passed" };
    let Part { earned, possible, .. } = grade.total;
    let mut text = format!(
        "# {verdict}: {} % of the points ({earned} of {possible}; {} % are needed)\n\n",
        grade.percent, grade.pass_percent
    );
    table(&mut text, "Content item", &grade.items);
    let weak: Vec<_> =
        grade.objectives.iter().filter(|part| part.percent < f64::from(grade.pass_percent)).cloned().collect();
    if !weak.is_empty() {
        text.push_str("\n## What to learn again\n\n");
        table(&mut text, "Objective", &weak);
    }
    let blank: Vec<_> =
        grade.questions.iter().filter(|graded| !graded.answered).map(|graded| graded.number.to_string()).collect();
    if !blank.is_empty() {
        let _ = write!(text, "\nWithout an answer: {}.\n", blank.join(", "));
    }
    text
}

fn table(text: &mut String, head: &str, parts: &[Part]) {
    let width = parts.iter().map(|part| part.name.chars().count()).chain([head.len()]).max().unwrap_or(0);
    let _ = writeln!(text, "| {head:width$} | Points       | Share   |");
    let _ = writeln!(text, "|{}|-------------:|--------:|", "-".repeat(width + 2));
    for part in parts {
        let points = format!("{} of {}", part.earned, part.possible);
        let share = format!("{:.1} %", part.percent);
        let _ = writeln!(text, "| {:width$} | {points:>12} | {share:>7} |", part.name);
    }
}

#[cfg(test)]
mod tests {
    use crate::quiz::answer::Answer;
    use crate::quiz::bank::{Bank, Kind};
    use crate::quiz::key::Key;
    use crate::quiz::paper::Paper;
    use crate::quiz::sheet::Sheet;
    use std::path::Path;

    fn paper_and_key() -> (Paper, Key) {
        let key = Key::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("quiz/key")).unwrap();
        (Paper::draw(&Bank::embedded().unwrap(), 106, 7).unwrap(), key)
    }

    #[test]
    fn a_paper_to_print() {
        insta::assert_snapshot!(super::paper(&paper_and_key().0));
    }

    #[test]
    fn a_key_to_print() {
        let (paper, key) = paper_and_key();
        insta::assert_snapshot!(super::key(&paper, &key));
    }

    #[test]
    fn a_grade_to_read() {
        let (paper, key) = paper_and_key();
        let mut sheet = Sheet::blank(paper);
        for (asked, answer) in sheet.paper.questions.iter().zip(&mut sheet.answers) {
            *answer = match asked.kind {
                Kind::Numeric | Kind::Short => Answer::Blank,
                Kind::Ordering => Answer::Letters(asked.options.iter().map(|choice| choice.letter).collect()),
                Kind::Single | Kind::Multiple => Answer::Letters(vec!['a']),
            };
        }
        insta::assert_snapshot!(super::grade(&crate::quiz::grade::grade(&sheet, &key)));
    }
}
