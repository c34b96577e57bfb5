//! Follows every link in both directions, and reads every first command as the program that it names would.

use super::entry::Entry;
use super::runbooks::Section;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Something that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The alert, runbook section or owner.
    pub of: String,
    /// What was found, and what was expected.
    pub reason: String,
}

/// Programs that may be named besides our own: those that runbooks tell people to have.
const PROGRAMS: [&str; 8] = ["amtool", "cat", "curl", "df", "git", "kubectl", "ls", "promtool"];

/// Checks entries against sections by `FILE#heading` and owners. `own` says why a command line of our own program would not be
/// understood, if so.
pub fn check(
    entries: &[Entry],
    runbook_base: &str,
    sections: &BTreeMap<String, Section>,
    owners: &BTreeSet<String>,
    own: &impl Fn(&[String]) -> Result<(), String>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |of: &str, reason: String| problems.push(Problem { of: of.to_owned(), reason });
    let mut read = BTreeSet::new();
    let mut names = BTreeSet::new();
    for entry in entries {
        if !names.insert(&entry.name) {
            add(&entry.name, "two alerts have this name; a page must say which".to_owned());
        }
        for (field, text) in [("service", &entry.service), ("summary", &entry.summary)] {
            if text.is_empty() {
                add(&entry.name, format!("has no {field}"));
            }
        }
        if !["page", "ticket"].contains(&entry.severity.as_str()) {
            add(&entry.name, format!("severity is `{}`; expected page or ticket", entry.severity));
        }
        if !owners.contains(&entry.owner) {
            add(&entry.name, format!("owner is `{}`, whom nobody knows", entry.owner));
        }
        let link = entry.runbook_url.strip_prefix(runbook_base).unwrap_or_default();
        match sections.get(link) {
            None => add(&entry.name, format!("its runbook `{}` leads to no section", entry.runbook_url)),
            Some(section) => {
                read.insert(link.to_owned());
                if section.title != entry.name {
                    add(&entry.name, format!("its runbook is headed {}", section.title));
                }
                if section.first_command.as_deref() != Some(&entry.first_command) {
                    let found = section.first_command.as_deref().unwrap_or("nothing");
                    add(&entry.name, format!("says to type `{}` first, its runbook says {found}", entry.first_command));
                }
            }
        }
        if let Err(reason) = command(&entry.first_command, own) {
            add(&entry.name, format!("its first command is dead: {reason}"));
        }
    }
    for (link, section) in sections.iter().filter(|(link, _)| !read.contains(*link)) {
        add(link, format!("{} is an alert that no rule raises", section.title));
    }
    for owner in owners.iter().filter(|owner| !entries.iter().any(|entry| entry.owner == **owner)) {
        add(owner, "owns no alert".to_owned());
    }
    problems
}

fn command(text: &str, own: &impl Fn(&[String]) -> Result<(), String>) -> Result<(), String> {
    let words = words(text)?;
    match words.first().map(String::as_str) {
        None => Err("there is none".to_owned()),
        Some("mod-553") => own(&words),
        Some(program) if PROGRAMS.contains(&program) => Ok(()),
        Some(program) => {
            Err(format!("`{program}` is no program that somebody on call has; known are {}", PROGRAMS.join(", ")))
        }
    }
}

/// The words of a simple command, by POSIX's rules for quotes (XCU 2.2). More than a simple command is no *first* command.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote): (Vec<String>, Option<String>, Option<char>) = (Vec::new(), None, None);
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, ';' | '|' | '&' | '<' | '>' | '`' | '\n') => {
                return Err(format!("`{character}` makes it more than one command"));
            }
            _ => word.get_or_insert_default().push(character),
        }
    }
    if let Some(open) = quote {
        return Err(format!("a quote {open} is never closed"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::super::runbooks::Section;
    use super::{check, words};
    use crate::playbook::Entry;
    use std::collections::BTreeMap;

    fn entry() -> Entry {
        let text = str::to_owned;
        Entry {
            name: text("Slow"),
            severity: text("page"),
            owner: text("team"),
            service: text("s"),
            summary: text("It is slow"),
            runbook_url: text("runbooks/a.md#slow"),
            first_command: text("curl -fsS \"$URL/x y\""),
            expr: text("up == 0"),
        }
    }

    #[test]
    fn every_loose_end_is_found_in_both_directions() {
        fn problems(entry: Entry, heading: &str) -> String {
            let section = Section {
                title: heading.to_owned(),
                first_command: Some("curl -fsS \"$URL/x y\"".to_owned()),
                text: String::new(),
            };
            let sections = BTreeMap::from([(format!("a.md#{}", heading.to_lowercase()), section)]);
            let own = |words: &[String]| if words.len() > 2 { Err("no such flag".to_owned()) } else { Ok(()) };
            let found = check(&[entry], "runbooks/", &sections, &["team".to_owned()].into(), &own);
            found.iter().map(|problem| format!("{}: {}\n", problem.of, problem.reason)).collect()
        }
        let with = |change: fn(&mut Entry)| {
            let mut changed = entry();
            change(&mut changed);
            changed
        };
        assert_eq!(problems(entry(), "Slow"), "");
        let other = problems(entry(), "Fast");
        assert!(
            other.contains("leads to no section") && other.contains("a.md#fast: Fast is an alert that no rule raises"),
            "{other}"
        );
        let owner = problems(with(|entry| entry.owner = "nobody".to_owned()), "Slow");
        assert!(owner.contains("owner is `nobody`") && owner.contains("team: owns no alert"), "{owner}");
        assert!(problems(with(|entry| entry.severity = "loud".to_owned()), "Slow").contains("expected page or ticket"));
        let command = problems(with(|entry| entry.first_command = "mod-553 x --gone".to_owned()), "Slow");
        assert!(command.contains("dead: no such flag") && command.contains("its runbook says curl"), "{command}");
        assert!(
            problems(with(|entry| entry.first_command = "htop".to_owned()), "Slow").contains("`htop` is no program")
        );
        assert!(
            problems(with(|entry| entry.first_command = "ls | wc".to_owned()), "Slow")
                .contains("more than one command")
        );
        assert!(problems(with(|entry| entry.summary = String::new()), "Slow").contains("has no summary"));
    }

    #[test]
    fn words_are_the_shells() {
        assert_eq!(words("a 'b c' \"d'e\"f ''").unwrap(), ["a", "b c", "d'ef", ""]);
        assert!(words("a 'b").is_err());
    }
}
