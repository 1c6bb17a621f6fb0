//! Values of a file in their plain form, by how each is stored: a column may hold anything.

use std::io::Write as _;

use peerflow_rows::{BatchBuilder, Column, Error, Kind, Trouble};
use sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

/// How a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    Integer,
    Real,
    Text,
    Blob,
}

/// How the value of a column is stored; `None` is NULL.
pub(crate) fn storage(row: &SqliteRow, column: usize) -> Result<Option<Storage>, Error> {
    let value = row
        .try_get_raw(column)
        .map_err(|error| crate::failure::told(&error))?;
    Ok(stored(&value))
}

fn stored(value: &SqliteValueRef<'_>) -> Option<Storage> {
    if value.is_null() {
        return None;
    }
    // The names of the storage classes, or those that columns of their declared types have instead.
    Some(match value.type_info().name() {
        "REAL" => Storage::Real,
        "TEXT" => Storage::Text,
        "BLOB" => Storage::Blob,
        _ => Storage::Integer,
    })
}

/// Appends a row.
pub(crate) fn push_row(
    builder: &mut BatchBuilder,
    row: &SqliteRow,
    columns: &[Column],
) -> Result<(), Error> {
    if row.len() != columns.len() {
        let message = "the query gives other columns than a moment ago; somebody changed the table, run it again";
        return Err(Error::new(Trouble::Refused, message));
    }
    for (index, column) in columns.iter().enumerate() {
        let value = row
            .try_get_raw(index)
            .map_err(|error| crate::failure::told(&error))?;
        push(builder, value, column)?;
    }
    Ok(())
}

fn push(
    builder: &mut BatchBuilder,
    value: SqliteValueRef<'_>,
    column: &Column,
) -> Result<(), Error> {
    match stored(&value) {
        None => builder.end_null(),
        Some(Storage::Integer) => push_integer(builder, decode(value)?, column.kind)?,
        Some(Storage::Real) => push_double(builder, decode(value)?, column.kind)?,
        Some(Storage::Text) => push_text(builder, decode(value)?, column)?,
        Some(Storage::Blob) => {
            let bytes: &[u8] = decode(value)?;
            if !matches!(column.kind, Kind::Binary { .. }) {
                is_text(bytes, column)?;
            }
            builder.push(Some(bytes))?;
        }
    }
    Ok(())
}

fn decode<'r, T: Decode<'r, Sqlite>>(value: SqliteValueRef<'r>) -> Result<T, Error> {
    T::decode(value).map_err(|error| Error::new(Trouble::Refused, error.to_string()))
}

fn push_integer(builder: &mut BatchBuilder, value: i64, kind: Kind) -> Result<(), Error> {
    let mut digits = [0; 20];
    builder.append(written(&mut digits, format_args!("{value}")))?;
    if let Kind::Decimal {
        scale: Some(scale), ..
    } = kind
    {
        pad(builder, 0, scale)?;
    }
    builder.end_value();
    Ok(())
}

/// In the shortest digits that give the same double again, and a decimal with as many decimals as its column has.
fn push_double(builder: &mut BatchBuilder, value: f64, kind: Kind) -> Result<(), Error> {
    // The longest is the smallest double written out.
    let mut digits = [0; 800];
    if value.is_infinite() {
        let text: &[u8] = if value > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        };
        return Ok(builder.push(Some(text))?);
    }
    let size = value.abs();
    let is_short = size == 0.0 || (1e-5..1e17).contains(&size);
    let text = if is_short || matches!(kind, Kind::Decimal { .. } | Kind::Integer { .. }) {
        written(&mut digits, format_args!("{value}"))
    } else {
        written(&mut digits, format_args!("{value:e}"))
    };
    builder.append(text)?;
    if let Kind::Decimal {
        scale: Some(scale), ..
    } = kind
    {
        let decimals = text
            .iter()
            .rev()
            .position(|&byte| byte == b'.')
            .unwrap_or(0);
        pad(builder, decimals, scale)?;
    }
    builder.end_value();
    Ok(())
}

/// Zeros after a number that has `decimals`, so that it has `scale` of them.
fn pad(builder: &mut BatchBuilder, decimals: usize, scale: u16) -> Result<(), Error> {
    if decimals == 0 && scale > 0 {
        builder.append(b".")?;
    }
    for _ in decimals..usize::from(scale) {
        builder.append(b"0")?;
    }
    Ok(())
}

fn push_text(builder: &mut BatchBuilder, text: &[u8], column: &Column) -> Result<(), Error> {
    is_text(text, column)?;
    match column.kind {
        Kind::Boolean if text.eq_ignore_ascii_case(b"true") => builder.push(Some(b"1"))?,
        Kind::Boolean if text.eq_ignore_ascii_case(b"false") => builder.push(Some(b"0"))?,
        // ISO 8601, as many programs write it.
        Kind::Timestamp { .. } | Kind::Instant { .. } if text.get(10) == Some(&b'T') => {
            builder.append(&text[..10])?;
            builder.append(b" ")?;
            builder.append(&text[11..])?;
            builder.end_value();
        }
        _ => builder.push(Some(text))?,
    }
    Ok(())
}

fn is_text(bytes: &[u8], column: &Column) -> Result<(), Error> {
    if std::str::from_utf8(bytes).is_ok() {
        return Ok(());
    }
    let message = format!(
        "column {} holds bytes that are not UTF-8; read them as binary with CAST({} AS BLOB)",
        column.name, column.name
    );
    Err(Error::new(Trouble::BadValue, message).at_column(&column.name))
}

/// Formatted into `buffer`, which is long enough for every number.
fn written<'a>(buffer: &'a mut [u8], text: std::fmt::Arguments<'_>) -> &'a [u8] {
    let whole = buffer.len();
    let mut left = &mut *buffer;
    // A number that did not fit would be cut; none is that long.
    let fitted = left.write_fmt(text).is_ok();
    debug_assert!(fitted, "a number is longer than the buffer");
    let used = whole - left.len();
    &buffer[..used]
}
