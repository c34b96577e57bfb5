//! One request that must be refused, as data, so that a whole list of them can be sent as this user and as that one.

use crate::{
    check::Fault,
    tracking::{API, Tracking},
    wire::{Answer, Body},
};
use http::Method;
use serde_json::Value;

/// A request without its sender.
pub(super) struct Probe {
    method: Method,
    target: String,
    body: Value,
}

impl Probe {
    /// `POST` of a JSON body to MLflow's REST API.
    pub(super) fn post(route: &str, body: Value) -> Self {
        Self::api(Method::POST, route, body)
    }

    /// A JSON body to MLflow's REST API.
    pub(super) fn api(method: Method, route: &str, body: Value) -> Self {
        Self::at(method, format!("{API}{route}"), body)
    }

    /// `GET` of a whole target.
    pub(super) fn read(target: String) -> Self {
        Self::at(Method::GET, target, Value::Null)
    }

    /// Any method and target; no body where it is null.
    pub(super) fn at(method: Method, target: String, body: Value) -> Self {
        Self { method, target, body }
    }

    /// Sends it.
    pub(super) async fn send(&self, sender: &Tracking) -> Result<Answer, Fault> {
        let request = sender.request(self.method.clone(), self.target.clone());
        let request = match &self.body {
            Value::Null => request,
            // A file's content, not a call.
            Value::String(content) => request.body(Body::Bytes(content.clone().into())),
            body => request.json(body),
        };
        sender.send(request).await
    }

    /// Method and path, with what differs from run to run cut out.
    pub(super) fn label(&self, variable: &[&str]) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        let path = variable.iter().fold(path.to_owned(), |path, part| path.replace(part, "…"));
        format!("{} {path}", self.method)
    }
}

/// Requires that an answer does not contain what only its owner may see.
pub(super) fn keeps(answer: &Answer, canary: &str) -> Result<(), Fault> {
    if answer.text().contains(canary) {
        return Err(Fault::failed(answer.what(), "an answer that tells nothing of others' work", answer.quoted()));
    }
    Ok(())
}
