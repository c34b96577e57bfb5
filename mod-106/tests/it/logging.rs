//! The buffered logger against scripted servers: when it sends, when it waits, what it hands back.

use super::scripted::{Scripted, json};
use super::target::block_on;
use libtest_mimic::Failed;
use mod_106::client::{BufferedLogger, Client, Config, LoggerSettings, Metric, RunId};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn logger(uri: &str, settings: &LoggerSettings) -> BufferedLogger {
    let mut config = Config::new(uri).unwrap();
    (config.proxies_from_environment, config.retries.retries) = (false, 0);
    BufferedLogger::start(Client::new(&config).unwrap(), RunId::parse("r").unwrap(), settings)
}

fn metric(step: i64) -> Metric {
    Metric { key: "loss".to_owned(), value: 0.5, timestamp: 1, step }
}

pub(crate) fn entries_are_sent_by_size_by_time_and_on_close() -> Result<(), Failed> {
    block_on(async {
        let server = Scripted::start(|_, _| json("200 OK", "{}")).await;
        let settings = LoggerSettings { interval: Duration::from_millis(20), ..LoggerSettings::default() };
        let first = logger(&server.uri, &settings);
        first.log_metric(metric(0)).await?;
        while first.pending() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(server.asked().len(), 1, "sent by time");
        let settings = LoggerSettings { interval: Duration::from_secs(3600), ..LoggerSettings::default() };
        let second = logger(&server.uri, &settings);
        for step in 0..1001 {
            second.log_metric(metric(step)).await?;
        }
        while second.pending() > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(server.asked().len(), 2, "sent by size");
        let summary = second.close().await?;
        assert_eq!((summary.accepted, summary.batches, server.asked().len()), (1001, 2, 3), "the rest on close");
        Ok(())
    })
}

pub(crate) fn a_lost_connection_hands_every_entry_back() -> Result<(), Failed> {
    block_on(async {
        let server = Scripted::start(|_, _| None).await;
        let logger = logger(&server.uri, &LoggerSettings::default());
        for step in 0..10 {
            logger.log_metric(metric(step)).await?;
        }
        let error = logger.close().await.unwrap_err();
        assert_eq!(error.entries.len(), 10);
        let shown = error.to_string();
        assert!(
            shown.contains("10 entries were not accepted") && shown.contains("metric \"loss\" at step 0"),
            "{shown}"
        );
        Ok(())
    })
}

pub(crate) fn a_slow_server_slows_the_caller_down() -> Result<(), Failed> {
    block_on(async {
        // Accepts connections and never answers.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let settings = LoggerSettings { interval: Duration::ZERO, queue_entries: 5 };
        let logger = logger(&format!("http://{}", listener.local_addr()?), &settings);
        let mut logged = 0;
        let log = async {
            loop {
                logger.log_metric(metric(logged)).await.unwrap();
                logged += 1;
            }
        };
        let ended: Result<(), _> = tokio::time::timeout(Duration::from_millis(300), log).await;
        assert!(ended.is_err());
        assert!(logged <= 5 + 1000, "{logged} entries were taken while nobody listened");
        Ok(())
    })
}

pub(crate) fn an_unclosed_logger_says_what_is_lost() -> Result<(), Failed> {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    // For the whole process: a subscriber of one thread races with the other tests for what tracing remembers of each line.
    tracing::subscriber::set_global_default(subscriber)?;
    block_on(async {
        let logger = logger("http://127.0.0.1:1", &LoggerSettings::default());
        for step in 0..3 {
            logger.log_metric(metric(step)).await.unwrap();
        }
        drop(logger);
    });
    let text = String::from_utf8(log.0.lock().unwrap().clone())?;
    assert!(text.contains("WARN") && text.contains("unsent=3"), "{text}");
    Ok(())
}
