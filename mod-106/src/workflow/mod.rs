//! The dry run of GitHub Actions workflows: what may happen before production, found without running anything.

pub mod expression;
