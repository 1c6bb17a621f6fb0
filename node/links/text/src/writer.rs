//! The bytes of a file out of rows.

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memchr2, memchr3};
use peerflow_rows::{Column, Kind, RowBatch};

use crate::{Format, binary};

/// Writes rows.
#[derive(Debug)]
pub struct Writer {
    style: Style,
    /// Which columns have binary values; empty when none has.
    binary: Vec<bool>,
    /// Values so far in which, or at whose end, a reader finds a delimiter that is none.
    ambiguous: u64,
}

#[derive(Debug)]
enum Style {
    Byte(u8),
    Text {
        finder: Box<Finder<'static>>,
        /// Ends of values that are taken for the beginning of the delimiter behind them: of `||` that is `|`.
        endings: Vec<Vec<u8>>,
    },
    Csv,
}

impl Writer {
    /// Writes rows of these columns.
    pub fn new(format: &Format, columns: &[Column]) -> Self {
        let style = match format {
            Format::Csv => Style::Csv,
            Format::Delimited(delimiter) => match delimiter.as_bytes() {
                [byte] => Style::Byte(*byte),
                text => Style::Text {
                    finder: Box::new(Finder::new(text).into_owned()),
                    endings: endings(text),
                },
            },
        };
        let is_binary = |column: &Column| matches!(column.kind, Kind::Binary { .. });
        let binary = if columns.iter().any(is_binary) {
            columns.iter().map(is_binary).collect()
        } else {
            Vec::new()
        };
        Self {
            style,
            binary,
            ambiguous: 0,
        }
    }

    /// How many values so far hold the delimiter, or hold it together with the one behind them, so that a reader finds other
    /// values. CSV has none.
    pub fn ambiguous(&self) -> u64 {
        self.ambiguous
    }

    /// The text of these rows.
    pub fn write(&mut self, batch: &RowBatch) -> Vec<u8> {
        let columns = batch.columns();
        let mut out = Vec::with_capacity(batch.size() + batch.rows() * (columns + 1) + 64);
        let mut column = 0;
        for value in batch.values() {
            if let Some(value) = value {
                self.value(value, column, column + 1 == columns, &mut out);
            }
            column += 1;
            if column < columns {
                self.separator(&mut out);
            } else {
                column = 0;
                out.push(b'\n');
            }
        }
        out
    }

    fn separator(&self, out: &mut Vec<u8>) {
        match &self.style {
            Style::Byte(byte) => out.push(*byte),
            Style::Text { finder, .. } => out.extend_from_slice(finder.needle()),
            Style::Csv => out.push(b','),
        }
    }

    fn value(&mut self, value: &[u8], column: usize, is_last: bool, out: &mut Vec<u8>) {
        if self.binary.get(column) == Some(&true) {
            binary::encode(value, out);
            return;
        }
        match &self.style {
            Style::Csv => csv_value(value, out),
            Style::Byte(byte) => {
                if memchr3(*byte, b'\n', b'\r', value).is_none() {
                    out.extend_from_slice(value);
                    return;
                }
                let start = out.len();
                on_one_line(value, out);
                self.ambiguous += u64::from(memchr(*byte, &out[start..]).is_some());
            }
            Style::Text { finder, endings } => {
                let start = out.len();
                on_one_line(value, out);
                let written = &out[start..];
                let ends = |ending: &Vec<u8>| written.ends_with(ending);
                let is_ambiguous =
                    finder.find(written).is_some() || !is_last && endings.iter().any(ends);
                self.ambiguous += u64::from(is_ambiguous);
            }
        }
    }
}

/// What a delimiter begins with that, with the delimiter behind it, gives the delimiter once more and earlier.
fn endings(delimiter: &[u8]) -> Vec<Vec<u8>> {
    let lengths = 1..delimiter.len();
    let repeats = |length: &usize| delimiter[*length..] == delimiter[..delimiter.len() - length];
    let endings = lengths.filter(repeats);
    endings.map(|length| delimiter[..length].to_vec()).collect()
}

/// A value whose line breaks become a space each.
fn on_one_line(mut value: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr2(b'\n', b'\r', value) {
        out.extend_from_slice(&value[..at]);
        out.push(b' ');
        let is_pair = value[at..].starts_with(b"\r\n");
        value = &value[at + 1 + usize::from(is_pair)..];
    }
    out.extend_from_slice(value);
}

/// A value in quotes where it needs them: also an empty one, which would be NULL, and one that looks like a byte order mark.
fn csv_value(value: &[u8], out: &mut Vec<u8>) {
    let is_plain = memchr3(b',', b'"', b'\n', value).is_none()
        && memchr(b'\r', value).is_none()
        && !value.is_empty()
        && !value.starts_with("\u{feff}".as_bytes());
    if is_plain {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    let mut start = 0;
    for quote in memchr_iter(b'"', value) {
        out.extend_from_slice(&value[start..=quote]);
        out.push(b'"');
        start = quote + 1;
    }
    out.extend_from_slice(&value[start..]);
    out.push(b'"');
}
