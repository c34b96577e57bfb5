//! Taking a paper: a conversation in lines, the same on a terminal and through a pipe.
//!
//! Lines, not single keys: that works over every connection and with screen readers, and needs no terminal mode that a killed program
//! would leave behind. The sheet is written after each answer, so that whatever ends the conversation, the next one goes on from there.

use super::answer::Answer;
use super::bank::Kind;
use super::error::Error;
use super::paper::Asked;
use super::render::{kind, points};
use super::sheet::Sheet;
use std::io::{BufRead, Write};
use std::path::Path;

/// How to show questions.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether to emphasise with escape sequences.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The learner said that all is done.
    Done,
    /// There is more to do, later.
    Paused,
}

const HELP: &str = "\
Type your answer and press Enter; it is saved at once. Or one of these words:
  back, next     the question before, after
  skip           leave this one open and go on
  clear          take the answer to this one back
  go 7           question 7
  review         all answers so far
  done           finish
  quit           pause; the same command goes on where you were
An answer that is one of these words goes in quotes.";

const REVIEWING: &str = "`go 7` opens question 7, `done` finishes, `quit` pauses.";

enum Word {
    Back,
    Next,
    Clear,
    Go(usize),
    Review,
    Done,
    Quit,
    Help,
    Answer(String),
}

/// Asks until done, paused, or out of input.
///
/// # Errors
/// When the sheet cannot be written or the terminal is gone.
pub fn run(
    sheet: &mut Sheet,
    path: &Path,
    mut input: impl BufRead,
    output: impl Write,
    style: Style,
) -> Result<Ended, Error> {
    // From the start, so that a full disk or a wrong folder is found out before the first answer.
    sheet.write(path)?;
    let index = sheet.answers.iter().position(Answer::is_blank).unwrap_or(sheet.answers.len());
    let mut conversation =
        Conversation { sheet, path, screen: Screen { output, style }, index, asked_to_finish: false };
    conversation.screen.greet(conversation.sheet, path)?;
    let mut next = Next::Show;
    loop {
        match next {
            Next::End(ended) => return Ok(ended),
            Next::Show => conversation.show()?,
            Next::Ask => {}
        }
        let word = conversation.screen.ask(&mut input)?.map_or(Word::Quit, |line| word(&line));
        let finishing = matches!(word, Word::Done);
        next = conversation.obey(word)?;
        conversation.asked_to_finish = finishing;
    }
}

/// What comes after a line.
enum Next {
    /// The question or the review that the conversation is at.
    Show,
    /// The next line, without showing everything again.
    Ask,
    /// Nothing.
    End(Ended),
}

struct Conversation<'a, W> {
    sheet: &'a mut Sheet,
    path: &'a Path,
    screen: Screen<W>,
    /// The question that is open; past the last one, the review.
    index: usize,
    /// Whether the line before said `done` with questions still open.
    asked_to_finish: bool,
}

impl<W: Write> Conversation<'_, W> {
    fn show(&mut self) -> Result<(), Error> {
        if self.index < self.sheet.answers.len() {
            self.screen.question(self.sheet, self.index)
        } else {
            self.screen.review(self.sheet)
        }
    }

    fn obey(&mut self, word: Word) -> Result<Next, Error> {
        let count = self.sheet.answers.len();
        match word {
            Word::Go(number) if (1..=count).contains(&number) => self.index = number - 1,
            Word::Review => self.index = count,
            Word::Back => self.index = self.index.saturating_sub(1),
            Word::Next => self.index = (self.index + 1).min(count),
            Word::Answer(text) if self.index < count => return self.answer(&text),
            Word::Clear if self.index < count => {
                self.sheet.answers[self.index] = Answer::Blank;
                self.sheet.write(self.path)?;
                return self.say("Taken back.");
            }
            Word::Clear | Word::Answer(_) => return self.say(REVIEWING),
            Word::Go(number) => return self.say(&format!("There is no question {number}: they go from 1 to {count}.")),
            Word::Help => return self.say(HELP),
            Word::Quit => {
                self.screen.pause(self.sheet, self.path)?;
                return Ok(Next::End(Ended::Paused));
            }
            Word::Done if self.asked_to_finish || self.sheet.answered() == count => {
                let done = format!("Done: {} of {count} answered, in {}.", self.sheet.answered(), self.path.display());
                self.screen.line(&done)?;
                return Ok(Next::End(Ended::Done));
            }
            Word::Done => {
                return self.say(&format!("Open: {}. Say `done` once more to leave them open.", open(self.sheet)));
            }
        }
        Ok(Next::Show)
    }

    fn answer(&mut self, text: &str) -> Result<Next, Error> {
        match Answer::from_line(&self.sheet.paper.questions[self.index], text) {
            Ok(Answer::Blank) => self.say("Nothing typed. `skip` leaves the question open, `help` says more."),
            Ok(answer) => {
                self.sheet.answers[self.index] = answer;
                self.sheet.write(self.path)?;
                self.index += 1;
                Ok(Next::Show)
            }
            Err(problem) => self.say(&format!("Not understood: {problem}.")),
        }
    }

    fn say(&mut self, text: &str) -> Result<Next, Error> {
        self.screen.line(text)?;
        Ok(Next::Ask)
    }
}

fn word(line: &str) -> Word {
    let line = line.trim();
    let lower = line.to_lowercase();
    match lower.trim_start_matches([':', '/']) {
        "back" | "b<" | "<" => Word::Back,
        "skip" | "next" | ">" => Word::Next,
        "clear" => Word::Clear,
        "review" => Word::Review,
        "done" => Word::Done,
        "quit" | "exit" => Word::Quit,
        "help" | "?" => Word::Help,
        other => match other.strip_prefix("go ").map(|number| number.trim().parse()) {
            Some(Ok(number)) => Word::Go(number),
            _ => Word::Answer(unquoted(line).to_owned()),
        },
    }
}

fn unquoted(line: &str) -> &str {
    line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line)
}

fn open(sheet: &Sheet) -> String {
    let open = (1..).zip(&sheet.answers).filter(|(_, answer)| answer.is_blank());
    open.map(|(number, _): (usize, _)| number.to_string()).collect::<Vec<_>>().join(", ")
}

struct Screen<W> {
    output: W,
    style: Style,
}

impl<W: Write> Screen<W> {
    fn greet(&mut self, sheet: &Sheet, path: &Path) -> Result<(), Error> {
        let paper = &sheet.paper;
        let count = paper.questions.len();
        self.line(&self.bold(&format!("MLOps architecture quiz, paper {}", paper.seed)))?;
        self.line(&format!(
            "{count} questions, {} points, 80 % pass. Answers are saved in {}.",
            paper.points(),
            path.display()
        ))?;
        match sheet.answered() {
            0 => self.line("`help` says what else you can type."),
            answered => self.line(&format!("Welcome back: {answered} of {count} are answered.")),
        }
    }

    fn question(&mut self, sheet: &Sheet, index: usize) -> Result<(), Error> {
        let (asked, answer, count) = (&sheet.paper.questions[index], &sheet.answers[index], sheet.answers.len());
        let place = format!("{} of {count}", index + 1);
        let bar: String = sheet.answers.iter().map(|answer| if answer.is_blank() { '·' } else { '■' }).collect();
        self.line("")?;
        self.line(&format!("{}  {}  {}", self.bold(&place), self.faint(&bar), self.faint(&asked.item)))?;
        self.line("")?;
        self.wrapped(&asked.text, "", "")?;
        if !asked.options.is_empty() {
            self.line("")?;
        }
        for choice in &asked.options {
            self.wrapped(&choice.text, &format!("  {}  ", choice.letter), "     ")?;
        }
        self.line("")?;
        self.line(&self.faint(&format!("{}, {}{}", points(asked.points), kind(asked), example(asked))))?;
        if !answer.is_blank() {
            self.line(&format!("Your answer so far: {}", answer.to_text(asked)))?;
        }
        Ok(())
    }

    fn review(&mut self, sheet: &Sheet) -> Result<(), Error> {
        let count = sheet.answers.len();
        self.line("")?;
        self.line(&self.bold(&format!("Review: {} of {count} answered", sheet.answered())))?;
        for (number, (asked, answer)) in (1..).zip(sheet.paper.questions.iter().zip(&sheet.answers)) {
            let number: usize = number;
            let mark = if answer.is_blank() { "open" } else { "" };
            let head = format!("{number:3}  {:12} {mark:4}  ", shortened(&answer.to_text(asked), 12));
            let rest = self.style.width.saturating_sub(head.chars().count()).max(20);
            self.line(format!("{head}{}", shortened(&asked.text, rest)).trim_end())?;
        }
        self.line(REVIEWING)
    }

    fn pause(&mut self, sheet: &Sheet, path: &Path) -> Result<(), Error> {
        let (answered, count) = (sheet.answered(), sheet.answers.len());
        self.line("")?;
        self.line(&format!(
            "Paused: {answered} of {count} answered, saved in {}. The same command goes on.",
            path.display()
        ))
    }

    /// The next line, or nothing at the end of input.
    fn ask(&mut self, input: &mut impl BufRead) -> Result<Option<String>, Error> {
        write!(self.output, "> ").and_then(|()| self.output.flush()).map_err(Error::Terminal)?;
        let mut bytes = Vec::new();
        // A line without an end must not fill the memory.
        let mut limited = std::io::Read::take(input, 4096);
        let read = limited.read_until(b'\n', &mut bytes).map_err(Error::Terminal)?;
        Ok((read > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn line(&mut self, text: &str) -> Result<(), Error> {
        writeln!(self.output, "{text}").map_err(Error::Terminal)
    }

    fn wrapped(&mut self, text: &str, first: &str, following: &str) -> Result<(), Error> {
        let mut line = first.to_owned();
        let mut empty = true;
        for word in text.split_whitespace() {
            if !empty && line.chars().count() + 1 + word.chars().count() > self.style.width {
                self.line(&line)?;
                following.clone_into(&mut line);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.line(&line)
    }

    fn bold(&self, text: &str) -> String {
        if self.style.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn faint(&self, text: &str) -> String {
        if self.style.colour { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn example(asked: &Asked) -> &'static str {
    match asked.kind {
        Kind::Single => ": type its letter",
        Kind::Multiple => ": type their letters, such as a c",
        Kind::Ordering => ": type all letters, such as c a b …",
        Kind::Numeric | Kind::Short => "",
    }
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{Ended, Style, run};
    use crate::quiz::answer::Answer;
    use crate::quiz::bank::Bank;
    use crate::quiz::paper::Paper;
    use crate::quiz::sheet::Sheet;
    use std::path::Path;

    const PLAIN: Style = Style { colour: false, width: 100 };

    fn converse(path: &Path, lines: &str, style: Style) -> (Ended, Sheet, String) {
        let bank = Bank::embedded().unwrap();
        let mut sheet = if path.exists() {
            Sheet::read(path, &bank).unwrap()
        } else {
            Sheet::blank(Paper::draw(&bank, 106, 7).unwrap())
        };
        let mut output = Vec::new();
        let ended = run(&mut sheet, path, lines.as_bytes(), &mut output, style).unwrap();
        let said = String::from_utf8(output).unwrap();
        assert_eq!(Sheet::read(path, &bank).unwrap(), sheet);
        (ended, sheet, said)
    }

    /// An answer of the right form for each question of the paper.
    fn lines() -> Vec<String> {
        use crate::quiz::bank::Kind::{Multiple, Numeric, Ordering, Short, Single};
        let paper = Paper::draw(&Bank::embedded().unwrap(), 106, 7).unwrap();
        let line = |kind, options: &[crate::quiz::paper::Choice]| match kind {
            Single => "b".to_owned(),
            Multiple => "a c".to_owned(),
            Ordering => options.iter().rev().map(|choice| choice.letter).collect(),
            Numeric => "42".to_owned(),
            Short => "some words".to_owned(),
        };
        paper.questions.iter().map(|asked| line(asked.kind, &asked.options)).collect()
    }

    #[test]
    fn a_whole_conversation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.toml");
        let answers = lines();
        let typed = format!(
            "help\n\n{}\nback\nz\n{}\nskip\n{}\ngo 99\ngo 2\n{}\nreview\ndone\ngo 4\n{}\n{}\n{}\n{}\ndone\n",
            answers[0], answers[0], answers[2], answers[1], answers[3], answers[4], answers[5], answers[6]
        );
        let (ended, sheet, said) = converse(&path, &typed, PLAIN);
        assert_eq!((ended, sheet.answered()), (Ended::Done, 7), "{said}");
        insta::assert_snapshot!(said.replace(&folder.path().display().to_string(), "[folder]"));
    }

    #[test]
    fn a_conversation_goes_on_where_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.toml");
        let answers = lines();
        let (ended, sheet, said) = converse(&path, &format!("{}\n{}\n", answers[0], answers[1]), PLAIN);
        assert_eq!((ended, sheet.answered()), (Ended::Paused, 2));
        assert!(said.contains("Paused: 2 of 7 answered"), "{said}");
        let (ended, sheet, said) = converse(&path, &format!("{}\nquit\n", answers[2]), PLAIN);
        assert_eq!((ended, sheet.answered()), (Ended::Paused, 3));
        assert!(said.contains("Welcome back: 2 of 7") && said.contains("3 of 7  ■■·····"), "{said}");
        let (_, sheet, said) = converse(&path, "go 1\nclear\nquit\n", PLAIN);
        assert!(said.contains("Your answer so far:") && sheet.answers[0] == Answer::Blank, "{said}");
        let (ended, sheet, said) = converse(&path, "done\ndone\n", PLAIN);
        assert_eq!((ended, sheet.answered()), (Ended::Done, 2));
        assert!(said.contains("Open: 1, 4, 5, 6, 7"), "{said}");
    }

    #[test]
    fn strange_input_is_no_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.toml");
        let typed = format!("{}\n\u{0}\u{1b}[2J\ngo x\nquit\n", "x".repeat(9000));
        let (ended, sheet, said) = converse(&path, &typed, PLAIN);
        assert_eq!((ended, sheet.answered()), (Ended::Paused, 0));
        assert!(!said.contains('\u{1b}') && !said.contains('\u{0}'), "{said:?}");
    }

    #[test]
    fn colours_only_where_wanted_and_lines_no_wider() {
        let folder = tempfile::tempdir().unwrap();
        let (_, _, said) =
            converse(&folder.path().join("a.toml"), "skip\nskip\nquit\n", Style { colour: true, width: 60 });
        assert!(said.contains("\u{1b}[1m1 of 7\u{1b}[0m"), "{said}");
        let (_, _, said) =
            converse(&folder.path().join("b.toml"), "skip\nskip\nquit\n", Style { colour: false, width: 60 });
        let wide = said.lines().filter(|line| !line.contains("saved in")).find(|line| line.chars().count() > 80);
        assert!(wide.is_none() && !said.contains('\u{1b}'), "{wide:?}");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_found_out_before_the_first_answer() {
        let bank = Bank::embedded().unwrap();
        let mut sheet = Sheet::blank(Paper::draw(&bank, 1, 7).unwrap());
        let mut said = Vec::new();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let path = folder.path().join("file/a.toml");
        let error = run(&mut sheet, &path, "b\n".as_bytes(), &mut said, PLAIN).unwrap_err();
        assert!(error.to_string().contains("file/a.toml") && said.is_empty(), "{error}");
    }
}
