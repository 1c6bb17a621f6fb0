//! Bytes that are not UTF-8.

use memchr::memchr_iter;

use super::Reader;
use crate::separator::Separator;
use crate::{Error, Format, csv, shown};

impl Reader {
    pub(super) fn check_encoding(&mut self, last: bool) {
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

    /// `record` begins with the record that has the bad byte, at `bad`; `before` of the buffer's bytes precede it.
    pub(super) fn encoding_error(&mut self, record: &[u8], bad: usize, before: usize) -> Error {
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
