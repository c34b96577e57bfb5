//! `mod-553 retrain`, killed with SIGKILL at random moments, again and again, on real repositories.
//!
//! Because commits are made of the given clock and files alone, the claim is as strong as can be: a chain whose steps were killed and
//! asked for again ends at *the very commit* at which an undisturbed chain ends. `MOD553_RETRAINING_KILLS` says how often to kill (the
//! bench asks for a thousand), and `MOD553_RETRAINING_FIGURES` where to write down what was seen.

use super::scene::{Scene, copy};
use libtest_mimic::Failed;
use std::path::Path;
use std::time::{Duration, Instant};

/// What was seen.
#[derive(Debug, Default, serde::Serialize)]
struct Figures {
    kills: u32,
    /// Killed before anything was written.
    before: u32,
    /// Killed when something was written, but the branch had not moved.
    between: u32,
    /// Killed after the branch had moved.
    after: u32,
    /// Of those in the middle, how often a lock was left behind.
    locked: u32,
    chains: u32,
    inconsistent: u32,
    first_complaint: Option<String>,
}

/// A chain of commands, each with the exit code that it ends with, and in their words `ID` for the proposal.
type Chain = &'static [(&'static str, i32)];

const BEGUN: Chain = &[
    ("decide --now 2026-03-02T01:00:00Z --signal drift-1.json", 0),
    ("decide --now 2026-03-03T01:00:00Z --signal drift-2.json", 0),
    ("propose --now 2026-03-03T01:05:00Z --by monitor --performance loss.json", 0),
    ("approve --now 2026-03-03T02:00:00Z --by ada --proposal ID", 0),
    ("approve --now 2026-03-03T03:00:00Z --by ben --proposal ID", 0),
    ("roll-out --now 2026-03-03T04:00:00Z --by deployer --proposal ID --candidate candidate.json", 0),
];
const ENDS: &[Chain] = &[
    &[
        ("roll-out --now 2026-03-03T05:00:00Z --by deployer --proposal ID --observations good.yaml", 0),
        ("verify --now 2026-03-03T06:00:00Z --by deployer --proposal ID --performance well.json", 0),
    ],
    &[
        ("roll-out --now 2026-03-03T05:00:00Z --by deployer --proposal ID --observations bad.yaml", 1),
        ("decide --now 2026-03-04T05:00:00Z --signal drift-3.json", 0),
    ],
    &[
        // One command that takes two steps: killed between both, it goes on with the second.
        ("resume --now 2026-03-03T05:00:00Z --by deployer --observations good.yaml --performance badly.json", 1),
        ("roll-back --now 2026-03-03T07:00:00Z --by ada --proposal ID --reason twice", 0),
    ],
    &[("roll-back --now 2026-03-03T05:00:00Z --by ada --proposal ID --reason regret", 0)],
];

pub(super) fn a_killed_step_ends_as_if_it_had_not_been() -> Result<(), Failed> {
    let kills = std::env::var("MOD553_RETRAINING_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let scene = Scene::new()?;
    let mut figures = Figures::default();
    let mut random = fastrand::Rng::with_seed(553);
    let ends =
        ENDS.iter().enumerate().map(|(number, end)| undisturbed(&scene, number, end)).collect::<Result<Vec<_>, _>>()?;
    let mut length = Duration::from_millis(30);
    while figures.kills < kills {
        let number = figures.chains as usize % ENDS.len();
        let (id, expected) = &ends[number];
        let repository = format!("killed-{}.git", figures.chains);
        copy(&scene.path("gitops.git"), &scene.path(&repository))?;
        for (words, code) in BEGUN.iter().chain(ENDS[number]) {
            let words = words.replace("ID", id);
            for _ in 0..random.u8(0..4) {
                kill(&scene, &repository, &words, length, &mut random, &mut figures)?;
            }
            let started = Instant::now();
            let done = scene.command(&repository, &words).output()?;
            length = started.elapsed();
            if done.status.code() != Some(*code) {
                let said = String::from_utf8_lossy(&done.stderr).into_owned();
                complain(&mut figures, format!("{words}: {:?} instead of {code}: {said}", done.status.code()));
            }
        }
        let tip = tip(&scene, &repository)?;
        let damage = scene.damage(&repository)?;
        let other = (tip != *expected).then(|| format!("chain {number} ended at {tip}, undisturbed at {expected}"));
        if let Some(complaint) = damage.or(other) {
            complain(&mut figures, complaint);
        }
        figures.chains += 1;
        std::fs::remove_dir_all(scene.path(&repository))?;
    }
    if let Ok(path) = std::env::var("MOD553_RETRAINING_FIGURES") {
        std::fs::write(path, serde_json::to_string(&figures)?)?;
    }
    if figures.inconsistent > 0 {
        return Err(format!("{figures:?}").into());
    }
    if figures.between == 0 {
        return Err(format!("no kill met a step in the middle, so nothing was tried: {figures:?}").into());
    }
    Ok(())
}

fn complain(figures: &mut Figures, complaint: String) {
    figures.inconsistent += 1;
    figures.first_complaint.get_or_insert(complaint);
}

/// The id of the chain's proposal, and the commit at which it ends when nobody kills it.
fn undisturbed(scene: &Scene, number: usize, end: Chain) -> Result<(String, String), Failed> {
    let repository = format!("undisturbed-{number}.git");
    copy(&scene.path("gitops.git"), &scene.path(&repository))?;
    let mut id = String::new();
    for (words, code) in BEGUN.iter().chain(end) {
        let output = scene.command(&repository, &words.replace("ID", &id)).output()?;
        if output.status.code() != Some(*code) {
            return Err(format!("{words}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        if words.starts_with("propose") {
            let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
            id = answer["proposal"].as_str().ok_or("no id")?.to_owned();
        }
    }
    Ok((id, tip(scene, &repository)?))
}

fn tip(scene: &Scene, repository: &str) -> Result<String, Failed> {
    Ok(scene.git(&["-C", repository, "rev-parse", "main"])?.trim().to_owned())
}

/// Starts the command and kills it: at a random moment, or (one in three) as soon as it says what it is about to do.
fn kill(
    scene: &Scene,
    repository: &str,
    words: &str,
    length: Duration,
    random: &mut fastrand::Rng,
    figures: &mut Figures,
) -> Result<(), Failed> {
    let bare = scene.path(repository);
    let (tip_before, written_before) = (main(&bare), objects(&bare)?);
    let mut child = scene.command(repository, words).spawn()?;
    let started = Instant::now();
    if random.u8(0..3) == 0 {
        while !bare.join("retraining.intent").exists() && started.elapsed() < length * 2 && child.try_wait()?.is_none()
        {
            std::thread::park_timeout(Duration::from_micros(20));
        }
        std::thread::park_timeout(Duration::from_micros(random.u64(0..300)));
    } else {
        std::thread::park_timeout(length.mul_f64(random.f64() * 1.1));
    }
    let ran = child.try_wait()?.is_none();
    child.kill()?;
    child.wait()?;
    if !ran {
        return Ok(());
    }
    figures.kills += 1;
    let locked = bare.join("refs/heads/main.lock").exists();
    figures.locked += u32::from(locked);
    if main(&bare) != tip_before {
        figures.after += 1;
    } else if locked || bare.join("retraining.intent").exists() || objects(&bare)? != written_before {
        figures.between += 1;
    } else {
        figures.before += 1;
    }
    Ok(())
}

/// What the branch's file says; the branch is packed until it first moves.
fn main(bare: &Path) -> Option<String> {
    std::fs::read_to_string(bare.join("refs/heads/main")).ok()
}

/// How many files lie among the objects.
fn objects(folder: &Path) -> Result<usize, Failed> {
    fn count(folder: &Path) -> std::io::Result<usize> {
        let mut files = 0;
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            files += if entry.file_type()?.is_dir() { count(&entry.path())? } else { 1 };
        }
        Ok(files)
    }
    Ok(count(&folder.join("objects"))?)
}
