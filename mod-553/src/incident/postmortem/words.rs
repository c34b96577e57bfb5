//! Wording. A sentence about a person ends the search for what made the mistake possible, so names become roles, and words of blame
//! are shown to whoever edits the document.

use regex::Regex;

/// Words that ask who, and what to ask instead.
const BLAME: [(&str, &str); 7] = [
    ("human error", "what made the wrong action look right?"),
    ("fault of", "what let one change have this effect?"),
    ("should have", "what would have had to be visible for it to be done?"),
    ("forgot", "what reminded nobody?"),
    ("careless", "what made the careful way the slow one?"),
    ("failed to", "what stood in the way?"),
    ("negligen", "which check was missing?"),
];

/// The text with people as what they were; `people` are ids, full names and addresses, of which the longest that fits is replaced.
pub(super) fn without_names(text: &str, people: &[String]) -> String {
    let mut names: Vec<_> =
        people.iter().filter(|name| !name.trim().is_empty()).map(|name| regex::escape(name)).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    match Regex::new(&format!(r"(?i)\b(?:{})\b", names.join("|"))) {
        Ok(names_alone) if !names.is_empty() => names_alone.replace_all(text, "the responder").into_owned(),
        _ => text.to_owned(),
    }
}

/// What in a text blames somebody.
pub(super) fn blame(text: &str, people: &[String]) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = BLAME.iter().filter(|(word, _)| lower.contains(word));
    let mut found: Vec<_> = words.map(|(word, ask)| format!("“{word}” in “{text}”: {ask}")).collect();
    if without_names(text, people) != text {
        found.push(format!("a name in “{text}” was replaced by a role"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{blame, without_names};

    #[test]
    fn names_become_roles_and_blame_is_asked_back() {
        let people = ["ada".to_owned(), "grace".to_owned(), "Grace Okafor".to_owned()];
        assert_eq!(
            without_names("Ada's change; adapters, grace.", &people),
            "the responder's change; adapters, the responder."
        );
        assert_eq!(without_names("GRACE okafor and Grace", &people), "the responder and the responder");
        assert_eq!(without_names("nobody", &[]), "nobody");
        assert_eq!(blame("Ada forgot the é check", &people).len(), 2);
        assert!(blame("no check compared the two", &people).is_empty());
    }
}
