//! The supervisor: a process of ours that stands between the harness and every command of a submission. It is the reaper of all
//! that the command starts (`PR_SET_CHILD_SUBREAPER`), so that daemons which fork twice cannot slip away, and it lives at the end
//! of a pipe: when the harness closes the pipe, or dies in whatever way, the supervisor ends them all, politely first.
//!
//! It does not use process names, sessions or environment markers: nginx rewrites its own, and every daemon leaves its session.

use nix::{
    errno::Errno,
    sys::{
        prctl,
        resource::{Resource, getrlimit, setrlimit},
        signal::{SigSet, Signal, kill},
        wait::{WaitStatus, waitpid},
    },
    unistd::{Pid, getpid, getuid},
};
use std::{
    io::{Read, stdin},
    os::unix::process::CommandExt,
    process::{Command, ExitCode, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    time::{Duration, Instant},
};
use tokio::signal::unix::{SignalKind, signal};

/// The exit code when the command could not be started at all, as shells have it.
pub const CANNOT_START: u8 = 127;

/// How often the killed are killed again: a process that forks while it is being killed leaves a child behind.
const KILL_AGAIN: Duration = Duration::from_millis(50);

/// After this long even SIGKILL has failed (a process in uninterruptible sleep); nothing more can be done.
const GIVE_UP: Duration = Duration::from_secs(20);

/// The largest file a submission may write.
const LARGEST_FILE_BYTES: u64 = 16 << 30;

/// Address space is generous: garbage-collected runtimes reserve far more than they use.
const ADDRESS_SPACE_BYTES: u64 = 256 << 30;

/// Sockets and files.
const OPEN_FILES: u64 = 65_536;

/// Processes; the kernel counts them for the whole user, so this is a fence against fork bombs and no budget.
const PROCESSES: u64 = 8_192;

enum Event {
    HarnessIsGone,
    Ended(Pid, i32),
    NobodyLeft,
}

/// Runs a command until it ends or until standard input does, and leaves no process behind.
///
/// The exit code is the command's own; 128 + N when signal N ended it; 127 when it could not be started.
#[must_use]
pub fn supervise(command: &[String], grace: Duration) -> ExitCode {
    match run(command, grace) {
        Ok(code) => ExitCode::from(code),
        Err(reason) => {
            eprintln!("{}: {reason}", command.first().map_or("(no command)", String::as_str));
            ExitCode::from(CANNOT_START)
        }
    }
}

fn run(command: &[String], grace: Duration) -> Result<u8, String> {
    let (program, arguments) = command.split_first().ok_or("no command was given")?;
    // A signal meant for the group must not take the reaper away from its charges.
    SigSet::all().thread_block().map_err(|error| error.to_string())?;
    prctl::set_child_subreaper(true).map_err(|error| error.to_string())?;
    limit_resources();
    forget_ignored_signals().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).process_group(0);
    let child = spawn_unblocked(&mut command)?;
    let child = Pid::from_raw(i32::try_from(child.id()).map_err(|error| error.to_string())?);
    let (tell, events) = channel();
    watch_harness(tell.clone());
    reap(tell);
    Ok(wait(child, &events, grace))
}

/// What was ignored when the harness was started (`nohup` ignores SIGHUP) would stay ignored in the submission, and a shell cannot trap
/// what was ignored before it began. A signal with a handler is reset by `exec`; tokio installs handlers without `unsafe`, and keeps them.
fn forget_ignored_signals() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::quit(), SignalKind::terminate()];
    for kind in kinds.into_iter().chain([SignalKind::user_defined1(), SignalKind::user_defined2()]) {
        drop(signal(kind)?);
    }
    Ok(())
}

/// Starts the command with its signals open: a child inherits what is blocked, and its own traps would never run.
fn spawn_unblocked(command: &mut Command) -> Result<std::process::Child, String> {
    SigSet::all().thread_unblock().map_err(|error| error.to_string())?;
    let child = command.spawn().map_err(|error| error.to_string());
    SigSet::all().thread_block().map_err(|error| error.to_string())?;
    child
}

fn wait(child: Pid, events: &Receiver<Event>, grace: Duration) -> u8 {
    let mut status = None;
    while status.is_none() {
        match events.recv() {
            Ok(Event::Ended(pid, code)) if pid == child => status = Some(code),
            Ok(Event::Ended(..)) => {}
            Ok(Event::HarnessIsGone | Event::NobodyLeft) | Err(_) => break,
        }
    }
    let code = end_all(child, events, grace).or(status).unwrap_or_default();
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// Ends every descendant; hands back the child's own code if it ends only now.
fn end_all(child: Pid, events: &Receiver<Event>, grace: Duration) -> Option<i32> {
    let begun = Instant::now();
    let mut status = None;
    let mut signal = Signal::SIGTERM;
    signal_all(signal);
    while begun.elapsed() < grace + GIVE_UP {
        let patience = if signal == Signal::SIGTERM { grace.saturating_sub(begun.elapsed()) } else { KILL_AGAIN };
        match events.recv_timeout(patience) {
            Ok(Event::Ended(pid, code)) if pid == child => status = Some(code),
            Ok(Event::Ended(..) | Event::HarnessIsGone) => {}
            Ok(Event::NobodyLeft) | Err(RecvTimeoutError::Disconnected) => return status,
            Err(RecvTimeoutError::Timeout) => {
                signal = Signal::SIGKILL;
                signal_all(signal);
            }
        }
    }
    status
}

fn signal_all(signal: Signal) {
    for pid in descendants(getpid().as_raw()) {
        // It may have ended by itself in the meantime; that is what we want.
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

fn watch_harness(tell: Sender<Event>) {
    std::thread::spawn(move || {
        let mut nothing = [0_u8; 64];
        while matches!(stdin().read(&mut nothing), Ok(count) if count > 0) {}
        let _ = tell.send(Event::HarnessIsGone);
    });
}

fn reap(tell: Sender<Event>) {
    std::thread::spawn(move || {
        loop {
            let event = match waitpid(None, None) {
                Ok(WaitStatus::Exited(pid, code)) => Event::Ended(pid, code),
                Ok(WaitStatus::Signaled(pid, signal, _)) => Event::Ended(pid, 128 + signal as i32),
                Ok(_) | Err(Errno::EINTR) => continue,
                Err(_) => Event::NobodyLeft,
            };
            let last = matches!(event, Event::NobodyLeft);
            if tell.send(event).is_err() || last {
                return;
            }
        }
    });
}

fn limit_resources() {
    let processes = if getuid().is_root() { None } else { Some((Resource::RLIMIT_NPROC, PROCESSES)) };
    let limits = [
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_FSIZE, LARGEST_FILE_BYTES),
        (Resource::RLIMIT_AS, ADDRESS_SPACE_BYTES),
        (Resource::RLIMIT_NOFILE, OPEN_FILES),
    ];
    for (resource, wanted) in limits.into_iter().chain(processes) {
        // Nobody may raise the hard limit above what it is; a machine that is stricter than we are is fine.
        let hard = getrlimit(resource).map_or(wanted, |(_, hard)| hard.min(wanted));
        let _ = setrlimit(resource, hard, hard);
    }
}

/// Every process below `root`, children before grandchildren, by the parents that `/proc` names.
#[must_use]
pub fn descendants(root: i32) -> Vec<i32> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The command's name stands in parentheses and may itself hold any of them: the last one closes it.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<i32>().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| pid));
        next += 1;
    }
    found.split_off(1)
}
