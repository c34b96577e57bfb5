//! Every Rust file opens by saying what it is, and every member inherits the workspace's lints.

use super::{Finding, workspace::Workspace};

/// Files that do not open with docs, and manifests that do not inherit lints.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in workspace.sources.keys() {
        let text = workspace.files.get(path).map_or("", String::as_str);
        if !text.starts_with("//! ") && !text.starts_with("#![doc = include_str!(") {
            findings.push(Finding::new(
                path,
                1,
                "open the file with `//!`: what it is, what it is not, which file comes next",
            ));
        } else if text.lines().next().is_some_and(|first| first.trim_start_matches("//!").trim().len() < 12) {
            findings.push(Finding::new(path, 1, "the opening line says too little to be worth reading"));
        }
    }
    for (folder, text) in workspace.manifests() {
        let manifest: toml::Table = toml::from_str(text).unwrap_or_default();
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if manifest.contains_key("package") && inherits != Some(true) {
            findings.push(Finding::new(
                format!("{folder}/Cargo.toml"),
                1,
                "inherit the lints: `[lints] workspace = true`",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    fn check(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(workspace::findings(super::check, &[(path, text)]), expected);
    }

    #[test]
    fn files_open_with_what_they_are() {
        check("a/src/x.rs", "//! Reads a manifest with spans.\n", &[]);
        check("a/src/lib.rs", "#![doc = include_str!(\"../README.md\")]\n", &[]);
        check("a/src/x.rs", "//! x\n", &["a/src/x.rs:1: the opening line says too little to be worth reading"]);
        check(
            "a/src/x.rs",
            "use std::fs;\n",
            &["a/src/x.rs:1: open the file with `//!`: what it is, what it is not, which file comes next"],
        );
    }

    #[test]
    fn members_inherit_the_lints() {
        check("a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n", &[]);
        check(
            "a/Cargo.toml",
            "[package]\nname = \"a\"\n",
            &["a/Cargo.toml:1: inherit the lints: `[lints] workspace = true`"],
        );
    }
}
