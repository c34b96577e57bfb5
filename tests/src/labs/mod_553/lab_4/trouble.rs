//! What happens in the real world: others push, programs are killed, files are broken.

use super::{NEEDS, scene::Scene};
use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
};
use std::time::{Duration, Instant};

pub(super) const CONCURRENT: Check = Check {
    id: "nobodys-commit-is-lost",
    title: "Commands and pushes at the same time: all of them land, on one line of history",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(concurrent(ctx)),
};

pub(super) const KILLED: Check = Check {
    id: "killed-steps-end-as-undisturbed-ones",
    title: "Killed at random moments and asked for again, a chain leaves the files and the steps of one that nobody killed",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(180),
    exclusive: false,
    run: |ctx| Box::pin(killed(ctx)),
};

pub(super) const MALFORMED: Check = Check {
    id: "malformed-input-is-refused-with-its-place",
    title: "A misspelt policy, a broken signal, observations of another version, a repository that is none: the file is named, nothing is changed",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(malformed(ctx)),
};

async fn concurrent(ctx: Context) -> Result<(), Fault> {
    const PUSHES: usize = 4;
    let scene = Scene::new(&ctx).await?;
    scene.raised(0).await?;
    let id = scene.proposed(0).await?;
    let people: Vec<String> = (0..3).map(|_| ctx.name("ada")).collect();
    let approve = |person: String| {
        let (scene, id) = (&scene, &id);
        async move { scene.done("approve", 51, &["--by", &person, "--proposal", id], 0).await }
    };
    let push = async {
        for number in 0..PUSHES {
            scene.colleague(&format!("notes/{number}.txt"), |_| "seen\n".to_owned()).await?;
        }
        Ok::<_, Fault>(())
    };
    let approvals = futures::future::join_all(people.iter().cloned().map(approve));
    let (pushed, approved) = futures::future::join(push, approvals).await;
    pushed?;
    approved.into_iter().collect::<Result<Vec<_>, Fault>>()?;
    expect::equal("files that a colleague pushed", &PUSHES, &scene.files("notes").await?.len())?;
    expect::equal("approvals in the repository", &people.len(), &scene.files("approvals").await?.len())?;
    let merges = scene.bare(&["rev-list", "--min-parents=2", "--count", "main"]).await?;
    expect::equal("merges in the history", "0", merges.trim())?;
    sound(&scene, "gitops.git").await
}

/// git finds nothing wrong, and no lock is left.
async fn sound(scene: &Scene, repository: &str) -> Result<(), Fault> {
    let path = scene.path(repository);
    let checked = scene.try_git(&["-C", &path, "fsck", "--strict", "--no-dangling"]).await?;
    expect::exit(&checked, "git fsck", 0)?;
    let lock = std::path::Path::new(&path).join("refs/heads/main.lock").exists();
    expect::holds("refs/heads/main.lock", !lock, "no such file", "a lock that nobody holds")
}

async fn killed(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let (first, second) = (scene.drift(0, 5)?.0, scene.drift(1, 5)?.0);
    let (loss, candidate) = (scene.estimates(0.84, 0.88)?, scene.candidate(scene.versions[1], 1)?);
    let (seen, badly) = (scene.observations(20_000, [200, 200])?, scene.estimates(0.80, 0.84)?);
    let (ada, ben, proposer) = (ctx.name("ada"), ctx.name("ben"), scene.proposer.clone());
    let chain: Vec<(&str, i64, Vec<&str>, i32)> = vec![
        ("decide", 49, vec!["--signal", &first, "--signal", &second], 0),
        ("propose", 50, vec!["--by", &proposer, "--performance", &loss], 0),
        ("approve", 51, vec!["--by", &ada, "--proposal", "ID"], 0),
        ("approve", 52, vec!["--by", &ben, "--proposal", "ID"], 0),
        // Takes three steps, the last of which is the way back.
        (
            "resume",
            53,
            vec!["--by", "deployer", "--candidate", &candidate, "--observations", &seen, "--performance", &badly],
            1,
        ),
        ("roll-back", 54, vec!["--by", &ada, "--proposal", "ID", "--reason", "once more"], 0),
    ];
    let begin = scene.path("gitops.git");
    let (smooth, rough) = (scene.path("smooth.git"), scene.path("rough.git"));
    for copy in [&smooth, &rough] {
        scene.git(&["clone", "--quiet", "--bare", &begin, copy]).await?;
    }
    let mut rng = ctx.rng();
    let (mut id, mut length) = (String::new(), Duration::from_millis(100));
    for (command, hour, words, code) in &chain {
        let words: Vec<&str> = words.iter().map(|word| if *word == "ID" { id.as_str() } else { word }).collect();
        let started = Instant::now();
        let done = scene.call_on("smooth.git", command, *hour, &words, None).await?;
        expect::exit(&done, command, *code)?;
        length = started.elapsed().min(length * 4);
        for _ in 0..3 {
            let after = length.mul_f64(rng.f64());
            scene.call_on("rough.git", command, *hour, &words, Some(after)).await?;
        }
        let again = scene.call_on("rough.git", command, *hour, &words, None).await?;
        expect::exit(&again, &format!("{command} after three kills"), *code)?;
        if *command == "propose" {
            id = expect::text(&expect::printed_json(&done)?, "/proposal")?.to_owned();
        }
    }
    sound(&scene, "rough.git").await?;
    let look = async |repository: &str, words: &[&str]| scene.git(&[&["-C", repository], words].concat()).await;
    let steps = ["log", "--format=%(trailers:key=Retraining-Step,valueonly)", "main"];
    expect::equal(
        "the steps after kills, against undisturbed ones",
        &look(&smooth, &steps).await?,
        &look(&rough, &steps).await?,
    )?;
    for folder in ["proposals", "approvals", "deployments", "poison"] {
        let tree = ["ls-tree", "-r", "main", folder];
        expect::equal(
            &format!("{folder}/ after kills, against undisturbed"),
            &look(&smooth, &tree).await?,
            &look(&rough, &tree).await?,
        )?;
    }
    let steps = look(&smooth, &steps).await?;
    let taken: Vec<&str> = steps.split_whitespace().collect();
    let expected = ["rolled-back", "full", "canary", "approved", "approved", "proposed", "heard"];
    expect::equal("the steps, the latest first", &expected.to_vec(), &taken)
}

async fn malformed(ctx: Context) -> Result<(), Fault> {
    let scene = Scene::new(&ctx).await?;
    let id = scene.canary().await?;
    let before = scene.tip().await?;
    let refused = async |command: &str, words: &[&str], file: &str| {
        let output = scene.call(command, 54, words).await?;
        expect::exit(&output, &format!("{command} with a malformed {file}"), 2)?;
        expect::holds("what standard error says", output.stderr.contains(file), file, &output.stderr)
    };
    for (name, text) in [
        ("cut.json", "{\"monitor\": \"m\", "),
        ("nothing.json", "{\"hello\": 1}"),
        ("newer.json", "{\"version\": 2, \"monitor\": \"m\", \"columns\": []}"),
        ("typed.json", "{\"version\": 1, \"monitor\": 7, \"columns\": []}"),
        ("hook.json", "{\"version\": \"3\", \"alerts\": []}"),
    ] {
        scene.write(name, text)?;
        refused("decide", &["--signal", &scene.path(name)], name).await?;
    }
    refused("decide", &["--signal", &scene.path("absent.json")], "absent.json").await?;
    let other = scene.path("other.json");
    let seen = format!(
        "{{\"baseline\": {{\"version\": \"{}\", \"requests\": 900, \"errors\": 1}}, \"canary\": {{\"version\": \"9999\", \"requests\": 900, \"errors\": 1}}}}",
        scene.versions[0]
    );
    scene.write("other.json", &seen)?;
    refused("roll-out", &["--by", "deployer", "--proposal", &id, "--observations", &other], "other.json").await?;
    for change in [
        ("cool_down:", "cooldown:"),
        ("windows: 2", "windows: two"),
        ("\"1500.00\"", "\"1,500\""),
        ("leave: 0.1", "leave: 0.9"),
    ] {
        scene.policy(&[change])?;
        refused("decide", &[], "policy.yaml").await?;
    }
    scene.policy(&[])?;
    expect::equal("the branch after malformed input", &before, &scene.tip().await?)?;
    for repository in ["work", "absent.git"] {
        let output = scene.call_on(repository, "decide", 54, &[], None).await?;
        expect::exit(&output, "decide on what is no bare repository", 3)?;
    }
    Ok(())
}
