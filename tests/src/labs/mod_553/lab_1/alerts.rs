//! Rules that a submission makes from objectives which it has never seen: linted, read, and played to by the real promtool.

use super::objectives::{GENERATES, Promise, RUNBOOKS, Stretch, all_rules, test, truth};
use crate::{check::Check, check::Fault, context::Context, expect};
use serde_json::{Value, json};
use std::fs;

const LINTED: &[&str] = &["rules-pass-the-linter"];

pub(super) const LINT: Check = Check {
    id: "rules-pass-the-linter",
    title: "The rules made from a file of objectives pass promtool's linter, and are the same each time",
    run: |ctx| Box::pin(lint(ctx)),
    ..GENERATES
};

async fn lint(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::new(&ctx)?;
    let files = promise.rules(&ctx).await?;
    let paths: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let words: Vec<&str> =
        ["check", "rules", "--lint-fatal"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    expect::exit(&ctx.tool("promtool")?.run(&words, &[]).await?, "promtool check rules --lint-fatal", 0)?;
    expect::exit(&promise.run(&ctx, "again").await?, "rules", 0)?;
    for path in &files {
        let again = promise.path("again").join(path.file_name().unwrap_or_default());
        let same = fs::read(path).ok() == fs::read(again).ok();
        expect::holds(&paths[0], same, "the same bytes each time that it is made", "others")?;
    }
    Ok(())
}

pub(super) const SAY: Check = Check {
    id: "alerts-say-who-what-and-where",
    title: "Each objective has a page and a ticket, which say owner, service, objective, summary, runbook and first command",
    follows: LINTED,
    run: |ctx| Box::pin(say(ctx)),
    ..GENERATES
};

async fn say(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::new(&ctx)?;
    let rules = all_rules(&promise.rules(&ctx).await?)?;
    for objective in &promise.objectives {
        for (name, severity) in [("BurnFast", "page"), ("BurnSlow", "ticket")] {
            let name = format!("{}{name}", objective.title);
            let found: Vec<&Value> = rules.iter().filter(|rule| rule["alert"] == name.as_str()).collect();
            expect::equal(&format!("how many alerts are called {name}"), &1, &found.len())?;
            let link = format!("{RUNBOOKS}all.md#{}", name.to_lowercase());
            for (pointer, expected) in [
                ("/labels/severity", severity),
                ("/labels/owner", &objective.owner),
                ("/labels/service", &objective.service),
                ("/labels/slo", &objective.name),
                ("/annotations/runbook_url", &link),
                ("/annotations/first_command", &objective.first_command),
            ] {
                expect::equal(&format!("{pointer} of {name}"), expected, expect::text(found[0], pointer)?)?;
            }
            for pointer in ["/annotations/summary", "/annotations/description"] {
                let said = expect::text(found[0], pointer)?;
                expect::holds(&format!("{pointer} of {name}"), said.len() > 10, "a sentence", said)?;
            }
        }
    }
    Ok(())
}

/// Clean traffic before anything happens, in minutes: longer than the longest window.
const CLEAN: u32 = 125;

fn busy(minutes: u32, bad: f64) -> Stretch {
    Stretch { minutes, events: 600.0, bad }
}

pub(super) const BURST: Check = Check {
    id: "a-burst-pages-and-ends",
    title: "A burst of failures pages within ten minutes, and is silent soon after its end, though the long window remembers it",
    follows: LINTED,
    run: |ctx| Box::pin(burst(ctx)),
    ..GENERATES
};

async fn burst(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::one(&ctx)?;
    let objective = &promise.objectives[0];
    let burst = {
        let length = 15;
        let series = objective.series(&[busy(CLEAN, 0.0), busy(length, 0.6), busy(60, 0.0)]);
        // The short window, what holds an alert against flapping, and the alert's own wait, five minutes each at most.
        let silent = CLEAN + length + 16;
        let questions = vec![
            objective.fires(CLEAN, "page", false),
            objective.fires(CLEAN + 10, "page", true),
            objective.fires(silent, "page", false),
        ];
        test(&format!("a burst of {}", objective.name), series, questions)
    };
    // What is over before it can be a burst: five minutes at twice the factor, of which half an hour makes a third.
    let share = (2.0 * promise.page * (1.0 - objective.target)).min(1.0);
    let series = objective.series(&[busy(CLEAN, 0.0), busy(5, share), busy(30, 0.0)]);
    let silent = |after| objective.fires(CLEAN + after, "page", false);
    let blip = test("a blip", series, [4, 5, 6, 7, 9].map(silent).into());
    promise.plays(&ctx, &[burst, blip]).await
}

pub(super) const SLOW: Check = Check {
    id: "a-slow-burn-is-a-ticket",
    title: "A burn above the ticket's factor and below the page's opens a ticket and wakes nobody; one below both does neither",
    follows: LINTED,
    run: |ctx| Box::pin(slow(ctx)),
    ..GENERATES
};

async fn slow(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::one(&ctx)?;
    let lasting = 150;
    let objective = &promise.objectives[0];
    let play = |factor: f64, ticket: bool| {
        let series = objective.series(&[busy(CLEAN, 0.0), busy(lasting, factor * (1.0 - objective.target))]);
        let questions = vec![
            objective.fires(CLEAN, "ticket", false),
            objective.fires(CLEAN + lasting, "ticket", ticket),
            objective.fires(CLEAN + 60, "page", false),
            objective.fires(CLEAN + lasting, "page", false),
        ];
        test(&format!("{} burns at {factor:.2} times its budget", objective.name), series, questions)
    };
    let tests = [play(promise.ticket * 1.15, true), play(promise.ticket * 0.85, false), play(promise.page * 0.9, true)];
    promise.plays(&ctx, &tests).await
}

pub(super) const FEW: Check = Check {
    id: "few-events-wake-nobody",
    title: "Nothing but failures, too few of them to mean anything, raises no alert",
    follows: LINTED,
    run: |ctx| Box::pin(few(ctx)),
    ..GENERATES
};

async fn few(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::one(&ctx)?;
    let objective = &promise.objectives[0];
    let night_test = {
        // 72 in the two hours of the longest window, of the hundred that the file asks for.
        let night = |minutes, bad| Stretch { minutes, events: 0.6, bad };
        let series = objective.series(&[night(CLEAN, 0.0), night(130, 1.0)]);
        let at = |severity| [20, 90, 130].map(|minute| objective.fires(CLEAN + minute, severity, false));
        let questions = at("page").into_iter().chain(at("ticket")).collect();
        test(&format!("a night of {}", objective.name), series, questions)
    };
    promise.plays(&ctx, &[night_test]).await
}

pub(super) const SILENCE: Check = Check {
    id: "no-traffic-is-silence",
    title: "Counters that stand still, are no numbers or are gone raise no alert, and leave no ratio behind",
    follows: LINTED,
    run: |ctx| Box::pin(silence(ctx)),
    ..GENERATES
};

async fn silence(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::one(&ctx)?;
    let objective = &promise.objectives[0];
    let series: Vec<Value> = ["bad", "good"]
        .iter()
        .map(|outcome| {
            let values = "7x140 NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN _x60";
            json!({ "series": format!("{}{{outcome=\"{outcome}\"}}", objective.counter), "values": values })
        })
        .collect();
    let minutes = [130, 145, 152, 200];
    let mut questions: Vec<Value> = Vec::new();
    for minute in minutes {
        questions.push(objective.fires(minute, "page", false));
        questions.push(objective.fires(minute, "ticket", false));
    }
    // A ratio of nothing is no number: on a dashboard it is a hole, and in an alert a page one day.
    for window in ["5m", "30m"] {
        let ratio = format!("slo:error_ratio:rate{window}{{slo=\"{}\"}}", objective.name);
        questions.push(truth(&format!("count({ratio}) > bool 0 or vector(0)"), 130, false));
    }
    promise.plays(&ctx, &[test("no traffic", series, questions)]).await
}

pub(super) const WEIGHTED: Check = Check {
    id: "budgets-weigh-events",
    title: "What is left of the error budget weighs events, so that a bad hour at night does not count as a bad hour by day",
    follows: LINTED,
    run: |ctx| Box::pin(weighted(ctx)),
    ..GENERATES
};

async fn weighted(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::one(&ctx)?;
    let objective = &promise.objectives[0];
    let night = Stretch { minutes: 120, events: 2.0, bad: 0.5 };
    let day = Stretch { minutes: 120, events: 1_000.0, bad: 0.0 };
    let minutes = night.minutes + day.minutes;
    let bad = f64::from(night.minutes) * night.events * night.bad;
    let all = f64::from(night.minutes) * night.events + f64::from(day.minutes) * day.events;
    let left = 1.0 - bad / all / (1.0 - objective.target);
    let remaining = format!("max(slo:error_budget_remaining:ratio{{slo=\"{}\"}})", objective.name);
    // Averages of minutes would say that half of the time was bad by half: far more than the budget, which is then below zero.
    let series = objective.series(&[night, day]);
    let questions = vec![
        truth(&format!("{remaining} > bool {}", left - 0.03), minutes, true),
        truth(&format!("{remaining} < bool {}", left + 0.03), minutes, true),
    ];
    promise.plays(&ctx, &[test("a bad night and a good day", series, questions)]).await
}

pub(super) const REFUSED: Check = Check {
    id: "what-could-never-work-is-refused",
    title: "A promise without a budget, a factor beyond all events, a misspelt key and an unknown owner are refused, and nothing is written",
    follows: LINTED,
    run: |ctx| Box::pin(refused(ctx)),
    ..GENERATES
};

async fn refused(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::new(&ctx)?;
    let (good, name) = (promise.slos(), promise.objectives[1].name.clone());
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut slos = good.clone();
        change(&mut slos["slos"][1]);
        slos
    };
    let misspelt = changed(&|slo| {
        let minimum = slo.as_object_mut().and_then(|slo| slo.remove("minimumEvents"));
        slo["minimumEvent"] = json!(minimum);
    });
    let cases = [
        ("a target of 1", changed(&|slo| slo["target"] = json!(1.0)), name.as_str()),
        ("a factor beyond all events", changed(&|slo| slo["target"] = json!(0.85)), name.as_str()),
        ("a misspelt key", misspelt, "minimumEvent"),
        ("an owner whom nobody knows", changed(&|slo| slo["owner"] = json!("team-nobody")), "team-nobody"),
        ("an indicator that does not parse", changed(&|slo| slo["indicator"]["total"] = json!("rate(")), name.as_str()),
    ];
    for (number, (what, slos, named)) in cases.into_iter().enumerate() {
        promise.write("slos.yaml", &slos)?;
        let out = format!("refused-{number}");
        let output = promise.run(&ctx, &out).await?;
        expect::exit(&output, &format!("rules, with {what}"), 2)?;
        expect::holds(&format!("standard error about {what}"), output.stderr.contains(named), named, &output.stderr)?;
        let written = fs::read_dir(promise.path(&out)).map_or(0, Iterator::count);
        expect::equal(&format!("how many files were written for {what}"), &0, &written)?;
    }
    Ok(())
}
