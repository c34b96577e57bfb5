//! The YAML file of receivers and routes. Mistakes are reported with line and column, unknown keys among them. Secrets are named by
//! their place; one that is written down here is refused, for this file lies in a repository.

use super::alert::Severity;
use super::config::{Config, Kind, Rate, Receiver, Route};
use super::error::Error;
use super::secret::Secret;
use crate::client::RetryPolicy;
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    state: Option<PathBuf>,
    receivers: BTreeMap<String, Spanned<ReceiverEntry>>,
    #[serde(default)]
    routes: Vec<RouteEntry>,
    default: Spanned<Vec<Spanned<String>>>,
}

// Flat on purpose: a tagged enum would be read twice, and its mistakes would lose their lines.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiverEntry {
    kind: Spanned<KindWord>,
    url: Option<Spanned<String>>,
    url_env: Option<String>,
    url_file: Option<PathBuf>,
    secret_env: Option<String>,
    secret_file: Option<PathBuf>,
    burst: Option<Spanned<u32>>,
    per_minute: Option<Spanned<f64>>,
    timeout_s: Option<Spanned<f64>>,
    retries: Option<u32>,
    first_wait_s: Option<Spanned<f64>>,
    longest_wait_s: Option<Spanned<f64>>,
    remind_after_s: Option<Spanned<f64>>,
    keep_firing_s: Option<Spanned<f64>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum KindWord {
    Alertmanager,
    Webhook,
    Slack,
    PagerDuty,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteEntry {
    #[serde(default)]
    severity: Vec<Severity>,
    #[serde(default)]
    owner: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    to: Spanned<Vec<Spanned<String>>>,
    #[serde(default, rename = "continue")]
    continues: bool,
}

const ADVICE: &str = "mend the line; `mod-106 alerts routes --config FILE` checks it again";
const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// A mistake, where it stands.
struct Mistake {
    line: u64,
    column: u64,
    problem: String,
}

fn at<T>(place: &Spanned<T>, problem: String) -> Mistake {
    Mistake { line: place.referenced.line(), column: place.referenced.column(), problem }
}

impl Config {
    /// Reads the file. Paths in it are meant from its own folder.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, [`Error::Malformed`] with line and column when it says something impossible.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        Self::parse(path, &text)
    }

    /// The same, of a text already read.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let malformed = |place: String, problem: String| Error::Malformed { place, problem, advice: ADVICE.to_owned() };
        let file: File = serde_saphyr::from_str(text).map_err(|error| {
            let place = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
            malformed(format!("{}{place}", path.display()), problem(&error))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        file.resolve(path, folder)
            .map_err(|wrong| malformed(format!("{}:{}:{}", path.display(), wrong.line, wrong.column), wrong.problem))
    }
}

/// The parser's words, without the place that stands before them already.
fn problem(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let text = text.strip_prefix("error: ").unwrap_or(text);
    text.lines().next().unwrap_or_default().to_owned()
}

impl File {
    fn resolve(self, path: &Path, folder: &Path) -> Result<Config, Mistake> {
        let mut receivers = BTreeMap::new();
        for (name, entry) in self.receivers {
            let receiver = entry.value.resolve(&name, &entry.referenced, folder)?;
            receivers.insert(name, receiver);
        }
        let known = |names: &Spanned<Vec<Spanned<String>>>| {
            if names.value.is_empty() {
                return Err(at(
                    names,
                    "found no receiver, expected at least one: an alert must reach somebody".to_owned(),
                ));
            }
            let unknown = names.value.iter().find(|name| !receivers.contains_key(&name.value));
            unknown.map_or(Ok(()), |name| {
                let all = receivers.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                Err(at(name, format!("found receiver {:?}, expected one of {all}", name.value)))
            })
        };
        known(&self.default)?;
        self.routes.iter().try_for_each(|route| known(&route.to))?;
        let names = |names: Spanned<Vec<Spanned<String>>>| names.value.into_iter().map(|name| name.value).collect();
        let state = self.state.unwrap_or_else(|| {
            PathBuf::from(format!("{}.state.json", path.file_stem().unwrap_or_default().to_string_lossy()))
        });
        let routes = self.routes.into_iter().map(|route| Route {
            severity: route.severity,
            owner: route.owner,
            labels: route.labels,
            to: names(route.to),
            continues: route.continues,
        });
        Ok(Config { routes: routes.collect(), default: names(self.default), state: folder.join(state), receivers })
    }
}

impl ReceiverEntry {
    fn resolve(self, name: &str, place: &serde_saphyr::Location, folder: &Path) -> Result<Receiver, Mistake> {
        let mistake = |problem: String| Mistake { line: place.line(), column: place.column(), problem };
        let seconds = |field: &Option<Spanned<f64>>, otherwise: f64| match field {
            Some(given) if !(given.value > 0.0 && given.value < 1e9) => {
                Err(at(given, format!("found {} seconds, expected more than 0", given.value)))
            }
            given => Ok(Duration::from_secs_f64(given.as_ref().map_or(otherwise, |given| given.value))),
        };
        let kind = match self.kind.value {
            KindWord::Alertmanager => Kind::Alertmanager { keep_firing: seconds(&self.keep_firing_s, 90_000.0)? },
            KindWord::Webhook => Kind::Webhook,
            KindWord::Slack => Kind::Slack,
            KindWord::PagerDuty => Kind::PagerDuty,
        };
        if let (Some(given), false) = (&self.keep_firing_s, matches!(kind, Kind::Alertmanager { .. })) {
            return Err(at(given, format!("found keep_firing_s, which only alertmanager has, not {}", kind.word())));
        }
        let url = self.url(name, kind, &mistake)?.beside(folder);
        let secret = self.secret_file.map(Secret::File).or(self.secret_env.map(Secret::Variable));
        if matches!(kind, Kind::Webhook | Kind::PagerDuty) && secret.is_none() {
            let problem = format!("receiver {name} has no secret_env or secret_file, which {} needs", kind.word());
            return Err(mistake(problem));
        }
        if matches!(kind, Kind::Slack | Kind::Alertmanager { .. }) && secret.is_some() {
            return Err(mistake(format!("receiver {name} has a secret, and {} has no use for one", kind.word())));
        }
        if let Some(given) = self.burst.as_ref().filter(|given| given.value == 0) {
            return Err(at(given, "found a burst of 0, expected at least 1".to_owned()));
        }
        if let Some(given) = self.per_minute.as_ref().filter(|given| !(given.value > 0.0 && given.value.is_finite())) {
            return Err(at(given, format!("found {} per minute, expected more than 0", given.value)));
        }
        let remind_after = self.remind_after_s.as_ref().map(|_| seconds(&self.remind_after_s, 1.0)).transpose()?;
        let normal = RetryPolicy::default();
        Ok(Receiver {
            name: name.to_owned(),
            kind,
            url,
            secret: secret.map(|secret| secret.beside(folder)),
            rate: Rate {
                burst: self.burst.map_or(20, |given| given.value),
                per_minute: self.per_minute.map_or(20.0, |given| given.value),
            },
            retries: RetryPolicy {
                retries: self.retries.unwrap_or(normal.retries),
                base: seconds(&self.first_wait_s, 0.5)?,
                longest: seconds(&self.longest_wait_s, 30.0)?,
            },
            timeout: seconds(&self.timeout_s, 10.0)?,
            remind_after,
        })
    }

    fn url(&self, name: &str, kind: Kind, mistake: &impl Fn(String) -> Mistake) -> Result<Secret, Mistake> {
        match (&self.url, &self.url_env, &self.url_file) {
            (Some(url), None, None) => {
                let scheme = url::Url::parse(&url.value).map(|url| url.scheme().to_owned());
                if !matches!(scheme.as_deref(), Ok("http" | "https")) {
                    return Err(at(url, "found something else, expected an http:// or https:// URL".to_owned()));
                }
                if kind == Kind::Slack && url.value.starts_with("https://hooks.slack.com/") {
                    let problem = "found a Slack URL, which is a secret: expected url_env or url_file instead";
                    return Err(at(url, problem.to_owned()));
                }
                Ok(Secret::Open(url.value.clone()))
            }
            (None, Some(variable), None) => Ok(Secret::Variable(variable.clone())),
            (None, None, Some(file)) => Ok(Secret::File(file.clone())),
            (None, None, None) if kind == Kind::PagerDuty => Ok(Secret::Open(PAGERDUTY_URL.to_owned())),
            (None, None, None) => Err(mistake(format!("receiver {name} has no url, url_env or url_file"))),
            _ => Err(mistake(format!("receiver {name} has more than one of url, url_env and url_file"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
receivers:
  on-call: { kind: pagerduty, secret_env: PAGERDUTY_KEY, burst: 3, per_minute: 2 }
  chat: { kind: slack, url_env: SLACK_URL, remind_after_s: 3600 }
  alertmanager: { kind: alertmanager, url: 'http://127.0.0.1:9093', keep_firing_s: 120 }
routes:
  - { severity: [critical], owner: [fraud], to: [on-call], continue: true }
  - { labels: { env: test }, to: [chat] }
default: [alertmanager]
";

    fn parse(text: &str) -> Result<Config, Error> {
        Config::parse(Path::new("conf/alerts.yaml"), text)
    }

    #[test]
    fn a_file_becomes_receivers_and_routes() {
        let config = parse(GOOD).unwrap();
        assert_eq!(config.receivers["on-call"].rate, Rate { burst: 3, per_minute: 2.0 });
        assert_eq!(config.receivers["on-call"].url, Secret::Open(PAGERDUTY_URL.to_owned()));
        let keep_firing = Duration::from_secs(120);
        assert_eq!(config.receivers["alertmanager"].kind, Kind::Alertmanager { keep_firing });
        assert!(config.routes[0].continues && !config.routes[1].continues);
        assert_eq!(config.state, Path::new("conf/alerts.state.json"));
    }

    #[test]
    fn mistakes_are_named_with_line_and_column() {
        fn check(from: &str, to: &str) -> String {
            assert!(GOOD.contains(from), "{from}");
            parse(&GOOD.replace(from, to)).unwrap_err().to_string().replace(&format!("; {ADVICE}"), "")
        }
        let all = [
            check("to: [chat]", "to: [chta]"),
            check("to: [chat]", "to: []"),
            check("continue: true", "continues: true"),
            check("severity: [critical]", "severity: [fatal]"),
            check("kind: slack", "kind: teams"),
            check(", secret_env: PAGERDUTY_KEY", ""),
            check("burst: 3", "burst: 0"),
            check("keep_firing_s: 120", "keep_firing_s: -1"),
            check("url_env: SLACK_URL", "url: https://hooks.slack.com/services/T0/B0/x"),
            check("url: 'http://127.0.0.1:9093'", "url: '127.0.0.1:9093'"),
            check("default: [alertmanager]", ""),
            check("receivers:", "receivers: ["),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }
}
