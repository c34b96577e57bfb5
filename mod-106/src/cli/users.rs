//! `mod-106 users`: accounts of the tracking server. Passwords come from files: on a command line every process would see them.

use super::connection::Connection;
use anyhow::{Context, ensure};
use clap::Subcommand;
use secrecy::SecretString;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `mod-106 users …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an account
    Create {
        /// Its name
        name: String,
        /// The file of its password; a line end is not part of it
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Give an account another password
    SetPassword {
        /// Its name
        name: String,
        /// The file of the new password; a line end is not part of it
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Delete an account
    Delete {
        /// Its name
        name: String,
    },
}

/// Does what was asked.
///
/// # Errors
/// What the server says, or a file without a password.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (client, output) = arguments.connection.open()?;
    match arguments.action {
        Action::Create { name, password_file } => {
            client.create_user(&name, &password(&password_file)?).await?;
            output.done(&json!({ "username": name }), &format!("made the account {name}"))
        }
        Action::SetPassword { name, password_file } => {
            client.update_password(&name, &password(&password_file)?).await?;
            output.done(&json!({ "username": name }), &format!("changed the password of {name}"))
        }
        Action::Delete { name } => {
            client.delete_user(&name).await?;
            output.done(&json!({ "username": name }), &format!("deleted the account {name}"))
        }
    }
}

fn password(file: &Path) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let password = text.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "{} is empty; it should hold the password", file.display());
    Ok(password.into())
}
