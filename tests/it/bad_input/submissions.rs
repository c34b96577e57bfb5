//! What a learner's folder does when it is started.

use super::tests;
use crate::runner::Runner;
use libtest_mimic::Trial;
use std::net::TcpListener;

/// A server that answers, started after whatever the case does first.
const SERVE: &str = "exec mod-106 serve --port $LAB_PORT --database sqlite://$LAB_WORK/mlflow.db --artifacts $LAB_WORK/artifacts --auth none";

pub(super) fn cases() -> Vec<Trial> {
    tests(
        "submissions",
        &[
            ("exits-at-once", exits_at_once),
            ("program-missing", program_missing),
            ("never-ready", never_ready),
            ("port-in-use", port_in_use),
            ("floods-stdout-with-1-gb", floods_stdout),
            ("leaves-a-daemon", leaves_a_daemon),
            ("ignores-sigterm", ignores_sigterm),
        ],
    )
}

fn grade(start: &str, ready_timeout_s: u64) -> Runner {
    let manifest = format!(
        r#"lab = "mod-106/lab-1"
backend = "embedded"
[start]
command = ["sh", "start.sh"]
[ready]
path = "/health"
timeout_s = {ready_timeout_s}
[endpoints]
tracking = "http://127.0.0.1:${{LAB_PORT}}"
[accounts.admin]
username = "admin"
password = "not-a-real-password"
"#
    );
    Runner::grade(&[("submission.toml", manifest.as_bytes()), ("start.sh", start.as_bytes())])
}

fn exits_at_once() {
    let ended = grade("echo 'no such database' >&2\nexit 7\n", 30).run();
    ended.expect(1, &["no such database", "7"]);
    assert_eq!(ended.count("passed"), 0);
}

fn program_missing() {
    let ended = grade("exec ./does-not-exist\n", 30).run();
    ended.expect(1, &["does-not-exist"]);
}

fn never_ready() {
    let ended = grade("exec sleep 600\n", 2).run();
    ended.expect(1, &["/health", "2 s"]);
    assert_eq!(ended.count("passed"), 0);
}

fn port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = grade(&SERVE.replace("$LAB_PORT", &port), 30).run();
    ended.expect(1, &[&port, "in use"]);
}

fn floods_stdout() {
    let ended = grade(&format!("yes | head -c 1073741824\n{SERVE}\n"), 120).run();
    ended.expect(1, &[]);
    assert!(ended.count("passed") > 0, "{}", ended.text);
}

fn leaves_a_daemon() {
    // `setsid` in a subshell leaves the process group and the session: only a harness that looks further finds it.
    let ended = grade("(setsid sleep 600 &) &\nexit 3\n", 30).run();
    ended.expect(1, &[]);
}

fn ignores_sigterm() {
    let ended = grade("trap '' TERM INT HUP\nwhile :; do sleep 1; done\n", 2).run();
    ended.expect(1, &[]);
}
