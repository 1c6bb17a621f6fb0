//! Durations such as `5s`, read and written.

use std::time::Duration;

/// Longest duration taken, in seconds: a hundred years.
const LONGEST: u64 = 100 * 365 * 24 * 3600;

const UNITS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
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
        let factor = UNITS
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

/// A number at the start of `text`, and what comes after it.
pub fn leading_number(text: &str) -> Option<(u64, &str)> {
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
    for (name, factor) in &UNITS[1..] {
        if left >= *factor {
            parts.push(format!("{}{name}", left / factor));
            left %= factor;
        }
    }
    parts.join(" ")
}
