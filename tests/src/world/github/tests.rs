//! The fake, asked over the wire as any client asks GitHub.

use super::{Access, Act, Github, Repository, RequestFault};
use crate::{
    redact::Redactor,
    wire::{Answer, Request, Wire, WireError},
};
use http::Method;
use serde_json::{Value, json};
use std::net::Ipv4Addr;

struct Client {
    wire: Wire,
    base: String,
    token: String,
}

impl Client {
    fn of(repository: &Repository) -> Self {
        let [(_, url), (_, token), (_, name)] = repository.variables().try_into().unwrap();
        Self { wire: Wire::new(None, Redactor::default()), base: format!("{url}/repos/{name}"), token }
    }

    async fn ask(&self, method: Method, target: &str, body: Value) -> Result<Answer, WireError> {
        let (origin, prefix) = self.base.split_at(self.base.find("/repos").unwrap());
        let request = Request::new(method, origin, format!("{prefix}{target}"));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        self.wire.send(if body.is_null() { request } else { request.json(&body) }).await
    }

    async fn get(&self, target: &str) -> Value {
        let answer = self.ask(Method::GET, target, Value::Null).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json().unwrap()
    }

    async fn post(&self, target: &str, body: Value) -> Answer {
        self.ask(Method::POST, target, body).await.unwrap()
    }

    async fn status(&self, target: &str, body: Value) -> u16 {
        self.post(target, body).await.status
    }
}

async fn github() -> (Github, Client) {
    let github = Github::start(Ipv4Addr::LOCALHOST.into()).await.unwrap();
    let client = Client::of(github.given());
    (github, client)
}

#[tokio::test]
async fn deployments_answer_201_202_409_and_422() {
    let (github, client) = github().await;
    let (repository, body) =
        (github.given(), json!({"ref": "main", "environment": "staging", "payload": {"model": 3}}));
    assert_eq!(client.status("/deployments", json!({})).await, 422);
    assert_eq!(client.status("/deployments", json!({"ref": "nowhere"})).await, 422);
    repository.conflict(true);
    assert_eq!(client.status("/deployments", body.clone()).await, 409);
    repository.conflict(false);
    repository.auto_merges(true);
    assert_eq!(client.status("/deployments", body.clone()).await, 202);
    assert!(repository.deployments().is_empty());
    let made = client.post("/deployments", body.clone()).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json().unwrap()["sha"], repository.head());
    let [deployment] = repository.deployments().try_into().unwrap();
    assert_eq!((deployment.environment.as_str(), &deployment.payload), ("staging", &json!({"model": 3})));
    // A commit status that is not green stands in the way, unless no context is asked for.
    let status = json!({"state": "pending", "context": "gates"});
    assert_eq!(client.status(&format!("/statuses/{}", repository.head()), status).await, 201);
    assert_eq!(client.status("/deployments", body).await, 409);
    assert_eq!(client.status("/deployments", json!({"ref": "main", "required_contexts": []})).await, 201);
    assert_eq!(client.get("/deployments?environment=staging").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_success_makes_the_earlier_deployments_of_its_environment_inactive() {
    let (github, client) = github().await;
    for _ in 0..2 {
        client.post("/deployments", json!({"ref": "main", "environment": "staging"})).await;
    }
    let [first, second] = github.given().deployments().try_into().unwrap();
    assert_eq!(client.status(&format!("/deployments/{}/statuses", first.id), json!({"state": "splendid"})).await, 422);
    for deployment in [&first, &second] {
        let said = client.post(&format!("/deployments/{}/statuses", deployment.id), json!({"state": "success"})).await;
        assert_eq!((said.status, said.json().unwrap()["environment"].as_str()), (201, Some("staging")));
    }
    let states: Vec<Vec<String>> = github
        .given()
        .deployments()
        .iter()
        .map(|deployment| deployment.statuses.iter().map(|status| status.state.clone()).collect())
        .collect();
    assert_eq!(states, [vec!["success".to_owned(), "inactive".to_owned()], vec!["success".to_owned()]]);
    let listed = client.get(&format!("/deployments/{}/statuses", first.id)).await;
    assert_eq!(listed[0]["state"], "inactive", "the newest comes first");
}

#[tokio::test]
async fn only_a_required_reviewer_decides_about_a_waiting_run() {
    let (github, mut client) = github().await;
    let repository = github.given();
    repository.environment("production", &["alice", "bob"]);
    let run = repository.start_run("deploy.yml", "production");
    let pending = format!("/actions/runs/{run}/pending_deployments");
    let waiting = client.get(&pending).await;
    assert_eq!(waiting[0]["current_user_can_approve"], false);
    assert_eq!(waiting[0]["reviewers"][1]["reviewer"]["login"], "bob");
    let rules = client.get("/environments/production").await;
    assert_eq!(rules["protection_rules"][0]["type"], "required_reviewers");
    let review = |state: &str| json!({"environment_ids": [waiting[0]["environment"]["id"]], "state": state, "comment": "looked at it"});
    assert_eq!(client.status(&pending, review("approved")).await, 422, "its own token is nobody's reviewer");
    client.token = repository.token("bob", &[("deployments", Access::Write), ("actions", Access::Read)]);
    assert_eq!(client.status(&pending, review("maybe")).await, 422);
    let approved = client.post(&pending, review("approved")).await;
    assert_eq!((approved.status, approved.json().unwrap()[0]["environment"].as_str()), (200, Some("production")));
    assert_eq!(client.status(&pending, review("approved")).await, 422, "nothing is pending any more");
    assert_eq!(repository.run_state(run), ("completed".to_owned(), Some("success".to_owned())));
    let [review] = repository.reviews(run).try_into().unwrap();
    assert_eq!((review.user.as_str(), review.comment.as_str()), ("bob", "looked at it"));
    assert_eq!(client.get(&format!("/actions/runs/{run}/approvals")).await[0]["user"]["login"], "bob");
    assert!(repository.deployments().is_empty(), "a run's own deployment is none that a client has made");
}

#[tokio::test]
async fn tokens_open_what_they_are_for() {
    let (github, mut client) = github().await;
    let other = github.repository("other");
    client.token = "wrong".to_owned();
    assert_eq!(client.status("/deployments", json!({"ref": "main"})).await, 401);
    client.token = github.given().token("carol", &[("deployments", Access::Read)]);
    let refused = client.post("/deployments", json!({"ref": "main"})).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("x-accepted-github-permissions"), Some("deployments=write"));
    assert!(client.get("/deployments").await.as_array().unwrap().is_empty());
    client.token = other.given_token().to_owned();
    assert_eq!(client.status("/deployments", json!({"ref": "main"})).await, 404, "another repository's token");
    let calls = github.given().calls();
    let seen: Vec<_> = calls.iter().map(|call| (call.status, call.user.as_deref())).collect();
    assert_eq!(seen, [(401, None), (403, Some("carol")), (200, Some("carol")), (404, Some("automation"))]);
}

#[tokio::test]
async fn workflows_are_dispatched_with_the_inputs_they_know() {
    let (github, client) = github().await;
    github.given().workflow("deploy.yml", &["version"]);
    let (route, body) =
        ("/actions/workflows/deploy.yml/dispatches", json!({"ref": "main", "inputs": {"version": "3"}}));
    assert_eq!(client.status("/actions/workflows/none.yml/dispatches", body.clone()).await, 404);
    assert_eq!(client.status(route, json!({"ref": "main", "inputs": {"colour": "red"}})).await, 422);
    assert_eq!(client.status(route, body).await, 204);
    let details = json!({"ref": "main", "inputs": {"version": "4"}, "return_run_details": true});
    let told = client.post(route, details).await;
    assert_eq!(told.status, 200);
    let run = told.json().unwrap()["workflow_run_id"].as_u64().unwrap();
    assert_eq!(client.get(&format!("/actions/runs/{run}")).await["event"], "workflow_dispatch");
    let versions: Vec<Value> = github.given().dispatches().iter().map(|it| it.inputs["version"].clone()).collect();
    assert_eq!(versions, [json!("3"), json!("4")]);
}

#[tokio::test]
async fn faults_strike_before_or_after_the_work() {
    let (github, client) = github().await;
    let (repository, body) = (github.given(), json!({"ref": "main"}));
    let fault = |skip, act| RequestFault { method: "POST", path: "/deployments$", skip, times: 1, act };
    repository.fault(fault(0, Act::FailBefore(502)));
    repository.fault(fault(1, Act::FailAfter(503)));
    repository.fault(fault(2, Act::DropAfter));
    repository.fault(fault(3, Act::RateLimited));
    let mut made = Vec::new();
    for _ in 0..5 {
        let answer = client.ask(Method::POST, "/deployments", body.clone()).await;
        made.push((answer.map_or(0, |answer| answer.status), repository.deployments().len()));
    }
    assert_eq!(made, [(502, 0), (503, 1), (0, 2), (403, 2), (201, 3)]);
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let (github, client) = github().await;
    for task in 0..5 {
        client.post("/deployments", json!({"ref": "main", "task": task.to_string()})).await;
    }
    let page = client.ask(Method::GET, "/deployments?per_page=2&page=2", Value::Null).await.unwrap();
    let tasks: Vec<Value> = page.json().unwrap().as_array().unwrap().iter().map(|it| it["task"].clone()).collect();
    assert_eq!(tasks, [json!("2"), json!("1")]);
    let link = page.header("link").unwrap();
    assert!(link.contains("per_page=2&page=3>; rel=\"next\"") && link.contains("rel=\"prev\""), "{link}");
    let combined = client.get(&format!("/commits/{}/status", github.given().head())).await;
    assert_eq!((combined["state"].as_str(), combined["total_count"].as_u64()), (Some("pending"), Some(0)));
}
