//! Whether text is a date or a time.

use peerflow_rows::Kind;

/// Whether `text` is what a column of `kind` is meant to hold.
pub(super) fn is_moment(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Date => is_date(text),
        Kind::Time { .. } => is_time(text),
        Kind::Timestamp { .. } | Kind::Instant { .. } => is_timestamp(text),
        Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Decimal { .. }
        | Kind::Float { .. }
        | Kind::Text { .. }
        | Kind::Binary { .. }
        | Kind::Json => false,
    }
}

/// What is wrong with other text, for people.
pub(super) fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "it is not a date like 2026-01-31",
        Kind::Time { .. } => "it is not a time like 23:59:59",
        _ => "it is not a time like 2026-01-31 23:59:59",
    }
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (
        parts.next().and_then(|part| digits(part, 4)),
        parts.next().and_then(|part| digits(part, 2)),
        parts.next().and_then(|part| digits(part, 2)),
        parts.next(),
    ) else {
        return false;
    };
    (1..=days(year, month)).contains(&day)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

/// `hh:mm`, `hh:mm:ss` or with decimals of the second.
fn is_time(text: &str) -> bool {
    let (clock, has_good_decimals) = match text.split_once('.') {
        Some((clock, decimals)) => {
            let are_digits =
                !decimals.is_empty() && decimals.bytes().all(|byte| byte.is_ascii_digit());
            (clock, are_digits && clock.len() == 8)
        }
        None => (text, true),
    };
    let parts: Option<Vec<u32>> = clock.split(':').map(|part| digits(part, 2)).collect();
    has_good_decimals
        && match parts.as_deref() {
            Some([hour, minute]) => *hour < 24 && *minute < 60,
            // A leap second is one.
            Some([hour, minute, second]) => *hour < 24 && *minute < 60 && *second <= 60,
            Some(_) | None => false,
        }
}

/// A date, perhaps with a time, perhaps with the zone's distance from UTC.
fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_once([' ', 'T']) else {
        return is_date(text);
    };
    let clock = match time.find(['Z', '+', '-']) {
        Some(at) if &time[at..] == "Z" => &time[..at],
        Some(at) if is_offset(&time[at + 1..]) => time[..at].trim_end(),
        Some(_) => return false,
        None => time,
    };
    is_date(date) && is_time(clock)
}

/// `01:00`, `0100` or `01`.
fn is_offset(text: &str) -> bool {
    match text.len() {
        2 => digits(text, 2).is_some(),
        4 => digits(text, 4).is_some(),
        5 => is_time(text),
        _ => false,
    }
}

/// A number of so many digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    let is_number = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_told_from_other_text() {
        for text in ["2024-02-29", "0001-01-01", "9999-12-31"] {
            assert!(is_date(text), "{text}");
        }
        for text in [
            "2023-02-29",
            "2024-13-01",
            "24-1-1",
            "2024-01-01 ",
            "",
            "20240101",
        ] {
            assert!(!is_date(text), "{text}");
        }
        for text in [
            "2024-01-01",
            "2024-01-01 10:00",
            "2024-01-01T10:00:00.123456789Z",
            "2024-01-01 10:00:00+00:00",
            "2024-01-01 10:00:00.5 -0330",
        ] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "2024-01-01 25:00:00",
            "2024-01-01 10:00:00.",
            "2024-01-01 10:00.5",
            "now",
            "2024-01-01 10:00:00+x",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
