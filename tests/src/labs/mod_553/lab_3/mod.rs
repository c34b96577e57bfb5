//! Lab 3 of MOD-553: incident response. Schedules, alerts and exercises are drawn by the run's seed, and the truth about them is
//! computed here, minute by minute and from the brief alone.
//!
//! | File | What it holds |
//! |---|---|
//! | `desk` | a folder for each question |
//! | `plan` | schedules: drawn, written, answered |
//! | `calling` `coverage` | who is on call, and when nobody or too many are |
//! | `policy` | escalation policies and events: drawn, written, and who must be told |
//! | `escalation` | who is told when |
//! | `runbooks` | procedures that are run as they are written |
//! | `tabletop` | exercises, scored |
//! | `postmortem` | what is learned: figures, causes, actions, security |
//! | `input` | files that make no sense |

mod calling;
mod coverage;
mod desk;
mod escalation;
mod input;
mod plan;
mod policy;
mod postmortem;
mod runbooks;
mod tabletop;

use crate::check::Check;

/// The lab's folder.
pub const FOLDER: &str = "mod-553/labs/lab-3-incident-response";

/// Its checks.
pub const CHECKS: &[Check] = &[
    calling::ROTATIONS,
    calling::HOURS,
    calling::LAYERS,
    calling::OVERRIDES,
    calling::CLOCKS,
    calling::ODD,
    coverage::SOUND,
    coverage::GAPS,
    coverage::DOUBLE,
    coverage::SAME,
    coverage::CLOCKS,
    escalation::FOLLOWED,
    escalation::STOPPED,
    escalation::FOLDED,
    escalation::NOBODY,
    escalation::NEWCOMERS,
    runbooks::ORDER,
    runbooks::SURPRISE,
    runbooks::SHOWN,
    tabletop::SCORED,
    tabletop::LATER,
    tabletop::HARM,
    tabletop::TIMELINE,
    postmortem::FIGURES,
    postmortem::BLAMELESS,
    postmortem::EVIDENCE,
    postmortem::SECURITY,
    input::MALFORMED,
];
