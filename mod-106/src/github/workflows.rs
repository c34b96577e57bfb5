//! Starting a workflow by `workflow_dispatch`. GitHub answers 204, or 200 with the run since 2026: both are taken.
//!
//! A dispatch has no id to look for, so the caller's token must show in the run's name: give the workflow
//! `run-name: … ${{ inputs.operation }}`. Then a dispatch whose answer got lost is found again instead of started twice.

use super::connection::{GitHub, refused};
use super::error::Error;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A run of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WorkflowRun {
    /// Its id.
    pub id: u64,
    /// What its `run-name` says.
    #[serde(default)]
    pub display_title: String,
    /// `queued`, `waiting`, `in_progress`, `completed` …
    #[serde(default)]
    pub status: Option<String>,
    /// `success`, `failure` …, once it is completed.
    #[serde(default)]
    pub conclusion: Option<String>,
}

impl GitHub {
    /// One run.
    ///
    /// # Errors
    /// [`Error::Refused`] with 404 when there is none.
    pub async fn workflow_run(&self, id: u64) -> Result<WorkflowRun, Error> {
        self.get(&format!("/actions/runs/{id}")).await
    }

    /// Dispatches a workflow unless a run shows this token in its name. `inputs` gets the token as `operation`.
    ///
    /// # Errors
    /// [`Error::Refused`] with 404 for a workflow, 422 for a ref or an input, that does not exist.
    pub async fn ensure_dispatch(
        &self,
        workflow: &str,
        git_ref: &str,
        mut inputs: Map<String, Value>,
        token: &str,
    ) -> Result<(), Error> {
        inputs.insert("operation".to_owned(), json!(token));
        let path = format!("/actions/workflows/{workflow}/dispatches");
        let call = format!("POST {path}");
        let look = || async {
            let runs: Value = self.get("/actions/runs?event=workflow_dispatch&per_page=100").await?;
            let titles = runs["workflow_runs"].as_array().into_iter().flatten();
            let mut titles = titles.filter_map(|run| run["display_title"].as_str());
            Ok(titles.any(|title| title.contains(token)).then_some(()))
        };
        self.ensure(&path, &json!({ "ref": git_ref, "inputs": inputs }), look, |status, text| match status {
            200..=204 => Ok(Some(())),
            _ => Err(refused(&call, status, text)),
        })
        .await
    }
}
