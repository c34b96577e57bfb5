//! Arrows between crates run only the ways that `xtask/tidy.toml` draws them. A crate that the table does not know is a
//! finding too: whoever adds one decides where it stands. Next: `parts.rs`, the same within a crate.

use super::{Finding, workspace::Workspace};

/// Every arrow between crates that is not drawn in the table.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
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

/// The arrows that are drawn, in words.
pub(super) fn permitted(may: &[String]) -> String {
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
    fn what_the_table_does_not_know_is_found() {
        let expected = ["mod-107/Cargo.toml:1: mod-107 is not in xtask/tidy.toml: draw its arrows under [crates]"];
        check("mod-107/Cargo.toml", "[package]\n", &expected);
    }
}
