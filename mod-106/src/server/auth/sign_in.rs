//! Turns a request's credentials into a user.
//!
//! Hashing a password takes tens of milliseconds, far too long for every request. So what was verified is remembered, under
//! a digest keyed with a random key of this process: the memory holds no password, and nothing to look up in a table. The
//! user is read from the database each time and must still have the hash that was verified, so that a changed password or a
//! deleted user counts at once, in every server of a fleet.

use crate::server::auth::password;
use crate::server::error::ApiError;
use crate::server::store::Store;
use crate::server::store::users::User;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// So many verified credentials are remembered; beyond that, memory starts anew.
const MOST_REMEMBERED: usize = 10_000;

/// Who sends a request.
#[derive(Debug, Clone)]
pub enum Sender {
    /// Anyone: this server asks nobody who they are.
    Anyone,
    /// A user.
    User(User),
}

/// A username and a password, as they came.
#[derive(Debug)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// The memory of verified credentials.
pub struct SignIn {
    key: [u8; 32],
    verified: Mutex<HashMap<[u8; 32], String>>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SignIn").finish_non_exhaustive()
    }
}

impl Default for SignIn {
    fn default() -> Self {
        // Two random UUIDs: 244 random bits from the operating system.
        let mut key = [0; 32];
        key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        Self { key, verified: Mutex::default() }
    }
}

impl SignIn {
    /// The user that these headers speak for.
    ///
    /// # Errors
    /// When there are no basic credentials, or they are wrong.
    pub async fn user(&self, store: &Store, headers: &HeaderMap) -> Result<User, ApiError> {
        let credentials = basic_credentials(headers).ok_or(ApiError::Unauthenticated)?;
        let user = store.find_user(&credentials.username).await?;
        let digest = self.digest(&credentials);
        if let Some(user) = &user
            && self.lock().get(&digest) == Some(&user.password_hash)
        {
            return Ok(user.clone());
        }
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let verified = password::verify(credentials.password, hash).await?;
        let user = user.filter(|_| verified).ok_or(ApiError::Unauthenticated)?;
        let mut remembered = self.lock();
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(digest, user.password_hash.clone());
        Ok(user)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], String>> {
        // A panic while the map was locked left it whole: every change is one call.
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Envelope-keyed SHA-256; the length keeps `("ab", "c")` and `("a", "bc")` apart.
    fn digest(&self, credentials: &Credentials) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.key);
        hasher.update(credentials.username.len().to_le_bytes());
        hasher.update(&credentials.username);
        hasher.update(credentials.password.expose_secret());
        hasher.update(self.key);
        hasher.finalize().into()
    }
}

/// Reads an `Authorization: Basic` header.
fn basic_credentials(headers: &HeaderMap) -> Option<Credentials> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some(Credentials { username: username.to_owned(), password: SecretString::from(password) })
}

#[cfg(test)]
mod tests {
    use super::{SignIn, basic_credentials};
    use crate::server::auth::password;
    use crate::server::store::connect;
    use axum::http::{HeaderMap, HeaderValue, header};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use secrecy::{ExposeSecret, SecretString};

    fn headers(username: &str, password: &str) -> HeaderMap {
        let value = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::try_from(value).unwrap())])
    }

    #[test]
    fn headers_are_read() {
        let credentials = basic_credentials(&headers("ann", "a:b c")).unwrap();
        assert_eq!((credentials.username.as_str(), credentials.password.expose_secret()), ("ann", "a:b c"));
        assert!(!format!("{credentials:?}").contains("a:b c"));
        for bad in ["Bearer x", "Basic", "Basic !!!", "Basic YW5u"] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(bad))]);
            assert!(basic_credentials(&headers).is_none(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_changed_password_counts_at_once() {
        let store = connect::open("sqlite::memory:").await.unwrap();
        let hash = |text: &str| password::hash(SecretString::from(text));
        store.create_user("ann", &hash("the first password").await.unwrap(), false).await.unwrap();
        let sign_in = SignIn::default();
        let first = headers("ann", "the first password");
        for _ in 0..2 {
            assert!(sign_in.user(&store, &first).await.is_ok());
        }
        assert!(sign_in.user(&store, &headers("ann", "wrong")).await.is_err());
        assert!(sign_in.user(&store, &headers("bob", "the first password")).await.is_err());
        store.set_password_hash("ann", &hash("another password").await.unwrap()).await.unwrap();
        assert!(sign_in.user(&store, &first).await.is_err());
        assert!(sign_in.user(&store, &headers("ann", "another password")).await.is_ok());
        store.delete_user("ann").await.unwrap();
        assert!(sign_in.user(&store, &headers("ann", "another password")).await.is_err());
    }
}
