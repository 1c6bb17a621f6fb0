//! Which kind of value a column of the server holds.

use mysql_async::Column as WireColumn;
use mysql_async::consts::{ColumnFlags, ColumnType};
use peerflow_rows::{Column, Kind};

/// The collation that marks bytes instead of text.
const BINARY: u16 = 63;
/// Bytes of a character at most, as the connection is always utf8mb4.
const CHARACTER_BYTES: u32 = 4;
/// Decimals of a second at most.
const MAX_DECIMALS: u8 = 6;

/// The columns of a result.
pub(crate) fn columns(wire: &[WireColumn], tiny_is_boolean: bool) -> Vec<Column> {
    wire.iter()
        .map(|column| Column {
            name: column.name_str().into_owned(),
            kind: kind(column, tiny_is_boolean),
            nullable: Some(!column.flags().contains(ColumnFlags::NOT_NULL_FLAG)),
        })
        .collect()
}

/// The kind of one column.
pub(crate) fn kind(column: &WireColumn, tiny_is_boolean: bool) -> Kind {
    use ColumnType as T;
    let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
    let length = column.column_length();
    let decimals = column.decimals().min(MAX_DECIMALS);
    let integer = |bits| Kind::Integer { bits, unsigned };
    match column.column_type() {
        T::MYSQL_TYPE_TINY if tiny_is_boolean && length == 1 && !unsigned => Kind::Boolean,
        T::MYSQL_TYPE_TINY => integer(8),
        T::MYSQL_TYPE_SHORT => integer(16),
        T::MYSQL_TYPE_YEAR => Kind::Integer {
            bits: 16,
            unsigned: true,
        },
        T::MYSQL_TYPE_INT24 | T::MYSQL_TYPE_LONG => integer(32),
        T::MYSQL_TYPE_LONGLONG => integer(64),
        T::MYSQL_TYPE_FLOAT => Kind::Float { bits: 32 },
        T::MYSQL_TYPE_DOUBLE => Kind::Float { bits: 64 },
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => decimal(column, unsigned),
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => Kind::Instant { decimals },
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => Kind::Timestamp { decimals },
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => Kind::Date,
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => Kind::Time { decimals },
        T::MYSQL_TYPE_BIT if length == 1 && tiny_is_boolean => Kind::Boolean,
        T::MYSQL_TYPE_BIT => Kind::Integer {
            bits: match length {
                0..=8 => 8,
                9..=16 => 16,
                17..=32 => 32,
                _ => 64,
            },
            unsigned: true,
        },
        T::MYSQL_TYPE_JSON => Kind::Json,
        T::MYSQL_TYPE_GEOMETRY => Kind::Binary { bytes: None },
        _ if is_binary(column) => Kind::Binary {
            bytes: (length > 0 && length < u32::MAX).then_some(length),
        },
        T::MYSQL_TYPE_VARCHAR
        | T::MYSQL_TYPE_VAR_STRING
        | T::MYSQL_TYPE_STRING
        | T::MYSQL_TYPE_ENUM
        | T::MYSQL_TYPE_SET
            if length > 0 =>
        {
            Kind::Text {
                characters: Some(length.div_ceil(CHARACTER_BYTES)),
            }
        }
        _ => Kind::TEXT,
    }
}

/// Whether a column of strings holds bytes.
pub(crate) fn is_binary(column: &WireColumn) -> bool {
    use ColumnType as T;
    column.character_set() == BINARY
        && matches!(
            column.column_type(),
            T::MYSQL_TYPE_VARCHAR
                | T::MYSQL_TYPE_VAR_STRING
                | T::MYSQL_TYPE_STRING
                | T::MYSQL_TYPE_BLOB
                | T::MYSQL_TYPE_TINY_BLOB
                | T::MYSQL_TYPE_MEDIUM_BLOB
                | T::MYSQL_TYPE_LONG_BLOB
                | T::MYSQL_TYPE_GEOMETRY
        )
}

/// The length counts digits, the sign and the point.
fn decimal(column: &WireColumn, unsigned: bool) -> Kind {
    let scale = u16::from(column.decimals());
    let besides = u32::from(!unsigned) + u32::from(scale > 0);
    let precision = column.column_length().saturating_sub(besides);
    Kind::Decimal {
        precision: u16::try_from(precision).ok().filter(|digits| *digits > 0),
        scale: Some(scale),
    }
}

/// The kind under which a number of the text protocol is shown as the server wrote it.
pub(crate) fn shown(column: &WireColumn) -> Kind {
    match kind(column, false) {
        Kind::Float { .. } => Kind::TEXT,
        kind => kind,
    }
}
