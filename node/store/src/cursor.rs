//! Where a page goes on: the sort key of its last row, as text.

use jiff::Timestamp;

use crate::error::Error;
use crate::query::{Cursor, Page};

/// The largest page.
pub(crate) const MAX_PAGE: u32 = 1000;

/// How many rows a page asked with `limit` has.
pub(crate) fn page_size(limit: u32) -> usize {
    limit.clamp(1, MAX_PAGE) as usize
}

/// A cursor made of a time in microseconds and texts that make it unique.
pub(crate) fn write(micros: i64, rest: &[&str]) -> Cursor {
    let mut text = micros.to_string();
    for part in rest {
        text.push('/');
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.#".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02x}"));
            }
        }
    }
    Cursor(text)
}

/// The time and texts of a cursor that [`write`] made of `N` texts.
///
/// # Errors
/// [`Error::Cursor`] for anything else.
pub(crate) fn read<const N: usize>(cursor: &Cursor) -> Result<(i64, [String; N]), Error> {
    let wrong = || Error::Cursor(cursor.0.clone());
    let mut parts = cursor.0.split('/');
    let micros: i64 = parts
        .next()
        .and_then(|part| part.parse().ok())
        .ok_or_else(wrong)?;
    Timestamp::from_microsecond(micros).map_err(|_out_of_range| wrong())?;
    let rest: Vec<String> = parts
        .map(decoded)
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    Ok((micros, rest.try_into().map_err(|_another_count| wrong())?))
}

fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A page out of one row more than it holds; `place` tells where a row stands.
pub(crate) fn page<T>(mut items: Vec<T>, size: usize, place: impl Fn(&T) -> Cursor) -> Page<T> {
    let more = items.len() > size;
    items.truncate(size);
    let next = if more { items.last().map(place) } else { None };
    Page { items, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = write(-5, &["a/b %", "每日\0"]);
        assert_eq!(
            read::<2>(&cursor).unwrap(),
            (-5, ["a/b %".to_owned(), "每日\0".to_owned()])
        );
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in [
            "",
            "x",
            "1",
            "1/a/b",
            "1/%",
            "1/%zz",
            "1/%ff",
            "9223372036854775807/a",
        ] {
            assert!(read::<1>(&Cursor(text.to_owned())).is_err(), "{text}");
        }
    }
}
