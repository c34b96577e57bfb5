//! The module beside its peers and on real servers: one binary, a named test for each subject. What is not on this machine makes
//! a test *ignored*, with what to run; it is never passed.
//!
//! | File | What it holds |
//! |---|---|
//! | `alertmanager` | a real Alertmanager, and the days on which it or a webhook is down |
//! | `calibration` | how often our decisions are wrong when nothing has changed |
//! | `dashboards` | Grafana's schema, and a real Prometheus with hours of history |
//! | `drift` | the drift monitor, as a user meets it: every kind of bad input |
//! | `drift_service` | the drift monitor as a service: late, doubled and broken records, and a service that is killed |
//! | `drift_sources` | where its data come from and where its findings go: Arrow, HTTP, S3, a run, an Alertmanager, a page |
//! | `environment` | the programs under `target/labs/` and on the path |
//! | `evidently` | our parity mode beside Evidently |
//! | `finops` | what models cost: beside the service's own counters, FOCUS' validator, promtool, Prometheus and Alertmanager |
//! | `fuzz` | every reader and decoder, fed with broken files |
//! | `incident` | schedules, escalation, tabletop exercises and postmortems, as a user meets them |
//! | `logs` | the inference log, as a user meets it |
//! | `multivariate` | kernels, components and isotonic curves beside numpy's and scikit-learn's |
//! | `nannyml` | estimated performance beside NannyML's, where it is installed |
//! | `peer` | questions to a peer's Python |
//! | `prometheus` | objectives and the playbook, beside promtool and a live Prometheus |
//! | `retraining` | retraining on real git repositories: concurrent pushers, bad input, and a thousand kills |
//! | `river` | online detectors beside River's |
//! | `serving` | the reference inference service, from outside |
//! | `signals` | what governance, security and other monitors are told |
//! | `sketches` | profiles beside Apache's DataSketches in Python |
//! | `statistics` | our tests of two samples beside scipy's |
//! | `stream` | streams and performance, as a user meets them |

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; without libtest, clippy does not know that these are tests"
)]

mod alertmanager;
mod calibration;
mod dashboards;
mod drift;
mod drift_service;
mod drift_sources;
mod environment;
mod evidently;
mod finops;
mod fuzz;
mod incident;
mod logs;
mod multivariate;
mod nannyml;
mod peer;
mod prometheus;
mod retraining;
mod river;
mod serving;
mod signals;
mod sketches;
mod statistics;
mod stream;

use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    let trials = [
        // One a line, in the order of the alphabet.
        alertmanager::trials(),
        calibration::trials(),
        dashboards::trials(),
        drift::trials(),
        drift_service::trials(),
        drift_sources::trials(),
        evidently::trials(),
        finops::trials(),
        fuzz::trials(),
        incident::trials(),
        logs::trials(),
        multivariate::trials(),
        nannyml::trials(),
        prometheus::trials(),
        retraining::trials(),
        river::trials(),
        serving::trials(),
        signals::trials(),
        sketches::trials(),
        statistics::trials(),
        stream::trials(),
    ];
    let trials: Vec<Trial> = trials.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
