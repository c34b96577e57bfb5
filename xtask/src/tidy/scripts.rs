//! Shell scripts parse. What they do is proven by running them; this finds the slip in the branch that nobody took yet.

use super::{Finding, workspace::Workspace};
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// Scripts that their own shell cannot parse.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let scripts = workspace.files.iter().filter_map(|(path, text)| Some((path, text, shell(text)?)));
    scripts
        .filter_map(|(path, text, shell)| {
            let (line, message) = complaint(shell, text)?;
            Some(Finding::new(path, line, message))
        })
        .collect()
}

/// The shell that a script's first line asks for.
fn shell(text: &str) -> Option<&'static str> {
    let first = text.lines().next().filter(|first| first.starts_with("#!"))?;
    match first.rsplit(['/', ' ']).next()? {
        "bash" => Some("bash"),
        "sh" => Some("sh"),
        _ => None,
    }
}

/// What the shell says of a script that it reads without running it: the line and the words.
fn complaint(shell: &str, text: &str) -> Option<(usize, String)> {
    let mut child = match Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return Some((1, format!("cannot start {shell} to check it: {error}"))),
    };
    if let Some(mut input) = child.stdin.take() {
        // A shell that refuses early closes its end; what it says is read below.
        let _ = input.write_all(text.as_bytes());
    }
    let output = child.wait_with_output().ok().filter(|output| !output.status.success())?;
    let words = String::from_utf8_lossy(&output.stderr);
    let first = words.lines().next().unwrap_or("does not parse");
    // `bash: line 3: …` and `sh: 3: …`.
    let line = first.split([':', ' ']).find_map(|word| word.parse().ok()).unwrap_or(1);
    Some((line, format!("{shell} -n: {}", first.rsplit(": ").next().unwrap_or(first))))
}

#[cfg(test)]
mod tests {
    use crate::tidy::workspace;

    #[test]
    fn a_script_that_does_not_parse_is_found() {
        let bad = workspace::findings(super::check, &[("a/run.sh", "#!/usr/bin/env bash\nif true; then\n")]);
        assert_eq!(bad.len(), 1, "{bad:?}");
        assert!(bad[0].starts_with("a/run.sh:"), "{bad:?}");
    }

    #[test]
    fn each_script_is_read_by_its_own_shell() {
        let arrays = "#!/usr/bin/env bash\nset -euo pipefail\nnames=(one two)\necho \"${names[@]}\"\n";
        let plain = "#!/bin/sh\nset -eu\necho one\n";
        let other = "#!/usr/bin/env python3\nif True:\n    pass\n";
        let found = workspace::findings(super::check, &[("a", arrays), ("b", plain), ("c", other)]);
        assert_eq!(found, [""; 0]);
    }
}
