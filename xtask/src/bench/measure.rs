//! The instruments: CPU time of children that were waited for, memory of a process group, medians, and a wait that polls
//! until a deadline. Linux only: it reads `/proc`.

use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Linux counts CPU time in hundredths of a second, whatever its clock does: `getconf CLK_TCK`, proc(5).
const TICKS_A_SECOND: f64 = 100.0;

/// How often a wait looks again.
const POLL: Duration = Duration::from_millis(2);

/// What a command took, from start to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// On the clock on the wall.
    pub(super) wall_s: f64,
    /// User and system time of the command and of every descendant that was waited for.
    pub(super) cpu_s: f64,
}

/// Runs a command to its end, in silence; the exit code is the caller's to judge.
pub(super) fn run(command: &mut Command) -> Result<(Cost, Option<i32>)> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let before = children_cpu_s()?;
    let started = Instant::now();
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    let cost = Cost { wall_s: started.elapsed().as_secs_f64(), cpu_s: children_cpu_s()? - before };
    Ok((cost, status.code()))
}

/// Runs a command that must exit with 0 and returns what it cost.
pub(super) fn run_well(command: &mut Command) -> Result<Cost> {
    let (cost, code) = run(command)?;
    ensure!(code == Some(0), "{command:?} exited with {code:?}");
    Ok(cost)
}

/// The CPU time of all children that this process has waited for, and of theirs: `cutime` and `cstime` of proc(5).
pub(super) fn children_cpu_s() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/stat").context("cannot read /proc/self/stat")?;
    children_ticks(&text).map(|ticks| ticks / TICKS_A_SECOND).context("/proc/self/stat is not as proc(5) says")
}

/// Fields 16 and 17 of a stat line; the name in field 2 may itself hold blanks and brackets.
fn children_ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let field = |number: usize| fields.split_whitespace().nth(number - 3)?.parse::<f64>().ok();
    Some(field(16)? + field(17)?)
}

/// The middle value; of an even number, the mean of the two in the middle.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

/// A server in a process group of its own, stopped when this value goes.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts it, in silence.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        Ok(Self { child: silent.spawn().with_context(|| format!("cannot start {silent:?}"))? })
    }

    /// The resident memory of the group, in MiB: what `ps` would add up, so pages that two workers share count twice.
    pub(super) fn resident_mib(&self) -> Result<f64> {
        let group = self.child.id().to_string();
        let mut kib = 0.0;
        for entry in fs::read_dir("/proc").context("cannot read /proc")?.flatten() {
            // A process may go between two reads: what is gone takes no memory.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let in_group = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(2)) == Some(&group);
            if in_group {
                let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
                kib += resident_kib(&status);
            }
        }
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        // It may be gone already; then there is nothing to stop.
        let _ = Command::new("kill").args(["-TERM", "--", &group]).stderr(Stdio::null()).status();
        if wait_until(Duration::from_secs(10), || self.child.try_wait().is_ok_and(|status| status.is_some())).is_err() {
            let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
            let _ = self.child.wait();
        }
    }
}

fn resident_kib(status: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

/// Looks until `ready` says so.
///
/// # Errors
/// When the deadline passes first.
pub(crate) fn wait_until(deadline: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
    let started = Instant::now();
    while !ready() {
        if started.elapsed() > deadline {
            bail!("not ready within {deadline:?}");
        }
        thread::park_timeout(POLL);
    }
    Ok(())
}

/// Whether `GET path` at `address` (host and port) answers with 200.
pub(crate) fn answers(address: &str, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

/// The machine, in one line.
pub(super) fn machine() -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split_once(": "));
    let memory = fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
    let kib: f64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok())
        .context("/proc/meminfo has no MemTotal")?;
    let cores = thread::available_parallelism().context("cannot count the cores")?;
    let model = model.map_or("unknown processor", |(_, model)| model);
    Ok(format!("{cores} cores of {model}, {:.0} GiB", kib / 1024.0 / 1024.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, expected) in [(vec![3.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0, 2.0, 3.0], 2.5), (vec![7.0], 7.0)] {
            assert!((median(values) - expected).abs() < f64::EPSILON);
        }
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn children_are_the_sixteenth_and_seventeenth_field() {
        let line = "7 (a b) c) S 1 7 7 0 -1 4194304 100 200 0 0 11 12 30 4 20 0 1 0 100 1000 10";
        assert_eq!(children_ticks(line), Some(34.0));
        assert_eq!(children_ticks("no brackets"), None);
    }

    #[test]
    fn resident_memory_is_read_in_kib() {
        assert!((resident_kib("Name:\tx\nVmRSS:\t  2048 kB\n") - 2048.0).abs() < f64::EPSILON);
        assert!(resident_kib("Name:\tx\n").abs() < f64::EPSILON);
    }

    #[test]
    fn a_child_costs_time() {
        let cost = run_well(Command::new("true").arg("now")).expect("`true` is everywhere");
        assert!(cost.wall_s > 0.0 && cost.cpu_s >= 0.0);
        assert!(run_well(&mut Command::new("false")).is_err());
    }
}
