//! Bytes as hexadecimal digits: the one place that spells digests and signatures, which every part then frames in its own way
//! (`sha256:…` in trails and tags, `sha256=…` in a signature's header).

/// Two lower-case digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn every_byte_is_two_digits() {
        assert_eq!(hex(&[]), "");
        assert_eq!(hex(&[0, 9, 10, 15, 16, 171, 255]), "00090a0f10abff");
    }
}
