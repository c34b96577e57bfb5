//! Lab 5 of MOD-553: what models cost. Usage, prices, budgets and days are drawn by the run's seed, and the truth about them is computed
//! here in whole numbers of 10⁻¹⁰ dollars, from the brief alone.
//!
//! | File | What it holds |
//! |---|---|
//! | `desk` | a folder for each question, the commands, and tables of costs read again |
//! | `usage` | calls and prices: drawn, written, and what they come to |
//! | `pricing` | rows, tiers, dates, what has no price, what is malformed |
//! | `ledger` | rows against counters, and where budgets stand |
//! | `outlook` | forecasts and anomalies |
//! | `capacity` | queues, and what if |
//! | `control` | policies and overrides |

mod capacity;
mod control;
mod desk;
mod ledger;
mod outlook;
mod pricing;
mod usage;

use crate::check::Check;

/// The lab's folder.
pub const FOLDER: &str = "mod-553/labs/lab-5-finops";

/// Its checks.
pub const CHECKS: &[Check] = &[
    pricing::ROWS,
    pricing::EXACT,
    pricing::CACHED,
    pricing::REASONING,
    pricing::EDGE,
    pricing::URGENCY,
    pricing::DATED,
    pricing::MISSING,
    pricing::ONCE,
    pricing::CALENDAR,
    pricing::MALFORMED,
    ledger::RESETS,
    ledger::DIFFERENCES,
    ledger::MONTHS,
    ledger::AMOUNT,
    outlook::INTERVAL,
    outlook::FEW,
    outlook::SPIKE,
    outlook::QUIET,
    capacity::QUEUE,
    capacity::WHAT_IF,
    control::STRICTEST,
    control::UNKNOWN,
    control::ENDS,
    control::SIGNED,
];
