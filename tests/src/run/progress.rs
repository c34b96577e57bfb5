//! Shows a run to people: a moving line on a terminal, plain lines elsewhere. Everything goes to standard error, so that standard
//! output belongs to programs. `NO_COLOR` is obeyed.

use super::event::{CheckLine, Event, Listener};
use crate::{
    report,
    results::{Fate, MutantResult, ParityResult},
    verdict::Verdict,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{io::IsTerminal, sync::Arc, time::Duration};

/// A listener that prints what happens.
#[must_use]
pub fn printing() -> Listener {
    let terminal = std::io::stderr().is_terminal();
    let paint = Paint { colours: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if terminal {
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg} {pos}/{len}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    Arc::new(move |event| {
        if let Event::Starting { lab, backend, checks, .. } = event {
            bar.reset();
            bar.set_length(*checks as u64);
            bar.set_message(format!("{lab} on {backend}"));
        }
        if let Event::Mutants { count, .. } = event {
            bar.reset();
            bar.set_length(*count as u64);
            bar.set_message("mutants");
        }
        if matches!(event, Event::Checked(_) | Event::Mutant(_)) {
            bar.inc(1);
        }
        if matches!(event, Event::Finished { .. }) {
            bar.finish_and_clear();
        }
        for line in lines(event, paint) {
            if terminal { bar.suspend(|| eprintln!("{line}")) } else { eprintln!("{line}") }
        }
    })
}

/// Whether words are coloured.
#[derive(Clone, Copy, Debug)]
struct Paint {
    colours: bool,
}

impl Paint {
    fn verdict(self, verdict: Verdict) -> String {
        let colour = match verdict {
            Verdict::Passed => "32",
            Verdict::Failed | Verdict::TimedOut => "31",
            Verdict::Blocked | Verdict::EnvironmentNotReady | Verdict::HarnessError => "33",
            Verdict::NotClaimed | Verdict::NotRun => "2",
        };
        self.word(colour, short(verdict))
    }

    fn word(self, colour: &str, word: &str) -> String {
        let words = format!("{word:>11}");
        if self.colours { format!("\u{1b}[{colour}m{words}\u{1b}[0m") } else { words }
    }
}

fn lines(event: &Event, paint: Paint) -> Vec<String> {
    match event {
        Event::Starting { lab, backend, submission, .. } => {
            vec![format!("{:>11} {lab} on {}: {submission}", "starting", backend)]
        }
        Event::Ready { lab, backend, ready_ms } => {
            vec![format!("{:>11} {lab} on {} after {ready_ms} ms", "ready", backend)]
        }
        Event::Checked(check) => check_lines(check, paint),
        Event::Mutants { lab, count } => vec![format!("{:>11} {lab}: {count}", "mutants")],
        Event::Mutant(mutant) => mutant_lines(mutant, paint),
        Event::Difference(difference) => vec![difference_line(difference)],
        Event::Finished { summary, seed } => {
            let counts = summary.verdicts.iter().filter(|(_, count)| **count > 0);
            let counts: Vec<String> = counts.map(|(verdict, count)| format!("{count} {}", verdict.words())).collect();
            let counts = counts.join(", ");
            let points = format!("{} of {} points", report::points(summary.points), report::points(summary.max_points));
            let incomplete = if summary.complete { "" } else { ", incomplete" };
            vec![format!("{:>11} {counts}; {points}{incomplete} (seed {seed})", "finished")]
        }
        Event::Gate(gate) => {
            let word = if gate.holds { paint.word("32", "holds") } else { paint.word("31", "broken") };
            let problems = gate.problems.iter().map(|problem| indented("", problem));
            std::iter::once(format!("{word} {}", gate.title)).chain(problems).collect()
        }
    }
}

fn check_lines(check: &CheckLine, paint: Paint) -> Vec<String> {
    let mut lines = vec![format!("{} {} ({} ms)", paint.verdict(check.verdict), check.id, check.duration_ms)];
    if check.verdict.costs_points() {
        lines.push(indented("", &check.title));
    }
    if let Some(finding) = &check.finding {
        lines.push(indented("", &finding.what));
        lines.extend(finding.expected.iter().map(|text| indented("expected ", text)));
        lines.extend(finding.actual.iter().map(|text| indented("found ", text)));
    }
    lines.extend(check.hint.iter().map(|text| indented("hint: ", text)));
    lines
}

fn mutant_lines(mutant: &MutantResult, paint: Paint) -> Vec<String> {
    let fate = match mutant.fate {
        Fate::Killed => paint.word("32", "killed"),
        Fate::Survived => paint.word("31", "survived"),
        Fate::KilledByAnother => paint.word("31", "too crude"),
        Fate::NotRun => paint.word("2", "not run"),
        Fate::Broken => paint.word("31", "broken"),
    };
    let mut lines = vec![format!("{fate} {}, meant for {} ({} ms)", mutant.id, mutant.meant_for, mutant.duration_ms)];
    lines.extend(mutant.problem.iter().map(|text| indented("", text)));
    lines
}

fn difference_line(difference: &ParityResult) -> String {
    let seen: Vec<String> = difference.values.iter().map(|(backend, value)| format!("{backend}: {value}")).collect();
    let word = if difference.expected_because.is_some() { "expected" } else { "differs" };
    format!("{word:>11} {} {}: {}", difference.check, difference.key, seen.join(" | "))
}

fn indented(prefix: &str, text: &str) -> String {
    format!("{:>12}{prefix}{}", "", text.replace('\n', "\n            "))
}

fn short(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::EnvironmentNotReady => "environment",
        Verdict::HarnessError => "harness",
        Verdict::Blocked => "blocked",
        other => other.words(),
    }
}
