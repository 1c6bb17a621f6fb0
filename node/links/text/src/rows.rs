//! The rows that a reader has made so far.

use peerflow_rows::{BatchBuilder, RowBatch, RowTooLarge};

use crate::{Error, binary, shown};

/// The rows made so far.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Option<usize>,
    /// Which columns take binary values.
    pub(crate) binary: Vec<bool>,
    builder: Option<BatchBuilder>,
    pub(crate) count: u64,
    pub(crate) wanted: Option<u64>,
    pub(crate) located: Option<Located>,
    pub(crate) full: Vec<RowBatch>,
}

/// Where a row stands, for a message about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Line of the file that was read then, from 1.
    pub line: u64,
    /// Its values, each cut for people; `None` is NULL.
    pub values: Vec<Option<String>>,
}

impl Rows {
    pub(crate) fn set_columns(&mut self, columns: usize) {
        self.columns = Some(columns);
        self.builder = Some(BatchBuilder::new(columns));
    }

    /// The first record tells how many columns there are, and what the empty lines before it were.
    pub(crate) fn first(&mut self, columns: usize, empty: &mut u64) -> Result<usize, Error> {
        self.set_columns(columns);
        let empty = std::mem::take(empty);
        self.nulls(if columns == 1 { empty } else { 0 }, 1)?;
        Ok(columns)
    }

    /// Appends a value to the present row.
    pub(crate) fn put(&mut self, column: usize, value: Option<&[u8]>) -> Result<(), RowTooLarge> {
        let Some(builder) = &mut self.builder else {
            return Ok(());
        };
        if let (Some(value), Some(true)) = (value, self.binary.get(column))
            && let Some(bytes) = binary::decode(value)
        {
            return builder.push(Some(&bytes));
        }
        builder.push(value)
    }

    /// Ends the row, which began in this line.
    pub(crate) fn end_row(&mut self, line: u64) -> Result<(), Error> {
        self.count += 1;
        let Some(builder) = &mut self.builder else {
            return Ok(());
        };
        let is_wanted = self.wanted == Some(self.count);
        if builder.is_full() || is_wanted {
            let batch = builder.take();
            if is_wanted {
                let values = (0..batch.columns()).map(|it| batch.value(batch.rows() - 1, it));
                self.located = Some(Located {
                    line,
                    values: values.map(|value| value.map(shown)).collect(),
                });
            }
            self.full.push(batch);
        }
        Ok(())
    }

    /// The rows that fill no batch.
    pub(crate) fn rest(&mut self) -> Option<RowBatch> {
        let batch = self.builder.as_mut().map(BatchBuilder::take);
        batch.filter(|batch| batch.rows() > 0)
    }

    /// Rows of one column that is NULL.
    pub(crate) fn nulls(&mut self, rows: u64, line: u64) -> Result<(), Error> {
        for row in 0..rows {
            self.put(0, None).map_err(|error| too_large(line, error))?;
            self.end_row(line + row)?;
        }
        Ok(())
    }
}

/// A row that no batch can hold.
pub(crate) fn too_large(line: u64, error: RowTooLarge) -> Error {
    Error {
        line,
        column: None,
        value: None,
        reason: format!("{error}; a quote or a line end may be missing"),
    }
}
