//! The `mod-553` command: parse, dispatch, exit code.

use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // Cryptography is *ring*, as in every program of this workspace; nobody is before us, so this cannot fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match mod_553::cli::run(mod_553::cli::Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !mod_106::cli::is_closed_pipe(&error) {
                eprintln!("error: {}", mod_553::cli::said(&error));
            }
            mod_553::cli::exit_code(&error)
        }
    }
}
