//! How a webhook's receiver knows that a message is ours, and new: HMAC-SHA256 (RFC 2104) over `timestamp.body`, in hexadecimal.
//!
//! The timestamp is signed too, so whoever recorded a message cannot give it a new one; a receiver refuses what is older than
//! [`WINDOW`], and remembers the idempotency keys that it saw within it. Over the body alone, a recorded "resolved" could
//! be played back during the next incident.

use crate::digest::hex;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::time::Duration;

/// Carries seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "x-alert-timestamp";
/// Carries `sha256=` and 64 hexadecimal digits.
pub const SIGNATURE_HEADER: &str = "x-alert-signature";
/// How far a receiver's clock and a message's timestamp may lie apart.
pub const WINDOW: Duration = Duration::from_secs(300);

/// The signature's header.
#[must_use]
pub fn sign(secret: &SecretString, timestamp_s: i64, body: &[u8]) -> String {
    let digest = mac(secret, timestamp_s, body).finalize().into_bytes();
    format!("sha256={}", hex(&digest))
}

/// What a receiver does: whether a message is ours and new. The comparison takes the same time for every wrong signature.
#[must_use]
pub fn verify(secret: &SecretString, timestamp_s: i64, body: &[u8], signature: &str, now: Timestamp) -> bool {
    let age_s = now.as_second().saturating_sub(timestamp_s).unsigned_abs();
    let Some(digits) = signature.strip_prefix("sha256=") else { return false };
    let bytes: Option<Vec<u8>> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok())
        .collect();
    age_s <= WINDOW.as_secs() && bytes.is_some_and(|bytes| mac(secret, timestamp_s, body).verify_slice(&bytes).is_ok())
}

fn mac(secret: &SecretString, timestamp_s: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(timestamp_s.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_other_programs() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
        let expected = "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae";
        assert_eq!(sign(&"key".into(), 1_700_000_000, b"{}"), expected);
    }

    #[test]
    fn what_was_changed_or_recorded_is_refused() {
        let secret = "key".into();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let check = |timestamp_s: i64, body: &[u8], signature: &str, expected: bool| {
            assert_eq!(verify(&secret, timestamp_s, body, signature, now), expected, "{timestamp_s} {signature}");
        };
        let good = sign(&secret, 1_700_000_000, b"{}");
        check(1_700_000_000, b"{}", &good, true);
        check(1_700_000_000, b"{ }", &good, false);
        check(1_700_000_001, b"{}", &good, false);
        check(1_700_000_000, b"{}", &good[..good.len() - 1], false);
        check(1_700_000_000, b"{}", "", false);
        check(1_700_000_000, b"{}", "sha256=é", false);
        let old = sign(&secret, 1_699_999_699, b"{}");
        check(1_699_999_699, b"{}", &old, false);
    }
}
