//! Schedules checks, shows progress and renders every report.
fn main() {}
