//! Loading rows by arrays of parameters.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;

use odbc_api::buffers::{BoxColumnBuffer, BufferDesc};
use odbc_api::handles::StatementRef;
use odbc_api::parameter::WithDataType;
use odbc_api::{BindParamDesc, ColumnarBulkInserter, DataType};
use peerflow_rows::{BatchReceiver, Column, Error, Kind, Loaded, RowBatch, Target, Trouble};

use crate::describe::Fetched;
use crate::failure::told;
use crate::thread::Worker;

/// Rows that are sent at once.
const CHUNK_ROWS: usize = 1_000;
/// Bytes that the buffers of these rows have, unless a single row needs more.
const CHUNK_BYTES: usize = 8 * 1024 * 1024;
/// Characters up to which text is a VARCHAR for every driver.
const MAX_VARCHAR: usize = 4_000;

impl Worker {
    /// Inserts all rows that come.
    pub(crate) fn load(
        &mut self,
        insert: &str,
        target: &Target,
        rows: &mut BatchReceiver,
    ) -> Result<Loaded, Error> {
        let mut prepared = self
            .connection
            .prepare(insert)
            .map_err(|error| told(&error))?;
        let running = self.running.clone();
        let _lent = running.lends(&mut prepared);
        let mut loaded = 0;
        while let Some(batch) = rows.blocking_recv() {
            if batch.columns() != target.columns.len() {
                let message = format!(
                    "rows of {} values do not fit {} columns",
                    batch.columns(),
                    target.columns.len()
                );
                return Err(Error::new(Trouble::BadValue, message));
            }
            let mut first = 0;
            while first < batch.rows() {
                running.is_stopped()?;
                let chunk = Chunk::beginning(&batch, first, &target.columns);
                let mut inserter = prepared
                    .column_inserter(chunk.rows, chunk.descriptions.iter().copied())
                    .map_err(|error| told(&error))?;
                inserter.set_num_rows(chunk.rows);
                for (index, column) in target.columns.iter().enumerate() {
                    fill(&mut inserter, &batch, &chunk, index, column)?;
                }
                inserter.execute().map_err(|error| {
                    let error = told(&error);
                    let last = loaded + chunk.rows as u64;
                    Error {
                        message: format!("{} (in rows {} to {last})", error.message, loaded + 1),
                        ..error
                    }
                })?;
                first += chunk.rows;
                loaded += chunk.rows as u64;
                target
                    .progress
                    .fetch_add(chunk.rows as u64, Ordering::Relaxed);
            }
        }
        Ok(Loaded { rows: loaded })
    }
}

type Inserter<'s> = ColumnarBulkInserter<StatementRef<'s>, WithDataType<BoxColumnBuffer>>;

/// Puts the values of a column into its buffer.
fn fill(
    inserter: &mut Inserter<'_>,
    batch: &RowBatch,
    chunk: &Chunk,
    index: usize,
    column: &Column,
) -> Result<(), Error> {
    let cells = inserter.column_mut(index);
    let values = (0..chunk.rows).map(|row| (row, batch.value(chunk.first + row, index)));
    match Fetched::of(column.kind) {
        Fetched::Binary => {
            if let Some(mut cells) = cells.as_binary() {
                values.for_each(|(row, value)| cells.set_cell(row, value));
            }
        }
        Fetched::Text => {
            let Some(mut cells) = cells.as_wide_text() else {
                return Ok(());
            };
            let mut wide = Vec::new();
            for (row, value) in values {
                let Some(value) = value else {
                    cells.set_cell(row, None);
                    continue;
                };
                let text = std::str::from_utf8(value).map_err(|_not_utf8| {
                    let message = format!("a value of column {} is not UTF-8", column.name);
                    Error::new(Trouble::BadValue, message).at_column(&column.name)
                })?;
                wide.clear();
                wide.extend(text.encode_utf16());
                cells.set_cell(row, Some(&wide));
            }
        }
        Fetched::Double | Fetched::Single | Fetched::Ascii => {
            if let Some(mut cells) = cells.as_text() {
                values.for_each(|(row, value)| cells.set_cell(row, value));
            }
        }
    }
    Ok(())
}

/// Some rows of a batch that are sent together.
struct Chunk {
    first: usize,
    rows: usize,
    descriptions: Vec<BindParamDesc>,
}

impl Chunk {
    /// As many rows from `first` on as fit the limits; each column's buffer has room for its longest value of each row.
    fn beginning(batch: &RowBatch, first: usize, columns: &[Column]) -> Self {
        let mut longest = vec![1; columns.len()];
        let mut rows = 0;
        while first + rows < batch.rows() && rows < CHUNK_ROWS {
            let mut longer = longest.clone();
            for (index, length) in longer.iter_mut().enumerate() {
                *length = (*length).max(batch.value(first + rows, index).map_or(0, <[u8]>::len));
            }
            // Text becomes twice as long in UTF-16 at most.
            if rows > 0 && longer.iter().sum::<usize>() * 2 * (rows + 1) > CHUNK_BYTES {
                break;
            }
            longest = longer;
            rows += 1;
        }
        let descriptions = columns
            .iter()
            .zip(&longest)
            .map(|(column, &length)| description(column.kind, length));
        Self {
            first,
            rows,
            descriptions: descriptions.collect(),
        }
    }
}

/// Every value but bytes goes as text, which the driver or its server makes the column's type of: so no digit is lost.
fn description(kind: Kind, length: usize) -> BindParamDesc {
    let size = NonZeroUsize::new(length);
    let data_type = match kind {
        Kind::Boolean => DataType::Bit,
        Kind::Integer {
            bits: 64,
            unsigned: true,
        } => DataType::Decimal {
            precision: 20,
            scale: 0,
        },
        Kind::Integer { .. } => DataType::BigInt,
        Kind::Decimal { precision, scale } => DataType::Decimal {
            precision: usize::from(precision.unwrap_or(38)),
            scale: scale
                .and_then(|scale| i16::try_from(scale).ok())
                .unwrap_or(10),
        },
        Kind::Float { .. } => DataType::Double,
        Kind::Date => DataType::Date,
        Kind::Time { decimals } => DataType::Time {
            precision: i16::from(decimals),
        },
        Kind::Timestamp { decimals } | Kind::Instant { decimals } => DataType::Timestamp {
            precision: i16::from(decimals),
        },
        Kind::Text { .. } | Kind::Json if length <= MAX_VARCHAR => {
            DataType::WVarchar { length: size }
        }
        Kind::Text { .. } | Kind::Json => DataType::WLongVarchar { length: size },
        Kind::Binary { .. } if length <= MAX_VARCHAR => DataType::Varbinary { length: size },
        Kind::Binary { .. } => DataType::LongVarbinary { length: size },
    };
    let buffer_desc = match Fetched::of(kind) {
        Fetched::Binary => BufferDesc::Binary { max_bytes: length },
        Fetched::Text => BufferDesc::WText {
            max_str_len: length,
        },
        Fetched::Double | Fetched::Single | Fetched::Ascii => BufferDesc::Text {
            max_str_len: length,
        },
    };
    BindParamDesc {
        buffer_desc,
        data_type,
    }
}
