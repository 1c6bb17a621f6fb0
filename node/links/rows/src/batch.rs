//! Rows in one piece of memory.

/// A batch is handed on once it holds this many bytes.
pub const BATCH_BYTES: usize = 512 * 1024;
/// What one row may hold. Larger ones are refused.
pub const MAX_ROW_BYTES: usize = 256 * 1024 * 1024;

/// Marks the end of a value that is NULL.
const NULL: u32 = 1 << 31;

/// Rows that follow each other, each of the same number of values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowBatch {
    columns: usize,
    /// All values one after the other.
    bytes: Vec<u8>,
    /// Where each value ends in `bytes`; the highest bit says that it is NULL.
    ends: Vec<u32>,
}

impl RowBatch {
    /// Values in each row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Rows in it.
    pub fn rows(&self) -> usize {
        self.ends.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Bytes of all values together.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// All values, row after row; `None` is NULL.
    pub fn values(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let stop = (end & !NULL) as usize;
            let value = &self.bytes[start..stop];
            start = stop;
            (end & NULL == 0).then_some(value)
        })
    }

    /// One value; `None` is NULL.
    ///
    /// # Panics
    /// When there is no such row or column.
    pub fn value(&self, row: usize, column: usize) -> Option<&[u8]> {
        assert!(column < self.columns, "a row has {} values", self.columns);
        let index = row * self.columns + column;
        let end = self.ends[index];
        let start = index
            .checked_sub(1)
            .map_or(0, |before| (self.ends[before] & !NULL) as usize);
        (end & NULL == 0).then(|| &self.bytes[start..(end & !NULL) as usize])
    }
}

/// A row, or a batch of them, would be larger than [`MAX_ROW_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row is larger than {} MiB, which is more than a transfer takes", MAX_ROW_BYTES / (1024 * 1024))]
pub struct RowTooLarge;

/// Makes batches value by value.
#[derive(Debug)]
pub struct BatchBuilder {
    batch: RowBatch,
    /// Where the present row begins in the bytes.
    row_start: usize,
    /// Values that the present row has so far; counted, since a division for each value would show.
    in_row: usize,
}

impl BatchBuilder {
    /// For rows of `columns` values, at least one.
    pub fn new(columns: usize) -> Self {
        Self {
            batch: RowBatch {
                columns,
                ..RowBatch::default()
            },
            row_start: 0,
            in_row: 0,
        }
    }

    /// Appends a value to the present row; `None` is NULL.
    ///
    /// # Errors
    /// When the row grows too large.
    pub fn push(&mut self, value: Option<&[u8]>) -> Result<(), RowTooLarge> {
        match value {
            Some(value) => {
                self.append(value)?;
                self.end_value();
            }
            None => self.end_null(),
        }
        Ok(())
    }

    /// Appends to the value that is being made; [`Self::end_value`] ends it.
    ///
    /// # Errors
    /// When the row grows too large.
    pub fn append(&mut self, part: &[u8]) -> Result<(), RowTooLarge> {
        if self.batch.bytes.len() - self.row_start + part.len() > MAX_ROW_BYTES {
            return Err(RowTooLarge);
        }
        self.batch.bytes.extend_from_slice(part);
        Ok(())
    }

    /// Ends a value made by [`Self::append`]; one without any part is empty.
    pub fn end_value(&mut self) {
        let end = self.end();
        self.ended(end);
    }

    /// Appends NULL. Nothing may have been appended to the value.
    pub fn end_null(&mut self) {
        let end = self.end() | NULL;
        self.ended(end);
    }

    /// Values that the present row has so far.
    pub fn values_in_row(&self) -> usize {
        self.in_row
    }

    /// Whether the batch is large enough to be handed on. Ask between rows.
    pub fn is_full(&self) -> bool {
        self.batch.bytes.len() >= BATCH_BYTES || self.batch.ends.len() >= BATCH_BYTES / 4
    }

    /// Whether it holds no value.
    pub fn is_empty(&self) -> bool {
        self.batch.ends.is_empty()
    }

    /// The rows so far; what follows begins a new batch.
    ///
    /// # Panics
    /// When the last row is not whole.
    pub fn take(&mut self) -> RowBatch {
        assert_eq!(self.values_in_row(), 0, "the last row is not whole");
        self.row_start = 0;
        let next = RowBatch {
            columns: self.batch.columns,
            bytes: Vec::with_capacity(self.batch.bytes.len() + self.batch.bytes.len() / 8),
            ends: Vec::with_capacity(self.batch.ends.len()),
        };
        std::mem::replace(&mut self.batch, next)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a batch is handed on at half a MiB, and its last row has a limit far below 2 GiB"
    )]
    fn end(&self) -> u32 {
        self.batch.bytes.len() as u32
    }

    fn ended(&mut self, end: u32) {
        self.batch.ends.push(end);
        self.in_row += 1;
        if self.in_row == self.batch.columns {
            self.in_row = 0;
            self.row_start = self.batch.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_empty_are_different_values() {
        let mut builder = BatchBuilder::new(3);
        builder.push(Some(b"a")).unwrap();
        builder.push(None).unwrap();
        builder.push(Some(b"")).unwrap();
        builder.append(b"b").unwrap();
        builder.append(b"c").unwrap();
        builder.end_value();
        builder.end_value();
        builder.end_null();
        let batch = builder.take();
        assert_eq!((batch.rows(), batch.columns(), batch.size()), (2, 3, 3));
        let all: Vec<Option<&[u8]>> = batch.values().collect();
        assert_eq!(
            all,
            [
                Some(&b"a"[..]),
                None,
                Some(b""),
                Some(b"bc"),
                Some(b""),
                None
            ]
        );
        for (index, value) in all.into_iter().enumerate() {
            assert_eq!(batch.value(index / 3, index % 3), value);
        }
        assert!(builder.is_empty());
    }

    #[test]
    fn a_row_beyond_the_limit_is_refused_and_a_batch_is_full_before() {
        let mut builder = BatchBuilder::new(1);
        let part = vec![b'x'; BATCH_BYTES];
        builder.push(Some(&part)).unwrap();
        assert!(builder.is_full());
        for _ in 0..MAX_ROW_BYTES / BATCH_BYTES {
            builder.append(&part).unwrap();
        }
        assert_eq!(builder.append(b"x"), Err(RowTooLarge));
    }
}
