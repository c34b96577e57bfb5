//! Retraining, as a user meets it, on real bare repositories; git itself tells what became of them.

mod killed;
mod labelled;
mod scene;

use super::environment::absent;
use libtest_mimic::{Completion, Failed, Trial};
use scene::{Scene, candidate, seen, sha};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    type Test = fn() -> Result<(), Failed>;
    let tests: [(&str, Test); 14] = [
        ("a-chain-is-a-history-that-git-reads", whole_way),
        ("documents-are-valid-against-their-schema", documents_are_valid),
        ("a-rollback-restores-the-very-bytes-and-poisons", rolled_back),
        ("somebody-elses-change-is-kept-or-stops-the-rollback", others_change),
        ("nothing-is-lost-among-concurrent-pushers", concurrent),
        ("approvals-hold-for-what-was-approved", approvals),
        ("no-proposal-without-money-time-or-benefit", refused),
        ("silence-is-a-finding", silence),
        ("windows-count-once-and-in-order", windows),
        ("labels-count-as-estimates-do", labelled::labels_count_as_estimates_do),
        ("alerts-count-once", alerts),
        ("bad-input-is-named", bad_input),
        ("bad-repositories-are-named", bad_repositories),
        ("a-killed-step-ends-as-if-it-had-not-been", killed::a_killed_step_ends_as_if_it_had_not_been),
    ];
    let trial = |(name, test): (&str, Test)| {
        Trial::ignorable_test(format!("retraining::{name}"), move || match absent("git", "git") {
            Some(ignored) => Ok(ignored),
            None => test().map(|()| Completion::Completed),
        })
    };
    tests.into_iter().map(trial).collect()
}

fn whole_way() -> Result<(), Failed> {
    let scene = Scene::new()?;
    let id = scene.approved()?;
    scene.run(
        &format!("roll-out --now 2026-03-03T03:00:00Z --by deployer --proposal {id} --candidate candidate.json"),
        0,
    )?;
    let served: Value = serde_json::from_str(&scene.show("deployments/churn.json")?)?;
    assert_eq!(served["canary"], json!({ "version": "8", "digest": sha(8), "share": "0.1" }));
    assert_eq!((&served["stable"]["version"], &served["replicas"]), (&json!("7"), &json!(3)));
    let words = format!("--by deployer --proposal {id}");
    scene.says(
        &format!("roll-out --now 2026-03-03T04:00:00Z {words} --observations few.yaml"),
        4,
        "200 of each are needed",
    )?;
    scene.run(&format!("roll-out --now 2026-03-03T05:00:00Z {words} --observations good.yaml"), 0)?;
    let verified = scene.run(&format!("verify --now 2026-03-03T06:00:00Z {words} --performance well.json"), 0)?;
    assert_eq!(verified["outcome"], "verified");
    let again = scene.run(&format!("verify --now 2026-03-03T06:00:00Z {words} --performance well.json"), 0)?;
    assert_eq!((&again["outcome"], again.get("commit")), (&json!("already"), None), "{again}");
    let steps = scene.git(&[
        "-C",
        "gitops.git",
        "log",
        "--reverse",
        "--format=%an %(trailers:key=Retraining-Step,valueonly,separator=%x2C)",
        "main",
    ])?;
    let expected = "colleague \nretraining heard\nmonitor proposed\nada approved\nben approved\ndeployer canary\ndeployer full\ndeployer verified\n";
    assert_eq!(steps, expected);
    let proposal: Value = serde_json::from_str(&scene.show(&format!("proposals/{id}.json"))?)?;
    for (number, evidence) in proposal["evidence"].as_array().ok_or("no evidence")?.iter().enumerate() {
        let bytes = fs::read(scene.path(&format!("drift-{}.json", number + 1)))?;
        let digest = format!("sha256:{}", mod_106::digest::hex(&Sha256::digest(&bytes)));
        assert_eq!(evidence["digest"], json!(digest));
    }
    // 0.04 to 0.08 of accuracy × 0.5 to 0.9 × 0.12 EUR × 600,000 predictions.
    assert_eq!(proposal["impact"]["benefit"], json!(["1440.00", "5184.00"]));
    assert_eq!(scene.damage("gitops.git")?, None);
    Ok(())
}

fn documents_are_valid() -> Result<(), Failed> {
    let scene = Scene::new()?;
    let id = scene.approved()?;
    scene.run(
        &format!("roll-out --now 2026-03-03T03:00:00Z --by deployer --proposal {id} --candidate candidate.json"),
        0,
    )?;
    scene.run(&format!("roll-back --now 2026-03-03T04:00:00Z --by ada --proposal {id} --reason regret"), 0)?;
    let schema: Value = serde_json::from_str(&mod_553::retraining::schema())?;
    let documents = [
        ("proposal", format!("proposals/{id}.json")),
        ("approval", format!("approvals/{id}/ada.json")),
        ("rollout", format!("rollouts/{id}.json")),
        ("poison", "poison/churn.json".to_owned()),
        ("signals", "signals/churn.json".to_owned()),
    ];
    for (name, path) in documents {
        let mut one = schema.clone();
        one["required"] = json!([name]);
        let validator = jsonschema::validator_for(&one)?;
        let document: Value = serde_json::from_str(&scene.show(&path)?)?;
        let wrapped = json!({ name: document });
        let errors: Vec<String> = validator.iter_errors(&wrapped).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
        assert!(!validator.is_valid(&json!({ name: { "version": "one" } })), "the schema takes anything for a {name}");
    }
    Ok(())
}

fn rolled_back() -> Result<(), Failed> {
    let scene = Scene::new()?;
    let before = scene.show("deployments/churn.json")?;
    let id = scene.approved()?;
    let words = format!("--by deployer --proposal {id}");
    scene.run(&format!("roll-out --now 2026-03-03T03:00:00Z {words} --candidate candidate.json"), 0)?;
    scene.run(&format!("roll-out --now 2026-03-03T05:00:00Z {words} --observations good.yaml"), 0)?;
    scene.says(
        &format!("verify --now 2026-03-03T06:00:00Z {words} --performance badly.json"),
        1,
        "at least 0.85 is asked for",
    )?;
    assert_eq!(scene.show("deployments/churn.json")?, before, "byte by byte");
    let message = scene.git(&["-C", "gitops.git", "log", "-1", "--format=%B", "main"])?;
    let reverted: Vec<&str> = message.lines().filter_map(|line| line.strip_prefix("This reverts commit ")).collect();
    let steps = scene.git(&["-C", "gitops.git", "log", "--format=%H", "-2", "main~1"])?;
    let steps: Vec<String> = steps.lines().map(|line| format!("{line}.")).collect();
    assert_eq!(reverted, steps);
    // The same evidence, and the same data window, are never proposed again; the same model is never served again.
    scene.says("decide --now 2026-03-08T00:00:00Z", 1, "poisoned")?;
    scene.says("propose --now 2026-03-08T00:00:00Z --by monitor --performance loss.json", 1, "poisoned")?;
    scene.run("decide --now 2026-03-08T00:00:00Z --signal drift-5.json --signal drift-6.json", 0)?;
    let answer = scene.run("propose --now 2026-03-08T00:05:00Z --by monitor --performance loss.json", 0)?;
    let next = answer["proposal"].as_str().ok_or("no id")?.to_owned();
    assert_ne!(next, id);
    for by in ["ada", "ben"] {
        scene.run(&format!("approve --now 2026-03-08T01:00:00Z --by {by} --proposal {next}"), 0)?;
    }
    let mut same = candidate(8, 7);
    scene.write("same.json", &same.to_string())?;
    let again = format!("roll-out --now 2026-03-08T02:00:00Z --by deployer --proposal {next} --candidate");
    scene.says(&format!("{again} same.json"), 1, "is poisoned since")?;
    same["digest"] = json!(sha(9));
    same["version"] = json!("9");
    scene.write("other.json", &same.to_string())?;
    scene.run(&format!("{again} other.json"), 0)?;
    Ok(())
}

fn others_change() -> Result<(), Failed> {
    let scene = Scene::new()?;
    let id = scene.approved()?;
    let words = format!("--by deployer --proposal {id}");
    scene.run(&format!("roll-out --now 2026-03-03T03:00:00Z {words} --candidate candidate.json"), 0)?;
    let edit = |from: &str, to: &str| -> Result<(), Failed> {
        scene.git(&["-C", "work", "pull", "--quiet", "--rebase", "origin", "main"])?;
        let manifest = fs::read_to_string(scene.path("work/deployments/churn.json"))?;
        assert!(manifest.contains(from), "{manifest}");
        scene.write("work/deployments/churn.json", &manifest.replace(from, to))?;
        scene.git(&["-C", "work", "commit", "--quiet", "-am", "By hand"])?;
        scene.git(&["-C", "work", "push", "--quiet", "origin", "HEAD:main"]).map(drop)
    };
    // What is not ours stays.
    edit("\"replicas\": 3", "\"replicas\": 5")?;
    // What is ours and was changed by somebody else is not overwritten.
    edit(&sha(7), &sha(6))?;
    let back = format!("roll-back --now 2026-03-03T06:00:00Z {words} --reason regret");
    scene.says(&back, 1, "somebody changed what")?;
    edit(&sha(6), &sha(7))?;
    scene.run(&back, 0)?;
    let served: Value = serde_json::from_str(&scene.show("deployments/churn.json")?)?;
    assert_eq!((&served["replicas"], &served["canary"]), (&json!(5), &Value::Null));
    Ok(())
}

fn concurrent() -> Result<(), Failed> {
    let scene = Scene::new()?;
    const PUSHES: usize = 12;
    let pushed = std::thread::scope(|threads| -> Result<usize, Failed> {
        let pusher = threads.spawn(|| {
            let mut landed = 0;
            for number in 0..PUSHES {
                let made = scene.write(&format!("work/notes/{number}.txt"), "by a colleague\n").is_ok()
                    && scene.git(&["-C", "work", "add", "."]).is_ok()
                    && scene.git(&["-C", "work", "commit", "--quiet", "-m", "Note"]).is_ok();
                for _ in 0..50 {
                    let pulled = scene.try_git(&["-C", "work", "pull", "--quiet", "--rebase", "origin", "main"]);
                    let push = scene.try_git(&["-C", "work", "push", "--quiet", "origin", "HEAD:main"]);
                    if made
                        && pulled.is_ok_and(|done| done.status.success())
                        && push.is_ok_and(|done| done.status.success())
                    {
                        landed += 1;
                        break;
                    }
                }
            }
            landed
        });
        let id = scene.proposed()?;
        let approvers = ["ada", "ben", "cyd"].map(|by| {
            let words = format!("approve --now 2026-03-03T02:00:00Z --by {by} --proposal {id}");
            let scene = &scene;
            threads.spawn(move || scene.run(&words, 0).is_ok())
        });
        let approved = approvers.into_iter().filter_map(|thread| thread.join().ok()).filter(|done| *done).count();
        assert_eq!(approved, 3, "everybody who was told yes");
        pusher.join().map_err(|_| "the pusher failed".into())
    })?;
    assert_eq!(pushed, PUSHES);
    let log = scene.git(&["-C", "gitops.git", "log", "--format=%s", "main"])?;
    assert_eq!(log.lines().filter(|line| *line == "Note").count(), PUSHES, "nobody's commit is lost");
    assert_eq!(log.lines().filter(|line| line.starts_with("Approve")).count(), 3);
    let files = scene.git(&["-C", "gitops.git", "ls-tree", "-r", "--name-only", "main"])?;
    assert_eq!(files.lines().filter(|file| file.starts_with("notes/")).count(), PUSHES);
    assert_eq!(files.lines().filter(|file| file.starts_with("approvals/")).count(), 3);
    assert_eq!(scene.damage("gitops.git")?, None);
    Ok(())
}

fn approvals() -> Result<(), Failed> {
    let scene = Scene::new()?;
    let id = scene.proposed()?;
    let approve = |by: &str, time: &str| format!("approve --now 2026-03-{time}:00:00Z --by {by} --proposal {id}");
    scene.says(&approve("monitor", "03T02"), 1, "somebody else has to approve it")?;
    scene.says(&approve("MONITOR", "03T02"), 1, "somebody else has to approve it")?;
    scene.says(&approve("eve", "03T02"), 1, "not among those who may approve: ada, ben, cyd")?;
    scene.says(&approve("../ada", "03T02"), 2, "is no name")?;
    scene.run(&approve("ada", "03T02"), 0)?;
    // In other letters it is the same person.
    assert_eq!(scene.run(&approve("ADA", "03T03"), 0)?["outcome"], "already");
    let begin =
        |time: &str| format!("roll-out --now 2026-03-{time}:00:00Z --by d --proposal {id} --candidate candidate.json");
    scene.says(&begin("03T04"), 1, "1 of 2 approvals")?;
    scene.says(&approve("ben", "06T02"), 1, "ran out at 2026-03-06T01:05:00Z")?;
    scene.run(&approve("ben", "06T00"), 0)?;
    scene.says(&begin("06T02"), 1, "ran out at")?;
    // Somebody makes it cheaper after it was approved.
    scene.git(&["-C", "work", "pull", "--quiet", "--rebase", "origin", "main"])?;
    let path = format!("work/proposals/{id}.json");
    let proposal = fs::read_to_string(scene.path(&path))?;
    scene.write(&path, &proposal.replace("\"400.00\"", "\"1.00\""))?;
    scene.git(&["-C", "work", "commit", "--quiet", "-am", "Cheaper"])?;
    scene.git(&["-C", "work", "push", "--quiet", "origin", "HEAD:main"])?;
    scene.says(&begin("06T00"), 1, "0 of 2 approvals")?;
    scene.says(&begin("06T00"), 1, "but the proposal is sha256:")?;
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let scene = Scene::new()?;
    let propose = "propose --by monitor --performance";
    scene.says(&format!("{propose} loss.json --now 2026-03-02T01:00:00Z"), 1, "nothing was heard of churn yet")?;
    scene.run("decide --now 2026-03-02T01:00:00Z --signal drift-1.json", 0)?;
    scene.says(&format!("{propose} loss.json --now 2026-03-02T01:00:00Z"), 1, "drift has 1 of 2 windows")?;
    scene.run("decide --now 2026-03-03T01:00:00Z --signal drift-2.json", 0)?;
    let policy = |from: &str, to: &str| scene.write("policy.yaml", &scene::POLICY.replace(from, to));
    scene.write(
        "policy.yaml",
        &scene::POLICY.replace("\"310.00\"", "\"5200.00\"").replace("\"900.00\"", "\"9000.00\""),
    )?;
    scene.says(&format!("{propose} loss.json --now 2026-03-03T01:00:00Z"), 1, "not worth it")?;
    scene.write(
        "policy.yaml",
        &scene::POLICY.replace("\"310.00\"", "\"1400.00\"").replace("\"900.00\"", "\"9000.00\""),
    )?;
    scene.says(
        &format!("{propose} loss.json --now 2026-03-03T01:00:00Z"),
        4,
        "cannot be told whether it is worth it",
    )?;
    policy("money: \"900.00\"", "money: \"399.99\"")?;
    scene.says(
        &format!("{propose} loss.json --now 2026-03-03T01:00:00Z"),
        1,
        "this costs 400.00; the budget has 399.99",
    )?;
    policy("", "")?;
    let answer = scene.run(&format!("{propose} loss.json --now 2026-03-03T01:00:00Z"), 0)?;
    let again = scene.run(&format!("{propose} loss.json --now 2026-03-03T02:00:00Z"), 0)?;
    assert_eq!((&again["outcome"], &again["proposal"]), (&json!("already"), &answer["proposal"]));
    // It ran out unapproved; the next one has to wait until its cool-down is over, and for newer evidence.
    policy("cool_down: 72h", "cool_down: 100h")?;
    scene.says("decide --now 2026-03-06T02:00:00Z", 1, "cooling down until 2026-03-07T05:00:00Z")?;
    scene.says("decide --now 2026-03-07T06:00:00Z", 1, "the same evidence was proposed before")?;
    Ok(())
}

fn silence() -> Result<(), Failed> {
    let scene = Scene::new()?;
    scene.run("decide --now 2026-03-02T01:00:00Z", 0)?;
    let answer = scene.run("decide --now 2026-03-03T03:30:00Z", 1)?;
    assert_eq!(answer["silent"], json!(["drift"]), "also a monitor that never spoke is silent: {answer}");
    scene.run("decide --now 2026-03-03T03:40:00Z --signal drift-2.json", 0)?;
    // Reports keep coming, but none can tell: labels never arrive. That is silence too.
    for day in 3..6 {
        scene.drift("untold.json", day, 0)?;
        let text = fs::read_to_string(scene.path("untold.json"))?.replace("stable", "inconclusive");
        scene.write("untold.json", &text)?;
        let expected = i32::from(day > 3);
        scene.run(&format!("decide --now 2026-03-{:02}T01:00:00Z --signal untold.json", day + 1), expected)?;
    }
    Ok(())
}

fn windows() -> Result<(), Failed> {
    let scene = Scene::new()?;
    // In whatever order the files are given.
    let answer = scene.run("decide --now 2026-03-03T01:00:00Z --signal drift-2.json --signal drift-1.json", 0)?;
    assert_eq!(answer["outcome"], "due", "{answer}");
    let answer = scene.run("decide --now 2026-03-03T01:00:00Z --signal drift-2.json", 0)?;
    assert_eq!(answer.get("commit"), None, "{answer}");
    assert!(answer["ignored"][0]["why"].as_str().is_some_and(|why| why.contains("counted already")), "{answer}");
    scene.drift("calm-3.json", 3, 0)?;
    scene.drift("calm-4.json", 4, 0)?;
    scene.drift("between-5.json", 5, 1)?;
    let answer = scene.run("decide --now 2026-03-04T01:00:00Z --signal calm-3.json", 0)?;
    assert_eq!(answer["triggers"]["drift"]["level"], "raised", "one calm window is not enough: {answer}");
    let answer = scene.run("decide --now 2026-03-05T01:00:00Z --signal calm-4.json --signal drift-1.json", 0)?;
    assert_eq!(answer["triggers"]["drift"]["level"], "calm", "{answer}");
    let late = answer["ignored"][0]["why"].as_str().unwrap_or_default();
    assert!(late.contains("a later window"), "{answer}");
    let answer = scene.run("decide --now 2026-03-06T01:00:00Z --signal between-5.json", 0)?;
    assert_eq!(answer["triggers"]["drift"]["streak"], 0, "{answer}");
    scene.says("decide --now 2026-03-05T01:00:00Z", 1, "mend the clock")?;
    scene.says("decide --now 2026-03-06T02:00:00Z --signal drift-6.json", 2, "in the future")?;
    Ok(())
}

fn alerts() -> Result<(), Failed> {
    let scene = Scene::new()?;
    let alert = |name: &str, status: &str| {
        json!({ "status": status, "labels": { "alertname": name }, "annotations": { "summary": "burning" }, "fingerprint": name,
                "startsAt": "2026-03-03T00:00:00Z", "endsAt": "2026-03-03T00:30:00Z" })
    };
    let posted = |alerts: Value| json!({ "version": "4", "receiver": "r", "alerts": alerts }).to_string();
    scene.write("firing.json", &posted(json!([alert("ErrorBudgetBurn", "firing")])))?;
    scene.write("resolved.json", &posted(json!([alert("ErrorBudgetBurn", "resolved")])))?;
    scene.write("beat.json", &posted(json!([alert("Watchdog", "firing")])))?;
    scene.write("other.json", &posted(json!([alert("Other", "firing")])))?;
    let decide = |file: &str| scene.run(&format!("decide --now 2026-03-03T01:00:00Z --signal {file}"), 0);
    assert_eq!(decide("firing.json")?["outcome"], "due");
    assert_eq!(decide("firing.json")?.get("commit"), None, "delivered twice");
    assert_eq!(decide("resolved.json")?["outcome"], "wait");
    assert_eq!(decide("firing.json")?["outcome"], "wait", "what has ended does not begin again by a late delivery");
    assert_eq!(decide("beat.json")?["ignored"], json!([]));
    assert!(decide("other.json")?["ignored"][0]["why"].as_str().is_some_and(|why| why.contains("no trigger")));
    Ok(())
}

fn bad_input() -> Result<(), Failed> {
    let scene = Scene::new()?;
    let decide = "decide --now 2026-03-03T01:00:00Z";
    let policies = [
        ("model: churn", "model: ../churn", "model is"),
        ("cool_down: 72h", "cooldown: 72h", "policy.yaml:7:1"),
        ("cool_down: 72h", "cool_down: soon", "no length of time"),
        ("retrainings: 2", "retrainings: two", "policy.yaml:8"),
        ("\"900.00\"", "\"9,00\"", "is no decimal"),
        ("\"900.00\"", "\"-9.00\"", "no amount of money"),
        ("enter: 0.3, leave: 0.1", "enter: 0.1, leave: 0.3", "leave must not be above enter"),
        ("needed: 2", "needed: 4", "only 3 may approve"),
        ("windows: 2, silence", "windows: 0, silence", "windows is 0"),
        ("Burn, heartbeat: Watchdog } }", "Burn } }, silence: 3d", "silence says nothing"),
        ("share: \"0.1\"", "share: \"1.5\"", "canary.share"),
        ("[\"0.5\", \"0.9\"]", "[\"0.9\", \"0.5\"]", "the lower first"),
        ("metric: accuracy, bound", "metric: charm, bound", "policy.yaml:14"),
    ];
    for (from, to, expected) in policies {
        assert!(scene::POLICY.contains(from), "{from}");
        scene.write("policy.yaml", &scene::POLICY.replace(from, to))?;
        scene.says(decide, 2, expected)?;
    }
    scene.write("policy.yaml", scene::POLICY)?;
    let signals = [
        ("{", "expected a signal in JSON"),
        ("[1]", "neither a drift report"),
        ("{\"monitor\": \"m\", \"version\": 9}", "of version 9; expected 1"),
        ("{\"monitor\": \"m\", \"version\": 1}", "no drift report"),
        ("{\"chunks\": []}", "without a chunk"),
        ("{\"chunks\": [{\"estimates\": []}]}", "--window START/END"),
        ("{\"alerts\": [], \"version\": \"3\"}", "expected \"4\""),
    ];
    for (text, expected) in signals {
        scene.write("signal.json", text)?;
        scene.says(&format!("{decide} --signal signal.json"), 2, expected)?;
        scene.says(&format!("{decide} --signal signal.json"), 2, "signal.json")?;
    }
    scene.says(&format!("{decide} --signal absent.json"), 2, "absent.json")?;
    assert!(scene.show("signals/churn.json").is_err(), "nothing of it was written down");
    let id = scene.approved()?;
    let words = format!("roll-out --now 2026-03-03T03:00:00Z --by d --proposal {id}");
    scene.write("window.json", &candidate(8, 2).to_string())?;
    scene.says(&format!("{words} --candidate window.json"), 1, "was approved")?;
    scene.write("digest.json", &candidate(8, 3).to_string().replace("sha256:", "md5:"))?;
    scene.says(&format!("{words} --candidate digest.json"), 2, "64 hexadecimal digits")?;
    scene.run(&format!("{words} --candidate candidate.json"), 0)?;
    scene.write("other.yaml", &seen(9, 9000, 9))?;
    scene.says(&format!("{words} --observations other.yaml"), 2, "canary is version 9; expected 8")?;
    scene.says(
        &words.replace(&id, "0123456789abcdef").replace("roll-out", "verify --performance well.json"),
        1,
        "there is no proposal",
    )?;
    scene.says(&words.replace(&id, "../x").replace("roll-out", "verify --performance well.json"), 2, "is no id")
}

fn bad_repositories() -> Result<(), Failed> {
    let scene = Scene::new()?;
    let says = |repository: &str, code: i32, expected: &str| -> Result<(), Failed> {
        let output = scene.command(repository, "decide --now 2026-03-03T01:00:00Z --signal drift-1.json").output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let right = output.status.code() == Some(code) && said.contains(expected);
        if right { Ok(()) } else { Err(format!("{repository}: {:?} {said}", output.status.code()).into()) }
    };
    says("absent.git", 3, "git init --bare")?;
    says("work/.git", 3, "has a working tree")?;
    says("work", 3, "no bare git repository")?;
    scene.git(&["init", "--quiet", "--bare", "-b", "main", "empty.git"])?;
    says("empty.git", 3, "push the manifests to it first")?;
    // A document that somebody has broken is named as git names it.
    scene.write("work/signals/churn.json", "{ \"version\": 1 ")?;
    scene.git(&["-C", "work", "add", "."])?;
    scene.git(&["-C", "work", "commit", "--quiet", "-m", "Break it"])?;
    scene.git(&["-C", "work", "push", "--quiet", "origin", "HEAD:main"])?;
    says("gitops.git", 2, "main:signals/churn.json")?;
    // A lock that nobody of ours has announced belongs to somebody else: it is respected, and nothing is lost.
    scene.git(&["clone", "--quiet", "--bare", "-b", "main", "work", "locked.git"])?;
    scene.git(&["-C", "locked.git", "update-ref", "refs/heads/main", "main~1"])?;
    scene.write("locked.git/refs/heads/main.lock", "")?;
    says("locked.git", 3, "try again")?;
    assert!(scene.path("locked.git/refs/heads/main.lock").exists());
    // One that a process of ours announced and died over goes.
    scene.write("locked.git/retraining.intent", "0000000000000000000000000000000000000001")?;
    says("locked.git", 0, "")?;
    assert_eq!(scene.damage("locked.git")?, None);
    scene.write("locked.git/refs/heads/main", "0000000000000000000000000000000000000001\n")?;
    says("locked.git", 3, "cannot be found")?;
    scene.write("locked.git/refs/heads/main", "nonsense\n")?;
    says("locked.git", 3, "cannot be read")
}
