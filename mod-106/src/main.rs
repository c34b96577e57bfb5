//! The `mod-106` command: parse, dispatch, exit code.

use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // Cryptography is *ring*, for the server's S3 connections as for the client's; nobody is before us, so this cannot fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match mod_106::cli::run(mod_106::cli::Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !mod_106::cli::is_closed_pipe(&error) {
                eprintln!("error: {error:#}");
            }
            mod_106::cli::exit_code(&error)
        }
    }
}
