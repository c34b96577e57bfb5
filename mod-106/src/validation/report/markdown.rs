//! `report.md`: what fits a pull request or a job's summary. The verdict first, then only what needs attention, then figures.

use super::view::View;
use crate::documents::Templates;
use crate::validation::outcome::Outcome;

const NAME: &str = "validation.md";
const TEMPLATE: &str = include_str!("report.md.j2");

/// The report for pull requests.
#[must_use]
pub fn markdown(outcome: &Outcome) -> String {
    let templates = Templates::new([(NAME, TEMPLATE)]).expect("the template is part of this program, and tested");
    templates.render(NAME, &View::new(outcome)).expect("the template asks for what an outcome holds")
}
