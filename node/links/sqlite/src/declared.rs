//! What a column is, by the type that its table declares.

use peerflow_rows::Kind;

/// Decimals of the second that are assumed where the type does not say: what most writers of text write.
const DECIMALS: u8 = 6;
/// Significant digits of a decimal that a double always gives back.
pub(crate) const EXACT_DIGITS: u16 = 15;

/// What SQLite does to values that are stored in a column, see <https://sqlite.org/datatype3.html#affname>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    /// Text that is a number becomes one.
    Integer,
    /// As [`Self::Integer`], and integers become doubles.
    Real,
    /// As [`Self::Integer`].
    Numeric,
    /// Numbers become text.
    Text,
    /// Everything stays as it is.
    None,
}

impl Affinity {
    /// Of a declared type, by SQLite's own rules in their order.
    pub(crate) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |word: &str| declared.contains(word);
        if has("INT") {
            Self::Integer
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Self::Text
        } else if has("BLOB") || declared.trim().is_empty() || declared == "ANY" {
            // ANY keeps values as they are in the strict tables that alone know it.
            Self::None
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Self::Real
        } else {
            Self::Numeric
        }
    }
}

/// What the values of a column are, by its declared type; `None` where that says nothing.
pub(crate) fn kind(declared: &str) -> Option<Kind> {
    let upper = declared.to_ascii_uppercase();
    let (name, limits) = split(&upper);
    let first = limits.first().copied();
    let decimals = first.map_or(DECIMALS, |decimals| {
        u8::try_from(decimals.min(9)).unwrap_or(9)
    });
    let has = |word: &str| name.contains(word);
    let kind = match name {
        "" | "ANY" => return None,
        "BOOL" | "BOOLEAN" => Kind::Boolean,
        "DATE" => Kind::Date,
        "TIME" | "TIME WITHOUT TIME ZONE" => Kind::Time { decimals },
        "DATETIME"
        | "TIMESTAMP"
        | "TIMESTAMP WITHOUT TIME ZONE"
        | "SMALLDATETIME"
        | "DATETIME2" => Kind::Timestamp { decimals },
        "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" | "DATETIMEOFFSET" => Kind::Instant { decimals },
        "UUID" => Kind::Text {
            characters: Some(36),
        },
        _ if has("JSON") => Kind::Json,
        _ if has("DECIMAL") || has("NUMERIC") || has("NUMBER") || name == "DEC" => Kind::Decimal {
            precision: first.and_then(|precision| u16::try_from(precision).ok()),
            scale: scale(&limits),
        },
        // A file keeps 64 bits whatever the name of the type says.
        _ if has("INT") => Kind::Integer {
            bits: 64,
            unsigned: false,
        },
        _ if has("CHAR") || has("CLOB") || has("TEXT") || has("STRING") => {
            Kind::Text { characters: first }
        }
        _ if has("BLOB") || has("BINARY") => Kind::Binary { bytes: first },
        _ if has("REAL") || has("FLOA") || has("DOUB") => Kind::Float { bits: 64 },
        "NUM" | "MONEY" => Kind::Decimal {
            precision: None,
            scale: None,
        },
        _ => Kind::TEXT,
    };
    Some(kind)
}

/// The type of a new column.
pub(crate) fn column_type(kind: Kind) -> String {
    match kind {
        Kind::Boolean => "BOOLEAN".to_owned(),
        // Larger than SQLite's integers, which would make a double of it.
        Kind::Integer {
            bits: 64,
            unsigned: true,
        } => "DECIMAL_TEXT(20,0)".to_owned(),
        Kind::Integer { .. } => "INTEGER".to_owned(),
        Kind::Decimal {
            precision: Some(precision),
            scale,
        } => {
            let name = if precision <= EXACT_DIGITS {
                "DECIMAL"
            } else {
                "DECIMAL_TEXT"
            };
            format!("{name}({precision},{})", scale.unwrap_or(0))
        }
        Kind::Decimal {
            precision: None, ..
        } => "DECIMAL_TEXT".to_owned(),
        Kind::Float { .. } => "DOUBLE".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::Time { decimals } => format!("TIME({decimals})"),
        Kind::Timestamp { decimals } => format!("DATETIME({decimals})"),
        Kind::Instant { decimals } => format!("TIMESTAMPTZ({decimals})"),
        Kind::Text {
            characters: Some(characters),
        } => format!("VARCHAR({characters})"),
        Kind::Text { characters: None } => "TEXT".to_owned(),
        Kind::Binary { .. } => "BLOB".to_owned(),
        // Not JSON: a document that is a number would be changed there.
        Kind::Json => "JSON_TEXT".to_owned(),
    }
}

/// What a column is that was made for this kind: an unsigned integer of 64 bits, for one, is kept as a decimal.
pub(crate) fn kept(made_for: Kind) -> Kind {
    kind(&column_type(made_for)).unwrap_or(made_for)
}

/// A type without the limits in its parentheses, wherever these stand, and the limits.
fn split(declared: &str) -> (&str, Vec<u32>) {
    let Some((name, rest)) = declared.split_once('(') else {
        return (declared.trim(), Vec::new());
    };
    let (limits, after) = rest.split_once(')').unwrap_or((rest, ""));
    let limits = limits
        .split(',')
        .map_while(|limit| limit.trim().parse().ok())
        .collect();
    let name = match (name.trim(), after.trim()) {
        ("TIMESTAMP", "WITH TIME ZONE") => "TIMESTAMPTZ",
        (name, _) => name,
    };
    (name, limits)
}

/// `DECIMAL(10)` has no decimals, as everywhere.
fn scale(limits: &[u32]) -> Option<u16> {
    match limits {
        [] => None,
        [_] => Some(0),
        [_, scale, ..] => u16::try_from(*scale).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinities_are_those_of_the_documentation() {
        for (declared, affinity) in [
            ("UNSIGNED BIG INT", Affinity::Integer),
            ("NATIVE CHARACTER(70)", Affinity::Text),
            ("CLOB", Affinity::Text),
            ("BLOB", Affinity::None),
            ("", Affinity::None),
            ("DOUBLE PRECISION", Affinity::Real),
            ("FLOATING POINT", Affinity::Integer),
            ("DECIMAL(10,5)", Affinity::Numeric),
            ("STRING", Affinity::Numeric),
            ("DECIMAL_TEXT(38,10)", Affinity::Text),
            ("JSON_TEXT", Affinity::Text),
            ("JSON", Affinity::Numeric),
            ("TIMESTAMP(6) WITH TIME ZONE", Affinity::Numeric),
        ] {
            assert_eq!(Affinity::of(declared), affinity, "{declared}");
        }
    }

    #[test]
    fn a_type_made_for_a_kind_means_that_kind() {
        for kind in [
            Kind::Boolean,
            Kind::Integer {
                bits: 64,
                unsigned: false,
            },
            Kind::Decimal {
                precision: Some(10),
                scale: Some(2),
            },
            Kind::Decimal {
                precision: Some(38),
                scale: Some(10),
            },
            Kind::Decimal {
                precision: None,
                scale: None,
            },
            Kind::Float { bits: 64 },
            Kind::Date,
            Kind::Time { decimals: 3 },
            Kind::Timestamp { decimals: 6 },
            Kind::Instant { decimals: 0 },
            Kind::TEXT,
            Kind::Text {
                characters: Some(20),
            },
            Kind::Binary { bytes: None },
            Kind::Json,
        ] {
            assert_eq!(super::kind(&column_type(kind)), Some(kind));
        }
    }

    #[test]
    fn no_decimal_or_document_is_left_to_a_type_that_would_change_it() {
        for kind in [
            Kind::Decimal {
                precision: Some(16),
                scale: Some(0),
            },
            Kind::Decimal {
                precision: None,
                scale: None,
            },
            Kind::Integer {
                bits: 64,
                unsigned: true,
            },
            Kind::Json,
        ] {
            assert_eq!(Affinity::of(&column_type(kind)), Affinity::Text);
        }
    }
}
