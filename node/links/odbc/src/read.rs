//! Fetching rows: in blocks where every value is sure to fit, else value by value.

use odbc_api::buffers::{ColumnarBuffer, ColumnarDynBuffer};
use odbc_api::{Cursor, CursorRow, Nullable};
use peerflow_rows::{
    BatchBuilder, BatchSender, Column, Error, MAX_ROW_BYTES, RowTooLarge, Trouble,
};

use crate::describe::Fetched;
use crate::failure::told;
use crate::plain::{push_ascii, push_double, push_single, push_utf16};
use crate::running::Running;
use crate::thread::Worker;

/// Bytes of a block of rows, more or less.
const BLOCK_BYTES: usize = 1024 * 1024;
/// Rows of a block at most: some drivers ask their server once a block whatever its size.
const BLOCK_ROWS: usize = 5_000;

impl Worker {
    /// Sends all rows of a query.
    pub(crate) fn read(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: &BatchSender,
    ) -> Result<u64, Error> {
        let running = self.running.clone();
        let mut statement = self.statement()?;
        let _lent = running.lends(&mut statement);
        let cursor = statement.execute(query, ()).map_err(|error| told(&error))?;
        let Some(mut cursor) = cursor else {
            return Err(Error::new(Trouble::Refused, "the statement gives no rows"));
        };
        let width = crate::describe::columns(&mut cursor)?.len();
        if width != columns.len() || width == 0 {
            let message = "the query gives other columns than a moment ago; somebody changed the table, run it again";
            return Err(Error::new(Trouble::Refused, message));
        }
        let mut sink = Sink::new(columns, rows, &running);
        let buffers: Option<Vec<_>> = columns
            .iter()
            .map(|column| Fetched::of(column.kind).buffer(column.kind))
            .collect();
        match buffers {
            Some(buffers) => {
                let row_bytes: usize = buffers.iter().map(|buffer| buffer.bytes_per_row()).sum();
                let count = (BLOCK_BYTES / row_bytes.max(1)).clamp(1, BLOCK_ROWS);
                sink.read_blocks(cursor, ColumnarDynBuffer::from_descs(count, buffers))
            }
            None => sink.read_values(&mut cursor),
        }
    }
}

/// Where rows go.
struct Sink<'a> {
    columns: &'a [Column],
    rows: &'a BatchSender,
    running: &'a Running,
    builder: BatchBuilder,
    given: u64,
}

impl<'a> Sink<'a> {
    fn new(columns: &'a [Column], rows: &'a BatchSender, running: &'a Running) -> Self {
        Self {
            columns,
            rows,
            running,
            builder: BatchBuilder::new(columns.len()),
            given: 0,
        }
    }

    fn read_blocks(
        &mut self,
        cursor: impl Cursor,
        buffer: ColumnarDynBuffer,
    ) -> Result<u64, Error> {
        let mut blocks = cursor.bind_buffer(buffer).map_err(|error| told(&error))?;
        loop {
            let block = blocks
                .fetch_with_truncation_check(true)
                .map_err(|error| self.told(&error))?;
            let Some(block) = block else {
                break;
            };
            for row in 0..block.num_rows() {
                push_row(&mut self.builder, block, row, self.columns)?;
                if !self.ended_row()? {
                    return Ok(self.given);
                }
            }
            self.running.is_stopped()?;
        }
        self.end()
    }

    fn read_values(&mut self, cursor: &mut impl Cursor) -> Result<u64, Error> {
        let mut value = Value::default();
        while let Some(mut row) = cursor.next_row().map_err(|error| told(&error))? {
            value.push_row(&mut self.builder, &mut row, self.columns)?;
            self.running.is_stopped()?;
            if !self.ended_row()? {
                return Ok(self.given);
            }
        }
        self.end()
    }

    /// False once nobody wants more.
    fn ended_row(&mut self) -> Result<bool, Error> {
        self.given += 1;
        Ok(!self.builder.is_full() || self.rows.blocking_send(self.builder.take()).is_ok())
    }

    fn end(&mut self) -> Result<u64, Error> {
        if !self.builder.is_empty() {
            // A receiver that is gone wants no more rows, which is well.
            self.rows.blocking_send(self.builder.take()).ok();
        }
        Ok(self.given)
    }

    /// Names the column whose value is larger than its driver said.
    fn told(&self, error: &odbc_api::Error) -> Error {
        let odbc_api::Error::TooLargeValueForBuffer { buffer_index, .. } = error else {
            return told(error);
        };
        let name = self
            .columns
            .get(*buffer_index)
            .map_or("?", |column| &column.name);
        let message = format!(
            "a value of column {name} is longer than the driver says the column is; cast it to a long text type in the query"
        );
        Error::new(Trouble::BadValue, message).at_column(name)
    }
}

type Block = ColumnarDynBuffer;

/// Appends a row of a block.
fn push_row(
    builder: &mut BatchBuilder,
    block: &Block,
    row: usize,
    columns: &[Column],
) -> Result<(), Error> {
    for (index, column) in columns.iter().enumerate() {
        let values = ColumnarBuffer::column(block, index);
        let pushed = match Fetched::of(column.kind) {
            Fetched::Double => values
                .as_nullable_slice::<f64>()
                .and_then(|mut values| values.nth(row).flatten())
                .map(|value| push_double(builder, *value)),
            Fetched::Single => values
                .as_nullable_slice::<f32>()
                .and_then(|mut values| values.nth(row).flatten())
                .map(|value| push_single(builder, *value)),
            Fetched::Binary => values
                .as_binary()
                .and_then(|values| values.get(row))
                .map(|bytes| Ok(builder.push(Some(bytes))?)),
            Fetched::Text => values
                .as_wide_text()
                .and_then(|values| values.get(row))
                .map(|text| push_utf16(builder, text, column)),
            Fetched::Ascii => values
                .as_text()
                .and_then(|values| values.get(row))
                .map(|text| push_ascii(builder, text, column)),
        };
        match pushed {
            Some(pushed) => pushed?,
            None => builder.end_null(),
        }
    }
    Ok(())
}

/// A value that is fetched in parts, whatever its size.
#[derive(Debug, Default)]
pub(crate) struct Value {
    bytes: Vec<u8>,
    wide: Vec<u16>,
}

impl Value {
    /// Appends the row at which a cursor stands.
    pub(crate) fn push_row(
        &mut self,
        builder: &mut BatchBuilder,
        row: &mut CursorRow<'_>,
        columns: &[Column],
    ) -> Result<(), Error> {
        for (number, column) in (1..).zip(columns) {
            if !self.push(builder, row, number, column)? {
                builder.end_null();
            }
        }
        Ok(())
    }

    /// False when it is NULL.
    fn push(
        &mut self,
        builder: &mut BatchBuilder,
        row: &mut CursorRow<'_>,
        number: u16,
        column: &Column,
    ) -> Result<bool, Error> {
        let failed = |error: odbc_api::Error| told(&error);
        match Fetched::of(column.kind) {
            Fetched::Double => {
                let mut value = Nullable::<f64>::null();
                row.get_data(number, &mut value).map_err(failed)?;
                let value = value.into_opt();
                value
                    .map(|value| push_double(builder, value))
                    .transpose()
                    .map(|pushed| pushed.is_some())
            }
            Fetched::Single => {
                let mut value = Nullable::<f32>::null();
                row.get_data(number, &mut value).map_err(failed)?;
                let value = value.into_opt();
                value
                    .map(|value| push_single(builder, value))
                    .transpose()
                    .map(|pushed| pushed.is_some())
            }
            Fetched::Binary => {
                let is_value = row.get_binary(number, &mut self.bytes).map_err(failed)?;
                if is_value {
                    builder.push(Some(&self.bytes))?;
                }
                Ok(is_value)
            }
            Fetched::Text => {
                let is_value = row.get_wide_text(number, &mut self.wide).map_err(failed)?;
                if self.wide.len() > MAX_ROW_BYTES {
                    return Err(RowTooLarge.into());
                }
                if is_value {
                    push_utf16(builder, &self.wide, column)?;
                }
                Ok(is_value)
            }
            Fetched::Ascii => {
                let is_value = row.get_text(number, &mut self.bytes).map_err(failed)?;
                if is_value {
                    push_ascii(builder, &self.bytes, column)?;
                }
                Ok(is_value)
            }
        }
    }
}
