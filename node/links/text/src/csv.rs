//! One record of CSV after the other, as RFC 4180 has it.

use memchr::{memchr, memchr2};

/// A field of a record, as a place in the bytes that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) quoted: bool,
    /// Quotes within it are doubled.
    pub(crate) doubled: bool,
}

/// A record that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// Where the trouble is, in the bytes that were given.
    pub(crate) at: usize,
    /// Where the field that has it begins.
    pub(crate) field: usize,
    /// Where what a message shows of it ends.
    pub(crate) end: usize,
    pub(crate) reason: &'static str,
}

/// What follows a field.
enum Next {
    Field(usize),
    Record(usize),
    /// The bytes end before that can be told.
    Unknown,
}

/// Finds the fields of the record that begins at `start`, and gives where the next one begins; `None` when its end is not
/// there yet. With `last` the bytes are the file's end, which ends a record too.
pub(crate) fn record(
    bytes: &[u8],
    start: usize,
    last: bool,
    fields: &mut Vec<Field>,
) -> Result<Option<usize>, Malformed> {
    fields.clear();
    let mut at = start;
    loop {
        let (field, next) = if bytes.get(at) == Some(&b'"') {
            quoted(bytes, at, last)?
        } else {
            plain(bytes, at, last)
        };
        match next {
            Next::Field(place) => {
                fields.push(field);
                at = place;
            }
            Next::Record(place) => {
                fields.push(field);
                return Ok(Some(place));
            }
            Next::Unknown => return Ok(None),
        }
    }
}

fn plain(bytes: &[u8], start: usize, last: bool) -> (Field, Next) {
    let (end, next) = match memchr2(b',', b'\n', &bytes[start..]) {
        Some(found) if bytes[start + found] == b',' => {
            (start + found, Next::Field(start + found + 1))
        }
        Some(found) => (start + found, Next::Record(start + found + 1)),
        None if last => (bytes.len(), Next::Record(bytes.len())),
        None => (bytes.len(), Next::Unknown),
    };
    let ends_record = matches!(next, Next::Record(_));
    let has_return = ends_record && bytes[start..end].ends_with(b"\r");
    let field = Field {
        start,
        end: end - usize::from(has_return),
        quoted: false,
        doubled: false,
    };
    (field, next)
}

fn quoted(bytes: &[u8], quote: usize, last: bool) -> Result<(Field, Next), Malformed> {
    let malformed = |at, end, reason| Malformed {
        at,
        field: quote,
        end,
        reason,
    };
    let mut field = Field {
        start: quote + 1,
        end: quote + 1,
        quoted: true,
        doubled: false,
    };
    let mut at = field.start;
    loop {
        let Some(found) = memchr(b'"', &bytes[at..]) else {
            return if last {
                Err(malformed(
                    quote,
                    bytes.len(),
                    "a quote is opened here and not closed; double the quotes within a value",
                ))
            } else {
                Ok((field, Next::Unknown))
            };
        };
        at += found + 1;
        if bytes.get(at) != Some(&b'"') {
            break;
        }
        field.doubled = true;
        at += 1;
    }
    field.end = at - 1;
    let next = match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b','), _) => Next::Field(at + 1),
        (Some(b'\n'), _) => Next::Record(at + 1),
        (Some(b'\r'), Some(b'\n')) => Next::Record(at + 2),
        (None, _) | (Some(b'\r'), None) if !last => Next::Unknown,
        (None, _) | (Some(b'\r'), None) => Next::Record(bytes.len()),
        (Some(_), _) => {
            return Err(malformed(
                at,
                character_end(bytes, at),
                "something follows a closing quote; double the quotes within a value",
            ));
        }
    };
    Ok((field, next))
}

/// Where the character that begins at `at` ends.
fn character_end(bytes: &[u8], at: usize) -> usize {
    let behind = bytes[at + 1..].iter();
    at + 1 + behind.take_while(|&&byte| byte & 0xc0 == 0x80).count()
}
