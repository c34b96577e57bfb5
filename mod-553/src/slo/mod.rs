//! Objectives as data: what is promised, how it is measured, what wakes whom; and everything that is generated from that.
//!
//! ```text
//! slos.yaml, owners.yaml ─ spec, owners ─► rules (recording, alerts) ─► promtool
//!                                     ├──► rule_tests                ─► promtool
//!                                     └──► routing                   ─► amtool, Alertmanager ─► inbox
//! ```
//!
//! | Room | What it holds |
//! |---|---|
//! | `file` | files that people write, and what is wrong with them |
//! | `span` | `5m`, `1h`, `30d` |
//! | `spec` | objectives and alerts, read strictly and checked for sense |
//! | `owners` | who minds, and how messages are routed |
//! | `rules` | recording rules and multi-window, multi-burn-rate alerts with a minimum of events |
//! | `rule_tests` | what promtool holds the rules against: at each factor, just below it, with little traffic, with none |
//! | `routing` | Alertmanager's configuration |
//! | `yaml` | plain data as YAML |
//! | `generate` | all files, written or compared |
//! | `prometheus` | asking a Prometheus, which may be down, slow or empty |
//! | `status` | where each objective stands |
//! | `inbox` | what Alertmanager sends, folded by fingerprint and start: at least once becomes once |
//! | `receive` | the webhook that the inbox stands behind |

pub mod file;
mod generate;
mod inbox;
mod owners;
pub mod prometheus;
mod receive;
mod routing;
mod rule_tests;
mod rules;
mod span;
mod spec;
mod status;
mod yaml;

pub use generate::{differences, files, write};
pub use inbox::{Folded, Inbox, Key, Notification, Received};
pub use owners::{Owner, Owners};
pub use receive::receive;
pub use span::Span;
pub use spec::{Alert, BurnRate, Error, Severity, Slo, Spec};
pub use status::{Standing, standings};
