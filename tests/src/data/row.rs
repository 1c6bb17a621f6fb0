//! One row, with its values in the form that all places are compared in.

/// The columns, in their order.
pub const COLUMNS: [&str; 10] = [
    "id", "small", "amount", "ratio", "flag", "day", "moment", "name", "note", "data",
];

/// The first column of those whose values are compared byte by byte.
pub(crate) const FIRST_OF_BYTES: usize = 7;

/// The last column, of binary values.
pub(crate) const DATA: usize = 9;

/// A row. `None` is NULL. Integers are digits; decimals have six decimals; doubles are the shortest digits with an exponent, of
/// which 0 has no sign; booleans are 1 and 0; days `yyyy-mm-dd`; moments the same with a time of six decimals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(pub [Option<Vec<u8>>; COLUMNS.len()]);

impl Row {
    /// The row's id; `None` when it is no number.
    pub fn id(&self) -> Option<i64> {
        std::str::from_utf8(self.0[0].as_deref()?)
            .ok()?
            .parse()
            .ok()
    }

    /// What is left of it after text between delimiters, which knows no line breaks and for which nothing and `null` are NULL.
    #[must_use]
    pub fn through_text(mut self) -> Self {
        for value in &mut self.0[FIRST_OF_BYTES..DATA] {
            *value = value
                .take()
                .map(|value| on_one_line(&value))
                .filter(|value| !value.is_empty() && !value.eq_ignore_ascii_case(b"null"));
        }
        self
    }
}

/// Line breaks of all three sorts become a space each.
pub(crate) fn on_one_line(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for (at, &byte) in value.iter().enumerate() {
        match byte {
            b'\n' if at > 0 && value[at - 1] == b'\r' => {}
            b'\n' | b'\r' => out.push(b' '),
            byte => out.push(byte),
        }
    }
    out
}

/// A value as a place gives it, in the form in which it is compared. What makes no sense in its column stays as it is, so that a
/// comparison shows it.
pub(crate) fn canonical(column: usize, value: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&value);
    let found = match column {
        2 => decimal(&text),
        3 => double(&text),
        4 => match &*text {
            "1" | "t" | "true" => Some("1".to_owned()),
            "0" | "f" | "false" => Some("0".to_owned()),
            _ => None,
        },
        6 if text.len() >= 19 && text.len() < 26 => {
            let point = if text.len() == 19 { "." } else { "" };
            Some(format!("{:0<26}", format!("{text}{point}")))
        }
        _ => None,
    };
    found.map_or(value, String::into_bytes)
}

fn decimal(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits =
        decimals.len() <= 6 && !whole.is_empty() && are_digits(whole) && are_digits(decimals);
    fits.then(|| format!("{sign}{whole}.{decimals:0<6}"))
}

fn double(text: &str) -> Option<String> {
    let number: f64 = text.parse().ok()?;
    // SQLite keeps no sign of 0.
    let number = if number == 0.0 { 0.0 } else { number };
    Some(format!("{number:e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_places_write_differently_is_the_same() {
        let of = |column, text: &str| {
            String::from_utf8(canonical(column, text.as_bytes().to_vec())).expect("text")
        };
        assert_eq!(of(2, "-5"), "-5.000000");
        assert_eq!(of(2, "0.1"), of(2, "0.100000"));
        assert_eq!(of(2, "0.1000001"), "0.1000001", "as it is");
        assert_eq!(
            of(3, "1.7976931348623157e+308"),
            of(3, &f64::MAX.to_string())
        );
        assert_eq!(of(3, "-0"), of(3, "0"));
        assert_eq!(of(4, "true"), "1");
        assert_eq!(of(6, "1000-01-01 00:00:00"), "1000-01-01 00:00:00.000000");
        assert_eq!(of(6, "1000-01-01 00:00:00.5"), "1000-01-01 00:00:00.500000");
        assert_eq!(on_one_line(b"a\r\nb\nc\rd\n\n"), b"a b c d  ");
    }
}
