//! A scheduler, an executor, and sessions: one that runs plans in this process, and one that hands them to a scheduler. The aggregate
//! must be known wherever a plan is taken apart or run: in the scheduler's sessions, and in each executor's function registry. Plans
//! carry its name, not its code.
//!
//! Ballista's ports know no passwords: keep them on a network that you trust.

use crate::aggregate;
use crate::error::Error;
use ballista::prelude::{SessionConfigExt, SessionContextExt};
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A session that runs plans in this process, in so many parts at once.
pub fn embedded(partitions: usize) -> SessionContext {
    let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(partitions));
    session.register_udaf(Arc::unwrap_or_clone(aggregate::function()));
    session
}

/// A session that hands plans to a scheduler.
///
/// # Errors
/// A scheduler that cannot be reached, or has no executors: a plan would wait for ever.
pub async fn remote(scheduler: &str, partitions: usize) -> Result<SessionContext, Error> {
    ready(scheduler).await?;
    let config = SessionConfig::new_with_ballista().with_target_partitions(partitions);
    let state = SessionStateBuilder::new().with_default_features().with_config(config).build();
    let session = SessionContext::remote_with_state(&format!("df://{scheduler}"), state).await?;
    session.register_udaf(Arc::unwrap_or_clone(aggregate::function()));
    Ok(session)
}

/// Asks whether the scheduler has executors.
async fn ready(scheduler: &str) -> Result<(), Error> {
    let failed = |reason: String, advice| Error::Cluster { address: scheduler.to_owned(), reason, advice };
    let ask = async {
        let mut stream = TcpStream::connect(scheduler).await?;
        let request = format!("GET /readyz HTTP/1.1\r\nhost: {scheduler}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(Duration::from_secs(10), ask).await;
    let advice = "start one with `mod-553-cluster scheduler`";
    let answer = answer.map_err(|_| failed("no answer within 10 seconds".to_owned(), advice))?;
    let answer = answer.map_err(|error| failed(error.to_string(), advice))?;
    if answer.starts_with("HTTP/1.1 200") {
        return Ok(());
    }
    let said = answer.lines().last().unwrap_or_default().to_owned();
    Err(failed(said, "start executors with `mod-553-cluster executor`"))
}

/// Runs a scheduler until it is told to stop; `told` is called with its address once it listens. It calls itself ready when so many
/// executors are there.
///
/// # Errors
/// An address that is taken.
pub async fn scheduler(listen: SocketAddr, executors: usize, told: impl FnOnce(SocketAddr)) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Cluster {
        address: listen.to_string(),
        reason: error.to_string(),
        advice: "listen on another port, or 0 for any",
    };
    let listener = TcpListener::bind(listen).await.map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let mut config = SchedulerConfig::default()
        .with_hostname(address.ip().to_string())
        .with_port(address.port())
        .with_scheduler_policy(TaskSchedulingPolicy::PullStaged)
        .with_override_session_builder(Arc::new(knowing));
    config.bind_host = address.ip().to_string();
    config.min_ready_executors = executors;
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(|error| failed(&error))?;
    let server = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await;
    let server = server.map_err(|error| failed(&error))?;
    told(address);
    tokio::select! {
        ended = start_grpc_service_with_listener(listener, server) => ended.map_err(|error| failed(&error)),
        () = stopped() => Ok(()),
    }
}

/// A session of the scheduler's, in which plans are taken apart: it knows the aggregate by its name.
fn knowing(config: SessionConfig) -> datafusion::common::Result<SessionState> {
    let state = default_session_builder(config)?;
    let mut functions: Vec<_> = state.aggregate_functions().values().cloned().collect();
    functions.push(aggregate::function());
    Ok(SessionStateBuilder::new_from_existing(state).with_aggregate_functions(functions).build())
}

/// An executor.
#[derive(Clone, Debug)]
pub struct Executor {
    /// Of the scheduler that it asks for work.
    pub scheduler: SocketAddr,
    /// Where others fetch its part of the answer.
    pub listen: SocketAddr,
    /// How many tasks it takes at once.
    pub cores: usize,
    /// Where it keeps its part of the answer.
    pub folder: PathBuf,
}

impl Executor {
    /// Runs until it is told to stop; Ctrl-C and SIGTERM let it finish its tasks.
    ///
    /// # Errors
    /// A scheduler that cannot be reached, or an address that is taken.
    pub async fn run(self) -> Result<(), Error> {
        let mut registry = BallistaFunctionRegistry::default();
        registry.aggregate_functions.insert(aggregate::NAME.to_owned(), aggregate::function());
        let config = ExecutorProcessConfig {
            bind_host: self.listen.ip().to_string(),
            external_host: Some(self.listen.ip().to_string()),
            port: self.listen.port(),
            scheduler_host: self.scheduler.ip().to_string(),
            scheduler_port: self.scheduler.port(),
            vcores: self.cores,
            task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
            work_dir: Some(self.folder.display().to_string()),
            override_function_registry: Some(Arc::new(registry)),
            ..ExecutorProcessConfig::default()
        };
        start_executor_process(Arc::new(config)).await.map_err(|error| Error::Cluster {
            address: self.scheduler.to_string(),
            reason: error.to_string(),
            advice: "is the scheduler there, and is the port to listen on free?",
        })
    }
}

/// Until Ctrl-C or SIGTERM.
async fn stopped() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
