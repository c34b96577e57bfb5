//! Hashes passwords with argon2id and checks them.
//!
//! Hashing is meant to be slow and to take memory (19 MiB each), so it runs off the async threads and only two at a time:
//! a flood of wrong passwords costs time, not memory. `sign_in.rs` remembers what was verified.

use crate::server::error::ApiError;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

const SHORTEST_PASSWORD_CHARACTERS: usize = 12;
static HASHING: Semaphore = Semaphore::const_new(2);

/// Refuses what is too short to be a password.
///
/// # Errors
/// When it has fewer than twelve characters.
pub fn check_strength(password: &SecretString) -> Result<(), ApiError> {
    if password.expose_secret().chars().count() < SHORTEST_PASSWORD_CHARACTERS {
        return Err(ApiError::invalid("Password must be a string longer than 12 characters."));
    }
    Ok(())
}

/// Hashes a password, with a random salt, into a PHC string.
///
/// # Errors
/// When the system has no randomness.
pub async fn hash(password: SecretString) -> Result<String, ApiError> {
    slowly(move || {
        Argon2::default()
            .hash_password(password.expose_secret().as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| ApiError::Internal(format!("cannot hash a password: {error}")))
    })
    .await?
}

/// Whether a password is the one that was hashed. Without a hash (an unknown user) the answer is no and takes as long.
///
/// # Errors
/// When the stored hash is none.
pub async fn verify(password: SecretString, hash: Option<String>) -> Result<bool, ApiError> {
    slowly(move || {
        let password = password.expose_secret().as_bytes();
        let Some(hash) = hash else {
            let _ = Argon2::default().hash_password(password);
            return Ok(false);
        };
        let parsed = PasswordHash::new(&hash)
            .map_err(|error| ApiError::Internal(format!("a stored password hash is malformed: {error}")))?;
        Ok(Argon2::default().verify_password(password, &parsed).is_ok())
    })
    .await?
}

async fn slowly<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let _turn = HASHING.acquire().await.map_err(|_| ApiError::Internal("the hashing queue is closed".to_owned()))?;
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::Internal(format!("hashing stopped: {error}")))
}

#[cfg(test)]
mod tests {
    use super::{check_strength, hash, verify};
    use secrecy::SecretString;

    #[tokio::test]
    async fn only_the_password_itself_verifies() {
        let hashed = hash(SecretString::from("correct horse")).await.unwrap();
        assert!(hashed.starts_with("$argon2id$"));
        assert!(verify(SecretString::from("correct horse"), Some(hashed.clone())).await.unwrap());
        assert!(!verify(SecretString::from("wrong horse"), Some(hashed)).await.unwrap());
        assert!(!verify(SecretString::from("correct horse"), None).await.unwrap());
    }

    #[test]
    fn short_passwords_are_refused() {
        assert!(check_strength(&SecretString::from("eleven char")).is_err());
        assert!(check_strength(&SecretString::from("twelve chars")).is_ok());
    }
}
