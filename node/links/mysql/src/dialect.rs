//! How MySQL and MariaDB write SQL.

use std::time::Duration;

use peerflow_rows::statements::Lexis;
use peerflow_rows::{Column, Dialect, Kind};

use crate::names::{TableName, quote, text};

/// Characters of a name at most.
const NAME_CHARACTERS: usize = 64;
/// Longest VARCHAR and VARBINARY of a new table; a row of such columns has room for 64 KiB only.
const SHORT: u32 = 255;
/// Characters that surely fit into TEXT, whose limit is 65,535 bytes.
const TEXT_CHARACTERS: u32 = 16_383;
/// Bytes that fit into BLOB.
const BLOB_BYTES: u32 = 65_535;
/// Bytes of all short columns of a new table at most; a row has room for 65,535.
const ROW_BYTES: u32 = 60_000;
/// Seconds that a session which holds a staging table may be silent: a week, within what all servers take.
const SILENCE: u32 = 7 * 24 * 60 * 60;

/// The SQL of MySQL and MariaDB.
#[derive(Clone, Copy, Debug)]
pub struct MySqlDialect;

impl Dialect for MySqlDialect {
    fn name(&self) -> &'static str {
        "MySQL"
    }

    fn lexis(&self) -> Lexis {
        Lexis::MYSQL
    }

    fn quote(&self, identifier: &str) -> String {
        quote(identifier)
    }

    fn column_type(&self, kind: Kind) -> String {
        match kind {
            Kind::Boolean => "TINYINT(1)".to_owned(),
            Kind::Integer { bits, unsigned } => {
                let name = match bits {
                    0..=8 => "TINYINT",
                    9..=16 => "SMALLINT",
                    17..=32 => "INT",
                    _ => "BIGINT",
                };
                // A TINYINT of one digit is a boolean.
                let width = if bits <= 8 { "(4)" } else { "" };
                let sign = if unsigned { " UNSIGNED" } else { "" };
                format!("{name}{width}{sign}")
            }
            Kind::Decimal { precision, scale } => decimal(precision, scale),
            Kind::Float { bits: 32 } => "FLOAT".to_owned(),
            Kind::Float { .. } => "DOUBLE".to_owned(),
            Kind::Date => "DATE".to_owned(),
            Kind::Time { decimals } => format!("TIME{}", seconds(decimals)),
            Kind::Timestamp { decimals } => format!("DATETIME{}", seconds(decimals)),
            // Without NULL the first such column of a table sets itself at every change, on servers with
            // explicit_defaults_for_timestamp off.
            Kind::Instant { decimals } => format!("TIMESTAMP{} NULL", seconds(decimals)),
            Kind::Text { characters } => match characters {
                Some(characters @ 0..=SHORT) => format!("VARCHAR({})", characters.max(1)),
                Some(characters) if characters <= TEXT_CHARACTERS => "TEXT".to_owned(),
                Some(_) | None => "LONGTEXT".to_owned(),
            },
            Kind::Binary { bytes } => match bytes {
                Some(bytes @ 0..=SHORT) => format!("VARBINARY({})", bytes.max(1)),
                Some(bytes) if bytes <= BLOB_BYTES => "BLOB".to_owned(),
                Some(_) | None => "LONGBLOB".to_owned(),
            },
            Kind::Json => "JSON".to_owned(),
        }
    }

    fn ddl_is_transactional(&self) -> bool {
        false
    }

    fn create_table(&self, table: &str, columns: &[Column]) -> String {
        let crowded = columns.iter().map(bytes_in_row).sum::<u32>() > ROW_BYTES;
        let columns: Vec<String> = columns
            .iter()
            .map(|column| {
                let kind = match column.kind {
                    Kind::Text { .. } if crowded && bytes_in_row(column) > 0 => "TEXT".to_owned(),
                    Kind::Binary { .. } if crowded && bytes_in_row(column) > 0 => "BLOB".to_owned(),
                    kind => self.column_type(kind),
                };
                let required =
                    column.nullable == Some(false) && !matches!(column.kind, Kind::Instant { .. });
                let required = if required { " NOT NULL" } else { "" };
                format!("{} {kind}{required}", quote(&column.name))
            })
            .collect();
        format!(
            "CREATE TABLE {table} ({}) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
            columns.join(", ")
        )
    }

    /// Out of a query, not by LIKE: so types, charsets and NOT NULL stay, keys, AUTO_INCREMENT and CHECKs are left out, and
    /// generated columns are plain ones, which take rows.
    fn create_staging(&self, staging: &str, table: &str) -> String {
        format!("CREATE TABLE {staging} ENGINE=InnoDB AS SELECT * FROM {table} LIMIT 0")
    }

    fn staging_name(&self, table: &str, mark: &str) -> String {
        let name = TableName::parse(table).unwrap_or_else(|_unreadable| TableName {
            schema: None,
            table: table.to_owned(),
        });
        let staging = format!("{mark}_{}", name.table);
        TableName {
            schema: name.schema,
            table: staging.chars().take(NAME_CHARACTERS).collect(),
        }
        .quoted()
    }

    fn list_staging(&self, table: &str, prefix: &str) -> String {
        let schema = TableName::parse(table).map_or_else(
            |_unreadable| "DATABASE()".to_owned(),
            |name| name.schema_expression(),
        );
        let mut pattern = String::with_capacity(prefix.len() + 2);
        for c in prefix.chars() {
            if matches!(c, '|' | '_' | '%') {
                pattern.push('|');
            }
            pattern.push(c);
        }
        pattern.push('%');
        format!(
            "SELECT CONCAT('`', REPLACE(TABLE_SCHEMA, '`', '``'), '`.`', REPLACE(TABLE_NAME, '`', '``'), '`') \
             FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME LIKE {} ESCAPE '|'",
            text(&pattern)
        )
    }

    /// A lock of the server's that bears the name of the table; the server frees it when the session ends, and ends one
    /// itself that has been silent for as long as `wait_timeout` says.
    fn hold_staging(&self, staging: &str) -> Vec<String> {
        let Ok(name) = TableName::parse(staging) else {
            return Vec::new();
        };
        vec![
            format!("SET SESSION wait_timeout = {SILENCE}"),
            format!("SELECT GET_LOCK({}, 0)", text(&name.table)),
        ]
    }

    fn list_abandoned(&self, table: &str, prefix: &str) -> Option<String> {
        let list = self.list_staging(table, prefix);
        Some(format!("{list} AND IS_FREE_LOCK(TABLE_NAME) = 1"))
    }

    /// The locks of a Galera cluster are those of one of its servers: there, only the age tells that nobody uses a table.
    fn list_forgotten(&self, table: &str, pattern: &str, age: Duration) -> Option<String> {
        let list = self.list_abandoned(table, "peerflow_")?;
        let seconds = age.as_secs();
        Some(format!(
            "{list} AND TABLE_NAME REGEXP {} AND CREATE_TIME <= NOW() - INTERVAL {seconds} SECOND",
            text(pattern)
        ))
    }

    fn witness(&self, table: &str, mark: &str) -> Option<String> {
        Some(self.staging_name(table, mark))
    }
}

/// Room that a column takes in the row itself, where it is of text or bytes.
fn bytes_in_row(column: &Column) -> u32 {
    match column.kind {
        Kind::Text {
            characters: Some(characters @ 0..=SHORT),
        } => characters.max(1) * 4 + 2,
        Kind::Binary {
            bytes: Some(bytes @ 0..=SHORT),
        } => bytes.max(1) + 2,
        _ => 0,
    }
}

fn seconds(decimals: u8) -> String {
    match decimals.min(6) {
        0 => String::new(),
        decimals => format!("({decimals})"),
    }
}

/// As many digits as there are, within what the server has: 65, of them 30 decimals.
fn decimal(precision: Option<u16>, scale: Option<u16>) -> String {
    let (precision, scale) = match (precision, scale) {
        (Some(precision), scale) => {
            let scale = scale.unwrap_or(0).min(30);
            (precision.clamp(scale.max(1), 65), scale)
        }
        (None, Some(scale)) => (65, scale.min(30)),
        (None, None) => (65, 30),
    };
    format!("DECIMAL({precision},{scale})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staging_table_keeps_its_schema_and_fits_into_a_name() {
        let name = MySqlDialect.staging_name(&format!("dw.`{}`", "单".repeat(64)), "pf_1_2");
        let parsed = TableName::parse(&name).unwrap();
        assert_eq!(parsed.schema.as_deref(), Some("dw"));
        assert_eq!(parsed.table.chars().count(), 64);
        assert!(parsed.table.starts_with("pf_1_2_单"));
    }

    #[test]
    fn decimals_stay_within_what_the_server_has() {
        for (precision, scale, sql) in [
            (Some(10), Some(2), "DECIMAL(10,2)"),
            (Some(1000), Some(500), "DECIMAL(65,30)"),
            (None, None, "DECIMAL(65,30)"),
            (Some(5), None, "DECIMAL(5,0)"),
        ] {
            let kind = Kind::Decimal { precision, scale };
            assert_eq!(MySqlDialect.column_type(kind), sql);
        }
    }

    #[test]
    fn a_table_of_many_short_texts_fits_into_a_row() {
        let columns: Vec<Column> = (0..100)
            .map(|n| {
                Column::new(
                    format!("c{n}"),
                    Kind::Text {
                        characters: Some(200),
                    },
                )
            })
            .collect();
        assert!(!MySqlDialect.create_table("t", &columns).contains("VARCHAR"));
        assert!(
            MySqlDialect
                .create_table("t", &columns[..9])
                .contains("VARCHAR(200)")
        );
    }
}
