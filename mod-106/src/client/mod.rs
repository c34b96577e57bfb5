//! An asynchronous client of MLflow's REST API 2.0.
//!
//! A call goes down these files, and its answer comes back up:
//!
//! | Files | What they know |
//! |---|---|
//! | `experiments` `runs` `metrics` `batch` `inputs` | tracking: names for calls, types for answers |
//! | `models` `versions` | the registry |
//! | `artifacts/` | files, streamed up and down |
//! | `logger/` | single calls gathered into batches |
//! | `users` | accounts and permissions of the basic-auth app |
//! | `health` | health and version |
//! | `paging` | pages as streams |
//! | `endpoint` | the table: method, path, and whether a call may be repeated |
//! | `retry` | the decision to try again |
//! | `transport` `tls` | HTTP, errors, connections |
//! | `config` `auth` | settings and secrets |
//! | `error` `ids` `values` `tags` | the words all of them use |
//!
//! # Where MLflow 2.22 and 3.x differ
//!
//! The tests in `tests/it` pass against both. What they met on the way (2.22.5 and 3.17.2):
//!
//! | Subject | 2.22 | 3.x |
//! |---|---|---|
//! | source of a model version | any place that the server serves | must belong to the run named in `run_id` |
//! | permissions on one experiment or model | `create_permission` and its companions | gone in favour of roles: [`ErrorCode::EndpointNotFound`] |
//! | deleting a user who holds a permission | [`ErrorCode::BadRequest`]: take the permissions back first | not tried |
//! | artifact names beyond Latin-1 | uploaded, listed, but the download's connection is cut | downloaded |
//! | a file that takes longer than 30 s | gunicorn kills the worker; start with `--gunicorn-opts "--timeout 600"` | taken |
//! | a dataset whose name and digest are known from another experiment | summarised there only | not tried |
//!
//! Both store ±∞ as ±[`f64::MAX`], answer NaN as the string `"NaN"`, and write int64 as JSON numbers. The Python client resolves a
//! `runs:/…` source before it sends it; this client sends it as it is, and servers resolve it on
//! [`Client::version_download_uri`].

mod artifacts;
mod auth;
mod batch;
mod config;
mod endpoint;
mod error;
mod experiments;
mod health;
mod ids;
mod inputs;
mod logger;
mod metrics;
mod models;
mod paging;
mod retry;
mod runs;
mod tags;
mod tls;
mod transport;
mod users;
mod values;
mod versions;

pub use artifacts::{ArtifactPath, ArtifactRoot, Download, FileInfo, Upload};
pub use auth::Credentials;
pub(crate) use auth::redact;
pub use batch::{Batch, LONGEST_BODY_BYTES, MOST_ENTRIES, MOST_METRICS, MOST_PARAMS, MOST_TAGS};
pub use config::{Config, TRACKING_URI, Tls};
pub use endpoint::{ALL as ENDPOINTS, Endpoint, Repeat};
pub use error::{Error, ErrorCode};
pub use experiments::{DatasetSummary, Experiment, ExperimentSearch, LifecycleStage, ViewType};
pub use ids::{ExperimentId, ModelName, RunId, VersionNumber};
pub use inputs::{CONTEXT_TAG, Dataset, DatasetInput, RunInputs};
pub use logger::{BufferedLogger, Entry, LogError, LogSummary, LoggerSettings, Unaccepted};
pub use metrics::{Metric, MetricInterval, MetricOfRun};
pub use models::{Alias, RegisteredModel, RegistrySearch};
pub use paging::Page;
pub use retry::RetryPolicy;
pub(crate) use retry::{Outcome, parse_retry_after};
pub use runs::{NewRun, Run, RunData, RunInfo, RunSearch, RunStatus, RunUpdate};
pub use tags::{Param, Tag};
pub(crate) use tls::http_client;
pub use transport::Client;
pub use users::{ExperimentPermission, ModelPermission, Permission, Resource, User};
pub use versions::{ModelVersion, NewVersion, Stage, VersionStatus};
