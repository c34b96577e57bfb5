//! Postmortems: figures that are those of the events, causes without names, actions with evidence, and what security asks.

use super::calling::people;
use super::desk::Desk;
use super::plan::{Layer, Plan, Role};
use super::policy::Policy;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use jiff::{SignedDuration, Timestamp, civil::date};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const FIGURES: Check = Check {
    id: "a-postmortem-says-what-happened",
    title: "Times to detect, acknowledge, tell, mitigate and resolve are those of the events, and what never happened has none",
    follows: &[],
    needs: &[Need::Command("postmortem")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(figures(ctx)),
};

pub(super) const BLAMELESS: Check = Check {
    id: "causes-name-nobody",
    title: "No cause names a person, by whatever name, and no word is lost that is none",
    follows: &["a-postmortem-says-what-happened"],
    run: |ctx| Box::pin(blameless(ctx)),
    ..FIGURES
};

pub(super) const EVIDENCE: Check = Check {
    id: "actions-need-evidence",
    title: "An action is done when its evidence is there, unfounded when it is not, open without any, overdue after its day",
    run: |ctx| Box::pin(evidence(ctx)),
    ..BLAMELESS
};

pub(super) const SECURITY: Check = Check {
    id: "security-is-answered",
    title: "What was said of data, credentials and who was told stands there, and each requirement is met, late or a gap",
    run: |ctx| Box::pin(security(ctx)),
    ..BLAMELESS
};

/// Events of one incident, and what is laid beside them.
struct Case {
    desk: Desk,
    fingerprint: String,
    fires: Timestamp,
    people: Vec<&'static str>,
    /// Seconds after the alert, and the event without time and fingerprint.
    events: Vec<(i64, Value)>,
}

impl Case {
    fn new(ctx: &Context, rng: &mut fastrand::Rng) -> Result<Self, Fault> {
        let people = people(rng, 4);
        let mut plan = Plan::new("Europe/Berlin", &people, vec![Role::one("primary")]);
        plan.layers.push(Layer::of(0, date(2026, 1, 5).at(9, 0, 0, 0), 10_080, &people));
        let levels = vec![(vec!["primary"], 5), (vec![people[1]], 15)];
        let policy = Policy { plan, levels, rounds: 1, fallback: Vec::new(), reopen: 30 };
        let mut schedule = policy.plan.yaml();
        // People have names besides what the schedule calls them.
        for id in &people {
            schedule = schedule.replacen(&format!("{id}: {{}}"), &format!("{id}: {{ name: {} }}", full_name(id)), 1);
        }
        let desk = Desk::new(ctx)?.file("schedule.yaml", schedule)?.file("policy.yaml", policy.yaml())?;
        let fires: Timestamp = "2026-03-10T13:00:00Z".parse().map_err(|_| Fault::Harness("no time".to_owned()))?;
        let fires = fires + SignedDuration::from_secs(rng.i64(0..86_400));
        Ok(Self { desk, fingerprint: ctx.name("alert"), fires, people, events: Vec::new() })
    }

    fn with(&mut self, seconds: i64, event: Value) {
        self.events.push((seconds, event));
    }

    fn note(&mut self, seconds: i64, kind: &str, text: &str) {
        let by = self.people[0];
        self.with(seconds, json!({ "event": "noted", "by": by, "kind": kind, "text": text }));
    }

    fn fires(&mut self) {
        let starts = self.fires.to_string();
        self.with(
            0,
            json!({ "event": "firing", "starts_at": starts, "title": "Payments are slow", "severity": "critical",
                             "service": "payments" }),
        );
    }

    /// Runs `postmortem`, with more arguments, and reads `postmortem.json`.
    async fn write(&mut self, ctx: &Context, more: &[&str]) -> Result<Value, Fault> {
        self.events.sort_by_key(|(seconds, _)| *seconds);
        let line = |(seconds, event): &(i64, Value)| {
            let mut event = event.clone();
            event["at"] = json!((self.fires + SignedDuration::from_secs(*seconds)).to_string());
            event["fingerprint"] = json!(self.fingerprint);
            format!("{event}\n")
        };
        self.desk.lay("events.jsonl", self.events.iter().map(line).collect::<String>())?;
        let paths = ["events.jsonl", "policy.yaml", "out"].map(|name| self.desk.path(name));
        let [events, policy, out] = &paths;
        let given = [self.fingerprint.as_str(), "--events", events, "--policy", policy, "--out", out];
        let output = ctx.run("postmortem", &[&given, more].concat()).await?;
        expect::exit(&output, &format!("postmortem {} --events events.jsonl …", self.fingerprint), 0)?;
        let page = self.desk.read("out/postmortem.md")?;
        expect::holds("postmortem.md", page.contains("Payments are slow"), "the alert's title", &page)?;
        serde_json::from_str(&self.desk.read("out/postmortem.json")?)
            .map_err(|error| Fault::failed("postmortem.json", "JSON", error.to_string()))
    }
}

/// What else somebody is called.
fn full_name(id: &str) -> String {
    let mut name = id.to_owned();
    name[..1].make_ascii_uppercase();
    format!("{name} van der Berg")
}

async fn figures(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    for whole in [true, false] {
        let mut case = Case::new(&ctx, &mut rng)?;
        let by = case.people[0];
        let times: [i64; 4] = std::array::from_fn(|place| [1, 400, 800, 1_300][place] + rng.i64(0..300));
        let [detected, told, mitigated, resolved] = times;
        // Before or after the second level is told, which is after five minutes.
        let acknowledged = if rng.bool() { rng.i64(20..290) } else { rng.i64(310..390) };
        case.fires();
        case.with(acknowledged, json!({ "event": "acknowledged", "by": by }));
        case.note(acknowledged + 1, "observation", "one in two is slow");
        case.with(resolved + 2, json!({ "event": "resolved", "by": by, "cause": "no time-out on the feature store" }));
        if whole {
            case.with(-detected, json!({ "event": "began" }));
            case.note(told + 400, "communication", "the status page again");
            case.note(told, "communication", "the status page");
            case.note(mitigated, "mitigation", "served with cached features");
            case.note(mitigated + 1, "mitigation", "added a time-out");
        }
        let found = case.write(&ctx, &[]).await?;
        let some = |seconds: i64| if whole { json!(seconds) } else { Value::Null };
        for (field, expected) in [
            ("detected_s", some(detected)),
            ("acknowledged_s", json!(acknowledged)),
            ("told_s", some(told)),
            ("mitigated_s", some(mitigated)),
            ("resolved_s", json!(resolved + 2)),
        ] {
            let at = format!("/facts/times/{field}");
            expect::equal(&at, &expected, found.pointer(&at).unwrap_or(&Value::Null))?;
        }
        let moments = expect::texts(&found, "/facts/timeline", "/at");
        let mut read: Vec<Timestamp> = moments.iter().filter_map(|at| at.parse().ok()).collect();
        expect::equal("the instants of facts.timeline", &moments.len(), &read.len())?;
        expect::holds("facts.timeline", read.is_sorted(), "in the order of time", &moments)?;
        read.dedup();
        let here = |seconds: i64| read.contains(&(case.fires + SignedDuration::from_secs(seconds)));
        let all = case.events.iter().filter(|(seconds, _)| *seconds >= 0).all(|(seconds, _)| here(*seconds));
        expect::holds("facts.timeline", all, "every event at its time", &moments)?;
        // Who did not answer within five minutes was followed, and that is part of it.
        expect::equal("whether the second level stands in it", &(acknowledged > 300), &here(300))?;
    }
    Ok(())
}

async fn blameless(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let mut case = Case::new(&ctx, &mut rng)?;
    let (one, other) = (case.people[2], full_name(case.people[1]));
    case.fires();
    case.note(60, "cause", &format!("{one}'s deployment went out unread, says {}", one.to_uppercase()));
    case.note(90, "cause", &format!("{other} had no way to see the queue of {one}mant and x{one}"));
    case.with(
        600,
        json!({ "event": "resolved", "by": case.people[0], "cause": format!("a limit that {other} set in 2019") }),
    );
    let found = case.write(&ctx, &[]).await?;
    let factors: Vec<_> = expect::list(&found, "/facts/factors").iter().filter_map(Value::as_str).collect();
    expect::equal("how many causes facts.factors has", &3, &factors.len())?;
    for factor in &factors {
        let lower = factor.to_lowercase();
        let words: Vec<_> = lower.split(|letter: char| !letter.is_alphanumeric()).collect();
        let named = case.people.iter().any(|id| words.contains(id)) || lower.contains("van der berg");
        expect::holds("a cause in facts.factors", !named, "no name of a person", factor)?;
    }
    let kept = ["deployment went out unread", "no way to see the queue", "set in 2019"];
    let lost: Vec<_> = kept.iter().filter(|words| !factors.iter().any(|factor| factor.contains(*words))).collect();
    expect::holds("the causes' other words", lost.is_empty(), "kept", &factors)?;
    let adapters = [format!("{one}mant"), format!("x{one}")];
    let whole = adapters.iter().all(|word| factors.iter().any(|factor| factor.contains(word)));
    expect::holds("words that only hold a name", whole, "kept as they are", &factors)
}

async fn evidence(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let mut case = Case::new(&ctx, &mut rng)?;
    case.fires();
    let (test, alert) = (ctx.name("calls").replace('-', "_"), ctx.name("Slow").replace('-', ""));
    case.desk.lay("calls.py", format!("import calls\n\n\ndef {test}():\n    assert calls.limit() < 1\n"))?;
    case.desk.lay("rules.yml", format!("groups:\n- name: g\n  rules:\n  - alert: {alert}\n    expr: up == 0\n"))?;
    let tested = |name: &str| format!("[{{ test: {{ file: calls.py, name: {name} }} }}]");
    let ruled = |file: &str, name: &str| format!("[{{ alert-rule: {{ file: {file}, name: {name} }} }}]");
    let both = format!(
        "[{{ test: {{ file: calls.py, name: {test} }} }}, {{ alert-rule: {{ file: rules.yml, name: {alert}er }} }}]"
    );
    let mut all = [
        ("tested", tested(&test), "2026-03-01", "done"),
        ("ruled", ruled("rules.yml", &alert), "2026-03-01", "done"),
        ("untested", tested(&format!("{test}_not")), "2026-12-01", "unfounded"),
        ("unruled", ruled("nowhere.yml", &alert), "2026-12-01", "unfounded"),
        ("half", both, "2026-12-01", "unfounded"),
        ("open", "[]".to_owned(), "2026-04-01", "open"),
        ("overdue", "[]".to_owned(), "2026-03-31", "overdue"),
    ];
    rng.shuffle(&mut all);
    let mut text = format!("incident: {}\nactions:\n", case.fingerprint);
    for (id, evidence, due, _) in &all {
        text += &format!("  - {{ id: {id}, title: Do {id}, owner: serving, due: {due}, evidence: {evidence} }}\n");
    }
    case.desk.lay("actions.yaml", text)?;
    let (actions, root) = (case.desk.path("actions.yaml"), case.desk.path(""));
    let found = case.write(&ctx, &["--actions", &actions, "--root", &root, "--on", "2026-04-01"]).await?;
    let text = |action: &Value, field: &str| action[field].as_str().unwrap_or_default().to_owned();
    let standings = expect::list(&found, "/actions").iter().map(|it| (text(it, "id"), text(it, "standing")));
    let standings: Vec<_> = standings.collect();
    let expected: Vec<_> = all.iter().map(|(id, _, _, standing)| ((*id).to_owned(), (*standing).to_owned())).collect();
    expect::equal("the actions and how they stand", &expected, &standings)
}

const REQUIREMENTS: &str = "requirements:
  - { id: R-DATA, title: Data are answered for, shown-by: exposure, within: 24 h }
  - { id: R-KEYS, title: Keys are rotated, shown-by: credentials, within: 72 h }
  - { id: R-TOLD, title: Security is told, shown-by: communication, saying: security, within: 4 h }
  - { id: R-PLAN, title: There is a plan, shown-by: actions }
";

async fn security(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    for late in [None, Some(false), Some(true)] {
        let mut case = Case::new(&ctx, &mut rng)?;
        case.fires();
        case.note(600, "communication", "the status page says that payments are slow");
        let (exposed, rotated) = (ctx.name("log"), ctx.name("key"));
        let mut more = Vec::new();
        if let Some(late) = late {
            let seconds = |hours: i64| hours * 3_600 + if late { 1 } else { 0 };
            case.note(seconds(24), "exposure", &format!("{exposed} held names; nobody read it"));
            case.note(seconds(72), "credentials", &format!("{rotated} was revoked"));
            case.note(seconds(4), "communication", "Security and the data protection officer know");
            case.desk
                .lay("actions.yaml", "incident: x\nactions:\n  - { id: a, title: b, owner: c, due: 2099-01-01 }\n")?;
            more.extend(["--actions".to_owned(), case.desk.path("actions.yaml")]);
        }
        case.desk.lay("security.yaml", REQUIREMENTS)?;
        more.extend(["--security".to_owned(), case.desk.path("security.yaml")]);
        let more: Vec<_> = more.iter().map(String::as_str).collect();
        let found = case.write(&ctx, &more).await?;
        let texts = |field: &str| -> String {
            expect::list(&found, &format!("/facts/security/{field}")).iter().map(Value::to_string).collect()
        };
        let said = (texts("exposure").contains(&exposed), texts("credentials").contains(&rotated));
        expect::equal("whether facts.security says what was noted", &(late.is_some(), late.is_some()), &said)?;
        expect::holds("facts.security.told", texts("told").contains("status page"), "what was told", texts("told"))?;
        let met = match late {
            None => ["gap"; 4],
            Some(false) => ["met"; 4],
            Some(true) => ["late", "late", "late", "met"],
        };
        let expected: Vec<_> = ["R-DATA", "R-KEYS", "R-TOLD", "R-PLAN"].into_iter().zip(met).collect();
        let lines = expect::list(&found, "/facts/security/requirements").iter();
        let found: Vec<_> = lines.filter_map(|line| Some((line["id"].as_str()?, line["met"].as_str()?))).collect();
        expect::equal("the requirements, and whether they are met", &expected, &found)?;
    }
    Ok(())
}
