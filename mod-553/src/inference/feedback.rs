//! `POST /v1/feedback`: what was true, told later. Labels prove the model right or wrong, and put a price on its mistakes.

use super::state::Service;
use super::wire::{Feedback, Refusal};
use crate::inference_log::{Label, Value};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use std::sync::Arc;

/// The route. A label is logged even when its prediction is forgotten here: whoever reads the logs still has both.
pub(super) async fn feedback(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<(StatusCode, Json<serde_json::Value>), Refusal> {
    let feedback: Feedback = serde_json::from_slice(&body).map_err(|error| {
        let message = format!("the body is no feedback: {error}; expected {{\"request_id\": …, \"label\": true}}");
        Refusal::new(StatusCode::BAD_REQUEST, "malformed", message)
    })?;
    let label = Label {
        request_id: feedback.request_id.clone(),
        label: Value::Flag(feedback.label),
        observed_at: Timestamp::now(),
    };
    service.log(service.labels.as_ref(), &label);
    let Some(remembered) = service.memory().label(&feedback.request_id) else {
        let message = format!("no prediction {} is remembered; the label is in the log", feedback.request_id);
        return Err(Refusal::new(StatusCode::NOT_FOUND, "unknown", message));
    };
    // A label that is told twice counts once.
    if !remembered.labelled {
        let labels = service.figures.labels_of(&remembered.served);
        let with = |last: &[&str]| {
            labels.iter().map(String::as_str).chain(last.iter().copied()).map(str::to_owned).collect::<Vec<_>>()
        };
        let word = |flag: bool| if flag { "fraud" } else { "legitimate" };
        let correct = (remembered.predicted == feedback.label).to_string();
        service.figures.labels.with_label_values(&with(&[&correct])).inc();
        let pair = [word(remembered.predicted), word(feedback.label)];
        service.figures.confusion.with_label_values(&with(&pair)).inc();
        if feedback.label && !remembered.predicted {
            let labels = [&remembered.served.model, &remembered.served.variant];
            service.figures.business.loss_usd.with_label_values(&labels).inc_by(remembered.amount_usd);
        }
    }
    Ok((StatusCode::ACCEPTED, Json(serde_json::json!({ "counted": !remembered.labelled }))))
}
