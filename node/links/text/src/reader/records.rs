//! Records of CSV.

use memchr::{memchr, memchr_iter};

use super::{Reader, wrong_count};
use crate::csv::{self, Malformed};
use crate::rows::too_large;
use crate::{Error, shown};

impl Reader {
    pub(super) fn read_records(
        &mut self,
        bytes: &[u8],
        mut at: usize,
        last: bool,
    ) -> Result<usize, Error> {
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
