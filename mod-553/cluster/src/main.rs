//! The `mod-553-cluster` command: parse, dispatch, exit code.

use clap::{Parser, Subcommand};
use mod_553_cluster::plan::Plan;
use mod_553_cluster::{Error, cluster, profile};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Profiles of data that are too many for one machine: the same plan here and on a Ballista cluster.
#[derive(Debug, Parser)]
#[command(name = "mod-553-cluster", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  mod-553-cluster profile week/*.parquet --to week.profile.json
  mod-553-cluster scheduler --listen 127.0.0.1:50050 --executors 2
  mod-553-cluster executor --scheduler 127.0.0.1:50050 --listen 127.0.0.1:50051 --folder /tmp/one
  mod-553-cluster profile week/*.parquet --to week.profile.json --scheduler 127.0.0.1:50050

Exit codes: 0 done · 1 failed · 2 wrong usage or malformed input · 3 a scheduler could not be reached, or has no executors ·
4 no answer in time";

#[derive(Debug, Subcommand)]
enum Command {
    /// Profile Parquet or CSV files, in this process or on a cluster; `mod-553 drift` reads what comes out.
    Profile {
        /// The files, all of one format. Every executor must be able to read them under the same paths.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Where the profile goes.
        #[arg(long, value_name = "FILE", required_unless_present = "plan")]
        to: Option<PathBuf>,
        /// Hand the plan to this scheduler instead of running it here.
        #[arg(long, value_name = "HOST:PORT")]
        scheduler: Option<String>,
        /// Parts that the data are cut into.
        #[arg(long, value_name = "COUNT", default_value_t = 4)]
        partitions: usize,
        /// Print the plan instead of running it.
        #[arg(long)]
        plan: bool,
        /// Seconds until an answer must be there.
        #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
        timeout: u64,
    },
    /// Run a scheduler until Ctrl-C.
    Scheduler {
        /// Where it listens; port 0 is any that is free.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50050")]
        listen: SocketAddr,
        /// It is ready when so many executors are there.
        #[arg(long, value_name = "COUNT", default_value_t = 1)]
        executors: usize,
    },
    /// Run an executor until Ctrl-C.
    Executor {
        /// The scheduler that it asks for work.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50050")]
        scheduler: SocketAddr,
        /// Where others fetch its part of an answer.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
        listen: SocketAddr,
        /// Tasks at once.
        #[arg(long, value_name = "COUNT", default_value_t = 1)]
        cores: usize,
        /// Where its part of an answer is kept; the folder must be there.
        #[arg(long, value_name = "FOLDER")]
        folder: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Profile { files, to, scheduler, partitions, plan, timeout } => {
            let session = match &scheduler {
                Some(scheduler) => cluster::remote(scheduler, partitions).await?,
                None => cluster::embedded(partitions),
            };
            let made = Plan::of(&session, &files).await?;
            for column in &made.passed_over {
                eprintln!("column `{column}` is passed over: it holds neither numbers, categories nor times");
            }
            if plan {
                println!("{}", made.words());
                return Ok(());
            }
            let limit = Duration::from_secs(timeout);
            let found = tokio::time::timeout(limit, made.profile()).await;
            let found = found.map_err(|_| Error::Late { seconds: timeout })??;
            let to = to.unwrap_or_default();
            write(&to, &profile::write(&found))?;
            println!("{}: {} rows, {} columns", to.display(), found.rows, found.columns.len());
            Ok(())
        }
        Command::Scheduler { listen, executors } => {
            cluster::scheduler(listen, executors, |address| eprintln!("listening on {address}")).await
        }
        Command::Executor { scheduler, listen, cores, folder } => {
            cluster::Executor { scheduler, listen, cores, folder }.run().await
        }
    }
}

/// Under a temporary name first: a reader sees the old profile or the new one.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::Unwritable { path: path.to_owned(), reason: error.to_string() };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map(drop).map_err(|error| failed(error.error))
}
