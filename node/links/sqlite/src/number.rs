//! Decimals as text, and what a double keeps of them.

use crate::declared::EXACT_DIGITS;

/// Zeros that an exponent may add: more than any double has.
const MOST_ZEROS: usize = 400;
/// Digits before the point of the largest double.
const LARGEST_DIGITS: usize = 309;

/// A number written out: `-12.50`, `1e3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// `None` when it is no number. Spaces around it must be gone.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (digits, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let exponent_is_whole = exponent.is_none_or(|exponent| {
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !digits.is_empty() && all_digits(digits)
        });
        let is_number = all_digits(whole)
            && all_digits(fraction)
            && !(whole.is_empty() && fraction.is_empty())
            && exponent_is_whole;
        is_number.then_some(Self {
            is_negative: text.starts_with('-'),
            whole,
            fraction,
            exponent,
        })
    }

    pub(crate) fn has_exponent(&self) -> bool {
        self.exponent.is_some()
    }

    /// The same number without an exponent, all of its digits; `None` where these are too many.
    pub(crate) fn spelled_out(&self) -> Option<String> {
        let exponent: i32 = self.exponent.unwrap_or("0").parse().ok()?;
        let sign = if self.is_negative { "-" } else { "" };
        let digits = [self.whole, self.fraction].concat();
        let point = i32::try_from(self.whole.len())
            .ok()?
            .checked_add(exponent)?;
        let before = usize::try_from(point.unsigned_abs()).ok()?;
        if before > digits.len() + MOST_ZEROS {
            return None;
        }
        Some(if point <= 0 {
            format!("{sign}0.{}{digits}", "0".repeat(before))
        } else if before >= digits.len() {
            format!("{sign}{digits}{}", "0".repeat(before - digits.len()))
        } else {
            format!("{sign}{}.{}", &digits[..before], &digits[before..])
        })
    }

    /// Whether there is nothing but zeros after the point.
    pub(crate) fn is_whole(&self) -> bool {
        self.exponent.is_none() && self.fraction.bytes().all(|byte| byte == b'0')
    }

    /// The digits before the point.
    pub(crate) fn whole(&self) -> &'a str {
        self.whole
    }

    /// Whether a double gives back the same number, which has no exponent.
    pub(crate) fn fits_a_double(&self) -> bool {
        let fraction = self.fraction.trim_end_matches('0');
        let whole = self.whole.trim_start_matches('0');
        let digits = if whole.is_empty() {
            fraction.trim_start_matches('0').len()
        } else if fraction.is_empty() {
            whole.trim_end_matches('0').len()
        } else {
            whole.len() + fraction.len()
        };
        digits <= usize::from(EXACT_DIGITS)
            && whole.len() <= LARGEST_DIGITS
            && self.fraction.len() <= 300
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_numbers() {
        for text in ["0", "-1", "+1.5", ".5", "5.", "1e3", "-1.5E-7"] {
            assert!(Written::parse(text).is_some(), "{text}");
        }
        for text in ["", "-", ".", "1e", "1e+", "0x10", "1,5", "1 2", "NaN", "１"] {
            assert_eq!(Written::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_exponent_is_spelled_out_with_all_digits() {
        for (text, spelled) in [
            ("1e3", "1000"),
            ("-1.5E-7", "-0.00000015"),
            ("1234567890.0987654321e3", "1234567890098.7654321"),
            ("1.2345678901234567890123e10", "12345678901.234567890123"),
            (".5e1", "5"),
            ("7e0", "7"),
        ] {
            let written = Written::parse(text).unwrap();
            assert_eq!(written.spelled_out().as_deref(), Some(spelled), "{text}");
        }
        for text in ["1e999999999", "1e-999999999", "1e99999999999"] {
            assert_eq!(Written::parse(text).unwrap().spelled_out(), None, "{text}");
        }
    }

    #[test]
    fn a_double_keeps_fifteen_digits_and_no_more() {
        for text in [
            "123456789012345",
            "0.000000000000000123456789012345",
            "1234567890.12345",
            "100000000000000000000",
        ] {
            assert!(Written::parse(text).unwrap().fits_a_double(), "{text}");
        }
        for text in [
            "1234567890123456",
            "0.1234567890123456",
            "100000000000000000.5",
        ] {
            assert!(!Written::parse(text).unwrap().fits_a_double(), "{text}");
        }
    }
}
