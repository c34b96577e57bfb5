//! Bytes that no compression shortens and no cache knows, made from a seed so that nobody has to keep them: a check that stores
//! 100 MiB holds one block of them at a time, and knows their digest beforehand.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const BLOCK: u64 = 256 << 10;

/// A stream of `length` bytes that follows from `seed`.
#[derive(Clone, Debug)]
pub struct RandomBytes {
    rng: fastrand::Rng,
    left: u64,
}

impl RandomBytes {
    /// The stream's beginning.
    #[must_use]
    pub fn new(seed: u64, length: u64) -> Self {
        Self { rng: fastrand::Rng::with_seed(seed), left: length }
    }

    /// The SHA-256 of all that is left, in hexadecimal.
    #[must_use]
    pub fn sha256(self) -> String {
        let mut digest = Sha256::new();
        self.for_each(|block| digest.update(&block));
        hex(&digest.finalize())
    }
}

impl Iterator for RandomBytes {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let length = self.left.min(BLOCK);
        if length == 0 {
            return None;
        }
        self.left -= length;
        let mut block = vec![0; usize::try_from(length).unwrap_or_default()];
        self.rng.fill(&mut block);
        Some(block.into())
    }
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, RandomBytes};

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_exactly_as_many_as_asked() {
        let length = BLOCK + 17;
        let blocks: Vec<_> = RandomBytes::new(7, length).collect();
        assert_eq!(blocks.iter().map(|block| block.len() as u64).sum::<u64>(), length);
        assert_eq!(RandomBytes::new(7, length).sha256(), RandomBytes::new(7, length).sha256());
        assert_ne!(RandomBytes::new(7, length).sha256(), RandomBytes::new(8, length).sha256());
    }

    #[test]
    fn nothing_has_the_well_known_digest_of_nothing() {
        assert_eq!(RandomBytes::new(1, 0).sha256(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
