//! Values that go into a statement and rows that come out of one, the same for each database.
//!
//! All text is bound and kept as bytes: keys compare byte by byte, and any character, NUL too, survives.

use std::sync::Arc;

use jiff::Timestamp;
use peerflow_model::ContentHash;
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;

use super::failure::Failure;

/// A value of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Bytes(value.as_bytes().to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<ContentHash> for Value {
    fn from(value: ContentHash) -> Self {
        Self::Bytes(value.0.to_vec())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_microsecond())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    /// Roughly what it adds to a packet.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Int(_) => 10,
            Self::Bytes(bytes) => bytes.len() + 10,
        }
    }
}

/// A statement with its values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sql: Arc<str>,
    pub(crate) values: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<Arc<str>>, values: impl Into<Vec<Value>>) -> Self {
        Self {
            sql: sql.into(),
            values: values.into(),
        }
    }
}

/// A row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Mysql(MySqlRow),
}

macro_rules! column {
    ($row:expr, $index:expr, $type:ty) => {
        match $row {
            Row::Sqlite(row) => row.try_get_unchecked::<$type, usize>($index),
            Row::Mysql(row) => row.try_get_unchecked::<$type, usize>($index),
        }
        .map_err(|error| Failure::Corrupt {
            table: "answer",
            reason: error.to_string(),
        })
    };
}

impl Row {
    pub(crate) fn int(&self, index: usize) -> Result<i64, Failure> {
        column!(self, index, i64)
    }

    pub(crate) fn optional_int(&self, index: usize) -> Result<Option<i64>, Failure> {
        column!(self, index, Option<i64>)
    }

    pub(crate) fn unsigned(&self, index: usize) -> Result<u64, Failure> {
        let number = self.int(index)?;
        u64::try_from(number).map_err(|error| broken(format!("{number}: {error}")))
    }

    pub(crate) fn optional_unsigned(&self, index: usize) -> Result<Option<u64>, Failure> {
        let unsigned =
            |number| u64::try_from(number).map_err(|error| broken(format!("{number}: {error}")));
        self.optional_int(index)?.map(unsigned).transpose()
    }

    /// A number of 32 bits: a run, a visit, a try.
    pub(crate) fn count(&self, index: usize) -> Result<u32, Failure> {
        let number = self.int(index)?;
        u32::try_from(number).map_err(|error| broken(format!("{number}: {error}")))
    }

    pub(crate) fn bytes(&self, index: usize) -> Result<&[u8], Failure> {
        column!(self, index, &[u8])
    }

    pub(crate) fn text(&self, index: usize) -> Result<&str, Failure> {
        std::str::from_utf8(self.bytes(index)?).map_err(|error| broken(error.to_string()))
    }

    pub(crate) fn optional_text(&self, index: usize) -> Result<Option<&str>, Failure> {
        let bytes = column!(self, index, Option<&[u8]>)?;
        bytes
            .map(|bytes| std::str::from_utf8(bytes).map_err(|error| broken(error.to_string())))
            .transpose()
    }

    pub(crate) fn time(&self, index: usize) -> Result<Timestamp, Failure> {
        timestamp(self.int(index)?)
    }

    pub(crate) fn optional_time(&self, index: usize) -> Result<Option<Timestamp>, Failure> {
        self.optional_int(index)?.map(timestamp).transpose()
    }

    pub(crate) fn hash(&self, index: usize) -> Result<ContentHash, Failure> {
        let bytes = self.bytes(index)?;
        bytes
            .try_into()
            .map(ContentHash)
            .map_err(|_wrong_length| broken(format!("a hash of {} bytes", bytes.len())))
    }

    pub(crate) fn json<'a, T: serde::Deserialize<'a>>(
        &'a self,
        index: usize,
    ) -> Result<T, Failure> {
        serde_json::from_slice(self.bytes(index)?).map_err(|error| broken(error.to_string()))
    }
}

fn timestamp(micros: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_microsecond(micros).map_err(|error| broken(error.to_string()))
}

fn broken(reason: String) -> Failure {
    Failure::Corrupt {
        table: "answer",
        reason,
    }
}
