//! What every request needs: the store, the artifacts, and who may enter. Built once by `listen.rs`, shared by all.

use crate::server::artifacts::storage::ArtifactStore;
use crate::server::auth::permission::Permission;
use crate::server::auth::sign_in::{Sender, SignIn};
use crate::server::error::ApiError;
use crate::server::store::Store;
use axum::http::HeaderMap;

/// The server's state.
#[derive(Debug)]
pub struct ServerState {
    /// Metadata.
    pub store: Store,
    /// Artifacts.
    pub artifacts: ArtifactStore,
    /// How users sign in; nothing when anyone may enter.
    pub sign_in: Option<SignIn>,
    /// What a user may do where no permission was given.
    pub default_permission: Permission,
    /// `Host` headers that are answered, lower case and without port; empty answers any.
    pub allowed_hosts: Vec<String>,
}

impl ServerState {
    /// Who sends a request with these headers.
    ///
    /// # Errors
    /// When users must sign in and this one did not, or wrongly.
    pub async fn sender(&self, headers: &HeaderMap) -> Result<Sender, ApiError> {
        match &self.sign_in {
            None => Ok(Sender::Anyone),
            Some(sign_in) => Ok(Sender::User(sign_in.user(&self.store, headers).await?)),
        }
    }
}
