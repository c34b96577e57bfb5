//! Every runbook of ours, run against the service with the fault that it is for.

use super::{COMMAND, kept};
use libtest_mimic::{Completion, Failed, Trial};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub(super) fn trials() -> Vec<Trial> {
    vec![Trial::ignorable_test("incident::every-runbook-of-ours-mends-what-it-is-for", runbooks_mend)]
}

/// Each runbook, and the fault that it is for; two are for what no knob breaks.
const ALL: [(&str, &str); 7] = [
    ("latency", r#"{"latency_ms": 500}"#),
    ("errors", r#"{"error_share": 1.0}"#),
    ("drift", r#"{"scale": {"amount_usd": 100.0}}"#),
    ("bad-deploy", r#"{"bad_deploy": true}"#),
    ("cost", r#"{"token_factor": 10.0}"#),
    ("labels-late", "{}"),
    ("no-traffic", "{}"),
];

/// Every runbook is run against the real service with the fault that it is for, and leaves it without.
fn runbooks_mend() -> Result<Completion, Failed> {
    if Command::new("curl").arg("--version").output().is_err() {
        return Ok(Completion::ignored_with("no curl on the path, which runbooks use"));
    }
    let service = Service::start()?;
    service.run(&["inference", "traffic", "--url", &service.url, "--requests", "120", "--labels", "--explain"])?;
    let none = service.faults(None)?;
    let (url, management) = (format!("URL={}", service.url), format!("MANAGEMENT={}", service.management));
    for (name, fault) in ALL {
        assert_eq!(service.faults(Some(fault))? == none, fault == "{}", "{name}: the fault is on");
        let mut command = Command::new(COMMAND);
        command.args(["incident", "runbook", "run", "--execute", "--set", &url, "--set", &management]);
        let output = command.arg(kept(&format!("runbooks/{name}.md"))).env("NO_PROXY", "*").output()?;
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(service.faults(None)?, none, "{name}: what it is for is mended");
    }
    // Every signal of an exercise names a runbook that is there, and every runbook has been run above.
    let signals = fs::read_to_string(kept("signals.yaml"))?;
    for name in signals.lines().filter_map(|line| line.trim().strip_prefix("runbook: ")) {
        assert!(ALL.iter().any(|(known, _)| *known == name), "signals.yaml: runbook {name}");
    }
    assert_eq!(fs::read_dir(kept("runbooks"))?.count(), ALL.len(), "every runbook is run");
    Ok(Completion::Completed)
}

/// The reference service; it ends with the test, whatever becomes of it.
struct Service {
    folder: tempfile::TempDir,
    child: Child,
    url: String,
    management: String,
}

impl Service {
    #[expect(clippy::disallowed_methods, reason = "polls with a deadline until the service is ready")]
    fn start() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let mut train = Command::new(COMMAND);
        train.args(["inference", "train", "--out", "model.json", "--rows", "2000"]);
        assert!(train.current_dir(folder.path()).output()?.status.success());
        let mut serve = Command::new(COMMAND);
        serve.args([
            "inference",
            "serve",
            "--model",
            "model.json",
            "--port",
            "0",
            "--management-port",
            "0",
            "--faults",
        ]);
        serve.args(["--ready-file", "ready.json"]).stdout(Stdio::null()).stderr(Stdio::null());
        let child = serve.current_dir(folder.path()).spawn()?;
        let mut service = Self { folder, child, url: String::new(), management: String::new() };
        let deadline = Instant::now() + Duration::from_secs(90);
        while Instant::now() < deadline && service.child.try_wait()?.is_none() {
            let text = fs::read_to_string(service.folder.path().join("ready.json")).unwrap_or_default();
            if let Ok(doors) = serde_json::from_str::<serde_json::Value>(&text) {
                doors["url"].as_str().unwrap().clone_into(&mut service.url);
                doors["management"].as_str().unwrap().clone_into(&mut service.management);
                return Ok(service);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err("the service was not ready".into())
    }

    fn run(&self, arguments: &[&str]) -> Result<(), Failed> {
        let output = Command::new(COMMAND).args(arguments).output()?;
        assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// The knobs, after these were turned.
    fn faults(&self, body: Option<&str>) -> Result<String, Failed> {
        let mut curl = Command::new("curl");
        curl.args(["-fsS", "--noproxy", "*", &format!("{}/admin/faults", self.management)]);
        if let Some(body) = body {
            curl.args(["-X", "PUT", "-H", "content-type: application/json", "-d", body]);
        }
        Ok(String::from_utf8(curl.output()?.stdout)?)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
