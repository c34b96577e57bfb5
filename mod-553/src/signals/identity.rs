//! Names made from content. A random id would make a second export of the same thing look like a second thing.

use sha2::{Digest, Sha256};

/// `sha256:…` of bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    mod_106::audit::digest_text(&Sha256::digest(bytes))
}

/// So many hexadecimal digits that stand for these words, in this order. Each word is counted in its length, so that `ab`, `c` is not
/// `a`, `bc`.
pub(super) fn name(digits: usize, words: &[&str]) -> String {
    let mut hash = Sha256::new();
    for word in words {
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word);
    }
    let mut name = mod_106::digest::hex(&hash.finalize());
    name.truncate(digits);
    name
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn words_are_kept_apart() {
        assert_ne!(name(32, &["ab", "c"]), name(32, &["a", "bc"]));
        assert_eq!(name(16, &["a"]), name(32, &["a"])[..16]);
    }
}
