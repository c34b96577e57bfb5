//! Which receivers an alert goes to, and why: routes in their order, the first that matches wins unless it says `continue`.
//!
//! An alert that no route took goes to the default receivers; there is no way to write one that reaches nobody.

use super::alert::Alert;
use super::config::{Config, Route};
use serde::Serialize;

/// Routes, ready to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Router<'a> {
    config: &'a Config,
}

/// Where an alert goes, and how that came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Receivers, each once, in the order in which routes named them.
    pub receivers: Vec<String>,
    /// Every route that was asked, the default last, if it was.
    pub steps: Vec<Step>,
}

/// What one route said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// `route 1`, `default`.
    pub route: String,
    /// Whether it took the alert.
    pub matched: bool,
    /// Why, or why not.
    pub reason: String,
}

impl<'a> Router<'a> {
    /// Routes of a file.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        Self { config }
    }

    /// Asks the routes in their order.
    #[must_use]
    pub fn decide(&self, alert: &Alert) -> Decision {
        let mut decision = Decision { receivers: Vec::new(), steps: Vec::new() };
        for (index, route) in self.config.routes.iter().enumerate() {
            let name = format!("route {}", index + 1);
            match mismatch(route, alert) {
                Some(reason) => decision.steps.push(Step { route: name, matched: false, reason }),
                None => {
                    let then = if route.continues { "; it continues" } else { "; it ends here" };
                    decision.take(name, &route.to, format!("{}{then}", route.conditions()));
                    if !route.continues {
                        return decision;
                    }
                }
            }
        }
        if decision.receivers.is_empty() {
            decision.take("default".to_owned(), &self.config.default, "no route took it".to_owned());
        }
        decision
    }
}

impl Decision {
    fn take(&mut self, route: String, receivers: &[String], reason: String) {
        let new: Vec<_> = receivers.iter().filter(|receiver| !self.receivers.contains(receiver)).cloned().collect();
        self.receivers.extend(new);
        self.steps.push(Step { route, matched: true, reason });
    }
}

impl Route {
    /// What it asks for, in words.
    #[must_use]
    pub fn conditions(&self) -> String {
        let mut words = Vec::new();
        if !self.severity.is_empty() {
            words.push(format!("severity {}", any(self.severity.iter().map(|severity| severity.word()))));
        }
        if !self.owner.is_empty() {
            words.push(format!("owner {}", any(self.owner.iter().map(String::as_str))));
        }
        words.extend(self.labels.iter().map(|(key, value)| format!("label {key}={value}")));
        if words.is_empty() { "everything".to_owned() } else { words.join(" and ") }
    }
}

/// The first thing about an alert that a route does not want.
fn mismatch(route: &Route, alert: &Alert) -> Option<String> {
    let severity = alert.severity.word();
    if !route.severity.is_empty() && !route.severity.contains(&alert.severity) {
        return Some(format!("severity is {severity}, not {}", any(route.severity.iter().map(|one| one.word()))));
    }
    if !route.owner.is_empty() && !route.owner.contains(&alert.owner) {
        return Some(format!("owner is {}, not {}", alert.owner, any(route.owner.iter().map(String::as_str))));
    }
    route.labels.iter().find_map(|(key, value)| match alert.labels.get(key) {
        Some(found) if found == value => None,
        Some(found) => Some(format!("label {key} is {found}, not {value}")),
        None => Some(format!("there is no label {key}")),
    })
}

fn any<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::Severity;
    use std::path::Path;

    const CONFIG: &str = "
receivers:
  on-call: { kind: pagerduty, secret_env: KEY }
  chat: { kind: slack, url_env: URL }
  log: { kind: alertmanager, url: 'http://127.0.0.1:9093' }
routes:
  - { severity: [critical, error], to: [on-call, log], continue: true }
  - { owner: [fraud], labels: { env: production }, to: [chat, log] }
  - { severity: [info], to: [log] }
default: [chat]
";

    fn check(severity: Severity, owner: &str, env: Option<&str>, receivers: &[&str]) -> Decision {
        let config = Config::parse(Path::new("a.yaml"), CONFIG).unwrap();
        let mut alert = Alert::new("Drift", severity, owner, "s");
        alert.labels.extend(env.map(|env| ("env".to_owned(), env.to_owned())));
        let decision = Router::new(&config).decide(&alert);
        assert_eq!(decision.receivers, receivers);
        decision
    }

    #[test]
    fn the_first_match_wins_unless_it_continues_and_nothing_falls_through() {
        check(Severity::Critical, "risk", None, &["on-call", "log"]);
        check(Severity::Critical, "fraud", Some("production"), &["on-call", "log", "chat"]);
        check(Severity::Warning, "fraud", Some("production"), &["chat", "log"]);
        check(Severity::Info, "fraud", Some("test"), &["log"]);
        check(Severity::Warning, "risk", None, &["chat"]);
    }

    #[test]
    fn a_decision_explains_itself() {
        let decision = check(Severity::Warning, "fraud", Some("test"), &["chat"]);
        let steps: Vec<_> = decision.steps.iter().map(|step| format!("{}: {}", step.route, step.reason)).collect();
        insta::assert_snapshot!(steps.join("\n"), @r"
        route 1: severity is warning, not critical or error
        route 2: label env is test, not production
        route 3: severity is warning, not info
        default: no route took it
        ");
    }
}
