//! The objectives beside a real promtool and a real Prometheus: rules that hold their tests, mistakes that are told, and a Prometheus
//! that is down, slow or empty, each with a verdict of its own.

use super::environment::{COMMAND, absent};
use super::serving::{Serving, block_on, http};
use libtest_mimic::{Completion, Failed, Trial};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("slo::generated-files-are-those-in-the-repository", nothing_is_stale),
        Trial::ignorable_test("slo::rules-pass-promtool", rules_pass_promtool),
        Trial::ignorable_test("slo::a-rule-with-a-mistake-fails-its-tests", mistakes_are_caught),
        Trial::test("slo::what-could-never-work-is-refused-with-its-place", refused),
        Trial::test("slo::a-prometheus-that-is-down-slow-or-strange-is-told-apart", down_slow_strange),
        Trial::ignorable_test("slo::a-burning-service-is-seen-by-a-live-prometheus", burning),
        Trial::test("playbook::nothing-leads-nowhere", playbook_holds),
        Trial::test("playbook::loose-ends-are-found", loose_ends),
    ]
}

pub(crate) fn observability() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("observability")
}

/// Our command, where the repository's paths begin.
pub(crate) fn ours(words: &[&str]) -> std::io::Result<Output> {
    Command::new(COMMAND).args(words).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).output()
}

/// The exit code, and what was said on standard error.
fn outcome(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn promtool(folder: &Path, words: &[&str]) -> Result<(), String> {
    let output =
        Command::new("promtool").args(words).current_dir(folder).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("promtool {words:?}: {}\n{said}", output.status)) }
}

fn nothing_is_stale() -> Result<(), Failed> {
    for words in [["slo", "generate", "--check"], ["dashboards", "generate", "--check"]] {
        let output = ours(&words)?;
        assert!(output.status.success(), "{output:?}");
    }
    let folder = tempfile::tempdir()?;
    let elsewhere = folder.path().display().to_string();
    let output = ours(&["slo", "generate", "--check", "--out", &elsewhere])?;
    assert!(outcome(&output).0 == Some(1) && outcome(&output).1.contains("signals.rules.yml"), "{output:?}");
    Ok(())
}

fn rules_pass_promtool() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("promtool", "prometheus") {
        return Ok(ignored);
    }
    let folder = observability().join("rules");
    let ending = |ending: &str| -> Vec<String> {
        let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(ending)).collect()
    };
    let (rules, tests) = (ending(".rules.yml"), ending(".test.yml"));
    assert!(rules.len() == 5 && tests.len() == 17, "{rules:?} {tests:?}");
    let words = |first: &'static [&'static str], files: &[String]| -> Vec<String> {
        first.iter().map(|word| (*word).to_owned()).chain(files.iter().cloned()).collect()
    };
    let run = |words: Vec<String>| promtool(&folder, &words.iter().map(String::as_str).collect::<Vec<_>>());
    run(words(&["check", "rules", "--lint-fatal"], &rules))?;
    run(words(&["test", "rules"], &tests))?;
    Ok(Completion::Completed)
}

/// The tests are tests: rules with a known mistake do not pass them.
fn mistakes_are_caught() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("promtool", "prometheus") {
        return Ok(ignored);
    }
    let original = observability().join("rules");
    // The one test that is there for this mistake: all of them would say the same, later.
    let check = |file: &str, from: &str, to: &str, (tests, meant): (&str, &str)| -> Result<(), Failed> {
        let folder = tempfile::tempdir()?;
        let text = fs::read_to_string(original.join(file))?;
        assert!(text.contains(from), "{file} holds no {from}");
        let mut document: Value = serde_saphyr::from_str(&fs::read_to_string(original.join(tests))?)?;
        let all = document["tests"].as_array_mut().unwrap();
        all.retain(|test| test["name"].as_str().unwrap().contains(meant));
        assert_eq!(all.len(), 1, "{meant}");
        fs::write(folder.path().join("one.test.yml"), document.to_string())?;
        fs::write(folder.path().join(file), text.replace(from, to))?;
        let error = promtool(folder.path(), &["test", "rules", "one.test.yml"]).unwrap_err();
        assert!(error.contains("FAILED"), "{error}");
        Ok(())
    };
    let (rules, tests) = ("inference-availability.rules.yml", "inference-availability.5m-1h.test.yml");
    // A factor that is a tenth too high, and one that is a tenth too low.
    check(rules, "> 0.0144", "> 0.0159", (tests, "times the budget fires"))?;
    check(rules, "> 0.0144", "> 0.0129", (tests, "just below the factor"))?;
    // No minimum of events, nor of bad ones.
    check(rules, ">= 100\n", ">= 0\n", (tests, "too few events"))?;
    check(rules, ">= 5\n", ">= 0\n", (tests, "too few bad events"))?;
    // Averages of five minutes instead of what the window is for.
    check(rules, "slo:error_ratio:rate1h{", "slo:error_ratio:rate5m{", (tests, "times the budget fires"))?;
    // Another owner.
    check("signals.rules.yml", "owner: ml-serving", "owner: ml-models", ("signals.1m.test.yml", "InferenceDown"))?;
    Ok(Completion::Completed)
}

fn refused() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let slos = fs::read_to_string(observability().join("slos.yaml"))?;
    let owners = fs::read_to_string(observability().join("owners.yaml"))?;
    let check = |slos: String, owners: String, expected: &str| -> Result<(), Failed> {
        let paths = ["slos.yaml", "owners.yaml"].map(|name| folder.path().join(name));
        fs::write(&paths[0], slos)?;
        fs::write(&paths[1], owners)?;
        let [slos, owners] = paths.map(|path| path.display().to_string());
        let output = ours(&["slo", "show", "--slos", &slos, "--owners", &owners])?;
        let (code, said) = outcome(&output);
        assert!(code == Some(2) && said.contains(expected), "{code:?} {said}");
        Ok(())
    };
    check(slos.replace("target: 0.999", "target: 0.9"), owners.clone(), "so it could never fire")?;
    check(slos.replace("owner: ml-data", "owner: nobody"), owners.clone(), "nobody, whom nobody knows")?;
    check(slos.replace("expr: up{", "expr: up{{"), owners.clone(), "alert InferenceDown: expr:")?;
    check(slos.replace("target: 0.999", "goal: 0.999"), owners.clone(), "goal")?;
    check(
        slos.clone(),
        owners.replace("http://127.0.0.1:9095/alerts?owner=ml-data", "somewhere"),
        "`somewhere` is no URL",
    )?;
    check(slos, owners.replace("fallback: ml-serving", "fallback: x"), "fallback is x")?;
    Ok(())
}

fn down_slow_strange() -> Result<(), Failed> {
    // A file that is not there is told once, with what to do.
    let output = ours(&["slo", "show", "--slos", "none.yaml"])?;
    assert!(
        outcome(&output).1.matches("No such file").count() == 1 && outcome(&output).1.contains("is the path right")
    );
    let status = |url: &str| ours(&["slo", "status", "--patience", "1", "--prometheus", url]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let (code, said) = outcome(&status(&format!("http://{closed}"))?);
    assert!(code == Some(3) && said.contains("cannot reach Prometheus"), "{code:?} {said}");
    // A page that was made when it was up stays as it is.
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("preview.html");
    fs::write(&page, "yesterday's")?;
    let url = format!("http://{closed}");
    let words = ["dashboards", "preview", "--patience", "1", "--prometheus", &url, "--out"];
    let output = ours(&words.into_iter().chain([page.display().to_string().as_str()]).collect::<Vec<_>>())?;
    assert!(outcome(&output).0 == Some(3) && fs::read_to_string(&page)? == "yesterday's", "{output:?}");
    // It takes the connection, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let begun = Instant::now();
    let (code, said) = outcome(&status(&format!("http://{}", silent.local_addr()?))?);
    assert!(code == Some(3) && said.contains("did not answer within 1 s"), "{code:?} {said}");
    assert!(begun.elapsed() < Duration::from_secs(60));
    // It is something else.
    let serving = Serving::start(&[])?;
    let (code, said) = outcome(&status(&serving.url)?);
    assert!(code == Some(1) && said.contains("no JSON, as no Prometheus does"), "{code:?} {said}");
    Ok(())
}

/// A Prometheus that scrapes and evaluates each half second, with the rules of the repository and what else is asked for.
pub(crate) struct Prometheus {
    pub(crate) url: String,
    pub(crate) folder: tempfile::TempDir,
    process: Child,
}

impl Prometheus {
    /// Starts it over a data folder that may hold blocks already.
    pub(crate) fn start(folder: tempfile::TempDir, targets: &[(&str, &str)], more: &str) -> Result<Self, Failed> {
        let rules = observability().join("rules");
        let jobs: Vec<String> = targets
            .iter()
            .map(|(job, url)| {
                let target = url.trim_start_matches("http://");
                format!("{{job_name: {job}, static_configs: [{{targets: [\"{target}\"]}}]}}")
            })
            .collect();
        let config = format!(
            "global: {{scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}}\n\
             rule_files: [\"{rules}/*.rules.yml\"]\nscrape_configs: [{}]\n{more}\n",
            jobs.join(", "),
            rules = rules.display(),
        );
        fs::write(folder.path().join("prometheus.yml"), config)?;
        let port = free_port()?;
        let mut command = Command::new("prometheus");
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).arg("--storage.tsdb.retention.time=30d");
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn"]);
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(fs::File::create(folder.path().join("log"))?);
        let mut prometheus = Self { url: format!("http://127.0.0.1:{port}"), folder, process: command.spawn()? };
        let deadline = Instant::now() + Duration::from_secs(90);
        while Instant::now() < deadline {
            let ready = block_on(http().get(format!("{}/-/ready", prometheus.url)).send());
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(prometheus);
            }
            if prometheus.process.try_wait()?.is_some() {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        Err(format!("prometheus: {}", fs::read_to_string(prometheus.folder.path().join("log"))?).into())
    }

    /// Stops it and starts it again over the same data.
    pub(crate) fn restart(mut self) -> Result<Self, Failed> {
        let process = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM)?;
        self.process.wait()?;
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir()?);
        Self::start(folder, &[], "")
    }

    pub(crate) async fn query(&self, query: &str) -> Vec<Value> {
        let answer = http().get(format!("{}/api/v1/query", self.url)).query(&[("query", query)]).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        answer["data"]["result"].as_array().unwrap().clone()
    }

    pub(crate) async fn rules(&self) -> Vec<Value> {
        let answer = http().get(format!("{}/api/v1/rules", self.url)).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let groups = answer["data"]["groups"].as_array().unwrap();
        groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).cloned().collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It is ours, and its folder goes with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn free_port() -> std::io::Result<u16> {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).map(|at| at.port())
}

/// Without traffic nothing is known; with traffic all is well; then half of all predictions fail, and it is seen. Alerts wait for two
/// minutes before they fire, so that here they are pending.
fn burning() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("prometheus", "prometheus") {
        return Ok(ignored);
    }
    let serving = Serving::start(&[])?;
    let prometheus = Prometheus::start(tempfile::tempdir()?, &[("inference", &serving.management)], "")?;
    let status = || ours(&["slo", "status", "--json", "--prometheus", &prometheus.url]);
    assert_eq!(status()?.status.code(), Some(4), "no traffic is no knowledge");
    let deadline = Instant::now() + Duration::from_secs(60);
    let until = |what: &str, holds: &dyn Fn() -> Result<bool, Failed>, seed: u32| -> Result<(), Failed> {
        while !holds()? {
            if Instant::now() > deadline {
                return Err(format!("not {what} after 60 s").into());
            }
            serving.traffic(60, seed, &["--labels"])?;
        }
        Ok(())
    };
    until("known", &|| Ok(status()?.status.code() == Some(0)), 10)?;
    block_on(serving.fault(&serde_json::json!({ "error_share": 0.5 })));
    let pending = || -> Result<bool, Failed> {
        let query =
            "ALERTS{alertname=\"InferenceAvailabilityBurnFast\", slo=\"inference-availability\", severity=\"page\"}";
        Ok(!block_on(prometheus.query(query)).is_empty())
    };
    until("pending", &pending, 11)?;
    let spent = status()?;
    assert_eq!(spent.status.code(), Some(1), "{spent:?}");
    let standings: Value = serde_json::from_slice(&spent.stdout)?;
    assert!(standings[0]["burn_rate"].as_f64().unwrap() > 14.4, "{standings}");
    let broken: Vec<Value> = block_on(prometheus.rules()).into_iter().filter(|rule| rule["health"] == "err").collect();
    assert!(broken.is_empty(), "{broken:?}");
    Ok(Completion::Completed)
}

fn playbook_holds() -> Result<(), Failed> {
    let output = ours(&["playbook", "check"])?;
    assert!(output.status.success() && output.stdout.ends_with(b"nothing leads nowhere\n"), "{output:?}");
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("playbook.html");
    assert!(ours(&["playbook", "render", "--out", &page.display().to_string()])?.status.success());
    let text = fs::read_to_string(page)?;
    assert!(text.contains("id=\"CanaryWorse\"") && !text.contains("<script"), "{text}");
    Ok(())
}

fn loose_ends() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let runbooks = folder.path().join("runbooks");
    fs::create_dir(&runbooks)?;
    for entry in fs::read_dir(observability().join("runbooks"))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let text =
            text.replace("## CanaryWorse", "## CanaryWorst").replace("mod-553 log check logs", "mod-553 log view logs");
        fs::write(runbooks.join(path.file_name().unwrap()), text)?;
    }
    let rules = folder.path().join("rules");
    fs::create_dir(&rules)?;
    for entry in fs::read_dir(observability().join("rules"))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?.replace("mod-553 log check logs", "mod-553 log view logs");
        fs::write(rules.join(path.file_name().unwrap()), text)?;
    }
    let [rules, runbooks] = [rules, runbooks].map(|path| path.display().to_string());
    let output = ours(&["playbook", "check", "--rules", &rules, "--runbooks", &runbooks])?;
    let (code, said) = outcome(&output);
    for expected in [
        "CanaryWorse: its runbook",
        "CanaryWorst is an alert that no rule raises",
        "ModelDrift: its first command is dead",
    ] {
        assert!(code == Some(1) && said.contains(expected), "{code:?} {said}");
    }
    Ok(())
}
