//! GitHub's expressions in three values.
//!
//! The syntax tree is that of `github-actions-expressions`; what it means is written here, after GitHub's own package
//! `@actions/expressions`, and held against it on thousands of generated expressions (`tests/it/expressions.rs`). Accepted
//! differences: that package takes only the first `''` in a text as an apostrophe, as the runner does not; and numbers beyond the
//! largest double are refused here, in literals and in JSON.
//!
//! | File | What it holds |
//! |---|---|
//! | `value` | values, and what may be unknown about one |
//! | `number` `json` | numbers and JSON as JavaScript has them |
//! | `compare` | equality and order |
//! | `functions` | `contains`, `format`, `fromJSON` … |
//! | `evaluate` | the evaluator |

mod compare;
mod evaluate;
mod functions;
mod json;
mod number;
#[cfg(test)]
mod properties;
mod value;

pub use evaluate::Scope;
pub use value::{Array, Atom, Choice, Kind, Object, Unknown, Value};

use github_actions_expressions::Expr;
use github_actions_expressions::call::Function;

/// Why an expression has no value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("{0}")]
    Syntax(#[from] github_actions_expressions::Error),
    /// A function was given too few or too many arguments.
    #[error("{0:?} does not take this many arguments")]
    Arity(Function),
    /// `fromJSON` of nothing.
    #[error("fromJSON was given empty text, expected JSON")]
    EmptyJson,
    /// `fromJSON` of something else.
    #[error("fromJSON was given text that is no JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// A format string that cannot be read.
    #[error("the format string '{0}' is invalid; a brace is written twice, an argument as {{0}}")]
    Format(String),
    /// A format string that names an argument that is not there.
    #[error("the format string '{0}' names more arguments than were given")]
    FormatArguments(String),
    /// A condition of `case` that is no boolean.
    #[error("a condition of case() is no boolean")]
    Case,
    /// A part that means nothing on its own.
    #[error("the expression is empty")]
    Empty,
}

/// The value of an expression that is written without `${{ }}`.
///
/// # Errors
/// What makes it fail at GitHub too.
pub fn evaluate(text: &str, scope: &Scope<'_>) -> Result<Value, Error> {
    scope.evaluate(&Expr::parse(text.trim())?)
}

/// A value as JSON, and as the evaluator knows it, for tests that hold it against others.
pub fn to_json(value: &Value) -> String {
    json::write(value)
}

/// A number's shortest digits, which read back alike; of another value, what it is as a number.
pub fn exact_number(value: &Value) -> String {
    number::exact_text(value.number())
}

/// A value from JSON.
///
/// # Errors
/// Text that is no JSON.
pub fn from_json(text: &str) -> Result<Value, Error> {
    json::read(text).map_err(Error::Json)
}
