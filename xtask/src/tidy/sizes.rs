//! Files end before they tire the reader, and functions fit a screen. Unit tests are not counted.

use super::{Finding, source, source::Source, workspace::Workspace};

/// Every file and function that is too long.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in &workspace.sources {
        let lines = source.lines.iter().filter(|line| !line.in_test).count();
        let most = workspace.house.file_lines;
        if lines > most {
            findings.push(Finding::new(path, 1, format!("{lines} lines, at most {most}: one idea a file; split it")));
        }
        findings.extend(long_functions(path, source, workspace.house.function_lines));
    }
    findings
}

fn long_functions(path: &str, source: &Source, most: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in source.lines.iter().enumerate() {
        let Some(name) = function_name(&line.code).filter(|_| !line.in_test) else { continue };
        let Some(end) = source::end_of_item(&source.lines, number) else { continue };
        let length = end - number + 1;
        if length > most {
            findings.push(Finding::new(path, number + 1, format!("fn {name} has {length} lines, at most {most}")));
        }
    }
    findings
}

/// The name of the function that a line begins, if it begins one.
fn function_name(code: &str) -> Option<&str> {
    let (before, after) = code.trim_start().split_once("fn ").or_else(|| code.trim_start().split_once("fn\t"))?;
    let qualifiers = ["pub", "pub(crate)", "pub(super)", "async", "const", "extern"];
    let begins_item = before.split_whitespace().all(|word| qualifiers.contains(&word) || word.starts_with("pub(in"));
    let name = after.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?;
    (begins_item && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::workspace;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(workspace::findings(super::check, &[("a/src/x.rs", text)]), expected);
    }

    fn function(lines: usize) -> String {
        format!("pub async fn long(a: &str) -> Vec<u8> {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_fits_a_screen() {
        check(&function(70), &[]);
        check(&function(71), &["a/src/x.rs:1: fn long has 71 lines, at most 70"]);
        check(&format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(90)), &[]);
    }

    #[test]
    fn unit_tests_do_not_make_a_file_long() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// line\n".repeat(600));
        check(&tests, &[]);
        check(&"// line\n".repeat(501), &["a/src/x.rs:1: 501 lines, at most 500: one idea a file; split it"]);
    }

    #[test]
    fn only_items_are_functions() {
        assert_eq!(function_name("    pub(crate) const fn name(&self) {"), Some("name"));
        assert_eq!(function_name("let run: fn (Context) = x;"), None);
        assert_eq!(function_name("run: fn(Context) -> CheckFuture,"), None);
    }
}
