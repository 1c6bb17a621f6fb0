//! Durations such as `5s` and sizes such as `64MiB`, read and written.

use std::time::Duration;

/// Longest duration taken, in seconds: a hundred years.
const LONGEST: u64 = 100 * 365 * 24 * 3600;

const DURATION_UNITS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

const SIZE_UNITS: [(&str, u64); 4] = [
    ("GiB", 1024 * 1024 * 1024),
    ("MiB", 1024 * 1024),
    ("KiB", 1024),
    ("B", 1),
];

/// Reads `500ms`, `5s`, `10m`, `2h`, `30d`, `1w` or several of them together, as in `1h 30m`.
///
/// # Errors
/// What is wrong and what to write.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const HELP: &str = "write it like \"500ms\", \"5s\", \"10m\", \"2h\" or \"30d\"";
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(format!("a duration is wanted; {HELP}"));
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, after) =
            leading_number(rest).ok_or_else(|| format!("{text:?} is no duration; {HELP}"))?;
        let unit_length = after
            .find(|letter: char| !letter.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_length);
        let factor = DURATION_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor)
            .ok_or_else(|| format!("{text:?} has no unit after {number}; {HELP}"))?;
        total = number
            .checked_mul(factor)
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= LONGEST * 1000)
            .ok_or_else(|| format!("{text:?} is longer than a hundred years"))?;
        rest = next.trim_start();
    }
    Ok(Duration::from_millis(total))
}

/// Reads `512B`, `64KiB`, `64MiB`, `1GiB`; `KB`, `MB`, `GB`, `K`, `M` and `G` mean the same, by 1024.
///
/// # Errors
/// What is wrong and what to write.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let wrong =
        || format!("{text:?} is no size; write it like \"512B\", \"64KiB\", \"64MiB\" or \"1GiB\"");
    let (number, unit) = leading_number(text.trim()).ok_or_else(wrong)?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1024,
        "m" | "mb" | "mib" => 1024 * 1024,
        "g" | "gb" | "gib" => 1024 * 1024 * 1024,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(wrong)
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let length = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(length);
    Some((digits.parse().ok()?, rest.trim_start()))
}

/// Writes it as [`parse_duration`] reads it, exact to the millisecond.
pub fn format_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if left == 0 {
        return "0s".to_owned();
    }
    let mut parts = Vec::new();
    for (name, factor) in &DURATION_UNITS[1..] {
        if left >= *factor {
            parts.push(format!("{}{name}", left / factor));
            left %= factor;
        }
    }
    parts.join(" ")
}

/// Writes it as [`parse_size`] reads it, exact to the byte.
pub fn format_size(bytes: u64) -> String {
    SIZE_UNITS
        .iter()
        .find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor))
        .map_or_else(
            || format!("{bytes}B"),
            |(name, factor)| format!("{}{name}", bytes / factor),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_alike() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("5s", 5_000),
            ("1m 30s", 90_000),
            ("2h", 7_200_000),
            ("30d", 2_592_000_000),
            ("0s", 0),
        ] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(parse_duration(text), Ok(duration), "{text}");
            assert_eq!(format_duration(duration), text);
        }
    }

    #[test]
    fn a_duration_without_unit_or_sense_is_refused_with_what_to_write() {
        for text in ["", "5", "s", "5 apples", "-1s", "999999999999d", "1.5s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert!(parse_duration("5").is_err_and(|error| error.contains("\"5s\"")));
    }

    #[test]
    fn sizes_are_read_and_written_alike() {
        for (text, bytes) in [
            ("64MiB", 64 << 20),
            ("1GiB", 1 << 30),
            ("1KiB", 1024),
            ("1500B", 1500),
        ] {
            assert_eq!(parse_size(text), Ok(bytes));
            assert_eq!(format_size(bytes), text);
        }
        assert_eq!(parse_size("2 MB"), Ok(2 << 20));
        assert_eq!(format_size(0), "0B");
        for text in [
            "",
            "x",
            "64 TiB",
            "99999999999999999999",
            "18446744073709551615GiB",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
