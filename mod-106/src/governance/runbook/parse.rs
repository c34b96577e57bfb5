//! Reads a runbook. What looks like a step and is none would silently not be done, so every mistake is an error with its line.

use super::Error;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// A procedure.
#[derive(Debug, Clone)]
pub struct Runbook {
    /// Its first heading.
    pub title: String,
    /// Names and values; an empty value must be given by whoever runs it.
    pub variables: BTreeMap<String, String>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name, unique in the runbook.
    pub name: String,
    /// What is said before it: the Markdown since the block before.
    pub prose: String,
    /// What the shell runs.
    pub command: String,
    /// The exit codes that count as expected.
    pub exits: Vec<i32>,
    /// What standard output must match.
    pub expect: Option<Regex>,
    /// How long it may take.
    pub limit: Duration,
    /// Where it begins in the file, from 1.
    pub line: usize,
}

const LIMIT: Duration = Duration::from_secs(300);

impl Runbook {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Malformed`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|reason| Error::File { path: path.to_owned(), reason })?;
        Self::parse(&text, path)
    }

    /// Reads a runbook's text; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the line.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let mut runbook = Self { title: String::new(), variables: BTreeMap::new(), steps: Vec::new() };
        let malformed = |line: usize, problem: String| Error::Malformed { path: path.to_owned(), line, problem };
        let mut events = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
        let mut told = 0;
        while let Some((event, range)) = events.next() {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) if runbook.title.is_empty() => {
                    let words = events.by_ref().map(|(event, _)| event);
                    runbook.title = text_until(words, |event| matches!(event, Event::End(TagEnd::Heading(_))));
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
                    // The line as it is written: Markdown would take backslashes out of a regular expression.
                    let prose = text[told..range.start].trim();
                    told = range.end;
                    let fence = text[range].lines().next().unwrap_or_default();
                    let info = fence.trim_start_matches(['`', '~']).trim();
                    let words = events.by_ref().map(|(event, _)| event);
                    let body = text_until(words, |event| matches!(event, Event::End(TagEnd::CodeBlock)));
                    runbook.block(info, body, prose, line).map_err(|problem| malformed(line, problem))?;
                }
                _ => {}
            }
        }
        if runbook.steps.is_empty() {
            return Err(malformed(1, "there is no step; a step is a block that opens with ```sh step=NAME".to_owned()));
        }
        Ok(runbook)
    }

    fn block(&mut self, info: &str, body: String, prose: &str, line: usize) -> Result<(), String> {
        let mut words = words(info)?.into_iter();
        match (words.next().as_deref(), words.clone().next().as_deref()) {
            (Some("toml"), Some("variables")) => {
                let read: BTreeMap<String, String> =
                    toml::from_str(&body).map_err(|error| format!("variables are NAME = \"value\": {error}"))?;
                if let Some(name) = read.keys().find(|name| !is_name(name)) {
                    return Err(format!("{name:?} cannot be a variable: give capitals, digits and underscores"));
                }
                self.variables.extend(read);
                Ok(())
            }
            (Some("sh"), Some(_)) => {
                let step = step(words, body, prose, line)?;
                if self.steps.iter().any(|known| known.name == step.name) {
                    return Err(format!("the step {} stands there twice; give each a name of its own", step.name));
                }
                self.steps.push(step);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The variables with those that were given, all of them filled.
    ///
    /// # Errors
    /// [`Error::Variable`] names one that the runbook does not know, or that nobody gave.
    pub fn filled(&self, given: &[(String, String)]) -> Result<BTreeMap<String, String>, Error> {
        let mut variables = self.variables.clone();
        for (name, value) in given {
            if variables.insert(name.clone(), value.clone()).is_none() {
                let known: Vec<_> = self.variables.keys().map(String::as_str).collect();
                return Err(Error::Variable(format!(
                    "the runbook knows no variable {name}; it has {}",
                    known.join(", ")
                )));
            }
        }
        let empty: Vec<_> =
            variables.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name.as_str()).collect();
        if empty.is_empty() {
            return Ok(variables);
        }
        Err(Error::Variable(format!("no value for {}; give each with --set NAME=VALUE", empty.join(", "))))
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn step(attributes: impl Iterator<Item = String>, command: String, prose: &str, line: usize) -> Result<Step, String> {
    let prose = prose.to_owned();
    let mut step = Step { name: String::new(), prose, command, exits: vec![0], expect: None, limit: LIMIT, line };
    for attribute in attributes {
        let (key, value) = attribute.split_once('=').ok_or_else(|| {
            format!("{attribute:?} is no attribute; give step=NAME, exit=CODE, expect=\"REGEX\" or limit=SECONDS")
        })?;
        match key {
            "step" if is_step_name(value) => value.clone_into(&mut step.name),
            "step" => return Err(format!("{value:?} cannot be a step's name; give small letters, digits and hyphens")),
            "exit" => {
                let codes = value.split(',').map(str::parse).collect::<Result<_, _>>();
                step.exits = codes.map_err(|_| format!("exit={value}: give exit codes, such as exit=0 or exit=0,4"))?;
            }
            "expect" => {
                step.expect = Some(Regex::new(value).map_err(|error| format!("expect: {error}"))?);
            }
            "limit" => {
                let seconds = value.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
                step.limit = seconds.map(Duration::from_secs).ok_or_else(|| format!("limit={value}: give seconds"))?;
            }
            other => return Err(format!("{other:?} is not known; a step has step, exit, expect and limit")),
        }
    }
    if step.name.is_empty() {
        return Err(
            "a step needs a name: ```sh step=NAME; a block that is only shown opens with ```sh alone".to_owned()
        );
    }
    Ok(step)
}

fn is_step_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Words apart by spaces; a part in double quotes keeps its spaces, and a backslash there stays unless it is before a quote.
fn words(info: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = info.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if quoted && characters.peek() == Some(&'"') => word.extend(characters.next()),
            '"' => quoted = !quoted,
            space if space.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if quoted {
        return Err("a quote is never closed".to_owned());
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

fn text_until<'a>(events: impl Iterator<Item = Event<'a>>, end: impl Fn(&Event) -> bool) -> String {
    let mut text = String::new();
    for event in events {
        if end(&event) {
            break;
        }
        if let Event::Text(part) | Event::Code(part) = event {
            text.push_str(&part);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Runbook;
    use std::path::Path;

    const SOUND: &str = "# Do `it`\n\n```toml variables\nMODEL = \"a b\"\nOUT = \"\"\n```\n\n```sh\nonly shown\n```\n\n\
        ```sh step=one exit=0,4 expect=\"a \\\"b\\\" \\d+\" limit=5\necho x\n```\n";

    #[test]
    fn a_runbook_is_read() {
        let runbook = Runbook::parse(SOUND, Path::new("x.md")).unwrap();
        let step = &runbook.steps[0];
        assert_eq!((runbook.title.as_str(), runbook.steps.len(), step.name.as_str()), ("Do it", 1, "one"));
        assert_eq!((step.exits.as_slice(), step.command.as_str(), step.line), (&[0, 4][..], "echo x\n", 12));
        assert!(step.expect.as_ref().unwrap().is_match("a \"b\" 12"));
    }

    #[test]
    fn variables_must_be_known_and_filled() {
        fn check(given: &[(&str, &str)], expected: &str) {
            let runbook = Runbook::parse(SOUND, Path::new("x.md")).unwrap();
            let given: Vec<_> = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let answer = runbook.filled(&given).map_or_else(|error| error.to_string(), |filled| filled["OUT"].clone());
            assert_eq!(answer, expected);
        }
        check(&[], "no value for OUT; give each with --set NAME=VALUE");
        check(&[("OTHER", "x")], "the runbook knows no variable OTHER; it has MODEL, OUT");
        check(&[("OUT", "$(x)")], "$(x)");
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        fn check(text: &str, expected: &str) {
            let message = Runbook::parse(text, Path::new("x.md")).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
        check("# x\n", "x.md:1: there is no step");
        check("# x\n\n```sh step=A\n```\n", "x.md:3: \"A\" cannot be a step's name");
        check("# x\n\n```sh exit=0\n```\n", "x.md:3: a step needs a name");
        check("# x\n\n```sh step=a exit=x\n```\n", "x.md:3: exit=x");
        check("# x\n\n```sh step=a expect=\"(\"\n```\n", "x.md:3: expect:");
        check("# x\n\n```sh step=a sudo=yes\n```\n", "x.md:3: \"sudo\" is not known");
        check("# x\n\n```sh step=a\n```\n\n```sh step=a\n```\n", "x.md:6: the step a stands there twice");
        check("# x\n\n```toml variables\na = 1\n```\n", "x.md:3: variables are");
    }
}
