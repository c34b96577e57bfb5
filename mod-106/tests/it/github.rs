//! Our GitHub calls beside a small stateful GitHub that loses answers, and beside prism's mock of GitHub's own API description.
//!
//! The fake shows that nothing is done twice; prism shows that what we send and read is what GitHub describes.

use super::scripted::{Asked, Scripted, json as answer, with};
use super::target::block_on;
use libtest_mimic::{Completion, Failed, Trial};
use mod_106::github::{CommitStatus, Error, GitHub, NewDeployment, ReviewState, Settings};
use serde_json::{Map, Value, json};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn connect(url: &str, attempts: u32) -> Result<GitHub, Error> {
    GitHub::new(&Settings {
        api_url: url.to_owned(),
        token: Some("ghp_for_a_test".to_owned().into()),
        repository: "lab/shop".to_owned(),
        attempts,
        pause: Duration::from_millis(1),
        longest: Duration::from_secs(2),
    })
}

fn deployment(token: &str) -> NewDeployment {
    NewDeployment {
        git_ref: "main".to_owned(),
        task: "deploy".to_owned(),
        environment: "staging".to_owned(),
        description: "a test".to_owned(),
        payload: json!({ "operation": token }),
    }
}

/// What the fake remembers: POST bodies by path.
type Kept = Arc<Mutex<Vec<(String, Value)>>>;

/// A GitHub that does what it is told and loses the answers to the first `lost` POSTs, each in the way that `how` says.
async fn fake(lost: usize, how: &'static str) -> (Scripted, Kept) {
    let kept: Kept = Arc::default();
    let (state, posts) = (kept.clone(), Mutex::new(0));
    let script = move |_: usize, asked: &Asked| {
        let (method, target) = asked.line().split_once(' ').unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let mut kept = state.lock().unwrap();
        if method == "GET" {
            let found: Vec<_> = kept.iter().enumerate().filter(|(_, (known, _))| *known == path).rev().collect();
            let list: Vec<_> = found
                .into_iter()
                .map(|(id, (_, body))| {
                    let mut body = body.clone();
                    body["id"] = json!(id);
                    body
                })
                .collect();
            return answer("200 OK", &Value::from(list).to_string());
        }
        let number = {
            let mut posts = posts.lock().unwrap();
            *posts += 1;
            *posts
        };
        let losing = number <= lost;
        if losing && how == "before" {
            return answer("503 Service Unavailable", "{}");
        }
        if losing && how == "limited" {
            return with(
                "403 Forbidden",
                "retry-after: 1\r\ncontent-type: application/json",
                "{\"message\":\"slow down\"}",
            );
        }
        if losing && how == "merged" {
            return answer("202 Accepted", "{\"message\":\"Auto-merged main into topic\"}");
        }
        let mut body: Value = serde_json::from_str(&asked.body).unwrap();
        kept.push((path.replace("/statuses/sha", "/commits/sha/statuses"), body.clone()));
        body["id"] = json!(kept.len() - 1);
        if losing && how == "after" {
            return answer("502 Bad Gateway", "<html>");
        }
        if losing && how == "cut" {
            return None;
        }
        answer("201 Created", &body.to_string())
    };
    (Scripted::start(script).await, kept)
}

fn nothing_is_posted_twice() -> Result<(), Failed> {
    block_on(async {
        for how in ["after", "cut", "before", "limited", "merged"] {
            let (server, kept) = fake(1, how).await;
            let github = connect(&server.uri, 4)?;
            let id = github.ensure_deployment("token-1", &deployment("token-1")).await?;
            assert_eq!(github.ensure_deployment("token-1", &deployment("token-1")).await?, id, "{how}");
            assert_ne!(github.ensure_deployment("token-2", &deployment("token-2")).await?, id, "{how}");
            assert_eq!(kept.lock().unwrap().len(), 2, "{how}");
        }
        for how in ["after", "cut", "before"] {
            let (server, kept) = fake(1, how).await;
            let github = connect(&server.uri, 4)?;
            for state in ["in_progress", "success", "success"] {
                github.set_deployment_state(7, state, "token").await?;
            }
            let status = |state: &str| CommitStatus {
                state: state.to_owned(),
                context: "promotion/staging".to_owned(),
                description: Some("a test".to_owned()),
                target_url: None,
            };
            for state in ["pending", "pending", "success"] {
                github.ensure_commit_status("sha", &status(state)).await?;
            }
            assert_eq!(kept.lock().unwrap().len(), 4, "{how}");
        }
        Ok(())
    })
}

fn refusals_are_told_and_not_repeated() -> Result<(), Failed> {
    block_on(async {
        for (status, expected) in
            [("401 Unauthorized", "GITHUB_TOKEN"), ("403 Forbidden", "lacks a permission"), ("422 No", "no ref")]
        {
            let server = Scripted::start(move |_, asked| {
                let body = if asked.line().starts_with("GET") { "[]" } else { "{\"message\":\"no ref\"}" };
                answer(if asked.line().starts_with("GET") { "200 OK" } else { status }, body)
            });
            let server = server.await;
            let refused = connect(&server.uri, 4)?.ensure_deployment("t", &deployment("t")).await;
            let message = refused.expect_err("refused").to_string();
            assert!(message.contains(expected), "{message}");
            let posts = server.asked().iter().filter(|asked| asked.line().starts_with("POST")).count();
            assert_eq!(posts, 1, "{status}");
        }
        let server = Scripted::start(|_, _| {
            let header = "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 99999999999\r\ncontent-type: application/json";
            with("403 Forbidden", header, "{}")
        });
        let server = server.await;
        let limited = connect(&server.uri, 4)?.deployments("staging").await.expect_err("limited");
        assert!(matches!(limited, Error::RateLimited { .. }), "{limited}");
        let nobody = connect("http://127.0.0.1:1", 2)?.deployments("staging").await.expect_err("nobody");
        assert!(matches!(nobody, Error::Unreachable { .. }), "{nobody}");
        assert!(connect("http://127.0.0.1:1", 2).is_ok());
        Ok(())
    })
}

fn a_dispatch_is_found_again() -> Result<(), Failed> {
    block_on(async {
        for status in ["204 No Content", "200 OK", "502 Bad Gateway"] {
            let started = Arc::new(Mutex::new(Vec::new()));
            let runs = started.clone();
            let server = Scripted::start(move |_, asked| {
                let mut runs = runs.lock().unwrap();
                if asked.line().starts_with("GET") {
                    let list: Vec<_> = runs.iter().map(|title| json!({ "id": 1, "display_title": title })).collect();
                    return answer("200 OK", &json!({ "workflow_runs": list }).to_string());
                }
                let body: Value = serde_json::from_str(&asked.body).unwrap();
                runs.push(format!("Promote {}", body["inputs"]["operation"].as_str().unwrap_or_default()));
                answer(status, "")
            });
            let server = server.await;
            let github = connect(&server.uri, 4)?;
            for _ in 0..2 {
                github.ensure_dispatch("promote.yml", "main", Map::new(), "token-1").await?;
            }
            assert_eq!(*started.lock().unwrap(), ["Promote token-1"], "{status}");
        }
        Ok(())
    })
}

/// prism, in a process group of its own.
struct Prism {
    child: Child,
    url: String,
}

impl Drop for Prism {
    fn drop(&mut self) {
        super::target::stop(&mut self.child);
    }
}

fn npm() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/labs/npm/node_modules")
}

impl Prism {
    /// With `--errors` it judges: what the description does not allow, of us or of its own examples, is an error and not an example.
    fn start(folder: &Path) -> Result<Self, Failed> {
        let port = super::target::free_port()?;
        let log = std::fs::File::create(folder.join("log"))?;
        let mut command = Command::new(npm().join(".bin/prism"));
        command.args(["mock", "--errors", "--host", "127.0.0.1", "--port", &port.to_string()]);
        command.arg(description(folder)?);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let prism = Self { child: command.spawn()?, url: format!("http://127.0.0.1:{port}") };
        // It reads a description of 811 paths first.
        let deadline = Instant::now() + Duration::from_secs(240);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > deadline {
                let mut text = String::new();
                std::fs::File::open(folder.join("log"))?.read_to_string(&mut text)?;
                return Err(format!("prism did not get ready:\n{text}").into());
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        Ok(prism)
    }

    /// The status of a request that we would not send.
    async fn status_of(&self, path: &str, body: &Value) -> Result<u16, Failed> {
        // Whoever was first chose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build()?;
        let request = client.post(format!("{}{path}", self.url)).bearer_auth("ghp_for_a_test").json(body);
        Ok(request.send().await?.status().as_u16())
    }
}

/// GitHub's description, without the one example of ours that it contradicts itself: a team among an environment's reviewers.
fn description(folder: &Path) -> Result<PathBuf, Failed> {
    let text = std::fs::read(npm().join("@octokit/openapi/generated/api.github.com.json"))?;
    let mut description: Value = serde_json::from_slice(&text)?;
    let reviewers = description.pointer_mut("/components/examples/pending-deployment-items/value/0/reviewers");
    let reviewers = reviewers.and_then(Value::as_array_mut).ok_or("the description has no such example any more")?;
    reviewers.retain(|reviewer| reviewer["type"] != "Team");
    let path = folder.join("description.json");
    std::fs::write(&path, description.to_string())?;
    Ok(path)
}

fn calls_are_what_github_describes() -> Result<Completion, Failed> {
    if !npm().join(".bin/prism").exists() || !npm().join("@octokit/openapi").exists() {
        let reason = "no prism in target/labs/npm; `cargo xtask images --process` installs it";
        return Ok(Completion::ignored_with(reason));
    }
    let folder = tempfile::tempdir()?;
    let prism = Prism::start(folder.path())?;
    block_on(async {
        let github = connect(&prism.url, 3)?;
        // Every answer is the description's example; a request that it does not allow is a 4xx, and so an error here.
        assert!(!github.deployments("production").await?.is_empty());
        assert!(github.ensure_deployment("a-token", &deployment("a-token")).await? > 0);
        assert!(!github.deployment_statuses(1).await?.is_empty());
        github.set_deployment_state(1, "success", "a-token").await?;
        assert!(!github.environment("production").await?.reviewers.is_empty());
        assert!(!github.pending_deployments(1).await?.is_empty());
        assert!(github.reviews(1).await?.iter().all(|review| review.state == ReviewState::Approved));
        assert!(!github.commit_statuses("main").await?.is_empty());
        let (state, context) = ("success".to_owned(), "promotion/staging".to_owned());
        github
            .ensure_commit_status("main", &CommitStatus { state, context, description: None, target_url: None })
            .await?;
        assert!(github.workflow_run(1).await?.id > 0);
        github.ensure_dispatch("promote.yml", "main", Map::new(), "a-token").await?;
        assert!(github.rate_limit().await?.limit > 0);
        // The mock judges: the same calls with a field left out, of another type, or with a word that is none.
        for (path, right, wrong) in [
            ("/repos/lab/shop/deployments", json!({ "ref": "main" }), json!({ "task": "deploy" })),
            ("/repos/lab/shop/deployments", json!({ "ref": "main" }), json!({ "ref": 7 })),
            ("/repos/lab/shop/deployments/1/statuses", json!({ "state": "success" }), json!({ "state": "fine" })),
            ("/repos/lab/shop/statuses/main", json!({ "state": "success" }), json!({ "context": "a" })),
            ("/repos/lab/shop/actions/workflows/a.yml/dispatches", json!({ "ref": "main" }), json!({})),
            (
                "/repos/lab/shop/actions/runs/1/pending_deployments",
                json!({ "environment_ids": [1], "state": "approved", "comment": "read" }),
                json!({ "environment_ids": [1], "state": "approved" }),
            ),
        ] {
            let (taken, refused) = (prism.status_of(path, &right).await?, prism.status_of(path, &wrong).await?);
            assert!((200..300).contains(&taken) && refused == 422, "{path}: {taken}, {refused}");
        }
        // And a refusal reaches us as one, with what GitHub says.
        let wrong = CommitStatus {
            state: "fine".to_owned(),
            context: "promotion/staging".to_owned(),
            description: None,
            target_url: None,
        };
        let refused = github.ensure_commit_status("main", &wrong).await.expect_err("refused");
        assert!(matches!(refused, Error::Refused { status: 422, .. }), "{refused}");
        Ok(Completion::Completed)
    })
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("github::nothing-is-posted-twice", nothing_is_posted_twice),
        Trial::test("github::refusals-are-told-and-not-repeated", refusals_are_told_and_not_repeated),
        Trial::test("github::a-dispatch-is-found-again", a_dispatch_is_found_again),
        Trial::ignorable_test("github::calls-are-what-github-describes", calls_are_what_github_describes),
    ]
}
