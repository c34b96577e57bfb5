//! Nobody gets in without the right password: on no route, under no prefix. The routes are data, in `routes.toml`: a list in code
//! would be one that nobody compares with MLflow's own.

use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
    submission::Account,
    tracking::{AJAX_API, API, Tracking},
};
use futures::{StreamExt as _, TryStreamExt as _};
use http::Method;
use serde_json::json;
use std::time::Duration;

pub(super) const NO_CREDENTIALS: Check = Check {
    id: "no-credentials-are-refused",
    title: "Without credentials every route answers 401",
    follows: &["server-speaks-mlflow"],
    needs: &[],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(no_credentials(ctx)),
};

pub(super) const WRONG_PASSWORD: Check = Check {
    id: "wrong-passwords-are-refused",
    title: "A wrong password, an unknown user and MLflow's old default password answer 401",
    follows: &["server-speaks-mlflow"],
    needs: &[],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(wrong_password(ctx)),
};

/// What `routes.toml` says.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Routes {
    api: Vec<String>,
    users: Vec<String>,
    artifacts: Vec<String>,
    optional: Vec<String>,
}

/// One route, and whether a server may do without it.
struct Route {
    method: Method,
    target: String,
    optional: bool,
}

/// How many routes are asked at once: enough to be quick, few enough not to be a load test.
const AT_ONCE: usize = 8;

async fn no_credentials(ctx: Context) -> Result<(), Fault> {
    let nobody = Tracking::as_admin(&ctx)?.seen_by(None);
    let asked = futures::stream::iter(routes()?).map(|route| {
        let nobody = nobody.clone();
        async move {
            let mut request = nobody.request(route.method.clone(), route.target.clone());
            if route.method != Method::GET {
                request = request.json(&json!({}));
            }
            let answer = nobody.send(request).await?;
            if route.optional { expect::status_in(&answer, &[401, 404]) } else { expect::status(&answer, 401) }
        }
    });
    asked.buffer_unordered(AT_ONCE).try_collect().await
}

async fn wrong_password(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let right = ctx.account("admin")?;
    let stranger = ctx.name("nobody");
    let guesses = [
        (right.username.as_str(), ctx.name("guess")),
        (right.username.as_str(), String::new()),
        (right.username.as_str(), right.password.to_uppercase() + "x"),
        // What MLflow gave every server until 3.16.1 (CVE-2026-2635).
        (right.username.as_str(), "password1234".to_owned()),
        (right.username.as_str(), "password".to_owned()),
        (stranger.as_str(), right.password.clone()),
        ("", String::new()),
    ];
    for (username, password) in guesses {
        let account = Account { username: username.to_owned(), password };
        let guesser = admin.seen_by(Some(&account));
        expect::status(&guesser.post("experiments/search", json!({"max_results": 1})).await?, 401)?;
        expect::status(&guesser.get("users/get", &[("username", &right.username)]).await?, 401)?;
    }
    // A scheme the server does not know is no credential either.
    let nobody = admin.seen_by(None);
    for scheme in ["Bearer abc", "Basic", "Basic !!!", "basic YWRtaW4="] {
        let request = nobody.request(Method::GET, format!("{API}experiments/get?experiment_id=0"));
        expect::status(&nobody.send(request.header("authorization", scheme)).await?, 401)?;
    }
    Ok(())
}

fn routes() -> Result<Vec<Route>, Fault> {
    let routes: Routes = toml::from_str(include_str!("routes.toml"))
        .map_err(|error| Fault::Harness(format!("routes.toml cannot be read: {error}")))?;
    let families = [
        (API, &routes.api, false),
        (AJAX_API, &routes.api, false),
        (API, &routes.users, false),
        ("/api/2.0/mlflow-artifacts/", &routes.artifacts, false),
        ("/ajax-api/2.0/mlflow-artifacts/", &routes.artifacts, false),
        ("", &routes.optional, true),
    ];
    let lines =
        families.iter().flat_map(|(prefix, lines, optional)| lines.iter().map(move |line| (prefix, line, optional)));
    lines.map(|(prefix, line, optional)| parse(prefix, line, *optional)).collect()
}

fn parse(prefix: &str, line: &str, optional: bool) -> Result<Route, Fault> {
    let wrong = || Fault::Harness(format!("routes.toml: `{line}` is not `METHOD route`"));
    let (method, route) = line.split_once(' ').ok_or_else(wrong)?;
    let method = method.parse().map_err(|_| wrong())?;
    Ok(Route { method, target: format!("{prefix}{route}"), optional })
}

#[cfg(test)]
mod tests {
    use super::routes;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_is_read_and_none_is_asked_twice() {
        let routes = routes().unwrap();
        let distinct: BTreeSet<_> = routes.iter().map(|route| (route.method.as_str(), route.target.as_str())).collect();
        assert_eq!(distinct.len(), routes.len());
        assert!(routes.len() > 140, "{}", routes.len());
        assert!(routes.iter().all(|route| route.target.starts_with('/')));
    }
}
