//! Every path that ARCHITECTURE.md, README.md and CONTRIBUTING.md name exists, so that a reader who follows the map arrives.

use super::{Finding, workspace::Workspace};

/// The documents that are maps.
const MAPS: [&str; 3] = ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"];

/// Named paths that lead nowhere.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for map in MAPS {
        let Some(text) = workspace.files.get(map) else {
            findings.push(Finding::new(map, 1, "the map is missing"));
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            for path in paths(line).filter(|path| !exists(workspace, path)) {
                findings.push(Finding::new(map, number + 1, format!("{path} does not exist")));
            }
        }
    }
    findings
}

/// What a line names as a path: in backticks, as a link's target, or first on an indented line of a map.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2);
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let mapped = line.strip_prefix("    ").and_then(|rest| rest.split_whitespace().next());
    quoted.chain(linked).chain(mapped).filter(|word| is_path(word)).map(|path| path.trim_end_matches('/'))
}

/// Whether a word is meant as a path in this repository: a folder's slash or a file's ending, and no blanks or patterns.
fn is_path(word: &str) -> bool {
    let endings = [".rs", ".toml", ".md", ".json", ".sh", ".yml", ".yaml", ".py"];
    let plain = |letter: char| letter.is_alphanumeric() || "-_./".contains(letter);
    word.chars().all(plain)
        && !word.starts_with('/')
        && !word.starts_with("target/")
        && (word.contains('/') || endings.iter().any(|ending| word.ends_with(ending)))
}

fn exists(workspace: &Workspace, path: &str) -> bool {
    let inside = format!("{path}/");
    let is_here = |file: &String| file == path || file.starts_with(&inside);
    // A bare name is one of the root's, or one that every lab or crate has.
    let is_anywhere = |file: &String| file.split('/').any(|part| part == path);
    workspace.house.written.iter().any(|written| written == path)
        || workspace.files.keys().any(|file| is_here(file) || is_anywhere(file))
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    fn check(architecture: &str, expected: &[&str]) {
        let files = [
            ("ARCHITECTURE.md", architecture),
            ("README.md", "front"),
            ("CONTRIBUTING.md", "how"),
            ("tests/src/check.rs", ""),
            ("mod-106/labs/lab-1/lab.toml", ""),
        ];
        assert_eq!(workspace::findings(super::check, &files), expected, "{architecture}");
    }

    #[test]
    fn paths_that_exist_pass() {
        check("See `tests/src/check.rs`, `tests/` and every `lab.toml`; run `cargo xtask tidy`.", &[]);
        check("    tests/src/   the checks", &[]);
        check("`labs/` holds labs; the run writes `results.json`.", &[]);
        check("[the front](README.md), MIT/Apache, `/api/2.0/mlflow`, `target/labs/`", &[]);
    }

    #[test]
    fn paths_that_lead_nowhere_are_found() {
        check("one\n`tests/src/world/`", &["ARCHITECTURE.md:2: tests/src/world does not exist"]);
        check("    mod-999/   nothing", &["ARCHITECTURE.md:1: mod-999 does not exist"]);
        check("[here](docs/here.md)", &["ARCHITECTURE.md:1: docs/here.md does not exist"]);
    }

    #[test]
    fn a_missing_map_is_found() {
        let found = workspace::findings(super::check, &[("ARCHITECTURE.md", ""), ("README.md", "")]);
        assert_eq!(found, ["CONTRIBUTING.md:1: the map is missing"]);
    }
}
