//! Whether the server is up, and which MLflow it claims to be.

use super::endpoint::{HEALTH, VERSION};
use super::error::Error;
use super::transport::{Call, Client};

impl Client {
    /// Succeeds when the server is healthy; MLflow answers `OK`.
    ///
    /// # Errors
    /// When it is not, or does not answer.
    pub async fn health(&self) -> Result<(), Error> {
        self.bytes(&Call { endpoint: &HEALTH, suffix: "", query: &[], json: None }).await.map(drop)
    }

    /// The MLflow version that the server speaks, such as `2.22.5`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn server_version(&self) -> Result<String, Error> {
        let body = self.bytes(&Call { endpoint: &VERSION, suffix: "", query: &[], json: None }).await?;
        Ok(String::from_utf8_lossy(&body).trim().to_owned())
    }
}
