//! Known-bad submissions, as data.
