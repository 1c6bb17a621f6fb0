//! Rows in files, written and read as the language page says, and by nothing that peerflow has.

use super::line::{hex, meant};
use super::row::{COLUMNS, DATA, FIRST_OF_BYTES, Row, canonical, on_one_line};

/// What stands between the fields of a line; no value holds it.
pub(crate) const DELIMITER: u8 = 1;

/// Appends a row as text between delimiters.
pub(crate) fn write_text(row: &Row, out: &mut Vec<u8>) {
    for (column, value) in row.0.iter().enumerate() {
        if column > 0 {
            out.push(DELIMITER);
        }
        match value {
            Some(value) if column == DATA => digits(value, out),
            Some(value) if column >= FIRST_OF_BYTES => out.extend(on_one_line(value)),
            Some(value) => out.extend_from_slice(value),
            None => {}
        }
    }
    out.push(b'\n');
}

/// Appends a row as CSV. Some values have quotes that need none.
pub(crate) fn write_csv(row: &Row, out: &mut Vec<u8>) {
    for (column, value) in row.0.iter().enumerate() {
        if column > 0 {
            out.push(b',');
        }
        match value {
            Some(value) if column == DATA => digits(value, out),
            Some(value) if column >= FIRST_OF_BYTES => quoted(value, out),
            Some(value) => out.extend_from_slice(value),
            None => {}
        }
    }
    out.push(b'\n');
}

fn digits(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"0x");
    hex(value, out);
}

fn quoted(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in value {
        if byte == b'"' {
            out.push(byte);
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Reads all rows of text between delimiters.
///
/// # Panics
/// When a line has another number of fields.
pub(crate) fn read_text(content: &[u8], mut each: impl FnMut(Row)) {
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    if content.is_empty() {
        return;
    }
    for line in content.split(|&byte| byte == b'\n') {
        let fields: Vec<Option<Vec<u8>>> = line
            .split(|&byte| byte == DELIMITER)
            .map(|field| {
                let is_null = field.is_empty() || field.eq_ignore_ascii_case(b"null");
                (!is_null).then(|| field.to_vec())
            })
            .collect();
        each(row(fields));
    }
}

/// Reads all records of CSV.
///
/// # Panics
/// When it is none, or one has another number of fields.
pub(crate) fn read_csv(content: &[u8], mut each: impl FnMut(Row)) {
    let mut fields = Vec::with_capacity(COLUMNS.len());
    let mut at = 0;
    while at < content.len() {
        let quoted = content[at] == b'"';
        let mut value = Vec::new();
        if quoted {
            at += 1;
            loop {
                let rest = &content[at..];
                let end = rest
                    .iter()
                    .position(|&byte| byte == b'"')
                    .expect("a closing quote");
                value.extend_from_slice(&rest[..end]);
                at += end + 1;
                if content.get(at) != Some(&b'"') {
                    break;
                }
                value.push(b'"');
                at += 1;
            }
        } else {
            let rest = &content[at..];
            let end = rest
                .iter()
                .position(|byte| matches!(byte, b',' | b'\n'))
                .unwrap_or(rest.len());
            value.extend_from_slice(&rest[..end]);
            at += end;
        }
        fields.push((quoted || !value.is_empty()).then_some(value));
        let ends = match content.get(at) {
            Some(b',') => false,
            Some(b'\n') | None => true,
            Some(other) => panic!("byte {other:#x} follows a field, {at} bytes into the file"),
        };
        at += 1;
        if ends {
            each(row(std::mem::take(&mut fields)));
        }
    }
    assert!(fields.is_empty(), "the last record ends with a comma");
}

fn row(fields: Vec<Option<Vec<u8>>>) -> Row {
    let count = fields.len();
    let row: [Option<Vec<u8>>; COLUMNS.len()] = fields
        .try_into()
        .unwrap_or_else(|fields| panic!("a row has {count} fields: {fields:?}"));
    let mut column = 0;
    Row(row.map(|value| {
        column += 1;
        value.map(|value| match column - 1 {
            DATA => meant(value),
            column => canonical(column, value),
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Rows;

    #[test]
    fn what_is_written_is_read_again() {
        let rows = Rows::new(3000);
        let (mut text, mut csv) = (Vec::new(), Vec::new());
        for row in rows.all() {
            write_text(&row, &mut text);
            write_csv(&row, &mut csv);
        }
        let mut expected = rows.all();
        read_csv(&csv, |row| assert_eq!(Some(row), expected.next()));
        assert_eq!(expected.next(), None);
        let mut expected = rows.all().map(Row::through_text);
        read_text(&text, |row| assert_eq!(Some(row), expected.next()));
        assert_eq!(expected.next(), None);
    }
}
