//! Our client against real servers, with the official Python client as the second pair of eyes: one binary, a named test for each
//! subject on each target.
//!
//! What one client writes the other must read alike, bit for bit, and the other way round. A target whose programs are not on this
//! machine is *ignored*, with what to run; it is never passed.
//!
//! | File | What it holds |
//! |---|---|
//! | `target` | the servers: MLflow 2.22, MLflow 3.x, our own; started once, on first use |
//! | `peer` | the Python client at the other end of a pipe (`python/peer.py`) |
//! | `story` | what is written (`story.json`), how our client writes it and reads it back |
//! | `tracking` `registry` `artifacts` `accounts` `command` | the tests on each target |
//! | `server_parity` | our server beside MLflow 2.22, request by request (`server_parity.jsonl`) |
//! | `expressions` | the dry run's evaluator beside GitHub's own package |
//! | `feast` | our feature store beside the real Feast |
//! | `documents` | secrets by name, pipelines of Airflow and Kubeflow |
//! | `observability` | Prometheus in front of our server: rules, dashboard, figures |
//! | `quiz` | the quiz on a terminal, killed and resumed, and what its program does not hold |
//! | `workflows` | the dry run's reports, and the lab's workflows before other judges |
//! | `statistics` `performance` | our statistics and metrics beside scipy's, statsmodels' and scikit-learn's |
//! | `bad_input` | `validate` on what real folders hold: every refusal says where, and what next |
//! | `scripted` | a server that answers from a script |
//! | `wire` `logging` `tls` | the tests on scripted servers |
//! | `notebooks` | lab 3's notebooks, with the official Python client |
//! | `alerts` | receivers that misbehave, and the real Alertmanager |
//! | `receivers` | what arrives at Slack's, PagerDuty's and our own kind of receiver |
//! | `names` | model names that look like options, commands and quotes, through every command that takes one |
//! | `malformed` | what is malformed, absent, unreachable or half-written, for alerts, features, governance and the quiz |
//! | `github` | GitHub, from a fake that loses answers and from prism |
//! | `pipeline` | the lab's workflows, step by step as a runner takes them: their command lines, their files, what they do |
//! | `refusals` | what `promote`, `approve`, `rollback`, `audit` and `workflow` make of bad input |
//! | `killed` | promotions and rollbacks, killed at random points |

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; without libtest, clippy does not know that these are tests"
)]

mod accounts;
mod alerts;
mod artifacts;
mod bad_input;
mod command;
mod documents;
mod expressions;
mod feast;
mod github;
mod killed;
mod logging;
mod malformed;
mod names;
mod notebooks;
mod observability;
mod peer;
mod performance;
mod pipeline;
mod quiz;
mod receivers;
mod refusals;
mod registry;
mod scripted;
mod server_parity;
mod statistics;
mod story;
mod target;
mod tls;
mod tracking;
mod wire;
mod workflows;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::ExitCode;
use std::sync::Arc;
use target::{Side, Target};

/// A test: what it is called and what it does with a started target.
type Case = (&'static str, fn(&Side) -> Result<(), Failed>);

const CASES: &[Case] = &[
    ("runs-are-read-alike", tracking::runs_are_read_alike),
    ("metric-histories-page-alike", tracking::metric_histories_page_alike),
    ("searches-find-alike", tracking::searches_find_alike),
    ("experiments-live-and-die", tracking::experiments_live_and_die),
    ("deleted-runs-come-back", tracking::deleted_runs_come_back),
    ("datasets-are-summarised", tracking::datasets_are_summarised),
    ("errors-carry-the-same-codes", tracking::errors_carry_the_same_codes),
    ("a-buffered-logger-loses-nothing", tracking::a_buffered_logger_loses_nothing),
    ("long-values-fare-alike", tracking::long_values_fare_alike),
    ("models-are-read-alike", registry::models_are_read_alike),
    ("registry-searches-page", registry::registry_searches_page),
    ("models-are-renamed-and-deleted", registry::models_are_renamed_and_deleted),
    ("artifacts-are-read-alike", artifacts::artifacts_are_read_alike),
    ("artifacts-are-listed-alike-and-deleted", artifacts::artifacts_are_listed_alike_and_deleted),
    ("names-beyond-latin-1-come-back", artifacts::names_beyond_latin_1_come_back),
    ("a-large-file-moves-in-little-memory", artifacts::a_large_file_moves_in_little_memory),
    ("users-and-permissions-are-seen-alike", accounts::users_and_permissions_are_seen_alike),
    ("wrong-credentials-are-told-apart", accounts::wrong_credentials_are_told_apart),
    ("the-command-does-a-days-work", command::the_command_does_a_days_work),
    ("a-validation-is-logged-with-its-verdict", command::a_validation_is_logged_with_its_verdict),
];

/// A test that brings its own server.
type ScriptedCase = (&'static str, fn() -> Result<(), Failed>);

const SCRIPTED: &[ScriptedCase] = &[
    ("only-repeatable-calls-are-repeated", wire::only_repeatable_calls_are_repeated),
    ("retry-after-is-obeyed", wire::retry_after_is_obeyed),
    ("strange-answers-are-named", wire::strange_answers_are_named),
    ("a-stalled-server-times-out", wire::a_stalled_server_times_out),
    ("secrets-stay-secret", wire::secrets_stay_secret),
    ("a-file-goes-up-in-parts-where-offered", wire::a_file_goes_up_in_parts_where_offered),
    ("a-file-goes-up-whole-where-parts-are-not-offered", wire::a_file_goes_up_whole_where_parts_are_not_offered),
    ("a-download-is-whole-and-stays-in-its-folder", wire::a_download_is_whole_and_stays_in_its_folder),
    ("entries-are-sent-by-size-by-time-and-on-close", logging::entries_are_sent_by_size_by_time_and_on_close),
    ("a-lost-connection-hands-every-entry-back", logging::a_lost_connection_hands_every_entry_back),
    ("a-slow-server-slows-the-caller-down", logging::a_slow_server_slows_the_caller_down),
    ("an-unclosed-logger-says-what-is-lost", logging::an_unclosed_logger_says_what_is_lost),
    ("trust-is-what-the-settings-say", tls::trust_is_what_the_settings_say),
    ("a-receiver-that-stumbles-is-told-once", alerts::a_receiver_that_stumbles_is_told_once_under_one_key),
    ("what-a-stalled-receiver-misses-is-kept", alerts::what_a_stalled_receiver_misses_is_kept_and_sent_later),
    ("who-is-killed-while-sending-sends-again", alerts::who_is_killed_while_sending_sends_again_under_the_same_key),
    ("alerts-keep-secrets-secret", alerts::alerts_keep_secrets_secret),
    ("a-storm-becomes-a-summary-and-its-end", alerts::a_storm_becomes_a_summary_and_its_end),
    ("a-killed-promotion-ends-as-if-it-had-not-been", killed::a_killed_promotion_ends_as_if_it_had_not_been),
    ("bad-input-is-named-with-the-way-out", refusals::bad_input_is_named_with_the_way_out),
    ("ctrl-c-leaves-nothing-behind", refusals::ctrl_c_leaves_nothing_behind),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let targets = Target::all().map(Arc::new);
    let trials = targets.iter().flat_map(|target| {
        CASES.iter().map(|(name, case)| {
            let (target, case) = (target.clone(), *case);
            Trial::ignorable_test(format!("{}::{name}", target.name), move || match target.side() {
                Ok(side) => case(side).map(|()| Completion::Completed),
                Err(target::Absent::NotHere(reason)) => Ok(Completion::ignored_with(reason)),
                Err(target::Absent::Broken(reason)) => Err(Failed::from(reason)),
            })
        })
    });
    let scripted = SCRIPTED.iter().map(|(name, case)| {
        let case = *case;
        Trial::test(format!("scripted::{name}"), case)
    });
    stop_on_interrupt(targets.clone());
    let conclusion = libtest_mimic::run(
        &arguments,
        trials
            .chain(scripted)
            .chain([server_parity::trial(), alerts::alertmanager_trial(), notebooks::trial()])
            .chain([statistics::trial(), performance::trial()])
            .chain(bad_input::trials())
            .chain(expressions::trials())
            .chain(workflows::trials())
            .chain(feast::trials())
            .chain(documents::trials())
            .chain(observability::trials())
            .chain(quiz::trials())
            .chain(receivers::trials())
            .chain(names::trials())
            .chain(malformed::trials())
            .chain(github::trials())
            .chain(pipeline::trials())
            .collect(),
    );
    for target in targets {
        target.stop();
    }
    conclusion.exit_code()
}

/// The servers lead process groups of their own, so Ctrl-C does not reach them: this does.
fn stop_on_interrupt(targets: [Arc<Target>; 3]) {
    std::thread::spawn(move || {
        if target::block_on(tokio::signal::ctrl_c()).is_ok() {
            // Python ends by itself when the pipe to it does.
            targets.iter().for_each(|target| target.stop_server());
            std::process::exit(130);
        }
    });
}
