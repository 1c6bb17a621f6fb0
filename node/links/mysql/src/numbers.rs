//! Numbers on their way into FLOAT and DOUBLE.

/// Whether the shortest digits of the number that the column will hold are those that were given.
pub(crate) fn keeps_digits(value: &[u8], single: bool) -> bool {
    let text = std::str::from_utf8(value).unwrap_or_default();
    let Ok(number) = text.parse::<f64>() else {
        return true;
    };
    let given = if text.contains(['e', 'E']) {
        number.to_string()
    } else {
        text.to_owned()
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is lost by it is what is looked for"
    )]
    let kept = if single {
        (number as f32).to_string()
    } else {
        number.to_string()
    };
    significant(&given) == significant(&kept)
}

/// The shortest digits of the largest FLOAT are more than it is, which the server refuses: it gets all digits.
pub(crate) fn single<'a>(value: &'a [u8], space: &'a mut Vec<u8>) -> &'a [u8] {
    let large = value.len() >= 38 || value.ends_with(b"38");
    let number = large.then(|| std::str::from_utf8(value).ok()?.parse::<f32>().ok());
    match number.flatten() {
        Some(number) if number.abs() == f32::MAX => {
            space.clear();
            space.extend_from_slice(f64::from(number).to_string().as_bytes());
            space
        }
        _ => value,
    }
}

/// Digits without the zeros that say nothing.
fn significant(number: &str) -> &str {
    let number = number.strip_prefix('-').unwrap_or(number);
    let number = number.trim_start_matches('0');
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_a_column_cannot_keep_are_seen() {
        for (number, single, kept) in [
            ("0.1", true, true),
            ("1.50", true, true),
            ("-0.00", false, true),
            ("1e300", false, true),
            ("1e300", true, false),
            ("16777217", true, false),
            ("9007199254740993", false, false),
            ("12345678901234567890.5", false, false),
        ] {
            assert_eq!(keeps_digits(number.as_bytes(), single), kept, "{number}");
        }
    }

    #[test]
    fn the_largest_float_is_written_with_all_digits() {
        let mut space = Vec::new();
        assert_eq!(single(b"1.5", &mut space), b"1.5");
        assert_eq!(
            single(b"-3.4028235e38", &mut space),
            b"-340282346638528860000000000000000000000"
        );
    }
}
