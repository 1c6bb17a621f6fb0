//! What is looked at in a value before the server gets it.

/// Without decimals that are all zero.
pub(crate) fn whole(value: &[u8]) -> &[u8] {
    match memchr::memchr(b'.', value) {
        Some(at) if at > 0 && value[at + 1..].iter().all(|&digit| digit == b'0') => &value[..at],
        _ => value,
    }
}

/// How many decimals a number needs; less than 0 for one that ends in zeros before its point.
pub(crate) fn decimals(value: &[u8]) -> i64 {
    let (digits, exponent) = match memchr::memchr2(b'e', b'E', value) {
        Some(at) => (&value[..at], &value[at + 1..]),
        None => (value, &b"0"[..]),
    };
    let exponent = std::str::from_utf8(exponent)
        .ok()
        .and_then(|text| text.parse::<i64>().ok());
    let (before, after) = match memchr::memchr(b'.', digits) {
        Some(at) => digits.split_at(at),
        None => (digits, &b"."[..]),
    };
    let zeros = |digits: &[u8]| {
        digits
            .iter()
            .rev()
            .take_while(|&&digit| digit == b'0')
            .count()
    };
    let needed = after.len() - 1 - zeros(after);
    let needed = match needed {
        0 => -i64::try_from(zeros(before)).unwrap_or(0),
        _ => i64::try_from(needed).unwrap_or(i64::MAX),
    };
    if needed <= 0 && !digits.iter().any(|digit| (b'1'..=b'9').contains(digit)) {
        return 0;
    }
    needed - exponent.unwrap_or(0)
}

/// Sources that know a day which is none (`0000-00-00`) mean different things by it.
pub(crate) fn not_zero(value: &[u8]) -> Result<(), String> {
    match value.starts_with(b"0000-") {
        true => Err(format!(
            "{} is no date for PostgreSQL: let the source's query make NULL or a date of it",
            shown(value)
        )),
        false => Ok(()),
    }
}

/// Whether a date is followed by a time other than midnight.
pub(crate) fn has_time(value: &[u8]) -> bool {
    let time = memchr::memchr2(b' ', b'T', value).map_or(&b""[..], |at| &value[at..]);
    let end = memchr::memchr3(b'+', b'-', b'Z', time).unwrap_or(time.len());
    memchr::memchr(b':', &time[..end]).is_some()
        && time[..end]
            .iter()
            .any(|digit| (b'1'..=b'9').contains(digit))
}

pub(crate) fn few_decimals(value: &[u8], most: u8) -> Result<(), String> {
    let Some(point) = memchr::memchr(b'.', value) else {
        return Ok(());
    };
    let decimals = value[point + 1..]
        .iter()
        .take_while(|digit| digit.is_ascii_digit());
    match decimals.skip(usize::from(most)).any(|&digit| digit != b'0') {
        true => Err(format!(
            "{} has more than {most} decimals of the second",
            shown(value)
        )),
        false => Ok(()),
    }
}

/// Refuses a time that says to be of another zone than UTC: a column without zone would drop the zone and keep the time.
pub(crate) fn in_utc(value: &[u8]) -> Result<(), String> {
    let zone = zone(value);
    let is_utc = match zone.first() {
        None => true,
        Some(b'+' | b'-') => zone[1..].iter().all(|byte| matches!(byte, b'0' | b':')),
        Some(_) => ["Z", "UTC", "GMT", "ZULU"]
            .iter()
            .any(|name| zone.eq_ignore_ascii_case(name.as_bytes())),
    };
    match is_utc {
        true => Ok(()),
        false => Err(format!(
            "{} is told with an offset or a zone, and the column keeps none: tell it in UTC, or make the column one with zone",
            shown(value)
        )),
    }
}

/// What follows the time of day, where that may be a zone; empty is none.
fn zone(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    // `20260101T100000+08` has no colon before its zone.
    let compact = memchr::memchr2(b'T', b't', value)
        .filter(|&at| at > 0 && value[at - 1].is_ascii_digit())
        .map(|at| at + 1);
    let Some(clock) = compact.or_else(|| memchr::memchr(b':', value)) else {
        let sign = memchr::memchr(b'+', value);
        return sign.map_or(&[], |at| &value[at..]);
    };
    let mut rest = &value[clock..];
    loop {
        let begins = |byte: &u8| matches!(byte, b'+' | b'-') || byte.is_ascii_alphabetic();
        let Some(at) = rest.iter().position(begins) else {
            return &[];
        };
        rest = &rest[at..];
        let word = rest
            .iter()
            .position(|byte| !byte.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let half_or_era = ["AM", "PM", "BC", "AD"]
            .iter()
            .any(|name| rest[..word].eq_ignore_ascii_case(name.as_bytes()));
        if !half_or_era {
            return rest;
        }
        rest = &rest[word..];
    }
}

/// Counts what begins a character of UTF-8.
pub(crate) fn characters(value: &[u8]) -> usize {
    value.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

/// A value in a message: not all of a long one.
pub(crate) fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(&value[..value.len().min(400)]);
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{:?} …", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_counted_as_far_as_they_matter() {
        for (value, expected) in [
            ("12.3400", 2),
            ("-1.5", 1),
            ("1200", -2),
            ("1200.0", -2),
            ("1.5e-7", 8),
            ("1.25E1", 1),
            ("150e-1", 0),
            ("0", 0),
            ("0.000", 0),
            ("NaN", 0),
        ] {
            assert_eq!(decimals(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn a_zone_is_seen_however_it_is_written() {
        for utc in [
            "2026-01-01",
            "2026-01-01 10:00:00",
            "2026-01-01T10:00:00.123456Z",
            "2026-01-01 10:00:00+00:00",
            "2026-01-01 10:00 UTC",
            "Thu Jan 01 10:00:00 2026",
            "0044-03-15 12:00:00 BC",
            "01/02/2026 10:00 PM",
            "20260101T100000",
            "infinity",
        ] {
            assert_eq!(in_utc(utc.as_bytes()), Ok(()), "{utc}");
        }
        for other in [
            "2026-01-01 10:00:00+08:00",
            "2026-01-01 10:00:00.5-0330",
            "2026-01-01T10:00:00+01",
            "2026-01-01 10:00:00 CET",
            "2026-01-01 10:00 Europe/Berlin",
            "20260101T100000+0800",
            "2026-01-01+08",
            "0044-03-15 12:00:00+00:53:28 BC",
        ] {
            in_utc(other.as_bytes()).unwrap_err();
        }
    }

    #[test]
    fn long_values_are_not_shown_whole() {
        assert_eq!(shown("a\n".as_bytes()), "\"a\\n\"");
        assert!(shown("订".repeat(1000).as_bytes()).chars().count() < 110);
    }
}
