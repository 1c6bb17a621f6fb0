//! Rows out of the bytes of one file, or of several that follow each other.

mod encoding;
mod lines;
mod records;

use peerflow_rows::{MAX_ROW_BYTES, RowBatch, RowTooLarge};

use crate::csv::Field;
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
