//! What the machine does: no Docker, Docker that dies, a full disk, a proxy in the environment, two runs at once, and signals.

use super::tests;
use crate::runner::{LAB, Runner, processes_that_know, wait_until};
use libtest_mimic::Trial;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

const DOCKER_SOCKET: &str = "/var/run/docker.sock";

pub(super) fn cases() -> Vec<Trial> {
    let mut cases = tests(
        "machine",
        &[
            ("docker-absent", docker_absent),
            ("docker-absent-but-required", docker_required),
            ("a-proxy-in-the-environment", proxy_in_the_environment),
            ("two-runs-at-once", two_at_once),
            ("interrupted-with-ctrl-c", || interrupted(Signal::SIGINT)),
            ("ended-with-sigterm", || interrupted(Signal::SIGTERM)),
            ("killed-with-sigkill", || interrupted(Signal::SIGKILL)),
        ],
    );
    let docker = UnixStream::connect(DOCKER_SOCKET).is_ok();
    let dies = tests("machine", &[("docker-dies-in-the-middle", docker_dies)]);
    cases.extend(dies.into_iter().map(|case| case.with_ignored_flag(!docker)));
    let root = nix::unistd::geteuid().is_root();
    let full = tests("machine", &[("disk-full-in-the-report-folder", disk_full)]);
    cases.extend(full.into_iter().map(|case| case.with_ignored_flag(!root)));
    cases
}

fn docker_absent() {
    let runner = Runner::validate(&[LAB, "--backend", "containers"]);
    let ended = runner.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").run();
    ended.expect(3, &["Docker"]);
    assert_eq!((ended.count("failed"), ended.count("passed")), (0, 0));
}

fn docker_required() {
    let words = [LAB, "--backend", "embedded", "--backend", "containers", "--require-all"];
    let ended = Runner::validate(&words).env("DOCKER_HOST", "unix:///nonexistent/docker.sock").run();
    ended.expect(3, &["Docker"]);
    assert!(ended.count("passed") > 0 && ended.count("not_run") > 0, "{}", ended.text);
}

/// Docker answers the first requests through a socket of the test, and then never again.
fn docker_dies() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let (dead, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    thread::spawn({
        let (dead, served) = (Arc::clone(&dead), Arc::clone(&served));
        move || {
            for client in listener.incoming().flatten() {
                let Ok(docker) = UnixStream::connect(DOCKER_SOCKET) else { return };
                served.fetch_add(1, Ordering::Relaxed);
                relay(client, docker, &dead);
            }
        }
    });
    let runner = Runner::validate(&[LAB, "--backend", "containers"]);
    let ended = runner.env("DOCKER_HOST", format!("unix://{}", socket.display())).run_while(|_, _| {
        wait_until("the first request to Docker", || served.load(Ordering::Relaxed) > 0);
        dead.store(true, Ordering::Relaxed);
        fs::remove_file(&socket).unwrap();
    });
    ended.expect(3, &["Docker"]);
    assert_eq!((ended.count("failed"), ended.count("timed_out")), (0, 0), "{}", ended.text);
}

/// Passes bytes both ways until either end closes or the test declares Docker dead.
fn relay(client: UnixStream, docker: UnixStream, dead: &Arc<AtomicBool>) {
    let one_way = |mut from: UnixStream, mut to: UnixStream| {
        thread::spawn(move || {
            drop(std::io::copy(&mut from, &mut to));
            drop(to.shutdown(std::net::Shutdown::Both));
        });
    };
    let ends = (client.try_clone().unwrap(), docker.try_clone().unwrap());
    one_way(client.try_clone().unwrap(), docker.try_clone().unwrap());
    one_way(docker, client);
    let dead = Arc::clone(dead);
    thread::spawn(move || {
        wait_until("the end of Docker", || dead.load(Ordering::Relaxed));
        drop(ends.0.shutdown(std::net::Shutdown::Both));
        drop(ends.1.shutdown(std::net::Shutdown::Both));
    });
}

/// A file system of 64 KiB holds no report.
fn disk_full() {
    let folder = tempfile::tempdir().unwrap();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(folder.path()).status().unwrap();
    assert!(mount.success());
    fs::write(folder.path().join("filler"), vec![0; 60 << 10]).unwrap();
    let ended = Runner::validate(&[LAB, "--backend", "embedded"]).report_to(folder.path()).run();
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(Command::new("umount").arg(folder.path()).status().unwrap().success());
    ended.expect(3, &["cannot write the report", "--report"]);
    assert_eq!(files, ["filler"], "half a report is worse than none");
}

fn proxy_in_the_environment() {
    let runner = Runner::validate(&[LAB, "--backend", "embedded"]);
    let nowhere = "http://127.0.0.1:9";
    runner.env("HTTP_PROXY", nowhere).env("http_proxy", nowhere).env("ALL_PROXY", nowhere).run().expect(0, &[]);
}

fn two_at_once() {
    let run = || Runner::validate(&[LAB, "--backend", "embedded"]).run();
    let other = thread::spawn(run);
    run().expect(0, &[]);
    other.join().unwrap().expect(0, &[]);
}

/// In the middle of a run the harness is told to end, or ended without being told.
fn interrupted(signal: Signal) {
    let ended = Runner::validate(&[LAB, "--backend", "embedded"]).run_while(|child, folder| {
        wait_until("the submission's start", || is_serving(folder));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    });
    assert_ne!(ended.exit_code, Some(0), "{}", ended.text);
}

fn is_serving(folder: &Path) -> bool {
    processes_that_know(folder).iter().any(|process| process.contains("mod-106 serve"))
}
