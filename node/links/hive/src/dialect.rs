//! How Hive, Spark and Impala write SQL.

use peerflow_rows::statements::Lexis;
use peerflow_rows::{Column, Dialect, Kind};

use crate::catalog::list_staging_statement;
use crate::names::{TableName, quote};

/// Digits of a DECIMAL at most.
const DIGITS: u16 = 38;
/// Decimals of a number of which nothing is known.
const DECIMALS: u16 = 18;
/// Characters of a name at most.
const NAME_CHARACTERS: usize = 128;

/// The SQL that Hive, Spark and Impala have in common.
#[derive(Clone, Copy, Debug)]
pub struct HiveDialect;

impl Dialect for HiveDialect {
    fn name(&self) -> &'static str {
        "Hive"
    }

    fn lexis(&self) -> Lexis {
        Lexis::HIVE
    }

    fn quote(&self, identifier: &str) -> String {
        quote(identifier)
    }

    fn column_type(&self, kind: Kind) -> String {
        match kind {
            Kind::Boolean => "BOOLEAN".to_owned(),
            Kind::Integer { bits, unsigned } => match (bits, unsigned) {
                (0..=8, false) => "TINYINT",
                (0..=16, false) | (0..=8, true) => "SMALLINT",
                (0..=32, false) | (0..=16, true) => "INT",
                (_, false) | (0..=32, true) => "BIGINT",
                (_, true) => "DECIMAL(20,0)",
            }
            .to_owned(),
            Kind::Decimal { precision, scale } => {
                let scale = match precision {
                    Some(_) => scale.unwrap_or(0),
                    None => scale.unwrap_or(DECIMALS),
                };
                let scale = scale.min(DIGITS);
                let precision = precision.unwrap_or(DIGITS).clamp(scale.max(1), DIGITS);
                format!("DECIMAL({precision},{scale})")
            }
            Kind::Float { bits: 32 } => "FLOAT".to_owned(),
            Kind::Float { .. } => "DOUBLE".to_owned(),
            Kind::Date => "DATE".to_owned(),
            Kind::Timestamp { .. } | Kind::Instant { .. } => "TIMESTAMP".to_owned(),
            // There is no type for a time of day, nor for JSON; and VARCHAR has no advantage.
            Kind::Time { .. } | Kind::Text { .. } | Kind::Json => "STRING".to_owned(),
            Kind::Binary { .. } => "BINARY".to_owned(),
        }
    }

    fn has_transactions(&self) -> bool {
        false
    }

    fn ddl_is_transactional(&self) -> bool {
        false
    }

    /// As Parquet, which all of them know: what Hive takes without a word, lines of text, loses line breaks. Whether NULL
    /// is allowed cannot be said in a way that all understand.
    fn create_table(&self, table: &str, columns: &[Column]) -> String {
        let columns: Vec<String> = columns
            .iter()
            .map(|column| format!("{} {}", quote(&column.name), self.column_type(column.kind)))
            .collect();
        format!(
            "CREATE TABLE {table} ({}) STORED AS PARQUET",
            columns.join(", ")
        )
    }

    fn create_staging(&self, staging: &str, table: &str) -> String {
        format!("CREATE TABLE {staging} LIKE {table}")
    }

    fn staging_name(&self, table: &str, mark: &str) -> String {
        let mut name = named(table);
        let staging = format!("{mark}_{}", name.table);
        name.table = staging.chars().take(NAME_CHARACTERS).collect();
        name.quoted()
    }

    /// No query of theirs gives full names in one column: the session makes them of what SHOW TABLES gives.
    fn list_staging(&self, table: &str, prefix: &str) -> String {
        list_staging_statement(&named(table), prefix)
    }

    /// Tables without transactions know no DELETE.
    fn delete_all(&self, table: &str) -> String {
        format!("TRUNCATE TABLE {table}")
    }
}

fn named(table: &str) -> TableName {
    TableName::parse(table).unwrap_or_else(|_unreadable| TableName {
        before: Vec::new(),
        table: table.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staging_table_keeps_its_database_and_fits_into_a_name() {
        let name = HiveDialect.staging_name(&format!("dw.{}", "t".repeat(200)), "pf_1");
        let parsed = TableName::parse(&name).unwrap();
        assert_eq!(parsed.before, ["dw"]);
        assert_eq!(parsed.table.len(), NAME_CHARACTERS);
        assert!(parsed.table.starts_with("pf_1_t"));
    }

    #[test]
    fn every_kind_has_a_type_that_holds_it() {
        for (kind, sql) in [
            (
                Kind::Integer {
                    bits: 64,
                    unsigned: true,
                },
                "DECIMAL(20,0)",
            ),
            (
                Kind::Integer {
                    bits: 32,
                    unsigned: true,
                },
                "BIGINT",
            ),
            (
                Kind::Decimal {
                    precision: Some(65),
                    scale: Some(30),
                },
                "DECIMAL(38,30)",
            ),
            (
                Kind::Decimal {
                    precision: None,
                    scale: None,
                },
                "DECIMAL(38,18)",
            ),
            (Kind::Time { decimals: 6 }, "STRING"),
        ] {
            assert_eq!(HiveDialect.column_type(kind), sql);
        }
    }
}
