//! What every client command needs: the server's address and how to show results.

use super::output::Output;
use crate::client::{Client, Config, Error, TRACKING_URI};
use anyhow::Context;
use futures::{Stream, StreamExt, TryStreamExt};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Where the server is, and how to show results.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Connection {
    /// The tracking server, such as http://127.0.0.1:5000
    // A URI may hold a password, and help must not print it.
    #[arg(long, global = true, value_name = "URI", env = TRACKING_URI, hide_env_values = true)]
    tracking_uri: Option<String>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
}

impl Connection {
    /// Prepares the client and the output; warnings go to standard error (`RUST_LOG` says how many).
    pub(super) fn open(&self) -> anyhow::Result<(Client, Output)> {
        Self::log("warn");
        let variable = |name: &str| match name {
            TRACKING_URI => self.tracking_uri.clone(),
            _ => std::env::var(name).ok(),
        };
        let config = Config::from_variables(variable).context("give --tracking-uri or MLflow's variables")?;
        Ok((Client::new(&config)?, self.output()))
    }

    /// The output alone, for what needs no tracking server.
    pub(super) fn output(&self) -> Output {
        Output::to_terminal_or_pipe(self.json)
    }

    /// Logs to standard error, from this level on unless `RUST_LOG` says otherwise.
    pub(super) fn log(level: &str) {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
        let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let logs = logs.with_ansi(std::io::stderr().is_terminal());
        // Whoever set up logging before us meant it.
        let _ = logs.try_init();
    }
}

/// How results are shown by commands that need no server.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Shown {
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
}

impl Shown {
    /// Prepares the output.
    pub(super) fn open(&self) -> Output {
        Output::to_terminal_or_pipe(self.json)
    }
}

/// How much of a list to show.
#[derive(Debug, clap::Args)]
pub(super) struct Limit {
    /// Show at most this many
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

impl Limit {
    /// The first items of a stream; says on standard error when there are more.
    pub(super) async fn take<T>(&self, items: impl Stream<Item = Result<T, Error>>) -> Result<Vec<T>, Error> {
        tokio::pin!(items);
        let taken: Vec<T> = items.by_ref().take(self.limit).try_collect().await?;
        if taken.len() == self.limit && items.try_next().await?.is_some() {
            eprintln!("note: there are more; raise --limit (now {})", self.limit);
        }
        Ok(taken)
    }

    /// A page that holds no more than is shown.
    pub(super) fn page_size(&self) -> u32 {
        u32::try_from(self.limit.clamp(1, 1000)).unwrap_or(1000)
    }
}

/// Reads `KEY=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} has no `=`; give KEY=VALUE"))?;
    if key.is_empty() {
        Err(format!("{text:?} has no key; give KEY=VALUE"))
    } else {
        Ok((key.to_owned(), value.to_owned()))
    }
}

/// Milliseconds since 1970, now.
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn pairs_split_at_the_first_equals_sign() {
        fn check(text: &str, expected: Option<(&str, &str)>) {
            let read = pair(text).ok();
            assert_eq!(read.as_ref().map(|(key, value)| (key.as_str(), value.as_str())), expected);
        }
        check("a=b=c", Some(("a", "b=c")));
        check("a=", Some(("a", "")));
        check("=b", None);
        check("a", None);
    }
}
