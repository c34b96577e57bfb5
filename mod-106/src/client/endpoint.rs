//! The table of endpoints: method, path, and whether a call may be repeated when nobody knows if the first one arrived.
//!
//! *Repeatable* means: doing it twice leaves the server as doing it once, **and** the second answer is the first one's. Deleting
//! an experiment fails the second time, so a retry would report a success as a failure; creating a run would make two. The facts
//! were read off MLflow 2.22's SQL stores. Next: `retry.rs` decides, `transport.rs` sends.

use reqwest::Method;

/// One row of the table.
#[derive(Debug)]
pub struct Endpoint {
    /// The HTTP method.
    pub method: Method,
    /// The path below the tracking URI; artifacts and multipart uploads append their own path.
    pub path: &'static str,
    /// Whether it may be sent again.
    pub repeat: Repeat,
}

/// Whether a call may be sent again, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Twice is as good as once.
    Safe,
    /// Twice is not; the text says what would go wrong.
    Never(&'static str),
}

const MAKES_TWO: Repeat = Repeat::Never("a second one would be made");
const NAME_IS_TAKEN: Repeat = Repeat::Never("the second answer would say that the name is taken");
const ALREADY_GONE: Repeat = Repeat::Never("the second answer would say that it does not exist");

/// Declares the rows as constants and, from the same lines, the list of all of them: written apart, one would be forgotten.
macro_rules! endpoints {
    ($($name:ident = $method:ident $path:literal $repeat:expr;)*) => {
        $(pub(super) const $name: Endpoint = Endpoint { method: Method::$method, path: $path, repeat: $repeat };)*

        /// Every endpoint that the client calls.
        pub const ALL: &[Endpoint] = &[$($name),*];
    };
}

use Repeat::Safe;

endpoints! {
    CREATE_EXPERIMENT = POST "/api/2.0/mlflow/experiments/create" NAME_IS_TAKEN;
    SEARCH_EXPERIMENTS = POST "/api/2.0/mlflow/experiments/search" Safe;
    GET_EXPERIMENT = GET "/api/2.0/mlflow/experiments/get" Safe;
    GET_EXPERIMENT_BY_NAME = GET "/api/2.0/mlflow/experiments/get-by-name" Safe;
    UPDATE_EXPERIMENT = POST "/api/2.0/mlflow/experiments/update" Safe;
    DELETE_EXPERIMENT = POST "/api/2.0/mlflow/experiments/delete" ALREADY_GONE;
    RESTORE_EXPERIMENT = POST "/api/2.0/mlflow/experiments/restore" ALREADY_GONE;
    SET_EXPERIMENT_TAG = POST "/api/2.0/mlflow/experiments/set-experiment-tag" Safe;
    // The protocol file lacks a slash here, so the Python client calls `/api/2.0mlflow/…`; the UI's route is the sound one.
    SEARCH_DATASETS = POST "/ajax-api/2.0/mlflow/experiments/search-datasets" Safe;

    CREATE_RUN = POST "/api/2.0/mlflow/runs/create" MAKES_TWO;
    GET_RUN = GET "/api/2.0/mlflow/runs/get" Safe;
    UPDATE_RUN = POST "/api/2.0/mlflow/runs/update" Safe;
    DELETE_RUN = POST "/api/2.0/mlflow/runs/delete" Safe;
    RESTORE_RUN = POST "/api/2.0/mlflow/runs/restore" Safe;
    SEARCH_RUNS = POST "/api/2.0/mlflow/runs/search" Safe;
    // A metric with the same key, value, step and time is stored once; a param may be given its own value again.
    LOG_METRIC = POST "/api/2.0/mlflow/runs/log-metric" Safe;
    LOG_PARAM = POST "/api/2.0/mlflow/runs/log-parameter" Safe;
    LOG_BATCH = POST "/api/2.0/mlflow/runs/log-batch" Safe;
    LOG_INPUTS = POST "/api/2.0/mlflow/runs/log-inputs" Safe;
    LOG_MODEL = POST "/api/2.0/mlflow/runs/log-model" Repeat::Never("the run's model history would hold it twice");
    SET_TAG = POST "/api/2.0/mlflow/runs/set-tag" Safe;
    DELETE_TAG = POST "/api/2.0/mlflow/runs/delete-tag" ALREADY_GONE;
    METRIC_HISTORY = GET "/api/2.0/mlflow/metrics/get-history" Safe;
    METRIC_HISTORY_INTERVAL = GET "/api/2.0/mlflow/metrics/get-history-bulk-interval" Safe;
    LIST_RUN_ARTIFACTS = GET "/api/2.0/mlflow/artifacts/list" Safe;

    CREATE_MODEL = POST "/api/2.0/mlflow/registered-models/create" NAME_IS_TAKEN;
    GET_MODEL = GET "/api/2.0/mlflow/registered-models/get" Safe;
    SEARCH_MODELS = GET "/api/2.0/mlflow/registered-models/search" Safe;
    UPDATE_MODEL = PATCH "/api/2.0/mlflow/registered-models/update" Safe;
    RENAME_MODEL = POST "/api/2.0/mlflow/registered-models/rename" ALREADY_GONE;
    DELETE_MODEL = DELETE "/api/2.0/mlflow/registered-models/delete" ALREADY_GONE;
    SET_MODEL_TAG = POST "/api/2.0/mlflow/registered-models/set-tag" Safe;
    DELETE_MODEL_TAG = DELETE "/api/2.0/mlflow/registered-models/delete-tag" Safe;
    SET_ALIAS = POST "/api/2.0/mlflow/registered-models/alias" Safe;
    DELETE_ALIAS = DELETE "/api/2.0/mlflow/registered-models/alias" Safe;
    GET_BY_ALIAS = GET "/api/2.0/mlflow/registered-models/alias" Safe;
    LATEST_VERSIONS = POST "/api/2.0/mlflow/registered-models/get-latest-versions" Safe;
    CREATE_VERSION = POST "/api/2.0/mlflow/model-versions/create" MAKES_TWO;
    GET_VERSION = GET "/api/2.0/mlflow/model-versions/get" Safe;
    SEARCH_VERSIONS = GET "/api/2.0/mlflow/model-versions/search" Safe;
    UPDATE_VERSION = PATCH "/api/2.0/mlflow/model-versions/update" Safe;
    DELETE_VERSION = DELETE "/api/2.0/mlflow/model-versions/delete" ALREADY_GONE;
    TRANSITION_STAGE = POST "/api/2.0/mlflow/model-versions/transition-stage" Safe;
    DOWNLOAD_URI = GET "/api/2.0/mlflow/model-versions/get-download-uri" Safe;
    SET_VERSION_TAG = POST "/api/2.0/mlflow/model-versions/set-tag" Safe;
    DELETE_VERSION_TAG = DELETE "/api/2.0/mlflow/model-versions/delete-tag" Safe;

    LIST_ARTIFACTS = GET "/api/2.0/mlflow-artifacts/artifacts" Safe;
    DOWNLOAD_ARTIFACT = GET "/api/2.0/mlflow-artifacts/artifacts/" Safe;
    // A whole object is replaced by the same bytes. Bodies that cannot be read again are not repeated all the same.
    UPLOAD_ARTIFACT = PUT "/api/2.0/mlflow-artifacts/artifacts/" Safe;
    DELETE_ARTIFACT = DELETE "/api/2.0/mlflow-artifacts/artifacts/" ALREADY_GONE;
    CREATE_MULTIPART = POST "/api/2.0/mlflow-artifacts/mpu/create/" MAKES_TWO;
    COMPLETE_MULTIPART = POST "/api/2.0/mlflow-artifacts/mpu/complete/" ALREADY_GONE;
    ABORT_MULTIPART = POST "/api/2.0/mlflow-artifacts/mpu/abort/" ALREADY_GONE;

    CREATE_USER = POST "/api/2.0/mlflow/users/create" NAME_IS_TAKEN;
    GET_USER = GET "/api/2.0/mlflow/users/get" Safe;
    UPDATE_PASSWORD = PATCH "/api/2.0/mlflow/users/update-password" Safe;
    UPDATE_ADMIN = PATCH "/api/2.0/mlflow/users/update-admin" Safe;
    DELETE_USER = DELETE "/api/2.0/mlflow/users/delete" ALREADY_GONE;
    CREATE_EXPERIMENT_PERMISSION = POST "/api/2.0/mlflow/experiments/permissions/create" NAME_IS_TAKEN;
    GET_EXPERIMENT_PERMISSION = GET "/api/2.0/mlflow/experiments/permissions/get" Safe;
    UPDATE_EXPERIMENT_PERMISSION = PATCH "/api/2.0/mlflow/experiments/permissions/update" Safe;
    DELETE_EXPERIMENT_PERMISSION = DELETE "/api/2.0/mlflow/experiments/permissions/delete" ALREADY_GONE;
    CREATE_MODEL_PERMISSION = POST "/api/2.0/mlflow/registered-models/permissions/create" NAME_IS_TAKEN;
    GET_MODEL_PERMISSION = GET "/api/2.0/mlflow/registered-models/permissions/get" Safe;
    UPDATE_MODEL_PERMISSION = PATCH "/api/2.0/mlflow/registered-models/permissions/update" Safe;
    DELETE_MODEL_PERMISSION = DELETE "/api/2.0/mlflow/registered-models/permissions/delete" ALREADY_GONE;

    HEALTH = GET "/health" Safe;
    VERSION = GET "/version" Safe;
}

#[cfg(test)]
mod tests {
    use super::{ALL, Repeat};
    use reqwest::Method;
    use std::collections::HashSet;

    #[test]
    fn rows_are_unique_and_reading_is_always_repeatable() {
        let mut seen = HashSet::new();
        for endpoint in ALL {
            assert!(seen.insert((endpoint.method.clone(), endpoint.path)), "{} twice", endpoint.path);
            assert!(endpoint.path.starts_with('/'), "{}", endpoint.path);
            if endpoint.method == Method::GET {
                assert_eq!(endpoint.repeat, Repeat::Safe, "{}", endpoint.path);
            }
            if endpoint.path.ends_with("/create") {
                assert_ne!(endpoint.repeat, Repeat::Safe, "{}", endpoint.path);
            }
        }
    }
}
