//! Durations such as `5s` and sizes such as `64MiB`, read and written.

use peerflow_model::leading_number;
pub use peerflow_model::{format_duration, parse_duration};

const SIZE_UNITS: [(&str, u64); 4] = [
    ("GiB", 1024 * 1024 * 1024),
    ("MiB", 1024 * 1024),
    ("KiB", 1024),
    ("B", 1),
];

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
    use std::time::Duration;

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
