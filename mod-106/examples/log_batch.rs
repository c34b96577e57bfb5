//! What logging costs: runs × metrics through `log_batch`, and the CPU time that this process spent on it.
//!
//! `log_batch.py` does the same with the official client; the bench runs both against one server.
//!
//! ```text
//! cargo run --release -p mod-106 --example log_batch -- TRACKING_URI [RUNS] [METRICS]
//! ```

use anyhow::Context;
use mod_106::client::{Batch, Client, Config, Metric, NewRun};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let uri = arguments.next().context("give the tracking URI, such as http://127.0.0.1:5000")?;
    let runs: usize = arguments.next().map_or(Ok(100), |text| text.parse()).context("RUNS is a number")?;
    let metrics: i64 = arguments.next().map_or(Ok(1000), |text| text.parse()).context("METRICS is a number")?;

    let started = Instant::now();
    let client = Client::new(&Config::new(&uri)?)?;
    let name = format!("bench-{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
    let experiment = client.create_experiment(&name, None, &[]).await?;
    for _ in 0..runs {
        let run = client.create_run(&experiment, &NewRun { start_time: 1, ..NewRun::default() }).await?.info.run_id;
        let points: Vec<_> = (0..metrics)
            .map(|step| Metric {
                key: "loss".to_owned(),
                value: 1.0 / (step + 1) as f64,
                timestamp: 1_700_000_000_000 + step,
                step,
            })
            .collect();
        client.log_batch(&run, &Batch { metrics: &points, ..Batch::default() }).await?;
    }
    println!("{{\"cpu_s\": {}, \"wall_s\": {}}}", cpu_s()?, started.elapsed().as_secs_f64());
    Ok(())
}

/// User and system time of this process so far, from the kernel's count of ticks (proc(5), `/proc/self/stat`, fields 14 and 15).
fn cpu_s() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("this bench needs Linux's /proc")?;
    // The second field is the program's name in parentheses, which may hold spaces.
    let fields = stat.rsplit_once(')').context("/proc/self/stat names the program")?.1.split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap_or(0)).sum();
    // Linux reports to programs in hundredths of a second on every architecture (USER_HZ).
    Ok(ticks as f64 / 100.0)
}
