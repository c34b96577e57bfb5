//! What monitoring tells others, in words that they read already: evidence for governance, findings for security, inferences and
//! evaluations for whoever watches models with Arize or Phoenix.
//!
//! Read → judge → deliver. Whatever is exported is named after what it was made from: the same input gives the same ids, so a second
//! export adds nothing and a receiver can fold what comes twice.
//!
//! | File | What it holds |
//! |---|---|
//! | `sources` | drift reports, journals, alert inboxes and postmortems, each with its digest |
//! | `identity` | names made from content |
//! | `control` | controls as data: what must hold, and which evidence shows it |
//! | `evidence` | controls resolved to evidence, for governance |
//! | `judge` | one need against what was read |
//! | `ocsf` | a Detection Finding of the Open Cybersecurity Schema Framework |
//! | `security` | drift, alerts, escalations and broken trails as such findings |
//! | `outbox` | findings to a file, or to a receiver that may be down |
//! | `inferences` | the inference log in OpenInference's columns |
//! | `columns` | those columns' names, and the mapping by which Arize and Phoenix read them |
//! | `spans` | drift reports as spans with evaluations |
//! | `schema` | evidence and findings as JSON Schema |

mod columns;
mod control;
mod error;
mod evidence;
mod identity;
mod inferences;
mod judge;
mod ocsf;
mod outbox;
mod schema;
pub mod security;
pub mod sources;
mod spans;

pub use columns::{Columns, Mapping};
pub use control::{Controls, Need};
pub use error::Error;
pub use evidence::{Dossier, Evidence, Export, Finding, Line};
pub use inferences::{Written, export};
pub use ocsf::DetectionFinding;
pub use outbox::{Delivered, Outbox, Receiver, append};
pub use schema::{EVIDENCE_SCHEMA, FINDING_SCHEMA};
pub use spans::{Rows, rows};
