//! Requests to one repository, and the two ways of trying again.
//!
//! A *read* is repeated after a 5xx, a broken connection or a rate limit. A *write* is not: when its answer is lost, [`ensure`]
//! looks first whether it took effect, and sends it again only when it did not. A write that was refused (4xx) was not done.
//!
//! [`ensure`]: GitHub::ensure

use super::error::Error;
use octocrab::Octocrab;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Where and who.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The API's address, such as `https://api.github.com`.
    pub api_url: String,
    /// A token; none for what the public may read.
    pub token: Option<SecretString>,
    /// `owner/name`.
    pub repository: String,
    /// How often a call is tried in all.
    pub attempts: u32,
    /// The first wait; it doubles.
    pub pause: Duration,
    /// No wait is longer.
    pub longest: Duration,
}

impl Settings {
    /// The settings that GitHub's own environment variables give, as its runners set them.
    ///
    /// # Errors
    /// [`Error::Setting`] names the variable.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let missing =
            || Error::Setting { setting: "GITHUB_REPOSITORY", problem: "not set; give OWNER/NAME".to_owned() };
        Ok(Self {
            api_url: lookup("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned()),
            token: lookup("GITHUB_TOKEN").map(SecretString::from),
            repository: lookup("GITHUB_REPOSITORY").ok_or_else(missing)?,
            attempts: 4,
            pause: Duration::from_millis(250),
            longest: Duration::from_secs(60),
        })
    }
}

/// One repository on GitHub, or on something that speaks like it.
#[derive(Debug, Clone)]
pub struct GitHub {
    octocrab: Octocrab,
    base: String,
    settings: Settings,
}

/// What is left of the token's hourly requests.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct RateLimit {
    /// A whole hour's.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// When the hour ends, in seconds since 1970.
    pub reset: u64,
}

/// The body of octocrab's raw answers.
type Body = http_body_util::combinators::BoxBody<bytes::Bytes, octocrab::Error>;

/// What became of one attempt.
enum Attempt {
    /// An answer that settles it: status and body.
    Settled(u16, String),
    /// Nobody knows whether it was done; or it was not, and may be later.
    Open { reason: String, wait: Option<Duration> },
}

impl GitHub {
    /// A connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Setting`] when the address or the repository's name cannot be one.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let setting = |setting, problem: String| Error::Setting { setting, problem };
        let parts: Vec<_> = settings.repository.split('/').collect();
        if parts.len() != 2
            || parts
                .iter()
                .any(|part| part.is_empty() || part.contains(|c: char| c.is_whitespace() || "?#%".contains(c)))
        {
            return Err(setting("GITHUB_REPOSITORY", format!("{:?} is not OWNER/NAME", settings.repository)));
        }
        let base = settings.api_url.trim_end_matches('/').to_owned();
        url::Url::parse(&base).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(|| {
            setting("GITHUB_API_URL", format!("{base:?} is not a URL such as https://api.github.com"))
        })?;
        let broken = |error: octocrab::Error| setting("GITHUB_API_URL", format!("{base:?} cannot be used: {error}"));
        let mut builder = Octocrab::builder()
            .base_uri(base.as_str())
            .map_err(broken)?
            // GitHub takes either; a mock of its description answers 406 to the vendor's type.
            .add_header(http::header::ACCEPT, "application/json".to_owned())
            .set_connect_timeout(Some(Duration::from_secs(10)))
            .set_read_timeout(Some(Duration::from_secs(30)));
        if let Some(token) = &settings.token {
            builder = builder.personal_token(token.clone());
        }
        let octocrab = builder.build().map_err(broken)?;
        Ok(Self { octocrab, base, settings: settings.clone() })
    }

    /// `owner/name`.
    pub fn repository(&self) -> &str {
        &self.settings.repository
    }

    /// What is left of the token's requests.
    ///
    /// # Errors
    /// As every call.
    pub async fn rate_limit(&self) -> Result<RateLimit, Error> {
        let found: Value = self.read("GET /rate_limit", &format!("{}/rate_limit", self.base)).await?;
        serde_json::from_value(found["rate"].clone())
            .map_err(|error| Error::Garbage { call: "GET /rate_limit".to_owned(), reason: error.to_string() })
    }

    /// Reads something of the repository; repeated when nobody answered.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.read(&format!("GET {path}"), &self.address(path)).await
    }

    /// Every page of a list, a hundred items each; `key` where the list stands inside an object.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &str, key: Option<&str>) -> Result<Vec<T>, Error> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1..=100 {
            let found: Value = self.get(&format!("{path}{joint}per_page=100&page={page}")).await?;
            let items = key.map_or(&found, |key| &found[key]);
            let garbage = |reason: String| Error::Garbage { call: format!("GET {path}"), reason };
            let items = items.as_array().ok_or_else(|| garbage("it is not a list".to_owned()))?;
            let count = items.len();
            for item in items {
                all.push(serde_json::from_value(item.clone()).map_err(|error| garbage(error.to_string()))?);
            }
            if count < 100 {
                break;
            }
        }
        Ok(all)
    }

    async fn read<T: DeserializeOwned>(&self, call: &str, address: &str) -> Result<T, Error> {
        let mut last = String::new();
        for number in 0..self.settings.attempts {
            match self.answer(self.octocrab._get(address).await).await {
                Attempt::Settled(status, body) => return settle(call, status, &body),
                Attempt::Open { reason, wait } => last = self.pause(call, number, reason, wait).await?,
            }
        }
        Err(Error::Unreachable { call: call.to_owned(), reason: last })
    }

    /// Writes something once: `look` says whether it is there already, and is asked again before every repetition.
    pub(super) async fn ensure<T, F>(
        &self,
        path: &str,
        body: &impl Serialize,
        look: impl Fn() -> F,
        read: impl Fn(u16, &str) -> Result<Option<T>, Error>,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let call = format!("POST {path}");
        let mut last = String::new();
        for number in 0..self.settings.attempts {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            match self.answer(self.octocrab._post(self.address(path), Some(body)).await).await {
                Attempt::Settled(status, text) => match read(status, &text)? {
                    Some(made) => return Ok(made),
                    None => {
                        last = self
                            .pause(&call, number, format!("status {status}, and nothing was made yet"), None)
                            .await?;
                    }
                },
                Attempt::Open { reason, wait } => last = self.pause(&call, number, reason, wait).await?,
            }
        }
        match look().await? {
            Some(found) => Ok(found),
            None => Err(Error::Unreachable { call, reason: last }),
        }
    }

    async fn answer(&self, result: Result<http::Response<Body>, octocrab::Error>) -> Attempt {
        let response = match result {
            Ok(response) => response,
            Err(error) => return Attempt::Open { reason: chain(&error), wait: None },
        };
        let status = response.status().as_u16();
        let number = |name: &str| response.headers().get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let used_up = number("x-ratelimit-remaining") == Some(0);
        let limited = status == 429 || (status == 403 && (used_up || number("retry-after").is_some()));
        let until_reset = number("x-ratelimit-reset").filter(|_| used_up).map(|reset| {
            let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
            reset.saturating_sub(now)
        });
        let wait = number("retry-after").or(until_reset).map(Duration::from_secs);
        let body = self.octocrab.body_to_string(response).await;
        match body {
            _ if limited => Attempt::Open { reason: "the rate limit is used up".to_owned(), wait },
            _ if status >= 500 => Attempt::Open { reason: format!("status {status}"), wait },
            Ok(body) => Attempt::Settled(status, body),
            // The head came, the body did not: for a write nobody knows what it said.
            Err(error) => Attempt::Open { reason: chain(&error), wait: None },
        }
    }

    async fn pause(&self, call: &str, number: u32, reason: String, wait: Option<Duration>) -> Result<String, Error> {
        let asked = wait.unwrap_or_else(|| self.settings.pause.saturating_mul(1 << number.min(16)));
        if asked > self.settings.longest {
            return Err(Error::RateLimited { call: call.to_owned(), wait: asked });
        }
        if number + 1 < self.settings.attempts {
            tokio::time::sleep(asked).await;
        }
        Ok(reason)
    }

    fn address(&self, path: &str) -> String {
        format!("{}/repos/{}{path}", self.base, self.settings.repository)
    }
}

/// Reads the body of an answer that settles a call.
pub(super) fn settle<T: DeserializeOwned>(call: &str, status: u16, body: &str) -> Result<T, Error> {
    if !(200..300).contains(&status) {
        return Err(refused(call, status, body));
    }
    serde_json::from_str(body).map_err(|error| Error::Garbage { call: call.to_owned(), reason: error.to_string() })
}

/// GitHub's own words, from the JSON that its refusals carry.
pub(super) fn refused(call: &str, status: u16, body: &str) -> Error {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let message = value["message"].as_str().map_or_else(|| body.chars().take(200).collect(), str::to_owned);
    Error::Refused { call: call.to_owned(), status, message }
}

/// An error with what caused it: octocrab's own text says only that there was one.
fn chain(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string().lines().next().unwrap_or_default().to_owned()];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(error.to_string().lines().next().unwrap_or_default().to_owned());
        source = error.source();
    }
    texts.dedup();
    texts.join(": ")
}
