//! Files that make no sense are refused with their place, by every command that reads them.

use super::desk::Desk;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::time::Duration;

pub(super) const MALFORMED: Check = Check {
    id: "malformed-input-is-refused-with-its-place",
    title: "Misspelt keys, unknown people and zones, impossible times and broken lines are refused with file and line",
    follows: &[],
    needs: &[
        Need::Command("check-schedule"),
        Need::Command("escalate"),
        Need::Command("runbook"),
        Need::Command("tabletop"),
        Need::Command("postmortem"),
    ],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(malformed(ctx)),
};

const SCHEDULE: &str = "name: lab
zone: Europe/Berlin
people: { ada: {}, grace: {} }
roles:
  primary: { minimum: 1, maximum: 1 }
layers:
  - { name: week, role: primary, starts: 2026-01-05T09:00, every: 1 week, turns: [ada, grace] }
overrides:
  - { role: primary, people: [grace], from: 2026-05-04T18:00, until: 2026-05-05T09:00 }
";

const POLICY: &str = "name: lab
schedule: schedule.yaml
levels:
  - { notify: [primary], wait: 5 min }
  - { notify: [grace], wait: 10 min }
rounds: 1
";

const EVENTS: &str = r#"{"at":"2026-03-04T11:00:00Z","event":"firing","fingerprint":"a","starts_at":"2026-03-04T11:00:00Z","title":"t","severity":"error","service":"s"}
{"at":"2026-03-04T11:01:00Z","event":"acknowledged","fingerprint":"a","by":"ada"}
{"at":"2026-03-04T11:02:00Z","event":"resolved","fingerprint":"a","by":"ada"}
"#;

const RUNBOOK: &str = "# Runbook

```sh step=first limit=5
true
```
";

const SCENARIO: &str = "name: lab
title: t
story: s
starts: 2026-03-10T14:00
lasts: 30 min
faults:
  - { at: 3 min }
alerts:
  - { alert: Broken, severity: error, summary: s, runbook: r, fires: 2 min, clears: 1 min }
expects: { alert: Broken, severity: error, runbook: r, cause: c }
actions:
  - { id: mend, title: t, kind: mitigates }
causes:
  - { id: c, title: t }
";

const DECISIONS: &str = "decisions:
  - { after: 1 min, do: acknowledge }
  - { after: 2 min, do: act mend }
";

const RUBRIC: &str = "pass: 1
lines:
  - { id: no-harm, points: 1, rule: no-harm }
";

const ACTIONS: &str = "incident: a
actions:
  - { id: one, title: t, owner: o, due: 2026-04-01 }
";

const SOUND: [(&str, &str); 8] = [
    ("schedule.yaml", SCHEDULE),
    ("policy.yaml", POLICY),
    ("events.jsonl", EVENTS),
    ("runbook.md", RUNBOOK),
    ("scenario.yaml", SCENARIO),
    ("decisions.yaml", DECISIONS),
    ("rubric.yaml", RUBRIC),
    ("actions.yaml", ACTIONS),
];

/// The file, what stands in it, what to write instead, and the line, for which standard error must have this text too.
const MISTAKES: [(&str, &str, &str, usize, &str); 18] = [
    ("schedule.yaml", "Europe/Berlin", "Europe/Berlinn", 2, "Europe/Berlinn"),
    ("schedule.yaml", "turns: [ada, grace]", "turns: [ada, grac]", 7, "grac"),
    ("schedule.yaml", "every: 1 week", "every: 0 weeks", 7, "0 weeks"),
    ("schedule.yaml", "starts: 2026-01-05T09:00", "starts: 2026-01-05T29:00", 7, "2026-01-05T29:00"),
    ("schedule.yaml", "until: 2026-05-05", "until: 2026-05-03", 9, "2026-05-04T18:00"),
    ("schedule.yaml", "role: primary, starts", "rolle: primary, starts", 7, "rolle"),
    ("policy.yaml", "[primary]", "[primery]", 4, "primery"),
    ("policy.yaml", "wait: 10 min", "wait: soon", 5, "soon"),
    ("events.jsonl", "2026-03-04T11:01:00Z", "2026-03-04T10:01:00Z", 2, "2026-03-04T10:01:00Z"),
    ("events.jsonl", "\"by\":\"ada\"}\n{", "\"by\":\"eve\"}\n{", 2, "eve"),
    ("events.jsonl", "\"resolved\"", "\"solved\"", 3, "solved"),
    ("events.jsonl", "\"acknowledged\",", "\"acknowledged\"", 2, ""),
    ("runbook.md", "limit=5", "limit=soon", 3, "soon"),
    ("runbook.md", "limit=5", "linit=5", 3, "linit"),
    ("scenario.yaml", "lasts: 30 min", "lasts: long", 5, "long"),
    ("scenario.yaml", "kind: mitigates", "kind: helps", 12, "helps"),
    ("decisions.yaml", "act mend", "act pray", 3, "pray"),
    ("actions.yaml", "due: 2026-04-01", "due: 2026-04-31", 3, "2026-04-31"),
];

async fn malformed(ctx: Context) -> Result<(), Fault> {
    for (name, _) in SOUND {
        // Nobody who refuses everything passes.
        asked(&ctx, name, None, 0).await?;
    }
    for mistake in MISTAKES {
        asked(&ctx, mistake.0, Some(mistake), 2).await?;
    }
    Ok(())
}

/// Lays all files, one of them with a mistake, and runs the command that reads it.
async fn asked(
    ctx: &Context,
    name: &str,
    mistake: Option<(&str, &str, &str, usize, &str)>,
    exit: i32,
) -> Result<(), Fault> {
    let desk = Desk::new(ctx)?;
    for (file, text) in SOUND {
        let wrong = mistake.filter(|mistake| mistake.0 == file);
        let text = wrong.map_or_else(|| text.to_owned(), |(_, from, to, ..)| text.replacen(from, to, 1));
        desk.lay(file, text)?;
    }
    let at = |file: &str| desk.path(file);
    let out = at("out");
    let (command, words) = match name {
        "schedule.yaml" => {
            ("check-schedule", vec![at(name), "--from=2026-02-01T00:00:00Z".into(), "--to=2026-06-01T00:00:00Z".into()])
        }
        "policy.yaml" | "events.jsonl" => {
            ("escalate", vec![at("policy.yaml"), at("events.jsonl"), "--until=2026-03-04T12:00:00Z".into()])
        }
        "runbook.md" => ("runbook", vec![at(name)]),
        "actions.yaml" => {
            let more = [
                "--events",
                &at("events.jsonl"),
                "--policy",
                &at("policy.yaml"),
                "--actions",
                &at(name),
                "--out",
                &out,
            ];
            ("postmortem", std::iter::once("a").chain(more).map(str::to_owned).collect())
        }
        _ => {
            let files = [at("decisions.yaml"), at("rubric.yaml"), at("policy.yaml")];
            let more = ["--decisions", &files[0], "--rubric", &files[1], "--policy", &files[2], "--out", &out];
            let scenario = at("scenario.yaml");
            ("tabletop", std::iter::once(scenario.as_str()).chain(more).map(str::to_owned).collect())
        }
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = ctx.run(command, &words).await?;
    let (_, from, to, line, says) = mistake.unwrap_or((name, "", "", 0, ""));
    let what = if line == 0 {
        format!("{command} with sound files")
    } else {
        format!("{command} with {to:?} for {from:?} in {name}")
    };
    expect::exit(&output, &what, exit)?;
    if line == 0 {
        return Ok(());
    }
    let told = output.stderr.contains(name) && mentions(&output.stderr, line) && output.stderr.contains(says);
    expect::holds(
        &format!("what standard error says: {what}"),
        told,
        &format!("{name}, line {line}, {says:?}"),
        &output.stderr,
    )?;
    let left = std::path::Path::new(&out).join("score.json").exists();
    expect::holds("score.json after a refusal", !left, "no such file", "a file")
}

/// Whether a text names a number by itself, not as a part of another.
fn mentions(text: &str, number: usize) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits == number.to_string())
}
