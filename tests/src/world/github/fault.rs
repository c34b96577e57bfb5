//! What can go wrong between a client and GitHub. The dangerous ones happen after the work was done: a client that repeats what
//! it heard no answer to does it twice.

use regex::Regex;
use std::time::Duration;

/// Requests that go wrong, chosen by method and path.
#[derive(Clone, Debug)]
pub struct RequestFault {
    /// `POST`; `*` for any.
    pub method: &'static str,
    /// A regular expression on the path, such as `/deployments$`.
    pub path: &'static str,
    /// So many matching requests pass first.
    pub skip: u64,
    /// So many then go wrong.
    pub times: u64,
    /// How.
    pub act: Act,
}

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing is done, and the answer is this status.
    FailBefore(u16),
    /// The work is done, and the answer is this status.
    FailAfter(u16),
    /// Nothing is done, and the connection breaks.
    DropBefore,
    /// The work is done, and the connection breaks.
    DropAfter,
    /// The work is done, and the answer comes late.
    Slow(Duration),
    /// Nothing is done: a secondary rate limit, with `retry-after: 1`.
    RateLimited,
}

impl RequestFault {
    /// Whether it is about such a request at all.
    pub(super) fn fits(&self, method: &str, path: &str) -> bool {
        (self.method == "*" || self.method == method) && Regex::new(self.path).is_ok_and(|regex| regex.is_match(path))
    }
}
