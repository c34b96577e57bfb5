//! A module's checklist and its levels of maturity resolve to evidence that exists: `quality.toml` and `maturity.toml` name labs, checks,
//! files and tests, and each of them must be there. Whether the evidence holds, a run of validate says.

use super::{Finding, workspace::Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// The files, and what their lines are called.
const FILES: [(&str, &str); 2] = [("/quality.toml", "item"), ("/maturity.toml", "level")];

/// Lines without evidence, and evidence that does not exist.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let labs = labs(workspace);
    let mut findings = Vec::new();
    for (path, text) in &workspace.files {
        let Some((_, lines)) = FILES.iter().find(|(name, _)| path.ends_with(name)) else { continue };
        // The fixtures' labs are known to no `lab.toml` under `labs/`; their own tests read these files.
        if path.starts_with("tests/") {
            continue;
        }
        match toml::from_str::<toml::Table>(text) {
            Ok(table) => findings.extend(complaints(workspace, &labs, path, text, &entries(&table, lines))),
            Err(error) => findings.push(Finding::new(path, 1, error.message().to_owned())),
        }
    }
    findings
}

/// Items, or the criteria of levels.
fn entries<'a>(table: &'a toml::Table, lines: &str) -> Vec<&'a toml::Value> {
    let list = |value: Option<&'a toml::Value>| value.and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
    let items = list(table.get(lines)).iter();
    if lines == "item" { items.collect() } else { items.flat_map(|level| list(level.get("criterion"))).collect() }
}

fn complaints(
    workspace: &Workspace,
    labs: &BTreeMap<String, BTreeSet<String>>,
    path: &str,
    text: &str,
    entries: &[&toml::Value],
) -> Vec<Finding> {
    let at = |word: &str| text.lines().position(|line| line.contains(word)).map_or(1, |number| number + 1);
    let mut findings = Vec::new();
    for entry in entries {
        let id = entry.get("id").and_then(toml::Value::as_str).unwrap_or_default();
        let evidence = entry.get("evidence").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
        if evidence.is_empty() {
            findings.push(Finding::new(path, at(id), format!("{id} has no evidence: say what shows it, or who signs")));
        }
        for piece in evidence {
            if let Err((word, message)) = exists(workspace, labs, piece) {
                findings.push(Finding::new(path, at(&word), format!("evidence of {id}: {message}")));
            }
        }
    }
    findings
}

/// Whether a piece of evidence is there, else the word to point at and what is missing.
fn exists(
    workspace: &Workspace,
    labs: &BTreeMap<String, BTreeSet<String>>,
    piece: &toml::Value,
) -> Result<(), (String, String)> {
    let word = |key: &str| piece.get(key).and_then(toml::Value::as_str);
    let missing = |word: &str, message: String| Err((word.to_owned(), message));
    if let Some(check) = word("check") {
        let (lab, id) = check.rsplit_once('/').unwrap_or_default();
        if !labs.get(lab).is_some_and(|checks| checks.contains(id)) {
            return missing(check, format!("there is no check {check}"));
        }
    } else if let Some(lab) = word("lab").or(word("mutants")) {
        if !labs.contains_key(lab) {
            return missing(lab, format!("there is no lab {lab}"));
        }
    } else if let Some(test) = word("test") {
        let (file, name) = test.split_once("::").unwrap_or_default();
        if !workspace.files.get(file).is_some_and(|text| text.contains(&format!("fn {name}("))) {
            return missing(test, format!("there is no test {test}"));
        }
    } else if let Some(file) = word("file") {
        let folder = format!("{}/", file.trim_end_matches('/'));
        let there = workspace.files.contains_key(file) || workspace.files.keys().any(|path| path.starts_with(&folder));
        if !there {
            return missing(file, format!("there is no {file}"));
        }
        if let Some(text) = word("holds")
            && !workspace.files.get(file).is_some_and(|content| content.contains(text))
        {
            return missing(file, format!("{file} does not hold `{text}`"));
        }
    } else if word("sign_off").is_none_or(|role| role.trim().is_empty()) {
        return missing("evidence", "expected check, lab, mutants, file, test or sign_off".to_owned());
    }
    Ok(())
}

/// Every lab, with the checks of its rubric.
fn labs(workspace: &Workspace) -> BTreeMap<String, BTreeSet<String>> {
    let manifests = workspace.files.iter().filter(|(path, _)| path.ends_with("/lab.toml") && path.contains("/labs/"));
    let lab = |text: &String| {
        let table = toml::from_str::<toml::Table>(text).ok()?;
        let lines = table.get("rubric")?.as_array()?.iter().filter_map(|line| line.get("checks")?.as_array());
        let checks = lines.flatten().filter_map(|check| Some(check.as_str()?.to_owned())).collect();
        Some((table.get("id")?.as_str()?.to_owned(), checks))
    };
    manifests.filter_map(|(_, text)| lab(text)).collect()
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    const LAB: &str = "id = \"m-1/lab-1\"\n[[rubric]]\nid = \"line\"\nchecks = [\"a-check\"]\n";

    fn check(path: &str, text: &str, expected: &[&str]) {
        let files = [
            ("m-1/labs/lab-1-title/lab.toml", LAB),
            ("m-1/README.md", "what it is\n"),
            ("m-1/src/a.rs", "fn holds() {}\n"),
            (path, text),
        ];
        assert_eq!(workspace::findings(super::check, &files), expected);
    }

    fn item(evidence: &str) -> String {
        format!("[[item]]\nid = \"an-item\"\nevidence = [\n{evidence}\n]\n")
    }

    #[test]
    fn evidence_that_exists_passes() {
        let evidence = "{ check = \"m-1/lab-1/a-check\" }, { lab = \"m-1/lab-1\" }, { mutants = \"m-1/lab-1\" }, { sign_off = \"owner\" },\n\
                        { file = \"m-1/README.md\", holds = \"what it is\" }, { file = \"m-1/src\" }, { test = \"m-1/src/a.rs::holds\" }";
        check("m-1/quality.toml", &item(evidence), &[]);
    }

    #[test]
    fn a_line_that_resolves_to_nothing_is_found() {
        for (evidence, message) in [
            ("{ check = \"m-1/lab-1/b-check\" }", "evidence of an-item: there is no check m-1/lab-1/b-check"),
            ("{ mutants = \"m-1/lab-2\" }", "evidence of an-item: there is no lab m-1/lab-2"),
            ("{ file = \"m-1/NOTHING.md\" }", "evidence of an-item: there is no m-1/NOTHING.md"),
            ("{ file = \"m-1/README.md\", holds = \"x\" }", "evidence of an-item: m-1/README.md does not hold `x`"),
            ("{ test = \"m-1/src/a.rs::fails\" }", "evidence of an-item: there is no test m-1/src/a.rs::fails"),
        ] {
            check("m-1/quality.toml", &item(evidence), &[&format!("m-1/quality.toml:4: {message}")]);
        }
        let none = "m-1/quality.toml:2: an-item has no evidence: say what shows it, or who signs";
        check("m-1/quality.toml", &item(""), &[none]);
    }

    #[test]
    fn criteria_of_levels_are_lines_too() {
        let level = "[[level]]\nlevel = 1\n[[level.criterion]]\nid = \"c\"\nevidence = [{ lab = \"m-1/lab-9\" }]\n";
        let expected = "m-1/maturity.toml:5: evidence of c: there is no lab m-1/lab-9";
        check("m-1/maturity.toml", level, &[expected]);
    }
}
