//! Exact arithmetic for money. `Decimal` keeps 96 bits and silently rounds what does not fit; here that is an error instead, so that
//! no sum of costs is ever off by something that nobody was told. No float stands anywhere between a price and a cost.

use rust_decimal::Decimal;

/// The largest mantissa of a [`Decimal`]: 96 bits.
const LARGEST: i128 = (1 << 96) - 1;
/// The most decimal places of a [`Decimal`].
const PLACES: u32 = 28;

/// The product, with every digit, or `None` where it does not fit.
pub fn times(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right) = (left.normalize(), right.normalize());
    let mantissa = left.mantissa().checked_mul(right.mantissa())?;
    let product = whole(mantissa, left.scale() + right.scale())?;
    Some(product.normalize())
}

/// The sum, with every digit, or `None` where it does not fit.
pub fn plus(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right) = (left.normalize(), right.normalize());
    let scale = left.scale().max(right.scale());
    let widened = |value: Decimal| value.mantissa().checked_mul(10_i128.checked_pow(scale - value.scale())?);
    let sum = whole(widened(left)?.checked_add(widened(right)?)?, scale)?;
    Some(sum.normalize())
}

/// The sum of all of them, or `None` where it does not fit.
pub fn sum(values: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    values.into_iter().try_fold(Decimal::ZERO, plus)
}

/// A number as JSON, YAML and Prometheus write it, `1.25e-06` included, digit by digit; never by way of a float.
pub fn parse(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '-' || first == '.') {
        return None;
    }
    let Some((number, exponent)) = digits.split_once(['e', 'E']) else {
        return Decimal::from_str_exact(digits).ok().map(|value| value.normalize());
    };
    let number = Decimal::from_str_exact(number).ok()?.normalize();
    let exponent: i32 = exponent.parse().ok()?;
    let scale = i32::try_from(number.scale()).ok()?.checked_sub(exponent)?;
    let value = if scale < 0 {
        whole(number.mantissa().checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?, 0)
    } else {
        whole(number.mantissa(), scale.unsigned_abs())
    };
    value.map(|value| value.normalize())
}

/// As people read US dollars: at least two decimal places, and as many more as there are.
pub fn dollars(value: Decimal) -> String {
    let value = value.normalize();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let places = value.scale().max(2) as usize;
    format!("{sign}${:.places$}", value.abs())
}

fn whole(mantissa: i128, scale: u32) -> Option<Decimal> {
    let (mut mantissa, mut scale) = (mantissa, scale);
    while (scale > PLACES || mantissa.abs() > LARGEST) && scale > 0 && mantissa % 10 == 0 {
        (mantissa, scale) = (mantissa / 10, scale - 1);
    }
    let fits = scale <= PLACES && mantissa.abs() <= LARGEST;
    fits.then(|| Decimal::from_i128_with_scale(mantissa, scale))
}

#[cfg(test)]
mod tests {
    use super::{dollars, parse, plus, sum, times};
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse(text).map(|value| value.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn numbers_are_read_digit_by_digit() {
        check("1.25e-06", Some("0.00000125"));
        check("1E3", Some("1000"));
        check("1e+15", Some("1000000000000000"));
        check("0.1", Some("0.1"));
        check("-0.5", Some("-0.5"));
        check("0.123456789012345678901234567", Some("0.123456789012345678901234567"));
        check("NaN", None);
        check("+Inf", None);
        check("1e40", None);
        check("", None);
    }

    #[test]
    fn what_does_not_fit_is_no_silent_rounding() {
        let tiny = Decimal::from_i128_with_scale(1, 28);
        assert_eq!(times(tiny, tiny), None);
        assert_eq!(plus(Decimal::MAX, tiny), None);
        assert_eq!(times(Decimal::from(1_000_000_000_000_000_u64), parse("1.25e-06").unwrap()), parse("1250000000"));
    }

    #[test]
    fn dollars_have_two_places_or_as_many_as_they_need() {
        let shown = |text: &str| dollars(parse(text).unwrap());
        assert_eq!([shown("3"), shown("0.00000125"), shown("-2.5")], ["$3.00", "$0.00000125", "-$2.50"]);
    }

    proptest! {
        #[test]
        fn sums_do_not_depend_on_the_order(mut cents in proptest::collection::vec(-1_000_000_000_i64..1_000_000_000, 1..50), scale in 0_u32..12) {
            let values = |cents: &[i64]| sum(cents.iter().map(|cents| Decimal::new(*cents, scale)));
            let forwards = values(&cents);
            cents.reverse();
            prop_assert_eq!(forwards, values(&cents));
            prop_assert_eq!(forwards, Some(Decimal::new(cents.iter().sum(), scale).normalize()));
        }

        #[test]
        fn a_product_has_every_digit(tokens in 0_u64..1_000_000_000_000_000, price in 0_u32..1_000_000) {
            let exact = u128::from(tokens) * u128::from(price);
            let product = times(Decimal::from(tokens), Decimal::new(i64::from(price), 12)).unwrap();
            let expected = Decimal::from_i128_with_scale(i128::try_from(exact).unwrap(), 12);
            prop_assert_eq!(product, expected);
        }
    }
}
