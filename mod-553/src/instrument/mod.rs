//! What a service that serves a model tells about itself: a library for whoever writes one, and for its training job.
//!
//! Four kinds of figures, because a model that answers quickly can still be wrong: the *service* (requests, latency, errors), the
//! *model* (its versions, scores and classes, how often labels prove it right), the *data* (nulls, values out of range, categories
//! never seen, drift against the training data) and the *business* (decisions, amounts, losses). Names and labels follow
//! OpenTelemetry's semantic conventions as Prometheus spells them
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>, <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>).
//!
//! | Room | What it holds |
//! |---|---|
//! | `budget` | how many values a label may take; whatever comes beyond is `other`, and counted |
//! | `figures` `business` `register` | every metric of a serving process, and the registry that shows them |
//! | `layer` | around every request of an axum router |
//! | `quality` | what is wrong with a feature's value, against what training saw |
//! | `drift` | a rolling window of requests against the training data |
//! | `log` | the inference log: a line each, flushed, rotated |
//! | `exposition` | the figures as Prometheus reads them |
//! | `training` | the figures of a training job, written as a file for node_exporter |

mod budget;
mod business;
mod drift;
mod exposition;
mod figures;
mod layer;
mod log;
mod quality;
mod register;
mod training;

pub use budget::{Budget, OTHER};
pub use business::Business;
pub use drift::{Reference, Window};
pub use exposition::{router, text};
pub use figures::{Figures, Served};
pub use layer::observe;
pub use log::{InferenceLog, LogError};
pub use quality::{Expected, Quality};
pub use training::TrainingFigures;
