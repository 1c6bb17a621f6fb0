//! Texts of queries as values.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use peerflow_model::InstanceStatus;
use peerflow_store::Cursor;

use crate::http::problem::ApiProblem;

/// Rows of a page where the caller does not say.
const DEFAULT_LIMIT: u32 = 100;
/// Rows of a page at most.
const MAX_LIMIT: u32 = 1000;

/// The number of rows asked for.
pub(super) fn limit(given: Option<u32>) -> Result<u32, ApiProblem> {
    match given {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
        Some(other) => Err(ApiProblem::invalid_request(format!(
            "limit is {other}; give a number from 1 to {MAX_LIMIT}"
        ))),
    }
}

pub(super) fn cursor(given: Option<String>) -> Option<Cursor> {
    given.filter(|text| !text.is_empty()).map(Cursor)
}

/// A filter that was left empty, as forms do, filters nothing.
pub(super) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The first instant of what `text` names: a day, a local time in `zone`, or RFC 3339.
pub(super) fn from(
    name: &str,
    text: Option<&str>,
    zone: &TimeZone,
) -> Result<Option<Timestamp>, ApiProblem> {
    instant(name, text, zone, false)
}

/// The instant after what `text` names: a day counts whole, as people mean it.
pub(super) fn until(
    name: &str,
    text: Option<&str>,
    zone: &TimeZone,
) -> Result<Option<Timestamp>, ApiProblem> {
    instant(name, text, zone, true)
}

fn instant(
    name: &str,
    text: Option<&str>,
    zone: &TimeZone,
    past: bool,
) -> Result<Option<Timestamp>, ApiProblem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    // In a query a plus that was not encoded is a blank.
    let instant = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| text.replace(' ', "+").parse().ok());
    if let Some(instant) = instant {
        return Ok(Some(instant));
    }
    let is_day = text.len() <= "2026-11-20".len();
    let local = if is_day {
        let day = text.parse::<Date>().ok();
        let day = if past {
            day.and_then(|day| day.tomorrow().ok())
        } else {
            day
        };
        day.map(|day| day.to_datetime(Time::midnight()))
    } else {
        text.parse::<DateTime>().ok()
    };
    let instant = local
        .and_then(|local| local.to_zoned(zone.clone()).ok())
        .map(|zoned| zoned.timestamp());
    instant.map(Some).ok_or_else(|| {
        ApiProblem::invalid_request(format!(
            "{name} is {text:?}; write a day (2026-11-20), a local time (2026-11-20T01:00:00) or RFC 3339"
        ))
    })
}

/// A day.
pub(super) fn day(name: &str, text: Option<&str>) -> Result<Option<Date>, ApiProblem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_not_a_day| {
        ApiProblem::invalid_request(format!("{name} is {text:?}; write a day as 2026-11-20"))
    })
}

/// A comma list of statuses.
pub(super) fn statuses(text: Option<&str>) -> Result<Vec<InstanceStatus>, ApiProblem> {
    let words = text
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    words
        .map(|word| match word {
            "waiting" => Ok(InstanceStatus::Waiting),
            "running" => Ok(InstanceStatus::Running),
            "succeeded" => Ok(InstanceStatus::Succeeded),
            "failed" => Ok(InstanceStatus::Failed),
            "killed" => Ok(InstanceStatus::Killed),
            other => Err(ApiProblem::invalid_request(format!(
                "status has {other:?}; known are waiting, running, succeeded, failed and killed"
            ))),
        })
        .collect()
}

/// A cursor of the workflow list: folder and name, in hexadecimal.
pub(super) fn list_cursor(dir: &str, name: &str) -> String {
    let text = format!("{dir}\0{name}");
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Folder and name of a cursor that [`list_cursor`] made.
pub(super) fn list_place(cursor: Option<&str>) -> Result<Option<(String, String)>, ApiProblem> {
    let Some(cursor) = cursor.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let wrong = || {
        ApiProblem::invalid_request(
            "the cursor is none of this list; use the next of the page before",
        )
    };
    let bytes: Option<Vec<u8>> = cursor
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            std::str::from_utf8(pair)
                .ok()
                .filter(|pair| pair.len() == 2)
        })
        .map(|pair| pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    let text = bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(wrong)?;
    let (dir, name) = text.split_once('\0').ok_or_else(wrong)?;
    Ok(Some((dir.to_owned(), name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_whole() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let at = |result: Result<Option<Timestamp>, ApiProblem>| {
            result.expect("a time").expect("given").to_string()
        };
        assert_eq!(
            at(from("from", Some("2026-11-20"), &zone)),
            "2026-11-19T16:00:00Z"
        );
        assert_eq!(
            at(until("to", Some("2026-11-20"), &zone)),
            "2026-11-20T16:00:00Z"
        );
        assert_eq!(
            at(from("from", Some("2026-11-20T01:00:00"), &zone)),
            "2026-11-19T17:00:00Z"
        );
        assert_eq!(
            at(from("from", Some("2026-11-20T01:00:00+02:00"), &zone)),
            "2026-11-19T23:00:00Z"
        );
        assert_eq!(
            at(from("from", Some("2026-11-20T01:00:00 02:00"), &zone)),
            "2026-11-19T23:00:00Z"
        );
        assert!(from("from", Some("yesterday"), &zone).is_err());
        assert!(from("from", Some("2026-13-01"), &zone).is_err());
    }

    #[test]
    fn a_list_cursor_is_read_as_it_was_written() {
        let cursor = list_cursor("/例/a", "名 / %");
        assert_eq!(
            list_place(Some(&cursor)).expect("a place"),
            Some(("/例/a".to_owned(), "名 / %".to_owned()))
        );
        for wrong in ["zz", "f", "ff", "41", "日本"] {
            assert!(list_place(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
