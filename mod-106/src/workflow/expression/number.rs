//! Numbers as JavaScript reads and writes them, for that is what GitHub's package does.
//!
//! GitHub's runner, in C#, reads hexadecimal as signed 32 bits: `'0xFFFFFFFF'` is -1 there and 4294967295 here.
//! Sources: ECMA-262 §7.1.4.1 (`StringToNumber`), §6.1.6.1.20 (`Number::toString`), §21.1.3.3 (`toFixed`).

/// Reads text as `Number(text)` does: empty is 0, nonsense is NaN.
pub(super) fn parse(text: &str) -> f64 {
    let text = text.trim_matches(is_white);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            return whole(&text[2..], radix);
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        "" => return if text.is_empty() { 0.0 } else { f64::NAN },
        "Infinity" => return if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY },
        _ => {}
    }
    // Rust reads `inf` and `nan` too.
    let plain = unsigned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if plain { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// White space as `trim()` in JavaScript means it.
pub(super) fn is_white(character: char) -> bool {
    (character.is_whitespace() && character != '\u{85}') || character == '\u{feff}'
}

fn whole(digits: &str, radix: u32) -> f64 {
    let mut exact: u128 = 0;
    let mut large = 0.0;
    for character in digits.chars() {
        let Some(digit) = character.to_digit(radix) else { return f64::NAN };
        large = large * f64::from(radix) + f64::from(digit);
        exact = exact.saturating_mul(radix.into()).saturating_add(digit.into());
    }
    match digits {
        "" => f64::NAN,
        #[expect(clippy::cast_precision_loss, reason = "to the nearest double is what is asked for")]
        _ if exact < u128::MAX => exact as f64,
        _ => large,
    }
}

/// Writes a number as expressions do: at most 15 decimals, without trailing zeros.
pub(super) fn text(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() || value.abs() >= 1e21 {
        return exact_text(value);
    }
    // `toFixed(15)` rounds a half away from zero, and Rust to even: cut the exact decimals ourselves.
    let decimals = format!("{:.1100}", value.abs());
    let (whole, fraction) = decimals.split_once('.').unwrap_or((&decimals, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().take(15)).collect();
    if fraction.as_bytes().get(15).is_some_and(|digit| *digit >= b'5') {
        round_up(&mut digits);
    }
    let point = digits.len() - 15;
    let rounded: String = digits.iter().map(|digit| char::from(*digit)).collect();
    let rounded: f64 = format!("{}.{}", &rounded[..point], &rounded[point..]).parse().unwrap_or(f64::NAN);
    exact_text(rounded.copysign(value))
}

fn round_up(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

/// Writes a number as `toString()` does: the shortest digits that read back alike.
pub(super) fn exact_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}Infinity");
    }
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (count, point) = (digits.len(), exponent + 1);
    let zeros = |number: i32| "0".repeat(usize::try_from(number).unwrap_or(0));
    match usize::try_from(point) {
        Ok(point) if count <= point && point <= 21 => format!("{sign}{digits}{}", "0".repeat(point - count)),
        Ok(point) if 0 < point && point <= 21 => format!("{sign}{}.{}", &digits[..point], &digits[point..]),
        _ if -6 < point && point <= 0 => format!("{sign}0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
            format!("{sign}{first}{rest}e{}{}", if exponent < 0 { "-" } else { "+" }, exponent.abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, text};

    #[test]
    fn text_reads_as_javascript_reads_it() {
        fn check(text: &str, expected: f64) {
            let value = parse(text);
            assert!(value == expected || (value.is_nan() && expected.is_nan()), "{text:?}: {value}");
        }
        check("", 0.0);
        check(" \n", 0.0);
        check("0x1F", 31.0);
        check("0XfF", 255.0);
        check("0b11", 3.0);
        check("-0x1", f64::NAN);
        check("inf", f64::NAN);
        check("Infinity", f64::INFINITY);
        check("infinity", f64::NAN);
        check("5.", 5.0);
        check(".5e-1", 0.05);
        check("1_000", f64::NAN);
        check("-", f64::NAN);
    }

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        fn check(value: f64, expected: &str) {
            assert_eq!(text(value), expected);
        }
        check(-0.0, "0");
        check(1e21, "1e+21");
        check(1e20, "100000000000000000000");
        check(0.1 + 0.2, "0.3");
        check(1.5e-7, "1.5e-7");
        check(1e-16, "0");
        check(0.5f64.powi(16), "0.000015258789063");
        check(f64::NAN, "NaN");
        check(-f64::INFINITY, "-Infinity");
    }
}
