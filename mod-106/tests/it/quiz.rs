//! The quiz as people meet it: through a pipe, on a terminal, killed in the middle; and what the program must not hold.

use libtest_mimic::{Completion, Failed, Trial};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) fn trials() -> [Trial; 4] {
    [
        Trial::test("quiz::the-program-holds-no-answers", the_program_holds_no_answers),
        Trial::test("quiz::grades-have-exit-codes", grades_have_exit_codes),
        Trial::test("quiz::a-killed-session-goes-on", a_killed_session_goes_on),
        Trial::ignorable_test("quiz::a-terminal-has-colours-unless-refused", a_terminal_has_colours_unless_refused),
    ]
}

fn key() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("quiz/key")
}

fn quiz(words: &[&str], input: &str) -> Result<Output, Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
    command.arg("quiz").args(words).env_remove("MOD106_QUIZ_KEY");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // It may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ok(child.wait_with_output()?)
}

/// Explanations and patterns would tell; neither is anywhere in the program's bytes.
fn the_program_holds_no_answers() -> Result<(), Failed> {
    let program = std::fs::read(env!("CARGO_BIN_EXE_mod-106"))?;
    let holds = |text: &str| memchr::memmem::find(&program, text.as_bytes()).is_some();
    assert!(holds("Put these five teams in the order"), "the questions are built in");
    let mut looked = 0;
    for file in std::fs::read_dir(key())? {
        let text = std::fs::read_to_string(file?.path())?;
        for line in text.lines().filter_map(|line| line.strip_prefix("explanation = \"")) {
            looked += 1;
            assert!(!holds(&line[..line.floor_char_boundary(40)]), "{line}");
        }
    }
    assert!(looked >= 45, "{looked}");
    Ok(())
}

fn grades_have_exit_codes() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (sheet, key) = (path("answers.toml"), key().display().to_string());
    let blank = quiz(&["paper", "--seed", "5", "--sheet"], "")?.stdout;
    std::fs::write(&sheet, &blank)?;
    std::fs::write(path("paper.json"), quiz(&["paper", "--seed", "5", "--json"], "")?.stdout)?;
    let check = |words: &[&str], code: i32, expected: &str| -> Result<(), Failed> {
        let output = quiz(words, "")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && said.contains(expected), "{words:?}: {}: {said}", output.status);
        Ok(())
    };
    check(&["grade", &sheet, "--key", &key, "--paper", &path("paper.json")], 1, "not passed: 0.0 %")?;
    check(&["grade", &sheet], 2, "--key")?;
    check(&["grade", &path("none.toml"), "--key", &key], 2, "none.toml")?;
    check(&["grade", &sheet, "--key", folder.path().to_str().unwrap()], 2, "answers.toml")?;
    check(&["grade", &sheet, "--key", &path("no-key")], 2, "no-key")?;
    check(&["paper", "--seed", "5", "--questions", "3"], 2, "--questions")?;
    std::fs::write(path("paper.json"), quiz(&["paper", "--seed", "6", "--json"], "")?.stdout)?;
    check(&["grade", &sheet, "--key", &key, "--paper", &path("paper.json")], 2, "another paper")?;
    std::fs::write(&sheet, String::from_utf8(blank)?.replace("seed = 5", "seed = 6"))?;
    check(&["grade", &sheet, "--key", &key], 2, "answers.toml:6: these answers are for another paper")
}

/// Reads up to the next prompt.
fn prompted(screen: &mut impl Read) -> std::io::Result<()> {
    let (mut seen, mut next) = (Vec::new(), [0]);
    while !seen.ends_with(b"\n> ") {
        screen.read_exact(&mut next)?;
        seen.push(next[0]);
    }
    Ok(())
}

/// Killed without a chance to say anything, after each answer; nothing that was answered is lost.
fn a_killed_session_goes_on() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let sheet = folder.path().join("answers.toml");
    let answered = || {
        let text = std::fs::read_to_string(&sheet).unwrap_or_default();
        text.lines()
            .filter(|line| line.starts_with("answer = ") && !["answer = \"\"", "answer = []"].contains(line))
            .count()
    };
    let words = ["quiz", "take", "--seed", "5", "--questions", "7", "--answers", sheet.to_str().unwrap()];
    for round in 1..=7 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
        let mut child = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        // One of these fits, whatever the question asks for; the others are not understood, and asked for again.
        for line in ["b\n", "a c\n", "dcba\n", "edcba\n", "fedcba\n", "42\n", "words\n"] {
            prompted(&mut screen)?;
            if answered() >= round {
                break;
            }
            keyboard.write_all(line.as_bytes())?;
        }
        child.kill()?;
        child.wait()?;
        assert_eq!(answered(), round);
    }
    let output = quiz(&words[1..], "done\n")?;
    let said = String::from_utf8(output.stdout)?;
    assert!(
        output.status.success() && said.contains("Welcome back: 7 of 7") && said.contains("Done: 7 of 7"),
        "{said}"
    );
    Ok(())
}

/// Through util-linux's `script`, which gives a program a terminal of its own.
fn a_terminal_has_colours_unless_refused() -> Result<Completion, Failed> {
    if Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err() {
        return Ok(Completion::ignored_with("no `script` on this machine; util-linux has it"));
    }
    let folder = tempfile::tempdir()?;
    let converse = |no_color: &str| -> Result<String, Failed> {
        let sheet = folder.path().join(format!("{no_color}.toml"));
        let program = env!("CARGO_BIN_EXE_mod-106");
        let words = format!("{program} quiz take --seed 5 --questions 7 --answers {}", sheet.display());
        let mut command = Command::new("script");
        command.args(["-qec", &words, "/dev/null"]).env("NO_COLOR", no_color).env("TERM", "xterm");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        child.stdin.take().unwrap().write_all(b"skip\nreview\nquit\n")?;
        Ok(String::from_utf8_lossy(&child.wait_with_output()?.stdout).into_owned())
    };
    let coloured = converse("")?;
    assert!(coloured.contains("\u{1b}[1m1 of 7") && coloured.contains("Paused: 0 of 7"), "{coloured}");
    let plain = converse("1")?;
    assert!(plain.contains("1 of 7") && !plain.contains("\u{1b}["), "{plain:?}");
    Ok(Completion::Completed)
}
