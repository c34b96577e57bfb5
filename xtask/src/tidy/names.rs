//! No file, folder or module is called by a word that says nothing about what it holds.

use super::{Finding, workspace::Workspace};

/// Every file on a path with a banned name, and every module declared by one.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let banned = |name: &str| workspace.house.banned_names.iter().any(|word| word == name);
    let mut findings = Vec::new();
    for (path, source) in &workspace.sources {
        if let Some(word) = path.split(['/', '.']).find(|word| banned(word)) {
            findings.push(Finding::new(path, 1, format!("`{word}` says nothing; name the file after what it holds")));
        }
        for (number, line) in source.lines.iter().enumerate() {
            let Some(name) = inline_module(&line.code).filter(|name| banned(name)) else { continue };
            findings.push(Finding::new(
                path,
                number + 1,
                format!("`mod {name}` says nothing; name it after what it holds"),
            ));
        }
    }
    findings
}

/// The name of a module written in place; one in a file of its own is found by its path.
fn inline_module(code: &str) -> Option<&str> {
    let (before, after) = code.split_once("mod ")?;
    let begins_item = before.trim().is_empty() || before.trim().starts_with("pub");
    let (name, _) = after.split_once('{')?;
    begins_item.then_some(name.trim())
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    fn check(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(workspace::findings(super::check, &[(path, text)]), expected);
    }

    #[test]
    fn empty_words_are_refused() {
        check("a/src/utils.rs", "", &["a/src/utils.rs:1: `utils` says nothing; name the file after what it holds"]);
        check(
            "a/src/helpers/mod.rs",
            "",
            &["a/src/helpers/mod.rs:1: `helpers` says nothing; name the file after what it holds"],
        );
        check(
            "a/src/x.rs",
            "pub mod misc {\n}\n",
            &["a/src/x.rs:1: `mod misc` says nothing; name it after what it holds"],
        );
    }

    #[test]
    fn words_of_the_field_pass() {
        check("a/src/retry.rs", "mod tests {}\n// mod utils {\n", &[]);
        check("a/src/commonwealth.rs", "", &[]);
    }
}
