//! Nothing is left lying about: no notes to oneself, no code in comments, no silenced lint, no test that is never run.

use super::{Finding, source::Line, workspace::Workspace};

/// Every leftover in the workspace's Rust files and scripts.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in &workspace.sources {
        for (number, line) in source.lines.iter().enumerate() {
            findings.extend(complaint(line).map(|message| Finding::new(path, number + 1, message)));
        }
    }
    for (path, text) in workspace.files.iter().filter(|(path, text)| is_script(path, text)) {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| has_note(line)) {
            findings.push(Finding::new(path, number + 1, format!("a note to oneself: {}", line.trim())));
        }
    }
    findings
}

fn complaint(line: &Line) -> Option<String> {
    let code = line.code.trim_start();
    if code.starts_with("#[allow(") || code.starts_with("#![allow(") {
        return Some("write `#[expect(lint, reason = \"…\")]`, so that it goes when its reason goes".to_owned());
    }
    if code.starts_with("#[ignore") {
        return Some("a test that is never run proves nothing; run it, or report *not run* with the reason".to_owned());
    }
    let comment = line.comment.trim();
    if has_note(comment) {
        return Some(format!("a note to oneself: {comment}"));
    }
    let words = comment.strip_prefix("//").filter(|rest| !rest.starts_with(['/', '!']))?.trim();
    is_code(words).then(|| "code in a comment; delete it, the history keeps it".to_owned())
}

fn has_note(comment: &str) -> bool {
    let notes = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    notes.iter().any(|note| comment.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == *note))
}

/// Whether a comment's words are Rust: they end as a statement or a block does, and hold a sign that prose has no use for.
fn is_code(words: &str) -> bool {
    let ends_as_code = words.ends_with([';', '{', '}']);
    let begins_as_code = ["let ", "use ", "fn ", "pub ", "if ", "for ", "return ", "match ", "}", "#["];
    let signs = ["();", ") {", " = ", "::", ");", "?;"];
    ends_as_code
        && (begins_as_code.iter().any(|begin| words.starts_with(begin))
            || signs.iter().any(|sign| words.contains(sign)))
}

fn is_script(path: &str, text: &str) -> bool {
    text.starts_with("#!") && !path.ends_with(".rs") && text.lines().next().is_some_and(|first| first.contains("sh"))
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    fn check(text: &str, expected: Option<&str>) {
        let found = workspace::findings(super::check, &[("a/src/x.rs", text)]);
        let expected: Vec<String> = expected.iter().map(|message| format!("a/src/x.rs:1: {message}")).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn silenced_lints_and_tests_are_found() {
        check(
            "#[allow(dead_code)]",
            Some("write `#[expect(lint, reason = \"…\")]`, so that it goes when its reason goes"),
        );
        check("#[expect(dead_code, reason = \"a later lab reads it\")]", None);
        check(
            "#[ignore]",
            Some("a test that is never run proves nothing; run it, or report *not run* with the reason"),
        );
        check("let text = \"#[ignore]\";", None);
    }

    #[test]
    fn notes_to_oneself_are_found() {
        check(concat!("// TO", "DO later"), Some(concat!("a note to oneself: // TO", "DO later")));
        check("// The method is todo-list shaped.", None);
    }

    #[test]
    fn code_in_comments_is_found_and_prose_is_not() {
        let expected = Some("code in a comment; delete it, the history keeps it");
        check("// let a = b();", expected);
        check("// run.start()?;", expected);
        check("// if ready {", expected);
        check("// Waits for the port; then asks it.", None);
        check("/// let a = b();", None);
        check("// The brace that closes it: }", None);
    }
}
