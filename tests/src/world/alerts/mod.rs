//! The given Alertmanager. What differs is where it runs; both deliver to an inbox of the webhook sink.
//!
//! - embedded: `receiver.rs`, an own receiver of its API v2 in this process
//! - process: `real.rs`, Debian's `prometheus-alertmanager`
//!
//! Both group by all labels, notify 200 ms after an alert came and at most once a second for a group, and say when one is resolved.

mod real;
mod receiver;

use super::sink::{Inbox, Sink};
use crate::{
    backend::Backend,
    check::Fault,
    expect,
    submission::launch::Tools,
    wire::{Request, Wire, sigv4},
};
use http::Method;
use serde_json::Value;
use std::net::IpAddr;

/// A running Alertmanager. Dropping it ends it.
#[derive(Debug)]
pub struct Alerts {
    url: String,
    inbox: Inbox,
    _running: Running,
}

#[derive(Debug)]
enum Running {
    Here { _receiver: receiver::Receiver },
    Real { _process: Box<real::Real> },
}

impl Alerts {
    /// Starts it where `backend` wants it.
    ///
    /// # Errors
    /// It is not on this machine, or does not come up.
    pub async fn start(backend: Backend, host: IpAddr, tools: &Tools, sink: &Sink) -> Result<Self, Fault> {
        let inbox = sink.inbox("alertmanager");
        let (url, running) = match backend {
            Backend::Embedded => {
                let receiver = receiver::Receiver::start(host, inbox.url()).await;
                let receiver = receiver.map_err(|error| Fault::Environment(error.to_string()))?;
                (receiver.url().to_owned(), Running::Here { _receiver: receiver })
            }
            Backend::Process | Backend::Containers => {
                let real = real::Real::start(host, inbox.url(), tools).await?;
                (real.url().to_owned(), Running::Real { _process: Box::new(real) })
            }
        };
        Ok(Self { url, inbox, _running: running })
    }

    /// Where its API is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it delivered: webhook bodies of version 4, one alert each.
    #[must_use]
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The alerts that fire now and fit these matchers, such as `alertname="ModelDrift"`.
    ///
    /// # Errors
    /// It does not answer: the environment's fault.
    pub async fn alerts(&self, wire: &Wire, matchers: &[&str]) -> Result<Vec<Value>, Fault> {
        let query: Vec<(&str, &str)> = matchers.iter().map(|matcher| ("filter", *matcher)).collect();
        let target = format!("/api/v2/alerts?{}", sigv4::canonical_query(&query));
        let gone = |reason: String| Fault::Environment(format!("the given Alertmanager: {reason}"));
        let answer = wire.send(Request::new(Method::GET, &self.url, target)).await;
        let answer = answer.map_err(|error| gone(error.to_string()))?;
        let alerts = expect::json(&answer).map_err(|fault| gone(fault.to_string()))?;
        Ok(alerts.as_array().cloned().unwrap_or_default())
    }

    /// The names of the variables, which a manifest may use.
    pub const VARIABLES: [&str; 3] = ["LAB_ALERTMANAGER_URL", "LAB_WEBHOOK_URL", "LAB_WEBHOOK_SECRET"];
}

#[cfg(test)]
mod tests;
