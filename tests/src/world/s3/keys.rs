//! The access keys of one bucket: made at random for each run, changed by IAM's calls, asked at every signature. A deleted key
//! stops working at once, which is more than AWS promises and exactly what a rotation check needs.

use s3s::{S3Result, auth::SecretKey, s3_error};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError, RwLock};

/// AWS allows each user two, so that one can be rotated while the other works.
const KEYS_A_USER: usize = 2;

/// An access key. The secret half is shown once, to whoever created it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA…`, 20 characters.
    pub id: String,
    /// 40 characters.
    pub secret: String,
    /// Whose it is.
    pub user: String,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).field("user", &self.user).finish_non_exhaustive()
    }
}

impl AccessKey {
    /// A key nobody can guess.
    #[must_use]
    pub fn random(user: &str) -> Self {
        Self { id: format!("AKIA{}", random_word(16)), secret: random_word(40), user: user.to_owned() }
    }
}

/// Why a key was not changed; each is an error code of IAM's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    LimitExceeded,
    NoSuchEntity,
}

/// All keys of one bucket. Cheap to clone; clones share the table.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyTable(Arc<RwLock<Vec<AccessKey>>>);

impl KeyTable {
    pub(super) fn new(keys: Vec<AccessKey>) -> Self {
        Self(Arc::new(RwLock::new(keys)))
    }

    pub(super) fn find(&self, id: &str) -> Option<AccessKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().find(|key| key.id == id).cloned()
    }

    pub(super) fn of_user(&self, user: &str) -> Vec<AccessKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().filter(|key| key.user == user).cloned().collect()
    }

    pub(super) fn create(&self, user: &str) -> Result<AccessKey, Refused> {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if keys.iter().filter(|key| key.user == user).count() >= KEYS_A_USER {
            return Err(Refused::LimitExceeded);
        }
        let key = AccessKey::random(user);
        keys.push(key.clone());
        Ok(key)
    }

    pub(super) fn delete(&self, user: &str, id: &str) -> Result<(), Refused> {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = keys.len();
        keys.retain(|key| key.id != id || key.user != user);
        if keys.len() == before { Err(Refused::NoSuchEntity) } else { Ok(()) }
    }
}

#[async_trait::async_trait]
impl s3s::auth::S3Auth for KeyTable {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.find(access_key) {
            Some(key) => Ok(SecretKey::from(key.secret)),
            None => Err(s3_error!(InvalidAccessKeyId, "The access key id does not exist.")),
        }
    }
}

/// A word of capitals and digits, from the system's randomness: about five bits a character.
pub(super) fn random_word(length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = vec![0; length];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut bytes).expect("the system's randomness does not fail once it has been seeded");
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use super::{KeyTable, Refused};

    #[test]
    fn a_user_has_two_keys_at_most_and_only_its_own() {
        let table = KeyTable::default();
        let first = table.create("a").unwrap();
        table.create("a").unwrap();
        assert_eq!(table.create("a"), Err(Refused::LimitExceeded));
        assert_eq!(table.delete("b", &first.id), Err(Refused::NoSuchEntity));
        assert_eq!(table.delete("a", &first.id), Ok(()));
        assert_eq!(table.find(&first.id), None);
        assert_eq!(table.of_user("a").len(), 1);
    }
}
