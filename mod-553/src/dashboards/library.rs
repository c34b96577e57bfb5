//! The dashboards of the inference service, one for each question that somebody asks at three in the morning or at ten in the meeting.

use super::panel::{Dashboard, Panel, Row, Unit};
use super::templates::{bad_above, bad_below, budget, burn, curves, figure, quantiles, rate, share};
use crate::slo::{Severity, Spec};
use std::collections::BTreeSet;

const PREDICT: &str = r#"{http_route="/v1/predict"}"#;

/// So many figures stand beside each other and can still be read across a room.
const FIGURES_A_ROW: usize = 4;

/// All of them; what is promised is the specification's to say.
pub fn all(spec: &Spec) -> Vec<Dashboard> {
    vec![objectives(spec), service(), model(), business(), training()]
}

fn objectives(spec: &Spec) -> Dashboard {
    let left: Vec<Panel> =
        spec.slos.iter().map(|slo| budget(&slo.name, &format!("{}: budget left", words(&slo.name)))).collect();
    let budgets =
        left.chunks(FIGURES_A_ROW).map(|panels| Row { title: "Error budgets, 30 days", panels: panels.to_vec() });
    Dashboard {
        uid: "mod-553-objectives",
        title: "Objectives",
        description: "Do we keep what we promised, and for how much longer?",
        rows: budgets.chain(burns(spec)).collect(),
    }
}

/// How fast budgets burn over the longest window that pages and the longest of all, and on how many events that rests.
fn burns(spec: &Spec) -> [Row; 2] {
    let longest = |severity: Severity| {
        let pairs = spec.burn_rates.iter().filter(|burn| burn.severity == severity);
        pairs.map(|burn| &burn.long).max()
    };
    let windows: BTreeSet<_> = [Severity::Page, Severity::Ticket].into_iter().filter_map(longest).collect();
    let panels = windows.into_iter().map(|window| burn(&format!("Burn rate, {window}"), &window.to_string())).collect();
    [
        Row { title: "Burn rates", panels },
        Row {
            title: "Events",
            panels: vec![
                curves(
                    "Events",
                    "What the objectives are measured on; few events say little.",
                    Unit::PerSecond,
                    &[("slo:events:rate5m", "{{slo}}")],
                ),
                curves(
                    "Bad events",
                    "What spends the budgets.",
                    Unit::PerSecond,
                    &[("slo:events_bad:rate5m", "{{slo}}")],
                ),
            ],
        },
    ]
}

/// `input-quality` as a title: `Input quality`.
fn words(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}", letters.as_str().replace('-', " "))
}

fn service() -> Dashboard {
    let requests = format!("http_server_request_duration_seconds_count{PREDICT}");
    let failed =
        r#"http_server_request_duration_seconds_count{http_route="/v1/predict", http_response_status_code=~"5.."}"#;
    Dashboard {
        uid: "mod-553-service",
        title: "Inference service",
        description: "Does it answer, in time and without errors?",
        rows: vec![
            now(),
            Row {
                title: "Requests",
                panels: vec![
                    rate(
                        "Requests",
                        "Predictions, by the status that was answered.",
                        &requests,
                        &["http_response_status_code"],
                    ),
                    bad_above(
                        share(
                            "Errors",
                            "Predictions that failed through our fault.",
                            failed,
                            &requests,
                            &["http_route"],
                        ),
                        0.001,
                    ),
                ],
            },
            Row {
                title: "Latency",
                panels: vec![
                    bad_above(
                        quantiles(
                            "Latency of requests",
                            "From arrival to the response's head.",
                            "http_server_request_duration_seconds",
                            PREDICT,
                        ),
                        0.25,
                    ),
                    quantiles(
                        "Latency of the model alone",
                        "Without the way to it.",
                        "model_inference_duration_seconds",
                        "",
                    ),
                ],
            },
            Row {
                title: "Telemetry about telemetry",
                panels: vec![
                    rate("Inference log", "Records, written and failed.", "inference_log_records_total", &["result"]),
                    rate(
                        "Labels beyond their budget",
                        "Values counted as `other`.",
                        "telemetry_label_overflow_total",
                        &["label"],
                    ),
                ],
            },
        ],
    }
}

/// What somebody looks at first.
fn now() -> Row {
    let up = figure(
        "Scraped",
        "1 while Prometheus reaches the service.",
        Unit::Number,
        r#"up{job="inference"}"#,
        "{{instance}}",
    );
    let active = figure(
        "In flight",
        "Requests that have no response yet.",
        Unit::Number,
        "sum(http_server_active_requests)",
        "requests",
    );
    let faults = figure(
        "Faults on",
        "Injected on purpose; 0 outside rehearsals.",
        Unit::Number,
        "sum(inference_fault_active)",
        "faults",
    );
    let records = figure(
        "Records lost",
        "Of the inference log, in the last hour.",
        Unit::Number,
        r#"sum(increase(inference_log_records_total{result="failed"}[1h]))"#,
        "records",
    );
    Row { title: "Now", panels: vec![bad_below(up, 1.0), active, bad_above(faults, 1.0), bad_above(records, 1.0)] }
}

fn model() -> Dashboard {
    let wrong = r#"model_labels_total{correct="false"}"#;
    Dashboard {
        uid: "mod-553-model",
        title: "Model",
        description: "Is it still right, and is its input still what it was trained on?",
        rows: vec![
            Row {
                title: "Versions",
                panels: vec![
                    figure(
                        "Served versions",
                        "One for each variant; more is a rollout that never ended.",
                        Unit::Number,
                        "count by (model, variant, version) (model_info)",
                        "{{variant}} {{version}}",
                    ),
                    figure(
                        "Requests in the drift window",
                        "Below 500 the drift signal says nothing.",
                        Unit::Number,
                        "max by (model) (model_drift_window_requests)",
                        "{{model}}",
                    ),
                ],
            },
            Row {
                title: "Right and wrong",
                panels: vec![
                    bad_above(
                        share(
                            "Wrong predictions",
                            "Of those whose label came.",
                            wrong,
                            "model_labels_total",
                            &["variant", "version"],
                        ),
                        0.15,
                    ),
                    rate(
                        "Labels beside predictions",
                        "What was predicted, and what was true.",
                        "model_confusion_total",
                        &["predicted", "actual"],
                    ),
                ],
            },
            predictions(),
            data(),
        ],
    }
}

/// What the model says, which needs no label to look strange.
fn predictions() -> Row {
    Row {
        title: "Predictions",
        panels: vec![
            rate(
                "Predictions by class",
                "A class that vanishes is a symptom without any label.",
                "model_predicted_class_total",
                &["class"],
            ),
            curves(
                "Scores",
                "Quantiles of the probability of fraud.",
                Unit::Share,
                &[
                    ("histogram_quantile(0.5, sum by (le) (rate(model_prediction_score_bucket[5m])))", "median"),
                    ("histogram_quantile(0.9, sum by (le) (rate(model_prediction_score_bucket[5m])))", "90 %"),
                ],
            ),
        ],
    }
}

/// What the model is given.
fn data() -> Row {
    Row {
        title: "Data",
        panels: vec![
            bad_above(
                curves(
                    "Drift signal",
                    "Bias-corrected PSI of the last requests against training; a signal, not a verdict.",
                    Unit::Number,
                    &[("max by (feature) (model_feature_psi)", "{{feature}}")],
                ),
                0.2,
            ),
            rate(
                "Values that are not as in training",
                "Nulls, out of range, never seen, of the wrong type.",
                r#"model_input_values_total{state!="ok"}"#,
                &["feature", "state"],
            ),
        ],
    }
}

fn business() -> Dashboard {
    let hourly = |counter: &str, by: &str| format!("3600 * sum by ({by}) (rate({counter}[5m]))");
    let declined = r#"business_decisions_total{decision="decline"}"#;
    Dashboard {
        uid: "mod-553-business",
        title: "Business",
        description: "What is it worth, and what does it cost?",
        rows: vec![
            Row {
                title: "Decisions",
                panels: vec![
                    share(
                        "Declined payments",
                        "A jump annoys customers, a fall invites fraud.",
                        declined,
                        "business_decisions_total",
                        &["variant"],
                    ),
                    curves(
                        "Amounts",
                        "What was decided about.",
                        Unit::UsdPerHour,
                        &[(&hourly("business_amount_usd_total", "decision"), "{{decision}}")],
                    ),
                ],
            },
            Row {
                title: "Losses and callers",
                panels: vec![
                    curves(
                        "Fraud that was approved",
                        "Known once labels come.",
                        Unit::UsdPerHour,
                        &[(&hourly("business_loss_usd_total", "variant"), "{{variant}}")],
                    ),
                    rate(
                        "Requests by tenant",
                        "Within the label's budget; the rest is `other`.",
                        "business_requests_total",
                        &["tenant"],
                    ),
                ],
            },
            Row {
                title: "Tokens",
                panels: vec![
                    rate(
                        "Tokens",
                        "Of language models. Cached tokens are part of the input, never on top.",
                        "gen_ai_client_token_usage_sum",
                        &["gen_ai_token_type"],
                    ),
                    curves(
                        "Tokens a call",
                        "Grows with prompts, not with traffic.",
                        Unit::Number,
                        &[(
                            "sum by (gen_ai_token_type) (rate(gen_ai_client_token_usage_sum[5m])) / (sum by (gen_ai_token_type) (rate(gen_ai_client_token_usage_count[5m])) > 0)",
                            "{{gen_ai_token_type}}",
                        )],
                    ),
                ],
            },
        ],
    }
}

fn training() -> Dashboard {
    let age = figure(
        "Age of the last good job",
        "One is due each week.",
        Unit::Seconds,
        "time() - max by (model) (training_last_success_timestamp_seconds)",
        "{{model}}",
    );
    Dashboard {
        uid: "mod-553-training",
        title: "Training",
        description: "Does the job end well, and is what it makes any good?",
        rows: vec![
            Row {
                title: "The last job",
                panels: vec![
                    bad_above(age, 604_800.0),
                    figure(
                        "Duration",
                        "From drawing rows to the model's file.",
                        Unit::Seconds,
                        "max by (model) (training_duration_seconds)",
                        "{{model}}",
                    ),
                    figure(
                        "Rows",
                        "That the model was fitted to.",
                        Unit::Number,
                        "max by (model) (training_rows)",
                        "{{model}}",
                    ),
                    figure(
                        "Epochs",
                        "Until the fit had settled.",
                        Unit::Number,
                        "max by (model) (training_epochs)",
                        "{{model}}",
                    ),
                ],
            },
            Row {
                title: "What it is worth",
                panels: vec![
                    curves(
                        "Evaluation",
                        "On held-out rows, by version.",
                        Unit::Number,
                        &[(
                            r#"max by (version, measure) (training_evaluation{measure!="log_loss"})"#,
                            "{{measure}} of {{version}}",
                        )],
                    ),
                    curves(
                        "Loss",
                        "Mean log loss after the last epoch.",
                        Unit::Number,
                        &[("max by (version) (training_loss)", "{{version}}")],
                    ),
                ],
            },
        ],
    }
}
