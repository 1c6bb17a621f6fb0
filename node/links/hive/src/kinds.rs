//! The types of columns, as answers and as texts tell of them.

use peerflow_rows::Kind;

/// A type in the description of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Type {
    /// `None` for lists, maps and structures, which come as text.
    pub(crate) id: Option<i32>,
    pub(crate) precision: Option<u32>,
    pub(crate) scale: Option<u32>,
    pub(crate) characters: Option<u32>,
}

impl Type {
    /// `decimals` are those that a time of this server has at most.
    pub(crate) fn kind(self, decimals: u8) -> Kind {
        match self.id {
            Some(0) => Kind::Boolean,
            Some(1) => integer(8),
            Some(2) => integer(16),
            Some(3) => integer(32),
            Some(4) => integer(64),
            Some(5) => Kind::Float { bits: 32 },
            Some(6) => Kind::Float { bits: 64 },
            Some(8) => Kind::Timestamp { decimals },
            Some(9) => Kind::Binary { bytes: None },
            Some(15) => Kind::Decimal {
                precision: self.precision.and_then(|number| number.try_into().ok()),
                scale: self.scale.and_then(|number| number.try_into().ok()),
            },
            Some(17) => Kind::Date,
            Some(18 | 19) => Kind::Text {
                characters: self.characters,
            },
            _ => Kind::TEXT,
        }
    }
}

fn integer(bits: u8) -> Kind {
    Kind::Integer {
        bits,
        unsigned: false,
    }
}

/// The kind of a column whose type is written like `decimal(10,2)`.
pub(crate) fn written(text: &str, decimals: u8) -> Kind {
    let text = text.trim().to_ascii_lowercase();
    let (name, arguments) = match text.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(')')),
        None => (text.as_str(), ""),
    };
    let mut numbers = arguments
        .split(',')
        .map(|number| number.trim().parse().ok());
    match name {
        "boolean" => Kind::Boolean,
        "tinyint" | "byte" => integer(8),
        "smallint" | "short" => integer(16),
        "int" | "integer" => integer(32),
        "bigint" | "long" => integer(64),
        "float" | "real" => Kind::Float { bits: 32 },
        "double" | "double precision" => Kind::Float { bits: 64 },
        "decimal" | "numeric" | "dec" => Kind::Decimal {
            precision: numbers.next().flatten().or(Some(10)),
            scale: numbers.next().flatten().or(Some(0)),
        },
        "date" => Kind::Date,
        "timestamp" | "timestamp_ntz" | "timestamp_ltz" => Kind::Timestamp { decimals },
        "binary" => Kind::Binary { bytes: None },
        "varchar" | "char" => Kind::Text {
            characters: numbers.next().flatten().map(u32::from),
        },
        _ => Kind::TEXT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_understood_as_they_are_written() {
        for (text, kind) in [
            (
                "decimal(10,2)",
                Kind::Decimal {
                    precision: Some(10),
                    scale: Some(2),
                },
            ),
            (
                "VARCHAR(20)",
                Kind::Text {
                    characters: Some(20),
                },
            ),
            ("bigint", integer(64)),
            ("timestamp", Kind::Timestamp { decimals: 6 }),
            ("struct<a:int,b:decimal(3,1)>", Kind::TEXT),
            ("map<string,array<int>>", Kind::TEXT),
        ] {
            assert_eq!(written(text, 6), kind, "{text}");
        }
    }
}
