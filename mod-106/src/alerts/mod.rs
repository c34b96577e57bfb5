//! Alerts: from "this expectation failed" to the one person who minds, once, and again when it is over.
//!
//! | Room | What is in it |
//! |---|---|
//! | `alert` | an alert, and the fingerprint by which the same one is known again |
//! | `alert_file` | alerts from a JSON file |
//! | `config` `config_file` | receivers and routes, and the YAML file that they are read from |
//! | `secret` | where a receiver's secrets come from |
//! | `router` | which receivers an alert goes to, and why |
//! | `state` | what has been sent to whom: a file that is replaced, never edited |
//! | `bucket` | how much a receiver is sent at once |
//! | `plan` | the decision: what to send now, what to hold back, what to sum up |
//! | `payload/` | one file for each kind of receiver: Alertmanager, webhook, Slack, PagerDuty |
//! | `signature` | how a webhook's receiver knows that it was us |
//! | `deliver` | one HTTP request, repeated until it is acknowledged or pointless |
//! | `dispatcher` | all of it in order; the only room that other parts need besides `alert` |
//!
//! Delivery is at least once: what a receiver is to be told is written down first, told next, and ticked off last. Whoever is
//! killed in between tells it again, with the same idempotency key. Exactly once does not exist between two machines.

mod alert;
mod alert_file;
mod bucket;
mod config;
mod config_file;
mod deliver;
mod dispatcher;
mod error;
mod payload;
mod plan;
mod router;
mod secret;
mod signature;
mod state;

pub use alert::{Alert, Fingerprint, Severity, Status};
pub use alert_file::{parse_alerts, read_alerts};
pub use config::{Config, Kind, Receiver, Route};
pub use dispatcher::{Delivery, Dispatcher, Fate, Options};
pub use error::Error;
pub use payload::{Item, Payload, payload};
pub use router::{Decision, Router, Step};
pub use secret::Secret;
pub use signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, WINDOW, sign, verify};
pub use state::{STATE_FILE_VERSION, State};
