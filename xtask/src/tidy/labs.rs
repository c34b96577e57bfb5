//! Every lab proves itself: each rubric line is paired with checks, each check has points, a hint and a mutant that must die
//! by it, and the checks that are named in data are those that exist in code.

use super::{Finding, workspace::Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// A lab as its data says.
struct Lab<'a> {
    path: &'a str,
    text: &'a str,
    /// Check ids by rubric line.
    rubric: Vec<(String, Vec<String>)>,
    hints: BTreeSet<String>,
    /// Mutant files by the check they are meant for.
    mutants: BTreeMap<String, String>,
}

/// Rubric lines without checks, checks without hint or mutant, mutants and hints without check.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let manifests = workspace.files.iter().filter(|(path, _)| path.ends_with("/lab.toml") && path.contains("/labs/"));
    manifests.flat_map(|(path, text)| complaints(workspace, path, text)).collect()
}

fn complaints(workspace: &Workspace, path: &str, text: &str) -> Vec<Finding> {
    let manifest = match toml::from_str::<toml::Table>(text) {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::new(path, 1, error.message().to_owned())],
    };
    let mut findings = Vec::new();
    let lab = Lab {
        path,
        text,
        rubric: rubric(&manifest),
        hints: manifest
            .get("hints")
            .and_then(toml::Value::as_table)
            .map(|t| t.keys().cloned().collect())
            .unwrap_or_default(),
        mutants: mutants(workspace, path, &mut findings),
    };
    let checks: BTreeSet<&String> = lab.rubric.iter().flat_map(|(_, checks)| checks).collect();
    for (line, _) in lab.rubric.iter().filter(|(_, checks)| checks.is_empty()) {
        findings.push(lab.finding(line, format!("rubric line {line} has no check: points that nothing proves")));
    }
    for check in &checks {
        if !lab.hints.contains(*check) {
            findings.push(lab.finding(check, format!("check {check} has no hint under [hints]")));
        }
        if !lab.mutants.contains_key(*check) {
            findings.push(lab.finding(check, format!("check {check} has no mutant that is meant for it")));
        }
    }
    for hint in lab.hints.iter().filter(|hint| !checks.contains(hint)) {
        findings.push(lab.finding(hint, format!("hint {hint} belongs to no check of the rubric")));
    }
    for (check, file) in lab.mutants.iter().filter(|(check, _)| !checks.contains(check)) {
        findings.push(Finding::new(file, 1, format!("meant_for names {check}, which is no check of the rubric")));
    }
    findings.extend(against_code(workspace, &lab, &checks, &manifest));
    findings
}

impl Lab<'_> {
    fn finding(&self, word: &str, message: String) -> Finding {
        let line = self.text.lines().position(|line| line.contains(word)).map_or(1, |number| number + 1);
        Finding::new(self.path, line, message)
    }
}

fn rubric(manifest: &toml::Table) -> Vec<(String, Vec<String>)> {
    let word = |value: &toml::Value| value.as_str().unwrap_or_default().to_owned();
    let lines = manifest.get("rubric").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
    lines
        .iter()
        .map(|line| {
            let checks = line.get("checks").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
            (line.get("id").map(word).unwrap_or_default(), checks.iter().map(word).collect())
        })
        .collect()
}

/// The lab's mutants by the check they are meant for.
fn mutants(workspace: &Workspace, lab: &str, findings: &mut Vec<Finding>) -> BTreeMap<String, String> {
    let folder = lab.replace("/lab.toml", "/mutants/");
    let mut mutants = BTreeMap::new();
    for (path, text) in workspace.files.iter().filter(|(path, _)| path.starts_with(&folder) && path.ends_with(".toml"))
    {
        let mutant = toml::from_str::<toml::Table>(text).unwrap_or_default();
        match mutant.get("meant_for").and_then(toml::Value::as_str) {
            Some(check) => _ = mutants.insert(check.to_owned(), path.clone()),
            None => findings.push(Finding::new(path, 1, "say which check it is meant for: `meant_for = \"…\"`")),
        }
    }
    mutants
}

/// Compares the rubric's checks with those that the lab's code declares as `id: "…"`.
fn against_code(workspace: &Workspace, lab: &Lab, checks: &BTreeSet<&String>, manifest: &toml::Table) -> Vec<Finding> {
    let id = manifest.get("id").and_then(toml::Value::as_str).unwrap_or_default();
    // mod-106/lab-1 is coded in tests/src/labs/mod_106/lab_1/.
    let folder = format!("tests/src/labs/{}/", id.replace('-', "_"));
    let mut coded = BTreeMap::new();
    for (path, text) in workspace.files.iter().filter(|(path, _)| path.starts_with(&folder)) {
        for (number, line) in text.lines().enumerate() {
            if let Some((name, _)) = line.trim().strip_prefix("id: \"").and_then(|rest| rest.split_once('"'))
                // Checks that share everything else share a draft without a name.
                && !name.is_empty()
            {
                coded.insert(name, (path, number + 1));
            }
        }
    }
    let unscored = coded.iter().filter(|(name, _)| !checks.iter().any(|check| check == *name));
    let mut findings: Vec<Finding> = unscored
        .map(|(name, (path, line))| {
            Finding::new(*path, *line, format!("check {name} is on no rubric line of {}", lab.path))
        })
        .collect();
    for check in checks.iter().filter(|check| !coded.contains_key(check.as_str())) {
        findings.push(lab.finding(check, format!("check {check} does not exist in {folder}")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    const LAB: &str =
        "id = \"m-1/lab-1\"\n[[rubric]]\nid = \"line\"\nchecks = [\"a-check\"]\n[hints]\na-check = \"look\"\n";
    const MUTANT: &str = "meant_for = \"a-check\"\n";
    const CODE: &str = "Check {\n    id: \"a-check\",\n}\n";

    fn check(lab: &str, mutant: &str, code: &str, expected: &[&str]) {
        let files = [
            ("m-1/labs/lab-1-title/lab.toml", lab),
            ("m-1/labs/lab-1-title/mutants/wrong.toml", mutant),
            ("tests/src/labs/m_1/lab_1/line.rs", code),
        ];
        assert_eq!(workspace::findings(super::check, &files), expected);
    }

    #[test]
    fn a_lab_that_proves_itself_passes() {
        check(LAB, MUTANT, CODE, &[]);
    }

    #[test]
    fn rubric_lines_without_checks_are_found() {
        let lab = LAB.replace("[\"a-check\"]", "[]").replace("a-check = \"look\"\n", "");
        let expected = [
            "m-1/labs/lab-1-title/lab.toml:3: rubric line line has no check: points that nothing proves",
            "m-1/labs/lab-1-title/mutants/wrong.toml:1: meant_for names a-check, which is no check of the rubric",
            "tests/src/labs/m_1/lab_1/line.rs:2: check a-check is on no rubric line of m-1/labs/lab-1-title/lab.toml",
        ];
        check(&lab, MUTANT, CODE, &expected);
    }

    #[test]
    fn checks_without_hint_mutant_or_code_are_found() {
        let path = "m-1/labs/lab-1-title/lab.toml:4";
        let lab = LAB.replace("a-check = \"look\"\n", "");
        check(&lab, MUTANT, CODE, &[&format!("{path}: check a-check has no hint under [hints]")]);
        check(LAB, MUTANT, "", &[&format!("{path}: check a-check does not exist in tests/src/labs/m_1/lab_1/")]);
        check(
            LAB,
            "backend = \"embedded\"\n",
            CODE,
            &[
                "m-1/labs/lab-1-title/mutants/wrong.toml:1: say which check it is meant for: `meant_for = \"…\"`",
                &format!("{path}: check a-check has no mutant that is meant for it"),
            ],
        );
    }
}
