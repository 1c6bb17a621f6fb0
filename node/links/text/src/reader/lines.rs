//! Lines whose fields are separated by a delimiter.

use memchr::memchr;
use peerflow_rows::RowTooLarge;

use super::{File, Reader, wrong_count};
use crate::rows::too_large;
use crate::separator::Separator;
use crate::{Error, Format};

/// Why a field has no place.
enum Misfit<'l> {
    Size(RowTooLarge),
    Columns(&'l [u8]),
}

impl Reader {
    pub(super) fn read_lines(
        &mut self,
        bytes: &[u8],
        mut at: usize,
        last: bool,
    ) -> Result<usize, Error> {
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
}

fn is_null_word(field: &[u8]) -> bool {
    field.len() == 4 && field.eq_ignore_ascii_case(b"null")
}
