//! Values of an answer in plain form.

use std::io::Write;

use peerflow_rows::{BatchBuilder, Kind, RowTooLarge};

use crate::rowset::Value;

/// Digits that an exponent may add; numbers have at most 38.
const MOST_ZEROS: usize = 400;

/// Numbers that people write without an exponent.
const PLAIN: std::ops::Range<f64> = 1e-5..1e16;

/// Appends a value of a column of this kind.
pub(crate) fn push(
    value: Value<'_>,
    kind: Kind,
    into: &mut BatchBuilder,
) -> Result<(), RowTooLarge> {
    match value {
        Value::Boolean(value) => into.push(Some(if value { b"1" } else { b"0" })),
        Value::Integer(value) => write(into, format_args!("{value}")),
        Value::Double(value) => double(value, kind, into),
        Value::Bytes(value) => match kind {
            // Impala tells some of them as text.
            Kind::Boolean if value.eq_ignore_ascii_case(b"true") => into.push(Some(b"1")),
            Kind::Boolean if value.eq_ignore_ascii_case(b"false") => into.push(Some(b"0")),
            Kind::Decimal { .. } if memchr::memchr2(b'e', b'E', value).is_some() => {
                into.push(Some(spelled_out(value).as_deref().unwrap_or(value)))
            }
            Kind::Timestamp { .. } => into.push(Some(clock(value))),
            _ => into.push(Some(value)),
        },
    }
}

/// A number that comes as one of 64 bits though its column has 32 is made from the digits of the shorter one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the column's own values have 32 bits"
)]
fn double(value: f64, kind: Kind, into: &mut BatchBuilder) -> Result<(), RowTooLarge> {
    if value.is_nan() {
        into.push(Some(b"NaN"))
    } else if value.is_infinite() {
        into.push(Some(if value > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        }))
    } else {
        let value32 = value as f32;
        let is_short = value == 0.0 || PLAIN.contains(&value.abs());
        match (kind, is_short) {
            (Kind::Float { bits: 32 }, true) => write(into, format_args!("{value32}")),
            (Kind::Float { bits: 32 }, false) => write(into, format_args!("{value32:e}")),
            (_, true) => write(into, format_args!("{value}")),
            (_, false) => write(into, format_args!("{value:e}")),
        }
    }
}

fn write(into: &mut BatchBuilder, text: std::fmt::Arguments<'_>) -> Result<(), RowTooLarge> {
    // No number is longer.
    let mut digits = [0; 64];
    let mut rest = &mut digits[..];
    let written = rest.write_fmt(text).map(|()| rest.len());
    let length = written.map_or(0, |left| 64 - left);
    into.push(Some(&digits[..length]))
}

/// Without the zero that Java writes where there are no decimals, and without others at the end.
fn clock(value: &[u8]) -> &[u8] {
    let Some(point) = memchr::memchr(b'.', value) else {
        return value;
    };
    if !value[point + 1..].iter().all(u8::is_ascii_digit) {
        return value;
    }
    let zeros = value[point + 1..]
        .iter()
        .rev()
        .take_while(|&&digit| digit == b'0')
        .count();
    let end = value.len() - zeros;
    &value[..if end == point + 1 { point } else { end }]
}

/// A number without its exponent, as `0E-18` is one.
pub(crate) fn spelled_out(value: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(value).ok()?;
    let (digits, exponent) = text.split_once(['e', 'E'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [before, after].concat();
    if all.is_empty() || !all.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let point = i32::try_from(before.len()).ok()?.checked_add(exponent)?;
    let zeros = usize::try_from(point.unsigned_abs()).ok()?;
    if zeros > MOST_ZEROS {
        return None;
    }
    let spelled = if point <= 0 {
        format!("{sign}0.{}{all}", "0".repeat(zeros))
    } else if zeros >= all.len() {
        format!("{sign}{all}{}", "0".repeat(zeros - all.len()))
    } else {
        format!("{sign}{}.{}", &all[..zeros], &all[zeros..])
    };
    Some(spelled.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(value: Value<'_>, kind: Kind) -> String {
        let mut builder = BatchBuilder::new(1);
        push(value, kind, &mut builder).unwrap();
        String::from_utf8_lossy(builder.take().value(0, 0).unwrap()).into_owned()
    }

    #[test]
    fn times_have_no_zeros_at_their_end() {
        let kind = Kind::Timestamp { decimals: 9 };
        for (told, expected) in [
            ("2024-01-01 00:00:00.0", "2024-01-01 00:00:00"),
            ("2024-01-01 00:00:00.120", "2024-01-01 00:00:00.12"),
            ("2024-01-01 00:00:00", "2024-01-01 00:00:00"),
            (
                "2024-01-01 00:00:00.123456789",
                "2024-01-01 00:00:00.123456789",
            ),
        ] {
            assert_eq!(plain(Value::Bytes(told.as_bytes()), kind), expected);
        }
    }

    #[test]
    fn decimals_have_no_exponent() {
        let kind = Kind::Decimal {
            precision: None,
            scale: None,
        };
        for (told, expected) in [
            ("0E-3", "0.000"),
            ("1.5E-2", "0.015"),
            ("-1.25E+1", "-12.5"),
            ("3E2", "300"),
            ("12.50", "12.50"),
        ] {
            assert_eq!(plain(Value::Bytes(told.as_bytes()), kind), expected);
        }
    }

    #[test]
    fn numbers_of_32_bits_have_their_own_digits() {
        let told = Value::Double(f64::from(0.1_f32));
        assert_eq!(plain(told, Kind::Float { bits: 32 }), "0.1");
        assert_eq!(plain(Value::Double(0.1), Kind::Float { bits: 64 }), "0.1");
        let negative = Value::Double(f64::NEG_INFINITY);
        assert_eq!(plain(negative, Kind::Float { bits: 64 }), "-Infinity");
        let least = Value::Integer(i64::MIN);
        let kind = Kind::Integer {
            bits: 64,
            unsigned: false,
        };
        assert_eq!(plain(least, kind), i64::MIN.to_string());
    }
}
