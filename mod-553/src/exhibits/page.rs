//! The exhibits as one document: what the data are, what the tool said, what we say, and why.

use super::cases::Case;
use super::error::Error;
use super::peers::Answer;
use crate::decision::{Decision, Verdict};
use mod_106::documents::{Templates, number, percent};
use serde::Serialize;

const TEMPLATE: &str = include_str!("page.md.j2");

/// A case, and what its tool said; nothing where it did not run.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The case.
    pub case: Case,
    /// What the tool said of each pair.
    pub answers: Option<Vec<Answer>>,
}

#[derive(Serialize)]
struct View {
    ran: usize,
    all: usize,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: &'static str,
    title: &'static str,
    data: &'static str,
    why: &'static str,
    truth: &'static str,
    tool: String,
    theirs: String,
    theirs_state: &'static str,
    ours: String,
    ours_state: &'static str,
    sentence: String,
    environment: &'static str,
}

/// The document in Markdown.
///
/// # Errors
/// When the template does not fit, which its test would have shown.
pub fn markdown(shown: &[Shown]) -> Result<String, Error> {
    let rows: Vec<Row> = shown.iter().map(row).collect();
    let ran = shown.iter().filter(|one| one.answers.is_some()).count();
    let templates = Templates::new([("exhibits.md", TEMPLATE)])?;
    Ok(templates.render("exhibits.md", &View { ran, all: shown.len(), rows })?)
}

/// The same document as a page.
///
/// # Errors
/// When the template does not fit.
pub fn page(markdown: &str) -> Result<String, Error> {
    Ok(Templates::new([])?.page("Where drift monitors are fooled", markdown)?)
}

fn row(shown: &Shown) -> Row {
    let Case { id, title, data, why, drifted, peer, looks, ours, .. } = &shown.case;
    let (theirs, theirs_state) = match &shown.answers {
        None => ("not run".to_owned(), "not run"),
        Some(answers) => {
            let alarms: Vec<bool> = answers.chunks(*looks).map(|run| run.iter().any(|one| one.drifted)).collect();
            (told(&alarms, answers.first().map(|one| one.score)), state(&alarms, *drifted))
        }
    };
    let alarms: Vec<bool> = ours.iter().map(|decision| decision.verdict == Verdict::Drift).collect();
    let shown_decision = ours.iter().find(|one| (one.verdict == Verdict::Drift) == *drifted).or(ours.first());
    Row {
        id,
        title,
        data,
        why,
        truth: if *drifted { "drift" } else { "no drift" },
        tool: format!("{} `{}`", peer.name, peer.test),
        theirs,
        theirs_state,
        ours: our_words(ours, &alarms),
        ours_state: state(&alarms, *drifted),
        sentence: shown_decision.map(|decision| decision.why.clone()).unwrap_or_default(),
        environment: peer.environment,
    }
}

fn our_words(ours: &[Decision], alarms: &[bool]) -> String {
    match ours {
        [only] => {
            let effect = only.evidence.effect.map_or_else(|| "not defined".to_owned(), number);
            format!("{} ({} = {effect})", only.verdict.word(), only.evidence.effect_name)
        }
        _ => {
            let inconclusive = ours.iter().filter(|one| matches!(one.verdict, Verdict::Inconclusive { .. })).count();
            let share = |count: usize| percent(count as f64 / ours.len() as f64);
            let alarms = alarms.iter().filter(|alarm| **alarm).count();
            match inconclusive {
                0 => format!("drift in {} of {} runs", share(alarms), ours.len()),
                _ => format!(
                    "drift in {} of {} runs, inconclusive in {}",
                    share(alarms),
                    ours.len(),
                    share(inconclusive)
                ),
            }
        }
    }
}

fn told(alarms: &[bool], score: Option<f64>) -> String {
    match alarms {
        [alarm] => {
            let word = if *alarm { "drift" } else { "no drift" };
            score.map_or_else(|| word.to_owned(), |score| format!("{word} (score {})", number(score)))
        }
        _ => {
            let share = alarms.iter().filter(|alarm| **alarm).count() as f64 / alarms.len() as f64;
            format!("drift in {} of {} runs", percent(share), alarms.len())
        }
    }
}

/// Whether the verdicts are true; of false alarms, whether there are more than three standard errors above 5 %.
fn state(alarms: &[bool], drifted: bool) -> &'static str {
    let share = alarms.iter().filter(|alarm| **alarm).count() as f64 / alarms.len().max(1) as f64;
    let most = match alarms.len() {
        0 | 1 => 0.0,
        runs => 0.05 + 3.0 * (0.05 * 0.95 / runs as f64).sqrt(),
    };
    let right = if drifted { share > 0.5 } else { share <= most };
    if right { "holds" } else { "contradicted" }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{Data, Peer};
    use super::*;

    fn shown(answers: Option<Vec<Answer>>, drifted: bool) -> Shown {
        let peer = Peer { environment: "tool", name: "Tool 1", test: "psi" };
        let pair = (Data::Counts(vec![1]), Data::Counts(vec![1]));
        let case = Case {
            id: "an-id",
            title: "A title",
            data: "some data",
            why: "it is so",
            drifted,
            peer,
            pairs: vec![pair; 3],
            looks: 1,
            ours: Vec::new(),
        };
        Shown { case, answers }
    }

    #[test]
    fn what_did_not_run_says_so() {
        let answer = |drifted| Answer { score: 0.5, drifted };
        let all = [shown(None, true), shown(Some(vec![answer(true), answer(true), answer(false)]), false)];
        insta::assert_snapshot!(markdown(&all).unwrap());
    }
}
