//! Dependencies live in the workspace table, each with its reason, and every one is used: by a member's manifest, and in
//! that member's code. One whose reason begins with "features only" is used by nobody: a member names it to turn features on.

use super::{Finding, workspace::Workspace};
use std::collections::BTreeSet;

/// The tables of a manifest that name dependencies.
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// How the reason of a dependency begins that is there for its features.
const FOR_FEATURES: &str = "features only";

/// Dependencies without a reason, declared outside the workspace table, or used by nobody.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let root = workspace.files.get("Cargo.toml").map_or("", String::as_str);
    let for_features: BTreeSet<&str> =
        declared(root).filter(|(_, _, reason)| reason.starts_with(FOR_FEATURES)).map(|(_, name, _)| name).collect();
    let mut findings = Vec::new();
    let mut wanted = BTreeSet::new();
    for (folder, text) in workspace.manifests() {
        let path = format!("{folder}/Cargo.toml");
        let Ok(manifest) = toml::from_str::<toml::Table>(text) else { continue };
        for (name, value) in TABLES.iter().filter_map(|table| manifest.get(*table)?.as_table()).flatten() {
            let line = line_of(text, name);
            wanted.insert(name.clone());
            if value.get("path").is_none() && value.get("workspace").is_none() {
                findings.push(Finding::new(
                    &path,
                    line,
                    format!("write `{name}.workspace = true`, and its reason once in the root"),
                ));
            } else if !for_features.contains(name.as_str()) && !is_used(workspace, folder, name) {
                findings.push(Finding::new(&path, line, format!("{name} is named here and used nowhere in {folder}/")));
            }
        }
    }
    for (number, name, reason) in declared(root) {
        if reason.is_empty() {
            findings.push(Finding::new("Cargo.toml", number, format!("{name}: say in a comment why it is here")));
        }
        if !wanted.contains(name) {
            findings.push(Finding::new("Cargo.toml", number, format!("{name}: no member depends on it")));
        }
    }
    findings
}

/// The lines of the workspace table, as `(line, name, reason)`.
fn declared(root: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let table = root.lines().enumerate().skip_while(|(_, line)| line.trim() != "[workspace.dependencies]").skip(1);
    table.take_while(|(_, line)| !line.starts_with('[')).filter_map(|(number, line)| {
        let (name, rest) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
        let reason = rest.rsplit_once('#').map_or("", |(_, reason)| reason.trim());
        Some((number + 1, name.trim(), reason))
    })
}

fn line_of(manifest: &str, name: &str) -> usize {
    let begins = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
    manifest.lines().position(begins).map_or(1, |number| number + 1)
}

/// Whether a member's code names the crate. Most crates are called as their package is; the exceptions are few.
fn is_used(workspace: &Workspace, folder: &str, package: &str) -> bool {
    let name = match package {
        "md-5" => "md5".to_owned(),
        _ => package.replace('-', "_"),
    };
    let inside = format!("{folder}/");
    let sources = workspace.sources.iter().filter(|(path, _)| path.starts_with(&inside));
    sources.flat_map(|(_, source)| &source.lines).any(|line| names(&line.code, &name))
}

/// Whether `code` holds `name` as a whole word.
fn names(code: &str, name: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(name)
        .any(|(at, _)| !code[..at].ends_with(is_letter) && !code[at + name.len()..].starts_with(is_letter))
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    fn check(root: &str, member: &str, code: &str, expected: &[&str]) {
        let root = format!("[workspace.dependencies]\n{root}\n[profile.dev]\ndebug = false\n");
        let member = format!("[dependencies]\n{member}\n");
        let files = [("Cargo.toml", root.as_str()), ("a/Cargo.toml", member.as_str()), ("a/src/lib.rs", code)];
        assert_eq!(workspace::findings(super::check, &files), expected);
    }

    #[test]
    fn a_dependency_with_a_reason_and_a_user_passes() {
        check("md-5 = \"1\" # digests", "md-5.workspace = true", "use md5::Digest;", &[]);
    }

    #[test]
    fn a_dependency_says_why_it_is_here() {
        let expected = ["Cargo.toml:2: serde: say in a comment why it is here"];
        check("serde = \"1\"", "serde.workspace = true", "use serde::Serialize;", &expected);
    }

    #[test]
    fn unused_dependencies_are_found() {
        let in_member = ["a/Cargo.toml:2: serde is named here and used nowhere in a/"];
        check("serde = \"1\" # data", "serde.workspace = true", "use serde_json::Value; // serde", &in_member);
        check("serde = \"1\" # data", "", "", &["Cargo.toml:2: serde: no member depends on it"]);
    }

    #[test]
    fn a_dependency_may_be_there_for_its_features() {
        check("ahash = \"1\" # features only: jsonschema's", "ahash.workspace = true", "", &[]);
    }

    #[test]
    fn versions_are_written_once() {
        let expected = ["a/Cargo.toml:2: write `serde.workspace = true`, and its reason once in the root"];
        check("serde = \"1\" # data", "serde = \"1\"", "use serde::Serialize;", &expected);
    }
}
