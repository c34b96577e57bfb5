//! What is counted. Names follow <https://prometheus.io/docs/practices/naming/>; `observability/` in this module holds the rules over them.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

/// Up to 10 s; 0.25 s is the objective's bound, so it has to be one of these.
const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Everything that is counted, and the registry that shows it.
#[derive(Debug, Clone)]
pub struct Figures {
    /// What a scrape reads.
    pub registry: Registry,
    /// By `method`, `route` and `status_class`.
    pub requests: IntCounterVec,
    /// From a request's arrival to the head of its response, by `method` and `route`.
    pub duration_seconds: HistogramVec,
    /// Requests that have no response yet.
    pub in_flight: IntGauge,
    /// Bodies of artifact requests, by `direction`: `in` or `out`.
    pub artifact_bytes: IntCounterVec,
    /// Answers 401, by `reason`: `missing` or `wrong` credentials.
    pub sign_in_failures: IntCounterVec,
    /// Answers 503: no connection became free, or the database was locked for too long.
    pub database_busy: IntCounter,
    /// Open connections, by `pool` and `state`: `idle` or `used`.
    pub database_connections: IntGaugeVec,
    /// By `volume`: `database` or `artifacts`.
    pub disk_available_bytes: GaugeVec,
    /// By `volume`.
    pub disk_size_bytes: GaugeVec,
    /// When the newest complete backup ended; 0 where a folder is watched and holds none.
    pub backup_timestamp_seconds: Gauge,
}

impl Figures {
    /// All figures at nothing.
    ///
    /// # Errors
    /// When two figures have one name, which a test rules out.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let built =
            IntGaugeVec::new(Opts::new("mod106_build_info", "Always 1; the version is the label."), &["version"])?;
        built.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        add(&registry, built)?;
        let counters = |name, help, labels: &[&str]| add(&registry, IntCounterVec::new(Opts::new(name, help), labels)?);
        let gauges = |name, help, labels: &[&str]| add(&registry, GaugeVec::new(Opts::new(name, help), labels)?);
        let duration = HistogramOpts::new(
            "mod106_http_request_duration_seconds",
            "From a request's arrival to the head of its response.",
        );
        let figures = Self {
            requests: counters(
                "mod106_http_requests_total",
                "Requests answered.",
                &["method", "route", "status_class"],
            )?,
            duration_seconds: add(
                &registry,
                HistogramVec::new(duration.buckets(SECONDS.to_vec()), &["method", "route"])?,
            )?,
            in_flight: add(
                &registry,
                IntGauge::new("mod106_http_requests_in_flight", "Requests without a response yet.")?,
            )?,
            artifact_bytes: counters("mod106_artifact_bytes_total", "Bytes of artifacts moved.", &["direction"])?,
            sign_in_failures: counters("mod106_sign_in_failures_total", "Requests answered 401.", &["reason"])?,
            database_busy: add(
                &registry,
                IntCounter::new("mod106_database_busy_total", "Requests answered 503 as the database was busy.")?,
            )?,
            database_connections: add(
                &registry,
                IntGaugeVec::new(
                    Opts::new("mod106_database_connections", "Open connections to the database."),
                    &["pool", "state"],
                )?,
            )?,
            disk_available_bytes: gauges("mod106_disk_available_bytes", "Room left for this server.", &["volume"])?,
            disk_size_bytes: gauges("mod106_disk_size_bytes", "Size of the file system.", &["volume"])?,
            backup_timestamp_seconds: Gauge::new(
                "mod106_backup_timestamp_seconds",
                "When the newest complete backup ended; 0 for none.",
            )?,
            registry,
        };
        // Counters that start at 0 let `rate` see the very first failure.
        for reason in ["missing", "wrong"] {
            figures.sign_in_failures.with_label_values(&[reason]);
        }
        for direction in ["in", "out"] {
            figures.artifact_bytes.with_label_values(&[direction]);
        }
        Ok(figures)
    }

    /// Shows the backup's time, too; without a folder to watch there is none to show.
    ///
    /// # Errors
    /// When it is shown already.
    pub fn watch_backups(&self) -> Result<(), prometheus::Error> {
        add(&self.registry, self.backup_timestamp_seconds.clone()).map(drop)
    }
}

fn add<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
