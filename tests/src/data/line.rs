//! Rows as lines that every server's client takes and gives: tabs between values, `-` for NULL, text and bytes as hexadecimal
//! digits.

use super::row::{COLUMNS, DATA, FIRST_OF_BYTES, Row, canonical};

/// What stands for NULL.
const NULL: &[u8] = b"-";

/// Appends a row.
pub(crate) fn write(row: &Row, out: &mut Vec<u8>) {
    for (column, value) in row.0.iter().enumerate() {
        if column > 0 {
            out.push(b'\t');
        }
        match value {
            None => out.extend_from_slice(NULL),
            Some(value) if column >= FIRST_OF_BYTES => hex(value, out),
            Some(value) => out.extend_from_slice(value),
        }
    }
    out.push(b'\n');
}

/// Reads one. With `data_is_text` the last column holds text that stands for bytes.
///
/// # Panics
/// When it is none.
pub(crate) fn read(line: &[u8], data_is_text: bool) -> Row {
    let shown = || String::from_utf8_lossy(&line[..line.len().min(400)]);
    let mut row = Row::default();
    let mut count = 0;
    for (column, field) in line.split(|&byte| byte == b'\t').enumerate() {
        count += 1;
        assert!(count <= COLUMNS.len(), "too many values: {}", shown());
        if field == NULL {
            continue;
        }
        let value = if column < FIRST_OF_BYTES {
            canonical(column, field.to_vec())
        } else {
            let value =
                unhex(field).unwrap_or_else(|| panic!("no hexadecimal digits: {}", shown()));
            if column == DATA && data_is_text {
                meant(value)
            } else {
                value
            }
        };
        row.0[column] = Some(value);
    }
    assert_eq!(count, COLUMNS.len(), "too few values: {}", shown());
    row
}

/// The bytes that `0x…` stands for; other text as it is.
pub(crate) fn meant(value: Vec<u8>) -> Vec<u8> {
    value.strip_prefix(b"0x").and_then(unhex).unwrap_or(value)
}

/// Appends two digits for each byte.
pub(crate) fn hex(value: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in value {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 0xf)]);
    }
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}
