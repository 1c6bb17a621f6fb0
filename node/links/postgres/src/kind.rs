//! The server's types and the kinds that their values are.

use peerflow_rows::Kind;
use tokio_postgres::types::Type;

/// What a value of the type with this number is; `modifier` is the type's own length or precision, or negative. Types
/// that have no kind of their own (uuid, inet, arrays, enumerations, ranges, intervals, money, …) are text as the server
/// writes them.
pub(crate) fn kind_of(oid: u32, modifier: i32) -> Kind {
    let Some(known) = Type::from_oid(oid) else {
        return Kind::TEXT;
    };
    match known {
        Type::BOOL => Kind::Boolean,
        Type::INT2 => integer(16),
        Type::INT4 => integer(32),
        Type::INT8 => integer(64),
        Type::OID => Kind::Integer {
            bits: 32,
            unsigned: true,
        },
        Type::NUMERIC => decimal(modifier),
        Type::FLOAT4 => Kind::Float { bits: 32 },
        Type::FLOAT8 => Kind::Float { bits: 64 },
        Type::DATE => Kind::Date,
        Type::TIME => Kind::Time {
            decimals: decimals(modifier),
        },
        Type::TIMESTAMP => Kind::Timestamp {
            decimals: decimals(modifier),
        },
        Type::TIMESTAMPTZ => Kind::Instant {
            decimals: decimals(modifier),
        },
        Type::VARCHAR | Type::BPCHAR => Kind::Text {
            // The server counts the four bytes of a length with it.
            characters: u32::try_from(modifier - 4).ok(),
        },
        Type::NAME => Kind::Text {
            characters: Some(63),
        },
        Type::BYTEA => Kind::Binary { bytes: None },
        Type::JSON | Type::JSONB => Kind::Json,
        _ => Kind::TEXT,
    }
}

fn integer(bits: u8) -> Kind {
    Kind::Integer {
        bits,
        unsigned: false,
    }
}

/// The modifier of `numeric(p, s)` is `p` in its upper half and `s` in eleven bits of its lower, both after adding 4. A
/// negative scale counts zeros before the point: no decimals.
fn decimal(modifier: i32) -> Kind {
    if modifier < 4 {
        return Kind::Decimal {
            precision: None,
            scale: None,
        };
    }
    let packed = modifier - 4;
    let precision = (packed >> 16) & 0xffff;
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    let (precision, scale) = if scale < 0 {
        (precision - scale, 0)
    } else {
        (precision.max(scale), scale)
    };
    Kind::Decimal {
        precision: u16::try_from(precision).ok(),
        scale: u16::try_from(scale).ok(),
    }
}

fn decimals(modifier: i32) -> u8 {
    u8::try_from(modifier).unwrap_or(6).min(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimals_limits_come_out_of_its_modifier() {
        let limits = |modifier| match decimal(modifier) {
            Kind::Decimal { precision, scale } => (precision, scale),
            _ => unreachable!(),
        };
        assert_eq!(limits(-1), (None, None));
        assert_eq!(limits((10 << 16 | 2) + 4), (Some(10), Some(2)));
        assert_eq!(limits((1000 << 16) + 4), (Some(1000), Some(0)));
        assert_eq!(
            limits((3 << 16 | (-2 & 0x7ff)) + 4),
            (Some(5), Some(0)),
            "numeric(3,-2)"
        );
        assert_eq!(
            limits((2 << 16 | 5) + 4),
            (Some(5), Some(5)),
            "numeric(2,5) is below 0.001"
        );
    }

    #[test]
    fn text_that_no_kind_fits_stays_text() {
        assert_eq!(kind_of(Type::UUID.oid(), -1), Kind::TEXT);
        assert_eq!(kind_of(Type::TIMETZ.oid(), -1), Kind::TEXT);
        assert_eq!(
            kind_of(4_000_000, -1),
            Kind::TEXT,
            "an enumeration of the user's"
        );
        assert_eq!(
            kind_of(Type::VARCHAR.oid(), 14),
            Kind::Text {
                characters: Some(10)
            }
        );
        assert_eq!(
            kind_of(Type::TIMESTAMP.oid(), 3),
            Kind::Timestamp { decimals: 3 }
        );
    }
}
