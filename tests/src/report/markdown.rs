//! `summary.md`: what fits a GitHub step summary. The counts first, then only what needs attention.

use super::figures;
use crate::{
    results::{EvidenceResult, Fate, Finding, LineState, Results, SubmissionResult},
    verdict::Verdict,
};
use std::fmt::Write;

pub(super) fn render(results: &Results) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail, so `render_into` needs no error of its own.
    render_into(&mut text, results).expect("a string takes everything");
    text
}

fn render_into(out: &mut String, results: &Results) -> std::fmt::Result {
    let summary = &results.summary;
    let mark = if summary.exit_code == 0 { "✅" } else { "❌" };
    writeln!(out, "# {mark} MLOps Labs\n")?;
    let counts = Verdict::ALL.iter().filter_map(|verdict| {
        let count = summary.verdicts.get(verdict).copied().filter(|&count| count > 0)?;
        Some(format!("{count} {}", verdict.words()))
    });
    let took = figures::duration(results.duration_ms);
    writeln!(out, "{} · {took} · seed {}\n", counts.collect::<Vec<_>>().join(" · "), results.seed)?;
    writeln!(out, "| Lab | Backend | Submission | Points | |\n|---|---|---|---:|---|")?;
    for submission in &results.submissions {
        let note = if submission.complete { "" } else { "incomplete" };
        let points = format!("{} / {}", figures::points(submission.points), figures::points(submission.max_points));
        let SubmissionResult { lab, title, backend, submission, .. } = submission;
        writeln!(out, "| {lab} {} | {backend} | {} | {points} | {note} |", cell(title), cell(submission))?;
    }
    problems(out, results)?;
    undecided(out, results)?;
    modules(out, results)?;
    writeln!(out, "\nReplay: `{}`", results.replay)
}

fn problems(out: &mut String, results: &Results) -> std::fmt::Result {
    let failed: Vec<_> =
        results.checks.iter().filter(|check| check.finding.is_some() && is_trouble(check.verdict)).collect();
    if !failed.is_empty() {
        writeln!(out, "\n## What went wrong\n\n| Check | Backend | Verdict | Finding | Hint |\n|---|---|---|---|---|")?;
    }
    for check in failed {
        let finding = cell(&check.finding.as_ref().map(Finding::sentence).unwrap_or_default());
        let hint = cell(check.hint.as_deref().unwrap_or_default());
        let verdict = check.verdict.words();
        writeln!(out, "| `{}/{}` | {} | {verdict} | {finding} | {hint} |", check.lab, check.id, check.backend)?;
    }
    let alive = results.mutants.iter().filter(|mutant| !matches!(mutant.fate, Fate::Killed | Fate::NotRun));
    for mutant in alive {
        let problem = mutant.problem.as_deref().unwrap_or_default();
        writeln!(out, "\n- mutant `{}` (meant for `{}`): {problem}", mutant.id, mutant.meant_for)?;
    }
    for gate in results.gates.iter().filter(|gate| !gate.holds) {
        writeln!(out, "\n**Does not hold:** {}\n", gate.title)?;
        for problem in &gate.problems {
            writeln!(out, "- {problem}")?;
        }
    }
    Ok(())
}

fn undecided(out: &mut String, results: &Results) -> std::fmt::Result {
    for submission in results.submissions.iter().filter(|submission| !submission.complete) {
        let lines = submission.rubric.iter().filter(|line| line.state == LineState::Undecided);
        let ids: Vec<_> = lines.map(|line| format!("`{}`", line.id)).collect();
        writeln!(out, "\n{} on {}: not decided here: {}", submission.lab, submission.backend, ids.join(", "))?;
    }
    Ok(())
}

/// What is asked of each module as a whole. The checklist is listed whole: a line that waits for somebody must be seen.
fn modules(out: &mut String, results: &Results) -> std::fmt::Result {
    for module in &results.modules {
        if let Some(maturity) = &module.maturity {
            writeln!(out, "\n**Maturity shown for {}:** {}", module.module, maturity.sentence)?;
        }
        if module.quality.is_empty() {
            continue;
        }
        writeln!(out, "\n## Quality of {}\n\n| Item | | Evidence |\n|---|---|---|", module.module)?;
        for item in &module.quality {
            let piece = |piece: &EvidenceResult| {
                let note = piece.note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
                format!("{}: {}{note}", piece.what, piece.state.words())
            };
            let evidence = item.evidence.iter().map(piece).collect::<Vec<_>>().join("; ");
            writeln!(out, "| {} | {} | {} |", cell(&item.title), item.state.words(), cell(&evidence))?;
        }
    }
    Ok(())
}

fn is_trouble(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Passed | Verdict::NotClaimed | Verdict::NotRun)
}

/// A table's cell is one line without bars of its own.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}
