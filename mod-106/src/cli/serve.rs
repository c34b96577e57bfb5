//! `mod-106 serve`: starts the embedded tracking server.

/// Where to listen and where to store.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
}

/// Serves until interrupted.
///
/// # Errors
/// When the address is taken or the database cannot be opened.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("cannot serve on {} yet", arguments.host)
}
