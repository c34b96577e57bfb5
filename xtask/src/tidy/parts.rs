//! Arrows between the parts of a crate run only the ways that `xtask/tidy.toml` draws them. A part is a module of `lib.rs`;
//! one that the table does not know is a finding, so that whoever adds it decides where it stands.

use super::{Finding, arrows::permitted, source::Source, workspace::Workspace};
use std::collections::BTreeMap;

/// For each part of a crate, the parts it may use.
type Parts = BTreeMap<String, Vec<String>>;

/// Every arrow between parts that is not drawn in the table.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace.house.parts.iter().flat_map(|(package, parts)| between(workspace, package, parts)).collect()
}

fn between(workspace: &Workspace, package: &str, parts: &Parts) -> Vec<Finding> {
    let inside = format!("{package}/src/");
    let mut findings = Vec::new();
    for (path, source) in &workspace.sources {
        // A file of unit tests may stand on anything.
        let file = path.strip_prefix(&inside).filter(|path| !path.ends_with("/tests.rs"));
        let Some(part) = file.and_then(part_of) else { continue };
        let Some(may) = parts.get(part) else {
            let message = format!("part {part} is not in xtask/tidy.toml: draw its arrows under [parts.{package}]");
            findings.push(Finding::new(path, 1, message));
            continue;
        };
        for (line, other) in named(source) {
            if other != part && parts.contains_key(&other) && !may.contains(&other) {
                findings.push(Finding::new(path, line, format!("{part} must not use {other}; {}", permitted(may))));
            }
        }
    }
    findings
}

/// The part that a file belongs to: its folder, or its own name; `lib.rs`, `main.rs` and `bin/` stand above the parts.
fn part_of(path: &str) -> Option<&str> {
    let part = path.split('/').next().map_or(path, |first| first.trim_end_matches(".rs"));
    (!["lib", "main", "bin"].contains(&part)).then_some(part)
}

/// What a file names right behind `crate::`, alone or in a list of imports, each with its line. Unit tests are left out.
fn named(source: &Source) -> Vec<(usize, String)> {
    let lines = source.lines.iter().enumerate().filter(|(_, line)| !line.in_test);
    let tokens: Vec<(usize, &str)> =
        lines.flat_map(|(number, line)| tokens(&line.code).into_iter().map(move |token| (number + 1, token))).collect();
    let mut names = Vec::new();
    // How deep we are in the braces of `crate::{…}`; the crate's parts stand at depth one, behind a brace or a comma.
    let mut depth = 0_usize;
    for (at, &(line, token)) in tokens.iter().enumerate() {
        let before = |steps: usize| at.checked_sub(steps).map_or("", |at| tokens[at].1);
        let follows_root = before(1) == "::" && before(2) == "crate";
        match token {
            "{" if depth > 0 || follows_root => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "," | "::" => {}
            name if follows_root || depth == 1 && [",", "{"].contains(&before(1)) => {
                names.push((line, name.to_owned()));
            }
            _ => {}
        }
    }
    names
}

/// The words and the signs of a line of code that matter to imports.
fn tokens(code: &str) -> Vec<&str> {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if is_letter(first) => rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    fn check(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(workspace::findings(super::check, &[(path, text)]), expected, "{text}");
    }

    #[test]
    fn parts_may_use_what_the_table_draws() {
        check("mod-106/src/cli/runs.rs", "use crate::{client::Client, server};\n", &[]);
        check("mod-106/src/client/runs.rs", "use crate::client::{Client, server::Name};\n", &[]);
        check("mod-106/src/client/runs.rs", "pub(crate) fn run() { server() }\n", &[]);
        check("mod-106/src/client/runs.rs", "#[cfg(test)]\nmod tests {\n    use crate::server::serve;\n}\n", &[]);
    }

    #[test]
    fn other_arrows_are_found_where_they_stand() {
        let message = "client must not use server; it may use no other";
        let at = |line: usize| format!("mod-106/src/client/runs.rs:{line}: {message}");
        check("mod-106/src/client/runs.rs", "let a = crate::server::route();\n", &[&at(1)]);
        check(
            "mod-106/src/client/runs.rs",
            "use crate::{\n    client::{Run, RunId},\n    server::store,\n};\n",
            &[&at(3)],
        );
    }

    #[test]
    fn a_part_that_the_table_does_not_know_is_found() {
        let expected =
            ["mod-106/src/weather.rs:1: part weather is not in xtask/tidy.toml: draw its arrows under [parts.mod-106]"];
        check("mod-106/src/weather.rs", "", &expected);
        check("mod-106/src/main.rs", "use crate::server::serve;\n", &[]);
    }
}
