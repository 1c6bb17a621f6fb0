//! Numbers on their way into columns of binary fractions.

/// Whether the shortest digits of the number that a column of binary fractions will hold, of 32 bits where `single` and else
/// of 64, are those that were given. What is no number is for others to judge.
pub fn keeps_digits(value: &[u8], single: bool) -> bool {
    let text = std::str::from_utf8(value).unwrap_or_default();
    let Ok(number) = text.parse::<f64>() else {
        return true;
    };
    // `NaN` and `Infinity` have none.
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return true;
    }
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
            ("Infinity", false, true),
            ("NaN", true, true),
            ("abc", true, true),
        ] {
            assert_eq!(keeps_digits(number.as_bytes(), single), kept, "{number}");
        }
    }
}
