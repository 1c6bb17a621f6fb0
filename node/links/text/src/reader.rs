//! Rows out of the bytes of one file, or of several that follow each other.

use memchr::{memchr, memchr_iter};
use peerflow_rows::{MAX_ROW_BYTES, RowBatch, RowTooLarge};

use crate::csv::{self, Field, Malformed};
use crate::rows::{Located, Rows, too_large};
use crate::separator::Separator;
use crate::{Error, Format, shown};

/// A record whose end is not there yet is looked at again once there is twice as much of it, if it is longer than this.
const LONG_RECORD: usize = 1 << 20;

/// Reads rows. All have as many values as the first.
#[derive(Debug)]
pub struct Reader {
    format: Format,
    rows: Rows,
    file: File,
    /// Bytes that belong to no row yet.
    buffer: Vec<u8>,
    /// Where the file's first byte that is not UTF-8 stands in the buffer.
    bad_byte: Option<usize>,
    /// The buffer is UTF-8 up to here.
    checked: usize,
    /// The buffer is looked at again once it has so many bytes.
    wait_for: usize,
    fields: Vec<Field>,
    /// Lines of the file before the present one are one column each.
    undivided: bool,
}

/// The present file.
#[derive(Debug)]
struct File {
    /// The line that the buffer begins with, from 1.
    line: u64,
    /// Bytes before the buffer.
    offset: u64,
    separator: Option<Separator>,
    /// Empty lines seen while it was not known how many columns there are.
    empty: u64,
    begun: bool,
}

impl File {
    const BEGIN: Self = Self {
        line: 1,
        offset: 0,
        separator: None,
        empty: 0,
        begun: false,
    };
}

impl Reader {
    /// Reads files of this format.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            rows: Rows::default(),
            file: File::BEGIN,
            buffer: Vec::new(),
            bad_byte: None,
            checked: 0,
            wait_for: 0,
            fields: Vec::new(),
            undivided: false,
        }
    }

    /// How many columns there are: known from the first record on.
    pub fn columns(&self) -> Option<usize> {
        self.rows.columns
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows.count
    }

    /// Whether the delimiter was not found in the latest file, so that each line is one column.
    pub fn is_undivided(&self) -> bool {
        match &self.file.separator {
            Some(separator) => matches!(separator, Separator::None),
            None => self.undivided,
        }
    }

    /// Says how many columns there must be, where that is not known yet, and which of them take binary values from here on.
    ///
    /// # Errors
    /// When a value is too large.
    pub fn expect(&mut self, columns: usize, binary: Vec<bool>) -> Result<(), Error> {
        let empty = std::mem::take(&mut self.file.empty);
        self.rows.binary = if binary.contains(&true) {
            binary
        } else {
            Vec::new()
        };
        if self.rows.columns.is_none() {
            self.rows.set_columns(columns);
            self.rows.nulls(if columns == 1 { empty } else { 0 }, 1)?;
        }
        Ok(())
    }

    /// Keeps where the row of this number stands, from 1, when it is read.
    pub fn locate(&mut self, row: u64) {
        self.rows.wanted = Some(row);
    }

    /// The row that was to be located, once it was read.
    pub fn located(&self) -> Option<&Located> {
        self.rows.located.as_ref()
    }

    /// Takes the next bytes of a file. Batches that are full are appended to `out`.
    ///
    /// # Errors
    /// At the first record that is none, has another number of columns, or is not UTF-8.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<RowBatch>) -> Result<(), Error> {
        if self.bad_byte.is_none() {
            self.buffer.extend_from_slice(bytes);
            self.check_encoding(false);
        }
        if self.buffer.len() >= self.wait_for || self.bad_byte.is_some() {
            self.read(false)?;
        }
        out.append(&mut self.rows.full);
        Ok(())
    }

    /// The file ends here; what is pushed next is another one.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn end_file(&mut self, out: &mut Vec<RowBatch>) -> Result<(), Error> {
        self.check_encoding(true);
        self.read(true)?;
        out.append(&mut self.rows.full);
        let empty = self.file.empty;
        self.undivided = self.is_undivided();
        self.file = File::BEGIN;
        self.file.empty = empty;
        self.checked = 0;
        self.wait_for = 0;
        Ok(())
    }

    /// The last rows, which fill no batch. Files of nothing but empty lines have one column, of NULL.
    ///
    /// # Errors
    /// When there are too many of those for one batch.
    pub fn finish(&mut self) -> Result<Vec<RowBatch>, Error> {
        if self.rows.columns.is_none() && self.file.empty > 0 {
            self.expect(1, Vec::new())?;
        }
        let mut rest = std::mem::take(&mut self.rows.full);
        rest.extend(self.rows.rest());
        Ok(rest)
    }

    fn check_encoding(&mut self, last: bool) {
        let Err(error) = std::str::from_utf8(&self.buffer[self.checked..]) else {
            self.checked = self.buffer.len();
            return;
        };
        self.checked += error.valid_up_to();
        // The last character may be cut: its other bytes come with the next piece.
        if error.error_len().is_some() || last {
            self.bad_byte = Some(self.checked);
        }
    }

    /// Reads the records that are whole.
    fn read(&mut self, last: bool) -> Result<(), Error> {
        let buffer = std::mem::take(&mut self.buffer);
        let good = &buffer[..self.checked];
        let last_good = last && self.bad_byte.is_none();
        let mut at = 0;
        if !self.file.begun && (good.len() >= 3 || last_good || self.bad_byte.is_some()) {
            self.file.begun = true;
            at = if good.starts_with("\u{feff}".as_bytes()) {
                3
            } else {
                0
            };
        }
        if self.file.begun {
            at = match self.format {
                Format::Delimited(_) => self.read_lines(good, at, last_good)?,
                Format::Csv => self.read_records(good, at, last_good)?,
            };
        }
        if let Some(bad) = self.bad_byte {
            return Err(self.encoding_error(&buffer[at..], bad - at, at));
        }
        self.keep(buffer, at)
    }

    /// Keeps what follows `at` for later.
    fn keep(&mut self, mut buffer: Vec<u8>, at: usize) -> Result<(), Error> {
        buffer.drain(..at);
        self.file.offset += at as u64;
        self.checked -= at;
        if buffer.len() > MAX_ROW_BYTES {
            return Err(too_large(self.file.line, RowTooLarge));
        }
        self.wait_for = if buffer.len() > LONG_RECORD {
            buffer.len() * 2
        } else {
            0
        };
        self.buffer = buffer;
        Ok(())
    }

    fn read_lines(&mut self, bytes: &[u8], mut at: usize, last: bool) -> Result<usize, Error> {
        loop {
            let rest = &bytes[at..];
            let (line, taken) = match memchr(b'\n', rest) {
                Some(end) => (&rest[..end], end + 1),
                None if last && !rest.is_empty() => (rest, rest.len()),
                None => return Ok(at),
            };
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                self.empty_line()?;
            } else {
                self.read_line(line)?;
            }
            self.file.line += 1;
            at += taken;
        }
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), Error> {
        let File {
            separator,
            empty,
            line: number,
            ..
        } = &mut self.file;
        let separator = separator.get_or_insert_with(|| match &self.format {
            Format::Delimited(delimiter) => Separator::of(delimiter, line),
            Format::Csv => Separator::None,
        });
        let rows = &mut self.rows;
        let columns = match rows.columns {
            Some(columns) => columns,
            None => rows.first(separator.count(line), empty)?,
        };
        let mut count = 0;
        let whole = separator.split(line, |field| {
            count += 1;
            if count > columns {
                return Err(Misfit::Columns(field));
            }
            let is_null = field.is_empty() || is_null_word(field);
            rows.put(count - 1, (!is_null).then_some(field))
                .map_err(Misfit::Size)
        });
        match whole {
            Ok(()) if count == columns => rows.end_row(*number),
            Ok(()) => Err(wrong_count(*number, count, columns, &line[line.len()..])),
            Err(Misfit::Size(error)) => Err(too_large(*number, error)),
            Err(Misfit::Columns(field)) => {
                Err(wrong_count(*number, separator.count(line), columns, field))
            }
        }
    }

    fn read_records(&mut self, bytes: &[u8], mut at: usize, last: bool) -> Result<usize, Error> {
        while at < bytes.len() {
            let next = csv::record(bytes, at, last, &mut self.fields)
                .map_err(|malformed| self.malformed(bytes, at, malformed))?;
            let Some(next) = next else { break };
            match self.fields[..] {
                [field] if !field.quoted && field.start == field.end => self.empty_line()?,
                _ => self.read_record(bytes)?,
            }
            let quoted = self.fields.iter().any(|field| field.quoted);
            self.file.line += if quoted {
                memchr_iter(b'\n', &bytes[at..next]).count() as u64
            } else {
                1
            };
            at = next;
        }
        Ok(at)
    }

    fn read_record(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (rows, number) = (&mut self.rows, self.file.line);
        let columns = match rows.columns {
            Some(columns) => columns,
            None => rows.first(self.fields.len(), &mut self.file.empty)?,
        };
        if self.fields.len() != columns {
            let beyond = self.fields.get(columns);
            let value = beyond.map_or(&[][..], |field| &bytes[field.start..field.end]);
            return Err(wrong_count(number, self.fields.len(), columns, value));
        }
        for (column, field) in self.fields.iter().enumerate() {
            let value = &bytes[field.start..field.end];
            let put = if field.doubled {
                let single = undoubled(value);
                rows.put(column, Some(&single))
            } else {
                let is_null = value.is_empty() && !field.quoted;
                rows.put(column, (!is_null).then_some(value))
            };
            put.map_err(|error| too_large(number, error))?;
        }
        rows.end_row(number)
    }

    /// In a file of one column an empty line is NULL; otherwise it is no row.
    fn empty_line(&mut self) -> Result<(), Error> {
        match self.rows.columns {
            Some(1) => self.rows.nulls(1, self.file.line),
            Some(_) => Ok(()),
            None => {
                self.file.empty += 1;
                Ok(())
            }
        }
    }

    fn malformed(&self, bytes: &[u8], record: usize, malformed: Malformed) -> Error {
        let Malformed {
            at,
            field,
            end,
            reason,
        } = malformed;
        Error {
            line: self.file.line + memchr_iter(b'\n', &bytes[record..at]).count() as u64,
            column: Some(self.fields.len() + 1),
            value: Some(shown(&bytes[field..end])),
            reason: reason.to_owned(),
        }
    }

    /// `record` begins with the record that has the bad byte, at `bad`; `before` of the buffer's bytes precede it.
    fn encoding_error(&mut self, record: &[u8], bad: usize, before: usize) -> Error {
        let good = &record[..bad];
        let (column, start) = match (&self.format, &self.file.separator) {
            (Format::Delimited(delimiter), separator) => {
                let found = Separator::of(delimiter, good);
                let separator = separator.as_ref().unwrap_or(&found);
                let (mut count, mut start) = (0, 0);
                let Ok(()) = separator.split(good, |field| {
                    (count, start) = (count + 1, good.len() - field.len());
                    Ok::<(), std::convert::Infallible>(())
                });
                (count, start)
            }
            (Format::Csv, _) => match csv::record(good, 0, true, &mut self.fields) {
                Ok(_) => (
                    self.fields.len(),
                    self.fields.last().map_or(0, |field| field.start),
                ),
                Err(malformed) => (self.fields.len() + 1, malformed.field),
            },
        };
        let byte = record[bad];
        let offset = self.file.offset + before as u64 + bad as u64;
        Error {
            line: self.file.line + memchr_iter(b'\n', good).count() as u64,
            column: Some(column),
            value: Some(shown(&good[start..])),
            reason: format!(
                "what follows is not UTF-8: byte 0x{byte:02x}, {offset} bytes into the file; convert the file, for example \
                 with `iconv -f GB18030 -t UTF-8`"
            ),
        }
    }
}

/// Why a field has no place.
enum Misfit<'l> {
    Size(RowTooLarge),
    Columns(&'l [u8]),
}

fn is_null_word(field: &[u8]) -> bool {
    field.len() == 4 && field.eq_ignore_ascii_case(b"null")
}

fn undoubled(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut start = 0;
    while let Some(found) = memchr(b'"', &value[start..]) {
        out.extend_from_slice(&value[start..=start + found]);
        start += found + 2;
    }
    out.extend_from_slice(&value[start.min(value.len())..]);
    out
}

fn wrong_count(line: u64, found: usize, expected: usize, value: &[u8]) -> Error {
    Error {
        line,
        column: Some(expected.min(found) + 1),
        value: (found > expected).then(|| shown(value)),
        reason: format!(
            "the line has {found} columns, {expected} are expected; correct the line, or the delimiter"
        ),
    }
}
