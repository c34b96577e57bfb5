//! What a validation found, for whoever asks: each format says the same, from the same [`Outcome`](super::outcome::Outcome). Pure: the caller writes files.
//!
//! | Room | For whom |
//! |---|---|
//! | `json` | programs; `schemas/validation-report.schema.json` describes it |
//! | `markdown` | a pull request, a job's summary: the verdict, then only what needs attention |
//! | `html` | people: one file without scripts, distributions drawn over each other |
//! | `junit` | CI servers |
//! | `alerts` | whoever owns what failed |
//! | `view` | words and groups that the formats share |

mod alerts;
mod html;
mod json;
mod junit;
mod markdown;
mod view;

pub use alerts::alerts;
pub use html::html;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;

#[cfg(test)]
mod example;
#[cfg(test)]
mod tests;
