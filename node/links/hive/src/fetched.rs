//! Answers with rows.

use thrift::protocol::TType;

use crate::message::Reader;
use crate::rowset::RowSet;

/// Which rows are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetch {
    Rows,
    /// What the server has logged of the statement.
    Log,
}

/// An answer with rows.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) message: Vec<u8>,
    /// The number of the call that it answers.
    pub(crate) sequence: i32,
    /// Whether the server says that more are to come. Hive never does.
    pub(crate) has_more: bool,
    /// The rows are not ready yet.
    pub(crate) is_early: bool,
}

impl Fetched {
    /// Bytes of the whole answer.
    pub(crate) fn size(&self) -> usize {
        self.message.len()
    }

    pub(crate) fn rows(&self) -> thrift::Result<RowSet<'_>> {
        Reader::answer(&self.message, self.sequence, |reader| {
            let mut rows = RowSet::default();
            reader.fields(|reader, id, kind| {
                if (id, kind) != (3, TType::Struct) {
                    return Ok(false);
                }
                rows = RowSet::read(reader)?;
                Ok(true)
            })?;
            Ok(rows)
        })
    }
}
