//! Hashes passwords with argon2id and checks them.
//!
//! Hashing is meant to be slow and to take memory (7 MiB each), so it runs on one thread of its own, one password at a
//! time: a flood of wrong passwords costs time, not memory. (A pool's threads would each keep the memory of their last
//! turn.) `sign_in.rs` remembers what was verified.

use crate::server::error::ApiError;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{LazyLock, mpsc};
use tokio::sync::oneshot;

const SHORTEST_PASSWORD_CHARACTERS: usize = 12;
static HASHING: LazyLock<mpsc::Sender<Turn>> = LazyLock::new(start_hashing);

/// One password's work on the hashing thread.
type Turn = Box<dyn FnOnce() + Send>;

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
        hasher()
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
            let _ = hasher().hash_password(password);
            return Ok(false);
        };
        let parsed = PasswordHash::new(&hash)
            .map_err(|error| ApiError::Internal(format!("a stored password hash is malformed: {error}")))?;
        Ok(hasher().verify_password(password, &parsed).is_ok())
    })
    .await?
}

/// OWASP's recommendation with the least memory: 7 MiB, five passes. The library's default takes 19 MiB, which the allocator
/// then keeps, and an idle server would hold it for good.
fn hasher() -> Argon2<'static> {
    let params = Params::new(7 * 1024, 5, 1, None).expect("these are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Does the work on the hashing thread.
async fn slowly<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let stopped = || ApiError::Internal("the hashing thread is gone".to_owned());
    let (answer, answered) = oneshot::channel();
    let turn: Turn = Box::new(move || {
        // Whoever asked may have hung up meanwhile.
        let _ = answer.send(work());
    });
    HASHING.send(turn).map_err(|_| stopped())?;
    answered.await.map_err(|_| stopped())
}

fn start_hashing() -> mpsc::Sender<Turn> {
    let (turns, waiting) = mpsc::channel::<Turn>();
    std::thread::spawn(move || waiting.into_iter().for_each(|turn| turn()));
    turns
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
