//! The rows of an answer: whole columns, one after the other, read where they lie.

use peerflow_rows::{BatchBuilder, Kind, RowTooLarge};
use thrift::ProtocolErrorKind;
use thrift::protocol::{TInputProtocol, TType};

use crate::message::{Reader, wrong};
use crate::plain;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Boolean,
    Byte,
    Short,
    Int,
    Long,
    Double,
    /// Text or bytes, each with its length before it.
    Bytes,
}

impl Shape {
    /// Of the field in which the column stands, with the kind of its elements.
    fn of(field: i16) -> Option<(Self, TType)> {
        Some(match field {
            1 => (Self::Boolean, TType::Bool),
            2 => (Self::Byte, TType::I08),
            3 => (Self::Short, TType::I16),
            4 => (Self::Int, TType::I32),
            5 => (Self::Long, TType::I64),
            6 => (Self::Double, TType::Double),
            7 | 8 => (Self::Bytes, TType::String),
            _ => return None,
        })
    }

    /// Bytes of each, where all have as many.
    fn size(self) -> Option<usize> {
        match self {
            Self::Boolean | Self::Byte => Some(1),
            Self::Short => Some(2),
            Self::Int => Some(4),
            Self::Long | Self::Double => Some(8),
            Self::Bytes => None,
        }
    }
}

/// A value as it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Bytes(&'a [u8]),
}

impl Value<'_> {
    fn text(self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Double(value) => value.to_string(),
            Self::Bytes(value) => String::from_utf8_lossy(value).into_owned(),
        }
    }
}

/// One column of an answer.
#[derive(Clone, Copy, Debug)]
struct Column<'a> {
    shape: Shape,
    count: usize,
    /// The values that are not read yet.
    values: &'a [u8],
    /// A bit for each value, the lowest first; those of the end may be left out where they are 0.
    nulls: &'a [u8],
}

impl<'a> Column<'a> {
    fn read(reader: &mut Reader<'a>) -> thrift::Result<Option<Self>> {
        let mut found = None;
        reader.fields(|reader, id, kind| {
            let Some((shape, element)) = Shape::of(id).filter(|_| kind == TType::Struct) else {
                return Ok(false);
            };
            found = Some(Self::values(reader, shape, element)?);
            Ok(true)
        })?;
        Ok(found)
    }

    fn values(reader: &mut Reader<'a>, shape: Shape, element: TType) -> thrift::Result<Self> {
        let mut column = Column {
            shape,
            count: 0,
            values: &[],
            nulls: &[],
        };
        reader.fields(|reader, id, kind| {
            match (id, kind) {
                (1, TType::List) => {
                    let list = reader.input.read_list_begin()?;
                    if list.element_type != element && list.size > 0 {
                        return Err(wrong(
                            ProtocolErrorKind::InvalidData,
                            "a column of other values",
                        ));
                    }
                    column.count = usize::try_from(list.size).unwrap_or_default();
                    column.values = span(reader, shape, column.count)?;
                }
                (2, TType::String) => column.nulls = reader.slice()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(column)
    }

    /// The value of row `row`, which must be asked for one after the other. `None` is NULL.
    fn next(&mut self, row: usize) -> thrift::Result<Option<Value<'a>>> {
        let value = match self.shape {
            Shape::Boolean => Value::Boolean(self.fixed::<1>()? != [0]),
            Shape::Byte => Value::Integer(i8::from_be_bytes(self.fixed()?).into()),
            Shape::Short => Value::Integer(i16::from_be_bytes(self.fixed()?).into()),
            Shape::Int => Value::Integer(i32::from_be_bytes(self.fixed()?).into()),
            Shape::Long => Value::Integer(i64::from_be_bytes(self.fixed()?)),
            Shape::Double => Value::Double(f64::from_be_bytes(self.fixed()?)),
            Shape::Bytes => {
                let length = u32::from_be_bytes(self.fixed()?) as usize;
                let (value, rest) = self.values.split_at_checked(length).ok_or_else(short)?;
                self.values = rest;
                Value::Bytes(value)
            }
        };
        let is_null = self
            .nulls
            .get(row / 8)
            .is_some_and(|bits| bits >> (row % 8) & 1 == 1);
        Ok((!is_null).then_some(value))
    }

    fn fixed<const N: usize>(&mut self) -> thrift::Result<[u8; N]> {
        let (value, rest) = self.values.split_first_chunk().ok_or_else(short)?;
        self.values = rest;
        Ok(*value)
    }
}

/// The bytes of so many values.
fn span<'a>(reader: &mut Reader<'a>, shape: Shape, count: usize) -> thrift::Result<&'a [u8]> {
    if let Some(size) = shape.size() {
        return reader.take(count.saturating_mul(size));
    }
    let whole = reader.input.transport;
    for _ in 0..count {
        reader.slice()?;
    }
    Ok(&whole[..whole.len() - reader.input.transport.len()])
}

fn short() -> thrift::Error {
    wrong(ProtocolErrorKind::SizeLimit, "a column ends too early")
}

/// Rows, by columns of the same length.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowSet<'a> {
    columns: Vec<Column<'a>>,
}

impl<'a> RowSet<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> thrift::Result<Self> {
        let mut rows = Self::default();
        let mut by_rows = 0;
        reader.fields(|reader, id, kind| {
            match (id, kind) {
                (2, TType::List) => {
                    by_rows = reader
                        .structures(|reader| reader.fields(|_, _, _| Ok(false)))?
                        .len();
                }
                (3, TType::List) => {
                    let columns = reader.structures(Column::read)?;
                    let columns: Option<Vec<_>> = columns.into_iter().collect();
                    rows.columns = columns.ok_or_else(|| {
                        wrong(
                            ProtocolErrorKind::NotImplemented,
                            "a column of an unknown kind",
                        )
                    })?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if by_rows > 0 {
            return Err(wrong(
                ProtocolErrorKind::NotImplemented,
                "rows in the form of servers before Hive 0.13",
            ));
        }
        if rows.columns.iter().any(|column| column.count != rows.len()) {
            return Err(wrong(
                ProtocolErrorKind::InvalidData,
                "columns of different lengths",
            ));
        }
        Ok(rows)
    }

    pub(crate) fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.count)
    }

    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// All values as texts, row by row; NULL is empty.
    pub(crate) fn texts(mut self) -> thrift::Result<Vec<Vec<String>>> {
        (0..self.len())
            .map(|row| {
                let values = self.columns.iter_mut().map(|column| {
                    let value = column.next(row)?;
                    Ok(value.map(Value::text).unwrap_or_default())
                });
                values.collect()
            })
            .collect()
    }

    /// The texts of the first column, as the lines of a log come.
    pub(crate) fn lines(self) -> thrift::Result<Vec<String>> {
        let rows = self.texts()?;
        Ok(rows
            .into_iter()
            .filter_map(|row| row.into_iter().next())
            .collect())
    }

    /// A part of the rows from here on, in plain form, until `builder` is full or `most` rows were taken. Call it with
    /// the number of rows taken before.
    pub(crate) fn fill(
        &mut self,
        from: usize,
        most: usize,
        kinds: &[Kind],
        builder: &mut BatchBuilder,
    ) -> Result<usize, Unfit> {
        let mut row = from;
        while row < self.len() && row - from < most && !builder.is_full() {
            for (column, kind) in self.columns.iter_mut().zip(kinds) {
                match column.next(row)? {
                    Some(value) => plain::push(value, *kind, builder)?,
                    None => builder.end_null(),
                }
            }
            row += 1;
        }
        Ok(row - from)
    }
}

/// Rows that cannot be taken.
#[derive(Debug)]
pub(crate) enum Unfit {
    Message(thrift::Error),
    Row(RowTooLarge),
}

impl From<thrift::Error> for Unfit {
    fn from(error: thrift::Error) -> Self {
        Self::Message(error)
    }
}

impl From<RowTooLarge> for Unfit {
    fn from(error: RowTooLarge) -> Self {
        Self::Row(error)
    }
}

#[cfg(test)]
mod tests;
