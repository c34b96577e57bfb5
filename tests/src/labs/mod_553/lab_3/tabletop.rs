//! Exercises on paper: scenario, rubric and decisions are drawn by seed, and every point of the score is computed here as well.

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
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

pub(super) const SCORED: Check = Check {
    id: "an-exercise-is-scored",
    title: "Decisions are scored by the rubric, line by line, and the same decisions always alike",
    follows: &[],
    needs: &[Need::Command("tabletop")],
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(scored(ctx)),
};

pub(super) const LATER: Check = Check {
    id: "a-later-decision-scores-lower",
    title: "Acknowledging, mitigating or telling too late costs its points, and so does what was never done",
    follows: &["an-exercise-is-scored"],
    run: |ctx| Box::pin(later(ctx)),
    ..SCORED
};

pub(super) const HARM: Check = Check {
    id: "harm-costs-points",
    title: "A harmful action costs points, a useless one does not; the wrong order and the wrong cause do",
    run: |ctx| Box::pin(harm(ctx)),
    ..LATER
};

pub(super) const TIMELINE: Check = Check {
    id: "a-timeline-is-whole-and-in-order",
    title: "The timeline holds what broke, fired, was told, was decided and ended, each at its time and in order",
    run: |ctx| Box::pin(timeline(ctx)),
    ..LATER
};

/// An exercise; all times in minutes, from its beginning or from the first page.
struct Exercise {
    policy: Policy,
    breaks: i64,
    fires: i64,
    clears: i64,
    severity: &'static str,
    cause: String,
    /// Acknowledge, tell, mitigate.
    limits: [i64; 3],
    points: [u32; 9],
    actions: [String; 3],
}

/// The rubric's lines, in its order.
const LINES: [&str; 9] =
    ["acknowledged", "told", "mitigated", "severity", "runbook", "order", "cause", "recovered", "no-harm"];

/// What is decided: minutes after the first page, and the words.
type Decisions = Vec<(i64, String)>;

impl Exercise {
    fn draw(ctx: &Context) -> Self {
        let mut rng = ctx.rng();
        let people = people(&mut rng, 3);
        let mut plan = Plan::new("Europe/Berlin", &people, vec![Role::one("primary"), Role::one("secondary")]);
        let starts = date(2026, 1, 5).at(9, 0, 0, 0);
        plan.layers.push(Layer::of(0, starts, 10_080, &people[..1]));
        plan.layers.push(Layer::of(1, starts, 10_080, &people[1..2]));
        let levels = vec![(vec!["primary"], rng.i64(4..9)), (vec!["secondary"], 30)];
        let policy = Policy { plan, levels, rounds: 1, fallback: vec![people[2]], reopen: 30 };
        Self {
            policy,
            breaks: rng.i64(2..8),
            fires: rng.i64(1..9),
            clears: rng.i64(1..6),
            severity: ["warning", "error", "critical"][rng.usize(0..3)],
            cause: ctx.name("cause"),
            limits: [rng.i64(4..7), rng.i64(9..12), rng.i64(13..16)],
            points: std::array::from_fn(|_| rng.u32(3..20)),
            actions: ["mend", "wait", "hide"].map(|name| ctx.name(name)),
        }
    }

    fn scenario(&self) -> String {
        let [mends, waits, hides] = &self.actions;
        format!(
            "name: lab\ntitle: Something breaks\nstory: It is Tuesday.\nstarts: 2026-03-10T14:00\nlasts: 120 min\n\
             faults:\n  - {{ at: {} min }}\n\
             alerts:\n  - {{ alert: Broken, severity: warning, summary: it broke, runbook: mend-it, fires: {} min, clears: {} min }}\n\
             expects: {{ alert: Broken, severity: {}, runbook: mend-it, cause: {} }}\n\
             actions:\n  - {{ id: {mends}, title: Mend it, kind: mitigates }}\n  - {{ id: {waits}, title: Wait, kind: useless }}\n  \
             - {{ id: {hides}, title: Silence the alert, kind: harmful, why: nobody would have known }}\n\
             causes:\n  - {{ id: {}, title: The one }}\n  - {{ id: other, title: Another }}\n",
            self.breaks, self.fires, self.clears, self.severity, self.cause, self.cause
        )
    }

    fn rubric(&self, pass: u32) -> String {
        let [acknowledged, told, mitigated] = self.limits;
        let rules = [
            format!("{{ acknowledged-within: {acknowledged} min }}"),
            format!("{{ told-within: {told} min }}"),
            format!("{{ mitigated-within: {mitigated} min }}"),
            "severity".to_owned(),
            "runbook".to_owned(),
            "mitigated-before-cause".to_owned(),
            "cause".to_owned(),
            "recovered".to_owned(),
            "no-harm".to_owned(),
        ];
        let mut text = format!("pass: {pass}\nlines:\n");
        for ((id, points), rule) in LINES.iter().zip(self.points).zip(rules) {
            let _ = writeln!(text, "  - {{ id: {id}, points: {points}, rule: {rule} }}");
        }
        text
    }

    /// Everything right, each at a minute of its own within its limit.
    fn right(&self) -> Decisions {
        let [acknowledge, tell, mitigate] = self.limits;
        vec![
            (acknowledge, "acknowledge".to_owned()),
            (acknowledge, format!("severity {}", self.severity)),
            (acknowledge + 1, "runbook mend-it".to_owned()),
            (tell, "tell Payments are slow, more in 15 minutes".to_owned()),
            (mitigate, format!("act {}", self.actions[0])),
            (mitigate + 1, format!("cause {}", self.cause)),
            (mitigate + self.clears, "resolve".to_owned()),
        ]
    }

    /// Which lines of the rubric hold for these decisions.
    fn judged(&self, decisions: &Decisions) -> [bool; 9] {
        let first = |words: &str| decisions.iter().find(|(_, said)| said.starts_with(words)).map(|(at, _)| *at);
        let last = |word: &str| decisions.iter().rev().find_map(|(_, said)| said.strip_prefix(word).map(str::to_owned));
        let mended = first(&format!("act {}", self.actions[0]));
        let within = |at: Option<i64>, limit: i64| at.is_some_and(|at| at <= limit);
        let [acknowledge, tell, mitigate] = self.limits;
        let place = |words: &str| decisions.iter().position(|(_, said)| said.starts_with(words));
        let read = place("runbook mend-it").is_some_and(|read| {
            // At one minute, what stands first in the file is done first, and is not earlier.
            place("act ").is_none_or(|act| decisions[read].0 <= decisions[act].0)
        });
        [
            within(first("acknowledge"), acknowledge),
            within(first("tell "), tell),
            within(mended, mitigate),
            last("severity ").as_deref() == Some(self.severity),
            read,
            mended.is_some_and(|mended| first("cause ").is_none_or(|named| mended <= named)),
            last("cause ").as_deref() == Some(self.cause.as_str()),
            mended.zip(first("resolve")).is_some_and(|(mended, over)| mended + self.clears <= over),
            first(&format!("act {}", self.actions[2])).is_none(),
        ]
    }

    fn points(&self, decisions: &Decisions) -> u32 {
        self.judged(decisions).iter().zip(self.points).map(|(holds, points)| if *holds { points } else { 0 }).sum()
    }

    /// Plays it, compares the score with the truth, and hands on the timeline.
    async fn play(&self, ctx: &Context, decisions: &Decisions) -> Result<String, Fault> {
        let mut text = if decisions.is_empty() { "decisions: []\n" } else { "decisions:\n" }.to_owned();
        for (after, words) in decisions {
            let _ = writeln!(text, "  - {{ after: {after} min, do: \"{words}\" }}");
        }
        let (pass, right) = (self.points(&self.right()) * 3 / 4, self.points(decisions));
        let desk = Desk::new(ctx)?.file("scenario.yaml", self.scenario())?.file("rubric.yaml", self.rubric(pass))?;
        let desk = desk.file("schedule.yaml", self.policy.plan.yaml())?.file("policy.yaml", self.policy.yaml())?;
        let desk = desk.file("decisions.yaml", text)?;
        let paths =
            ["scenario.yaml", "decisions.yaml", "rubric.yaml", "policy.yaml", "out"].map(|name| desk.path(name));
        let [scenario, decided, rubric, policy, out] = &paths;
        let arguments = [scenario, "--decisions", decided, "--rubric", rubric, "--policy", policy, "--out", out];
        let output = ctx.run("tabletop", &arguments).await?;
        expect::exit(&output, "tabletop scenario.yaml --decisions …", i32::from(right < pass))?;
        let score: Value = serde_json::from_str(&desk.read("out/score.json")?)
            .map_err(|error| Fault::failed("score.json", "JSON", error.to_string()))?;
        let mut found = BTreeMap::new();
        for line in expect::list(&score, "/lines") {
            found.insert(expect::text(line, "/id")?.to_owned(), expect::integer(line, "/points")?);
        }
        for ((id, holds), points) in LINES.iter().zip(self.judged(decisions)).zip(self.points) {
            let expected = Some(if holds { i64::from(points) } else { 0 });
            expect::equal(&format!("the points of {id} for {decisions:?}"), &expected, &found.get(*id).copied())?;
        }
        expect::equal("all points", &i64::from(right), &expect::integer(&score, "/points")?)?;
        expect::equal("whether they are enough", &Value::Bool(right >= pass), expect::at(&score, "/passed")?)?;
        desk.read("out/timeline.jsonl")
    }
}

async fn scored(ctx: Context) -> Result<(), Fault> {
    let exercise = Exercise::draw(&ctx);
    let decisions = exercise.right();
    let all = exercise.judged(&decisions).iter().all(|holds| *holds);
    expect::holds("the right decisions", all, "all right", &decisions)
        .map_err(|fault| Fault::Harness(fault.to_string()))?;
    let one = exercise.play(&ctx, &decisions).await?;
    let other = exercise.play(&ctx, &decisions).await?;
    expect::equal("the timeline of the same decisions", &one, &other)?;
    exercise.play(&ctx, &Vec::new()).await.map(drop)
}

async fn later(ctx: Context) -> Result<(), Fault> {
    let exercise = Exercise::draw(&ctx);
    let right = exercise.points(&exercise.right());
    for (line, word) in ["acknowledge", "tell", "act"].into_iter().enumerate() {
        let mut late = exercise.right();
        for (at, words) in &mut late {
            // What follows is as late, so that nothing else changes.
            let moved =
                words.starts_with(word) || (word == "act" && (words.starts_with("cause") || words == "resolve"));
            *at += i64::from(moved);
        }
        late.sort_by_key(|(at, _)| *at);
        exercise.play(&ctx, &late).await?;
        let expected = right - exercise.points[line];
        let found = exercise.points(&late);
        expect::equal("points", &expected, &found).map_err(|fault| Fault::Harness(fault.to_string()))?;
    }
    let mut never = exercise.right();
    never.retain(|(_, words)| !words.starts_with("tell"));
    exercise.play(&ctx, &never).await.map(drop)
}

async fn harm(ctx: Context) -> Result<(), Fault> {
    let exercise = Exercise::draw(&ctx);
    let [_, tell, mitigate] = exercise.limits;
    let with = |more: Vec<(i64, String)>, without: &str| -> Decisions {
        let mut all = exercise.right();
        all.retain(|(_, words)| without.is_empty() || !words.starts_with(without));
        all.extend(more);
        all.sort_by_key(|(at, _)| *at);
        all
    };
    let harmful = with(vec![(tell + 1, format!("act {}", exercise.actions[2]))], "");
    let useless = with(vec![(tell + 1, format!("act {}", exercise.actions[1]))], "");
    let guessed = with(vec![(tell, format!("cause {}", exercise.cause))], "cause");
    let wrong = with(vec![(mitigate + 1, "cause other".to_owned())], "cause");
    let unread = with(vec![(mitigate + 1, "runbook mend-it".to_owned())], "runbook");
    let early = with(vec![(mitigate + exercise.clears - 1, "resolve".to_owned())], "resolve");
    for decisions in [harmful, useless, guessed, wrong, unread, early] {
        exercise.play(&ctx, &decisions).await?;
    }
    Ok(())
}

async fn timeline(ctx: Context) -> Result<(), Fault> {
    let exercise = Exercise::draw(&ctx);
    let wait = exercise.policy.levels[0].1;
    let mut decisions = exercise.right();
    // Nobody answers before the second level is told.
    for (at, _) in &mut decisions {
        *at += wait;
    }
    let text = exercise.play(&ctx, &decisions).await?;
    let starts: Timestamp =
        "2026-03-10T13:00:00Z".parse().map_err(|_| Fault::Harness("a time that is none".to_owned()))?;
    let mut entries = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let entry: Value = serde_json::from_str(line).map_err(|error| {
            Fault::failed(format!("timeline.jsonl, line {}", number + 1), "JSON", error.to_string())
        })?;
        let at = expect::text(&entry, "/at")?;
        let at: Timestamp = at.parse().map_err(|_| Fault::failed("at", "an instant in RFC 3339", at))?;
        entries.push((at.duration_since(starts).as_secs(), entry));
    }
    let sorted = entries.is_sorted_by_key(|(at, _)| *at);
    expect::holds("the timeline", sorted, "in the order of time", &text)?;
    let there = |what: &str, minute: i64, more: &[(&str, &str)]| -> Result<(), Fault> {
        let fits = |(at, entry): &(i64, Value)| {
            *at == minute * 60 && entry["what"] == what && more.iter().all(|(field, value)| entry[*field] == *value)
        };
        let found = entries.iter().any(fits);
        expect::holds(
            "the timeline",
            found,
            &format!("{what} {more:?} in minute {minute} (second {})", minute * 60),
            &text,
        )
    };
    let (breaks, fired) = (exercise.breaks, exercise.breaks + exercise.fires);
    there("broken", breaks, &[])?;
    there("fired", fired, &[("alert", "Broken")])?;
    there("escalation", fired, &[])?;
    there("escalation", fired + wait, &[])?;
    for (after, words) in &decisions {
        let (word, value) = words.split_once(' ').unwrap_or((words, ""));
        there("decided", fired + after, &[("word", word), ("value", value)])?;
    }
    let mended = fired + wait + exercise.limits[2];
    there("cleared", mended + exercise.clears, &[("alert", "Broken")])?;
    let over = entries.last().is_some_and(|(_, entry)| entry["what"] == "over");
    expect::holds("the timeline's end", over, "over", &text)?;
    let span = SignedDuration::from_secs(entries.last().map_or(0, |(at, _)| *at));
    expect::holds("how long it took", span <= SignedDuration::from_mins(120), "at most 120 min", span)
}
