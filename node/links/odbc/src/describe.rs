//! The columns of a statement, and how each is fetched.

use odbc_api::buffers::BufferDesc;
use odbc_api::{DataType, ResultSetMetadata};
use peerflow_rows::{Column, Error, Kind};

use crate::failure::told;

/// Characters or bytes of a value up to which whole blocks of rows are fetched at once.
const MAX_IN_BLOCK: usize = 4_096;
/// Of a number or a date as text, where the driver does not say.
const NUMBER_LENGTH: usize = 128;

/// The C type by which a column is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    Double,
    Single,
    Binary,
    /// UTF-16.
    Text,
    /// What has digits, letters and signs of ASCII only.
    Ascii,
}

impl Fetched {
    /// Of values of a kind.
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Float { bits: 32 } => Self::Single,
            Kind::Float { .. } => Self::Double,
            Kind::Binary { .. } => Self::Binary,
            Kind::Text { .. } | Kind::Json => Self::Text,
            Kind::Boolean
            | Kind::Integer { .. }
            | Kind::Decimal { .. }
            | Kind::Date
            | Kind::Time { .. }
            | Kind::Timestamp { .. }
            | Kind::Instant { .. } => Self::Ascii,
        }
    }

    /// The buffer for a block of values; `None` where no value is sure to fit one.
    pub(crate) fn buffer(self, kind: Kind) -> Option<BufferDesc> {
        let short = |size: Option<u32>| {
            size.and_then(|size| usize::try_from(size).ok())
                .filter(|size| (1..=MAX_IN_BLOCK).contains(size))
        };
        Some(match self {
            Self::Double => BufferDesc::F64 { nullable: true },
            Self::Single => BufferDesc::F32 { nullable: true },
            Self::Ascii => BufferDesc::Text {
                max_str_len: NUMBER_LENGTH,
            },
            Self::Binary => match kind {
                Kind::Binary { bytes } => BufferDesc::Binary {
                    max_bytes: short(bytes)?,
                },
                _ => return None,
            },
            Self::Text => match kind {
                // A character may be two units of UTF-16.
                Kind::Text { characters } => BufferDesc::WText {
                    max_str_len: short(characters)? * 2,
                },
                _ => return None,
            },
        })
    }
}

/// The columns of a statement that is prepared or runs.
pub(crate) fn columns(statement: &mut impl ResultSetMetadata) -> Result<Vec<Column>, Error> {
    let count = statement.num_result_cols().map_err(|error| told(&error))?;
    let count = u16::try_from(count).unwrap_or(0);
    (1..=count)
        .map(|number| column(statement, number).map_err(|error| told(&error)))
        .collect()
}

fn column(statement: &mut impl ResultSetMetadata, number: u16) -> Result<Column, odbc_api::Error> {
    let name = statement.col_name(number)?;
    let data_type = statement.col_data_type(number)?;
    // Drivers that cannot tell have signed integers.
    let unsigned = is_integer(data_type) && statement.column_is_unsigned(number).unwrap_or(false);
    Ok(Column::new(name, kind(data_type, unsigned)))
}

fn is_integer(data_type: DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt | DataType::SmallInt | DataType::Integer | DataType::BigInt
    )
}

/// What a driver's type means.
fn kind(data_type: DataType, unsigned: bool) -> Kind {
    let integer = |bits| Kind::Integer { bits, unsigned };
    match data_type {
        DataType::TinyInt => integer(8),
        DataType::SmallInt => integer(16),
        DataType::Integer => integer(32),
        DataType::BigInt => integer(64),
        DataType::Numeric { precision, scale } | DataType::Decimal { precision, scale } => {
            Kind::Decimal {
                precision: u16::try_from(precision)
                    .ok()
                    .filter(|precision| *precision > 0),
                scale: u16::try_from(scale).ok(),
            }
        }
        DataType::Real => Kind::Float { bits: 32 },
        // Some drivers give its precision in bits, others in digits; double holds both.
        DataType::Float { .. } | DataType::Double => Kind::Float { bits: 64 },
        DataType::Bit => Kind::Boolean,
        DataType::Date => Kind::Date,
        DataType::Time { precision } => Kind::Time {
            decimals: decimals(precision),
        },
        DataType::Timestamp { precision } => Kind::Timestamp {
            decimals: decimals(precision),
        },
        DataType::Char { length }
        | DataType::WChar { length }
        | DataType::Varchar { length }
        | DataType::WVarchar { length } => Kind::Text {
            characters: length.and_then(|length| u32::try_from(length.get()).ok()),
        },
        DataType::Binary { length } | DataType::Varbinary { length } => Kind::Binary {
            bytes: length.and_then(|length| u32::try_from(length.get()).ok()),
        },
        // Their lengths are the largest that there could be, or made up.
        DataType::LongVarbinary { .. } => Kind::Binary { bytes: None },
        DataType::LongVarchar { .. }
        | DataType::WLongVarchar { .. }
        | DataType::Unknown
        | DataType::Other { .. } => Kind::TEXT,
    }
}

fn decimals(precision: i16) -> u8 {
    u8::try_from(precision.clamp(0, 9)).unwrap_or(9)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn a_column_of_unknown_size_is_never_cut_to_a_buffer() {
        let long = DataType::LongVarchar {
            length: NonZeroUsize::new(8190),
        };
        let kind = kind(long, false);
        assert_eq!(Fetched::of(kind).buffer(kind), None);
        let wide = Kind::Text {
            characters: Some(70_000),
        };
        assert_eq!(Fetched::of(wide).buffer(wide), None);
    }
}
