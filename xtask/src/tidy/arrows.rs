//! Arrows between crates, and between the parts of a crate, run only the ways that `xtask/tidy.toml` draws them. A crate or
//! a part that the table does not know is a finding too: whoever adds one decides where it stands.

use super::{Finding, workspace::Workspace};
use std::collections::BTreeMap;

/// Every arrow that is not drawn in the table.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = between_crates(workspace);
    for (package, parts) in &workspace.house.parts {
        findings.extend(between_parts(workspace, package, parts));
    }
    findings
}

fn between_crates(workspace: &Workspace) -> Vec<Finding> {
    let allowed = &workspace.house.crates;
    let mut findings = Vec::new();
    for (folder, text) in workspace.manifests() {
        let path = format!("{folder}/Cargo.toml");
        let manifest: toml::Table = toml::from_str(text).unwrap_or_default();
        let Some(may) = allowed.get(folder) else {
            findings.push(Finding::new(
                path,
                1,
                format!("{folder} is not in xtask/tidy.toml: draw its arrows under [crates]"),
            ));
            continue;
        };
        let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
        for name in tables.iter().filter_map(|table| manifest.get(*table)?.as_table()).flat_map(toml::Table::keys) {
            if allowed.contains_key(name) && !may.contains(name) {
                findings.push(Finding::new(
                    &path,
                    1,
                    format!("{folder} must not depend on {name}; {}", permitted(may)),
                ));
            }
        }
    }
    findings
}

fn between_parts(workspace: &Workspace, package: &str, parts: &BTreeMap<String, Vec<String>>) -> Vec<Finding> {
    let inside = format!("{package}/src/");
    let mut findings = Vec::new();
    for (path, source) in &workspace.sources {
        let Some(part) = path.strip_prefix(&inside).filter(|path| !path.ends_with("/tests.rs")).and_then(part_of)
        else {
            continue;
        };
        let Some(may) = parts.get(part) else {
            let message = format!("part {part} is not in xtask/tidy.toml: draw its arrows under [parts.{package}]");
            findings.push(Finding::new(path, 1, message));
            continue;
        };
        // A unit test may stand on anything.
        for (number, line) in source.lines.iter().enumerate().filter(|(_, line)| !line.in_test) {
            for other in parts_named(&line.code, part, parts).filter(|other| !may.contains(other)) {
                let message = format!("{part} must not use {other}; {}", permitted(may));
                findings.push(Finding::new(path, number + 1, message));
            }
        }
    }
    findings
}

/// The part that a file belongs to: its folder, or its own name; `lib.rs` and `main.rs` stand above the parts.
fn part_of(path: &str) -> Option<&str> {
    let part = path.split('/').next().map_or(path, |first| first.trim_end_matches(".rs"));
    (part != "lib" && part != "main" && part != "bin").then_some(part)
}

/// The other parts that a line names through the crate's root, alone or in a list of imports.
fn parts_named<'a>(
    code: &'a str,
    part: &'a str,
    parts: &'a BTreeMap<String, Vec<String>>,
) -> impl Iterator<Item = &'a String> {
    let named = code.split("crate::").skip(1).flat_map(|rest| {
        let list = rest.strip_prefix('{').map_or_else(|| vec![rest], |list| list.split(',').collect());
        list.into_iter().map(|path| path.trim().split(|letter: char| !letter.is_alphanumeric() && letter != '_').next())
    });
    named.flatten().filter(move |name| *name != part).filter_map(|name| parts.get_key_value(name)).map(|(name, _)| name)
}

fn permitted(may: &[String]) -> String {
    if may.is_empty() { "it may use no other".to_owned() } else { format!("it may use {}", may.join(", ")) }
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    fn check(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(workspace::findings(super::check, &[(path, text)]), expected, "{text}");
    }

    #[test]
    fn the_checks_import_no_module() {
        let expected = ["tests/Cargo.toml:1: tests must not depend on mod-106; it may use no other"];
        check("tests/Cargo.toml", "[dev-dependencies]\nmod-106 = { path = \"../mod-106\" }\n", &expected);
    }

    #[test]
    fn later_modules_build_on_earlier_ones_and_never_back() {
        check("mod-206/Cargo.toml", "[dependencies]\nmod-106 = { path = \"../mod-106\" }\nserde = \"1\"\n", &[]);
        let expected = ["mod-106/Cargo.toml:1: mod-106 must not depend on mod-206; it may use no other"];
        check("mod-106/Cargo.toml", "[dependencies]\nmod-206 = { path = \"../mod-206\" }\n", &expected);
    }

    #[test]
    fn parts_keep_to_themselves() {
        check("mod-106/src/cli/runs.rs", "use crate::{client::Client, server};\n", &[]);
        check("mod-106/src/client/runs.rs", "use crate::client::Client;\n", &[]);
        let expected = ["mod-106/src/client/runs.rs:1: client must not use server; it may use no other"];
        check("mod-106/src/client/runs.rs", "use crate::{client::Run, server::store};\n", &expected);
        check("mod-106/src/client/runs.rs", "let a = crate::server::route();\n", &expected);
    }

    #[test]
    fn what_the_table_does_not_know_is_found() {
        let expected = ["mod-107/Cargo.toml:1: mod-107 is not in xtask/tidy.toml: draw its arrows under [crates]"];
        check("mod-107/Cargo.toml", "[package]\n", &expected);
        let expected =
            ["mod-106/src/quiz.rs:1: part quiz is not in xtask/tidy.toml: draw its arrows under [parts.mod-106]"];
        check("mod-106/src/quiz.rs", "", &expected);
    }
}
