//! Page tokens: opaque to callers, base64 of `{"offset": N}` inside, as MLflow writes them.

use crate::server::error::ApiError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The token of the page that starts at `offset`.
#[must_use]
pub fn write(offset: i64) -> String {
    STANDARD.encode(format!("{{\"offset\": {offset}}}"))
}

/// Where a page starts; no token means at the start.
///
/// # Errors
/// When the token is none of ours.
pub fn read(token: Option<&str>) -> Result<i64, ApiError> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(0) };
    let decoded =
        STANDARD.decode(token).map_err(|_| ApiError::invalid("Invalid page token, could not base64-decode"))?;
    let invalid = || {
        let shown = String::from_utf8_lossy(&decoded);
        ApiError::invalid(format!("Invalid page token, decoded value={shown}"))
    };
    let parsed: Value = serde_json::from_slice(&decoded).map_err(|_| invalid())?;
    let offset = match parsed.get("offset") {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    offset.filter(|offset| *offset > 0).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use proptest::prelude::{any, proptest};

    #[test]
    fn bad_tokens_are_refused() {
        for token in ["!", "bm9uc2Vuc2U=", &write(0), &write(-4)] {
            assert!(read(Some(token)).is_err(), "{token}");
        }
        assert_eq!(read(None).unwrap(), 0);
        assert_eq!(read(Some("")).unwrap(), 0);
    }

    proptest! {
        #[test]
        fn offsets_come_back(offset in 1..i64::MAX) {
            assert_eq!(read(Some(&write(offset))).unwrap(), offset);
        }

        #[test]
        fn any_text_is_read_or_refused(token in any::<String>()) {
            let _ = read(Some(&token));
        }
    }
}
