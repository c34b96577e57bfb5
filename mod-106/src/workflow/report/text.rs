//! The report for people: the answers first, then each finding with its place, the path that shows it, and what to do.

use crate::workflow::finding::{Finding, Severity};
use crate::workflow::rules::{Answer, Report};
use std::fmt::Write as _;

/// Renders the report; with colours on a terminal.
pub fn text(report: &Report, colours: bool) -> String {
    let mut text = String::new();
    let answers = &report.answers;
    let questions = [
        ("tests before production", answers.tests),
        ("approval that cannot be skipped", answers.approval),
        ("rollout by canary", answers.rollout),
        ("rollback", answers.rollback),
        ("no way around", answers.no_way_around),
        ("one deployment at a time", answers.concurrency),
    ];
    for (question, answer) in questions {
        let (word, colour) = if answer == Answer::Yes { ("yes", "32") } else { ("no", "31") };
        let _ = writeln!(text, "{question:<32}{}", painted(word, colour, colours));
    }
    let paths = &report.paths;
    let all = if paths.complete { "all of them" } else { "not all of them" };
    let _ = writeln!(text, "{:<32}{}, {all}", "feasible paths walked", paths.explored);
    for finding in &report.findings {
        text.push('\n');
        put(finding, colours, &mut text);
    }
    if report.protected.is_empty() {
        text.push_str("\nRequired reviewers are a setting of the repository: name the environments that have them with --protected.\n");
    }
    text
}

fn put(finding: &Finding, colours: bool, text: &mut String) {
    let (word, colour) = match finding.severity {
        Severity::Error => ("error", "31"),
        Severity::Warning => ("warning", "33"),
        Severity::Note => ("note", "36"),
    };
    let Finding { file, place, rule, message, why, mend, path, .. } = finding;
    let message = clean(message);
    let _ = writeln!(
        text,
        "{}:{}:{}: {}[{rule}]: {message}",
        clean(file),
        place.line,
        place.column,
        painted(word, colour, colours)
    );
    let _ = writeln!(text, "  why:  {why}");
    for (position, step) in path.iter().enumerate() {
        let _ = writeln!(text, "  {} {}", if position == 0 { "path:" } else { "     " }, clean(step));
    }
    let _ = writeln!(text, "  mend: {mend}");
}

fn painted(word: &str, colour: &str, colours: bool) -> String {
    if colours { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() }
}

/// What stands in a file must not move a terminal's cursor.
fn clean(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
