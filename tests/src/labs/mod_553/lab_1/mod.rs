//! MOD-553 lab 1, "Observability foundations": an instrumented service and its training job, and what is generated to watch them. Rubric,
//! points and hints are in `mod-553/labs/lab-1-observability/lab.toml`; here is what is done to find out.
//!
//! | File | What it holds |
//! |---|---|
//! | `exposition` | a scrape in Prometheus' text format, read strictly |
//! | `caller` | payments by seed, from the data that the submission trained on, and what was counted meanwhile |
//! | `serving` `cardinality` `inputs` `labels` | what the service says of itself |
//! | `training` | what the job says of itself |
//! | `objectives` | a file of objectives by seed, and promtool's tests of what is made of it |
//! | `alerts` `routing` | the rules and Alertmanager's configuration that are made from it |
//! | `queries` `dashboards` `panels` | Grafana's files: their shape, their queries, and a real Prometheus that answers them |
//! | `playbook` | alert and runbook, in both directions |

mod alerts;
mod caller;
mod cardinality;
mod dashboards;
mod exposition;
mod inputs;
mod labels;
mod objectives;
mod panels;
mod playbook;
mod queries;
mod routing;
mod serving;
mod training;

use crate::check::Check;

/// The lab's folder.
pub const FOLDER: &str = "mod-553/labs/lab-1-observability";

/// Its checks in declared order; those that count exactly run alone, last, in this order.
pub const CHECKS: &[Check] = &[
    serving::EXPOSITION,
    serving::HISTOGRAMS,
    serving::ZERO,
    training::LEAVES,
    training::FAILED,
    alerts::LINT,
    alerts::SAY,
    alerts::BURST,
    alerts::SLOW,
    alerts::FEW,
    alerts::SILENCE,
    alerts::WEIGHTED,
    alerts::REFUSED,
    routing::ROUTES,
    dashboards::SHAPE,
    dashboards::QUERIES,
    dashboards::OBJECTIVES,
    panels::DATA,
    playbook::ENTRIES,
    playbook::COMMANDS,
    serving::COUNTED,
    serving::MALFORMED,
    inputs::QUALITY,
    labels::DELAYED,
    labels::ONCE,
    inputs::DRIFT,
    cardinality::PATHS,
    cardinality::TENANTS,
];
