//! How SQLite's SQL is written.

use peerflow_rows::statements::Lexis;
use peerflow_rows::{Dialect, Kind};

use crate::declared;
use crate::names::{TableName, literal, quote};

/// SQLite's SQL.
#[derive(Clone, Copy, Debug)]
pub struct SqliteDialect;

impl Dialect for SqliteDialect {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn lexis(&self) -> Lexis {
        Lexis::SQLITE
    }

    fn quote(&self, identifier: &str) -> String {
        quote(identifier)
    }

    fn column_type(&self, kind: Kind) -> String {
        declared::column_type(kind)
    }

    fn has_one_writer(&self) -> bool {
        true
    }

    fn ddl_is_transactional(&self) -> bool {
        true
    }

    /// The columns' types become the names of their affinities, which is all that SQLite itself looks at.
    fn create_staging(&self, staging: &str, table: &str) -> String {
        format!("CREATE TABLE {staging} AS SELECT * FROM {table} WHERE 0")
    }

    fn staging_name(&self, table: &str, mark: &str) -> String {
        TableName::parse(table).beside(mark)
    }

    fn list_staging(&self, table: &str, prefix: &str) -> String {
        let name = TableName::parse(table);
        let tables = name.beside("sqlite_schema");
        let before = match &name.schema {
            Some(schema) => literal(&format!("{}.\"", quote(schema))),
            None => literal("\""),
        };
        format!(
            "SELECT {before} || replace(name, '\"', '\"\"') || '\"' FROM {tables} \
             WHERE type = 'table' AND substr(name, 1, {}) = {}",
            prefix.chars().count(),
            literal(prefix)
        )
    }
}
