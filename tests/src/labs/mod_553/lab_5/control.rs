//! What follows from a budget, what happens while nobody knows, and who may overrule it.

use super::{
    desk::{ASKS, Desk, costs},
    usage::{moment, seconds},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::Value;

pub(super) const STRICTEST: Check = Check {
    id: "the-strictest-rule-decides",
    title: "Requests are let through, slowed down, given a cheaper model and refused as spend grows, each tenant by its own budget",
    needs: &[Need::Command("budget"), Need::Command("decide")],
    run: |ctx| Box::pin(strictest(ctx)),
    ..ASKS
};
pub(super) const UNKNOWN: Check = Check {
    id: "what-is-unknown-is-decided-by-the-policy",
    title: "A state that is missing, broken, too old or of a period that is over is unknown: the policy fails open or closed",
    run: |ctx| Box::pin(unknown(ctx)),
    ..STRICTEST
};
pub(super) const ENDS: Check = Check {
    id: "an-override-ends",
    title: "An override holds until its end, for its budget alone, and no second longer",
    needs: &[Need::Command("budget"), Need::Command("decide"), Need::Command("override")],
    run: |ctx| Box::pin(ends(ctx)),
    ..ASKS
};
pub(super) const SIGNED: Check = Check {
    id: "an-override-has-an-owner-a-reason-and-an-end",
    title: "Without owner, reason or end an override is refused; each that is granted stands in the trail, and a trail that was changed is not believed",
    run: |ctx| Box::pin(signed(ctx)),
    ..ENDS
};

const AT: &str = "2026-05-20T12:00:00Z";

/// A desk with a policy, and a state after this much was spent by each tenant.
struct Control {
    desk: Desk,
    policy: String,
    state: String,
    trail: String,
}

impl Control {
    async fn new(ctx: &Context, when_unknown: &str, north: &str, south: &str) -> Result<Self, Fault> {
        let desk = Desk::new(ctx)?;
        let start = seconds("2026-05-02T00:00:00Z");
        let line = |usd: &str, tenant| (moment(start), moment(start + 3_600), usd.to_owned(), "large", tenant);
        let rows = desk.file("rows.csv", &costs(&[line(north, "north"), line(south, "south")]))?;
        let budgets = "time_zone: UTC\nbudgets:\n  - { name: all, usd: \"100.00\", period: month }\n  \
                       - { name: south, usd: \"20.00\", period: month, tenant: south }\n";
        let budgets = desk.file("budgets.yaml", budgets)?;
        let policy = format!(
            "when_unknown: {when_unknown}\nmax_age_minutes: 60\nmax_override_hours: 48\nrules:\n  \
             - {{ budget: all, at_share: \"0.8\", action: throttle, requests_per_s: 7 }}\n  \
             - {{ budget: all, at_share: \"1.0\", action: switch, model: large, to: small }}\n  \
             - {{ budget: all, at_share: \"1.2\", action: refuse }}\n  \
             - {{ budget: south, at_share: \"1.0\", action: refuse }}\n"
        );
        let policy = desk.file("policy.yaml", &policy)?;
        let (state, trail) = (desk.path("state.json"), desk.path("overrides.jsonl"));
        let words = ["--rows", &rows, "--budgets", &budgets, "--at", AT, "--state", &state, "--json"];
        // Whether they burn or are exceeded is for other checks.
        let output = ctx.run("budget", &words).await?;
        expect::holds(
            "the exit code of budget",
            [0, 1].contains(&output.status),
            "0 or 1",
            (output.status, output.stderr),
        )?;
        Ok(Self { desk, policy, state, trail })
    }

    async fn decide(&self, ctx: &Context, model: &str, tenant: &str, at: &str, exit: i32) -> Result<Value, Fault> {
        let files = ["--policy", &self.policy, "--state", &self.state, "--trail", &self.trail];
        let words = [&files[..], &["--model", model, "--tenant", tenant, "--at", at]].concat();
        self.desk.json(ctx, "decide", &words, exit).await
    }

    fn grant<'a>(&'a self, owner: &'a str, reason: &'a str, until: Option<&'a str>) -> Vec<&'a str> {
        let mut words = vec!["grant", "--trail", &self.trail, "--policy", &self.policy, "--budget", "south"];
        words.extend(["--owner", owner, "--reason", reason, "--at", AT]);
        words.extend(until.into_iter().flat_map(|until| ["--until", until]));
        words
    }
}

async fn strictest(ctx: Context) -> Result<(), Fault> {
    let cases = [
        ("79.9999999999", "0", "large", "north", "allow", Some("large"), 0),
        ("80", "0", "large", "north", "throttle", Some("large"), 0),
        ("99.9999999999", "0", "large", "north", "throttle", Some("large"), 0),
        ("100", "0", "large", "north", "switch", Some("small"), 0),
        ("100", "0", "small", "north", "throttle", Some("small"), 0),
        ("120", "0", "small", "north", "refuse", None, 1),
        ("10", "20", "large", "south", "refuse", None, 1),
        ("10", "20", "large", "north", "allow", Some("large"), 0),
    ];
    for (north, south, model, tenant, action, served, exit) in cases {
        let control = Control::new(&ctx, "closed", north, south).await?;
        let found = control.decide(&ctx, model, tenant, AT, exit).await?;
        let what =
            format!("with {north} of 100.00 spent by north and {south} of 20.00 by south, for {model} of {tenant}");
        expect::equal(&format!("`action` {what}"), action, expect::text(&found, "/action")?)?;
        expect::equal(&format!("`model` {what}"), &served, &found["model"].as_str())?;
        if action == "throttle" {
            expect::equal("requests_per_s", &7, &expect::integer(&found, "/requests_per_s")?)?;
        }
        expect::holds("why", found["why"].as_str().is_some_and(|why| why.len() > 5), "a sentence", &found["why"])?;
    }
    Ok(())
}

async fn unknown(ctx: Context) -> Result<(), Fault> {
    for (when_unknown, action, exit) in [("open", "allow", 0), ("closed", "refuse", 1)] {
        let control = Control::new(&ctx, when_unknown, "1", "1").await?;
        let decided = async |at: &str, what: &str, action: &str, exit: i32| {
            let found = control.decide(&ctx, "large", "north", at, exit).await?;
            expect::equal(
                &format!("`action`, {what}, when_unknown: {when_unknown}"),
                action,
                expect::text(&found, "/action")?,
            )
        };
        decided("2026-05-20T13:00:00Z", "the state 60 minutes old", "allow", 0).await?;
        decided("2026-05-20T13:01:00Z", "the state 61 minutes old", action, exit).await?;
        let whole = control.desk.text("state.json")?;
        control.desk.file("state.json", &whole[..whole.len() / 2])?;
        decided(AT, "half a state", action, exit).await?;
        // Written shortly before its month ended, and asked shortly after.
        let late = whole.replace(AT, "2026-05-31T23:50:00Z");
        control.desk.file("state.json", &late)?;
        decided("2026-05-31T23:59:59Z", "the month's last second", "allow", 0).await?;
        decided("2026-06-01T00:00:00Z", "the month is over", action, exit).await?;
        let gone = Control { state: control.desk.path("nothing.json"), ..control };
        let found = gone.decide(&ctx, "large", "north", AT, exit).await?;
        expect::equal(
            &format!("`action` without a state, when_unknown: {when_unknown}"),
            action,
            expect::text(&found, "/action")?,
        )?;
    }
    Ok(())
}

async fn ends(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let control = Control::new(&ctx, "closed", "10", "50").await?;
    let until = seconds(AT) + rng.i64(600..3_000);
    let decided = async |model: &str, tenant: &str, at: i64, action: &str, exit: i32| {
        let at = moment(at);
        let found = control.decide(&ctx, model, tenant, &at, exit).await?;
        expect::equal(&format!("`action` for {tenant} at {at}"), action, expect::text(&found, "/action")?)
    };
    decided("large", "south", seconds(AT), "refuse", 1).await?;
    let end = moment(until);
    control.desk.run(&ctx, "override", &control.grant("ana", "launch day", Some(&end)), 0).await?;
    decided("large", "south", seconds(AT) + 1, "allow", 0).await?;
    decided("large", "south", until - 1, "allow", 0).await?;
    decided("large", "south", until, "refuse", 1).await?;
    // Who lifts a tenant's budget has not lifted everybody's.
    let both = Control::new(&ctx, "closed", "100", "50").await?;
    both.desk.run(&ctx, "override", &both.grant("ana", "launch day", Some(&end)), 0).await?;
    let found = both.decide(&ctx, "large", "south", &moment(until - 1), 1).await?;
    expect::equal("`action` where another budget is exceeded, too", "refuse", expect::text(&found, "/action")?)
}

async fn signed(ctx: Context) -> Result<(), Fault> {
    let control = Control::new(&ctx, "closed", "10", "50").await?;
    let (owner, reason) = (ctx.name("owner"), ctx.name("a reason"));
    let soon = Some("2026-05-20T13:30:00Z");
    for (words, what) in [
        (control.grant(&owner, &reason, None), "without an end"),
        (control.grant(&owner, "", soon), "without a reason"),
        (control.grant("", &reason, soon), "without an owner"),
        (control.grant(&owner, &reason, Some("2026-05-20T11:59:59Z")), "that is over"),
        (control.grant(&owner, &reason, Some("2026-05-22T12:00:01Z")), "that lasts longer than 48 hours"),
    ] {
        let output = ctx.run("override", &words).await?;
        expect::holds(
            &format!("the exit code of an override {what}"),
            [1, 2].contains(&output.status),
            "1 or 2",
            output.status,
        )?;
    }
    let found = control.decide(&ctx, "large", "south", AT, 1).await?;
    expect::equal("`action` after all of these", "refuse", expect::text(&found, "/action")?)?;
    control.desk.run(&ctx, "override", &control.grant(&owner, &reason, soon), 0).await?;
    let trail = control.desk.text("overrides.jsonl")?;
    let entry = trail.lines().last().unwrap_or_default();
    let entry: Value = serde_json::from_str(entry)
        .map_err(|error| Fault::failed("the trail's last line", "JSON", error.to_string()))?;
    for (key, expected) in [("/detail/owner", &owner), ("/detail/reason", &reason)] {
        expect::equal(&format!("{key} in the trail"), expected.as_str(), expect::text(&entry, key)?)?;
    }
    expect::equal(
        "/detail/until in the trail",
        &seconds("2026-05-20T13:30:00Z"),
        &seconds(expect::text(&entry, "/detail/until")?),
    )?;
    let later = "2026-05-20T12:45:00Z";
    expect::equal(
        "`action` under it",
        "allow",
        expect::text(&control.decide(&ctx, "large", "south", later, 0).await?, "/action")?,
    )?;
    control.desk.file("overrides.jsonl", &trail.replace("13:30:00", "15:30:00"))?;
    let found = control.decide(&ctx, "large", "south", later, 1).await?;
    expect::equal(
        "`action` under a trail that was changed, when_unknown: closed",
        "refuse",
        expect::text(&found, "/action")?,
    )
}
