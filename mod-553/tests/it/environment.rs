//! Where the programs are that our answers are held against.

/// The command under test.
pub(crate) const COMMAND: &str = env!("CARGO_BIN_EXE_mod-553");
