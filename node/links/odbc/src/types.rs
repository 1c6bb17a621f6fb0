//! The types of new columns, by database.

use peerflow_rows::Kind;

use crate::system::System;

/// The type of a new column. Not one of the documents of these databases lets every kind be kept; where none does, text is.
pub(crate) fn column_type(system: System, kind: Kind) -> String {
    match system {
        System::Oracle => oracle(kind),
        System::SqlServer => sql_server(kind),
        System::ClickHouse => clickhouse(kind),
        System::MySql => mysql(kind),
        System::PostgreSql => postgres(kind),
        System::Sqlite => sqlite(kind),
        System::Other => standard(kind),
    }
}

fn oracle(kind: Kind) -> String {
    match kind {
        Kind::Boolean => "NUMBER(1)".to_owned(),
        Kind::Integer { bits, unsigned } => format!("NUMBER({})", integer_digits(bits, unsigned)),
        Kind::Decimal {
            precision: Some(precision @ ..=38),
            scale,
        } => format!("NUMBER({precision},{})", scale.unwrap_or(0)),
        Kind::Decimal { .. } => "NUMBER".to_owned(),
        Kind::Float { bits: 32 } => "BINARY_FLOAT".to_owned(),
        Kind::Float { .. } => "BINARY_DOUBLE".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::Time { .. } => "VARCHAR2(32)".to_owned(),
        Kind::Timestamp { decimals } => format!("TIMESTAMP({decimals})"),
        Kind::Instant { decimals } => format!("TIMESTAMP({decimals}) WITH TIME ZONE"),
        // At most 4,000 bytes, and a character may have four.
        Kind::Text {
            characters: Some(characters @ 1..=1000),
        } => format!("VARCHAR2({characters} CHAR)"),
        Kind::Text { .. } | Kind::Json => "CLOB".to_owned(),
        Kind::Binary {
            bytes: Some(bytes @ 1..=2000),
        } => format!("RAW({bytes})"),
        Kind::Binary { .. } => "BLOB".to_owned(),
    }
}

fn sql_server(kind: Kind) -> String {
    match kind {
        Kind::Boolean => "BIT".to_owned(),
        Kind::Integer {
            bits: 8,
            unsigned: true,
        } => "TINYINT".to_owned(),
        Kind::Integer { bits, unsigned } => wider(bits, unsigned, "DECIMAL(20,0)"),
        Kind::Decimal {
            precision: Some(precision @ ..=38),
            scale,
        } => format!("DECIMAL({precision},{})", scale.unwrap_or(0)),
        Kind::Decimal { .. } | Kind::Text { characters: None } | Kind::Json => {
            "NVARCHAR(MAX)".to_owned()
        }
        Kind::Float { bits: 32 } => "REAL".to_owned(),
        Kind::Float { .. } => "FLOAT(53)".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::Time { decimals } => format!("TIME({})", decimals.min(7)),
        Kind::Timestamp { decimals } => format!("DATETIME2({})", decimals.min(7)),
        Kind::Instant { decimals } => format!("DATETIMEOFFSET({})", decimals.min(7)),
        // It counts units of UTF-16, of which a character has up to two.
        Kind::Text {
            characters: Some(characters @ 1..=2000),
        } => format!("NVARCHAR({})", characters * 2),
        Kind::Text { .. } => "NVARCHAR(MAX)".to_owned(),
        Kind::Binary {
            bytes: Some(bytes @ 1..=8000),
        } => format!("VARBINARY({bytes})"),
        Kind::Binary { .. } => "VARBINARY(MAX)".to_owned(),
    }
}

fn clickhouse(kind: Kind) -> String {
    match kind {
        Kind::Boolean => "Bool".to_owned(),
        Kind::Integer {
            bits,
            unsigned: true,
        } => format!("UInt{bits}"),
        Kind::Integer {
            bits,
            unsigned: false,
        } => format!("Int{bits}"),
        Kind::Decimal {
            precision: Some(precision @ ..=76),
            scale,
        } => format!("Decimal({precision},{})", scale.unwrap_or(0)),
        Kind::Float { bits } => format!("Float{bits}"),
        Kind::Date => "Date32".to_owned(),
        Kind::Timestamp { decimals } => format!("DateTime64({decimals})"),
        Kind::Instant { decimals } => format!("DateTime64({decimals}, 'UTC')"),
        Kind::Decimal { .. }
        | Kind::Time { .. }
        | Kind::Text { .. }
        | Kind::Binary { .. }
        | Kind::Json => "String".to_owned(),
    }
}

fn mysql(kind: Kind) -> String {
    match kind {
        Kind::Boolean => "TINYINT(1)".to_owned(),
        Kind::Integer { bits, unsigned } => {
            let name = match bits {
                8 => "TINYINT",
                16 => "SMALLINT",
                32 => "INT",
                _ => "BIGINT",
            };
            format!("{name}{}", if unsigned { " UNSIGNED" } else { "" })
        }
        Kind::Decimal {
            precision: Some(precision @ ..=65),
            scale: scale @ (None | Some(..=30)),
        } => format!("DECIMAL({precision},{})", scale.unwrap_or(0)),
        Kind::Float { bits: 32 } => "FLOAT".to_owned(),
        Kind::Float { .. } => "DOUBLE".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::Time { decimals } => format!("TIME({})", decimals.min(6)),
        // TIMESTAMP ends in 2038.
        Kind::Timestamp { decimals } | Kind::Instant { decimals } => {
            format!("DATETIME({})", decimals.min(6))
        }
        Kind::Text {
            characters: Some(characters @ 1..=4000),
        } => format!("VARCHAR({characters})"),
        Kind::Decimal { .. } | Kind::Text { .. } => "LONGTEXT".to_owned(),
        Kind::Binary {
            bytes: Some(bytes @ 1..=4000),
        } => format!("VARBINARY({bytes})"),
        Kind::Binary { .. } => "LONGBLOB".to_owned(),
        Kind::Json => "JSON".to_owned(),
    }
}

fn postgres(kind: Kind) -> String {
    match kind {
        Kind::Boolean => "BOOLEAN".to_owned(),
        Kind::Integer { bits, unsigned } => wider(bits.max(16), unsigned, "NUMERIC(20,0)"),
        Kind::Decimal {
            precision: Some(precision @ ..=1000),
            scale,
        } => format!("NUMERIC({precision},{})", scale.unwrap_or(0)),
        Kind::Decimal { .. } => "NUMERIC".to_owned(),
        Kind::Float { bits: 32 } => "REAL".to_owned(),
        Kind::Float { .. } => "DOUBLE PRECISION".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::Time { decimals } => format!("TIME({})", decimals.min(6)),
        Kind::Timestamp { decimals } => format!("TIMESTAMP({})", decimals.min(6)),
        Kind::Instant { decimals } => format!("TIMESTAMPTZ({})", decimals.min(6)),
        Kind::Text {
            characters: Some(characters @ 1..),
        } => format!("VARCHAR({characters})"),
        Kind::Text { .. } => "TEXT".to_owned(),
        Kind::Binary { .. } => "BYTEA".to_owned(),
        Kind::Json => "JSON".to_owned(),
    }
}

/// As SQLite's own link makes them, as far as it matters: what it would change is kept as text.
fn sqlite(kind: Kind) -> String {
    match kind {
        Kind::Decimal {
            precision: Some(precision @ 16..),
            scale,
        } => format!("DECIMAL_TEXT({precision},{})", scale.unwrap_or(0)),
        Kind::Decimal {
            precision: None, ..
        }
        | Kind::Integer {
            bits: 64,
            unsigned: true,
        } => "DECIMAL_TEXT".to_owned(),
        Kind::Integer { .. } => "BIGINT".to_owned(),
        Kind::Binary { .. } => "BLOB".to_owned(),
        Kind::Json | Kind::Text { characters: None } => "TEXT".to_owned(),
        _ => standard(kind),
    }
}

fn standard(kind: Kind) -> String {
    match kind {
        Kind::Boolean => "SMALLINT".to_owned(),
        Kind::Integer { bits, unsigned } => wider(bits.max(16), unsigned, "DECIMAL(20,0)"),
        Kind::Decimal {
            precision: Some(precision),
            scale,
        } => format!("DECIMAL({precision},{})", scale.unwrap_or(0)),
        Kind::Decimal {
            precision: None, ..
        } => "VARCHAR(200)".to_owned(),
        Kind::Float { bits: 32 } => "REAL".to_owned(),
        Kind::Float { .. } => "DOUBLE PRECISION".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::Time { .. } => "TIME".to_owned(),
        Kind::Timestamp { .. } => "TIMESTAMP".to_owned(),
        Kind::Instant { .. } => "VARCHAR(40)".to_owned(),
        Kind::Text {
            characters: Some(characters @ 1..),
        } => format!("VARCHAR({characters})"),
        Kind::Text { .. } | Kind::Json => "CLOB".to_owned(),
        Kind::Binary { .. } => "BLOB".to_owned(),
    }
}

/// The signed type that holds such an integer; `largest` holds those of 64 bits without a sign.
fn wider(bits: u8, unsigned: bool, largest: &str) -> String {
    match (bits, unsigned) {
        (64, true) => largest,
        (64, false) | (32, true) => "BIGINT",
        (32, false) | (16, true) => "INTEGER",
        _ => "SMALLINT",
    }
    .to_owned()
}

fn integer_digits(bits: u8, unsigned: bool) -> u8 {
    match (bits, unsigned) {
        (8, _) => 3,
        (16, _) => 5,
        (32, _) => 10,
        (_, false) => 19,
        (_, true) => 20,
    }
}
