//! Where the programs are that our answers are held against.

use libtest_mimic::Completion;
use std::process::{Command, Stdio};

/// The command under test.
pub(crate) const COMMAND: &str = env!("CARGO_BIN_EXE_mod-553");

/// Whether a program is there; if not, why the test is not run.
pub(crate) fn absent(program: &str, package: &str) -> Option<Completion> {
    let there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    (!there)
        .then(|| Completion::ignored_with(format!("no {program} on this machine; Debian's package {package} has it")))
}

/// Where `cargo xtask images --process` installs the judges.
pub(crate) fn labs() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/labs")
}
