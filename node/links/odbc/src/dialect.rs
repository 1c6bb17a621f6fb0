//! How the SQL of a database behind ODBC is written.

use peerflow_rows::statements::Lexis;
use peerflow_rows::{Column, Dialect, Kind};

use crate::system::System;
use crate::types;

/// The SQL of one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OdbcDialect {
    system: System,
    /// Opens and closes an identifier; `None` where the driver knows no such thing.
    quote: Option<char>,
}

impl OdbcDialect {
    /// That of a database, quoting as its driver says where this is one of those known.
    pub(crate) fn of(system: System, quote: Option<char>) -> &'static Self {
        const fn dialect(system: System, quote: Option<char>) -> OdbcDialect {
            OdbcDialect { system, quote }
        }
        static ORACLE: OdbcDialect = dialect(System::Oracle, Some('"'));
        static SQL_SERVER: OdbcDialect = dialect(System::SqlServer, Some('"'));
        static CLICKHOUSE: OdbcDialect = dialect(System::ClickHouse, Some('`'));
        static MYSQL: OdbcDialect = dialect(System::MySql, Some('`'));
        static POSTGRESQL: OdbcDialect = dialect(System::PostgreSql, Some('"'));
        static SQLITE: OdbcDialect = dialect(System::Sqlite, Some('"'));
        static QUOTED: OdbcDialect = dialect(System::Other, Some('"'));
        static BACKTICKED: OdbcDialect = dialect(System::Other, Some('`'));
        static BARE: OdbcDialect = dialect(System::Other, None);
        match system {
            System::Oracle => &ORACLE,
            System::SqlServer => &SQL_SERVER,
            System::ClickHouse => &CLICKHOUSE,
            System::MySql => &MYSQL,
            System::PostgreSql => &POSTGRESQL,
            System::Sqlite => &SQLITE,
            System::Other => match quote {
                Some('`') => &BACKTICKED,
                None | Some(' ') => &BARE,
                Some(_) => &QUOTED,
            },
        }
    }

    /// Which database it is.
    pub fn system(&self) -> System {
        self.system
    }

    /// The schema of a table as its user wrote it, with what stands between it and the table.
    fn schema<'t>(&self, table: &'t str) -> &'t str {
        let mut is_quoted = false;
        let last = table.char_indices().rev().find(|(_, character)| {
            if Some(*character) == self.quote || matches!(character, '[' | ']') {
                is_quoted = !is_quoted;
            }
            *character == '.' && !is_quoted
        });
        last.map_or("", |(at, _)| &table[..=at])
    }

    /// The schema's own name, unquoted.
    fn schema_name(&self, table: &str) -> Option<String> {
        let schema = self.schema(table).trim_end_matches('.');
        let quoted = |character| Some(character) == self.quote || matches!(character, '[' | ']');
        (!schema.is_empty()).then(|| schema.trim_matches(quoted).to_owned())
    }
}

impl Dialect for OdbcDialect {
    fn name(&self) -> &'static str {
        match self.system {
            System::Oracle => "Oracle",
            System::SqlServer => "SQL Server",
            System::ClickHouse => "ClickHouse",
            System::MySql => "MySQL",
            System::PostgreSql => "PostgreSQL",
            System::Sqlite => "SQLite",
            System::Other => "ODBC",
        }
    }

    fn lexis(&self) -> Lexis {
        match self.system {
            System::MySql => Lexis::MYSQL,
            System::PostgreSql => Lexis::POSTGRES,
            System::Sqlite => Lexis::SQLITE,
            System::SqlServer => Lexis {
                brackets: true,
                nested_comments: true,
                ..Lexis::STANDARD
            },
            System::ClickHouse => Lexis {
                backslash_escapes: true,
                hash_comments: true,
                ..Lexis::STANDARD
            },
            System::Oracle | System::Other => Lexis::STANDARD,
        }
    }

    fn quote(&self, identifier: &str) -> String {
        match self.quote {
            Some(quote) => {
                let doubled = identifier.replace(quote, &format!("{quote}{quote}"));
                format!("{quote}{doubled}{quote}")
            }
            None => identifier.to_owned(),
        }
    }

    fn column_type(&self, kind: Kind) -> String {
        types::column_type(self.system, kind)
    }

    fn has_transactions(&self) -> bool {
        self.system != System::ClickHouse
    }

    fn has_one_writer(&self) -> bool {
        self.system == System::Sqlite
    }

    fn ddl_is_transactional(&self) -> bool {
        matches!(
            self.system,
            System::PostgreSql | System::SqlServer | System::Sqlite
        )
    }

    fn create_table(&self, table: &str, columns: &[Column]) -> String {
        let is_clickhouse = self.system == System::ClickHouse;
        let columns: Vec<String> = columns
            .iter()
            .map(|column| {
                let name = self.quote(&column.name);
                let kind = self.column_type(column.kind);
                match (is_clickhouse, column.nullable) {
                    (true, Some(false)) => format!("{name} {kind}"),
                    (true, _) => format!("{name} Nullable({kind})"),
                    (false, Some(false)) => format!("{name} {kind} NOT NULL"),
                    (false, _) => format!("{name} {kind}"),
                }
            })
            .collect();
        let end = if is_clickhouse {
            " ENGINE = MergeTree ORDER BY tuple()"
        } else {
            ""
        };
        format!("CREATE TABLE {table} ({}){end}", columns.join(", "))
    }

    fn create_staging(&self, staging: &str, table: &str) -> String {
        match self.system {
            System::SqlServer => format!("SELECT * INTO {staging} FROM {table} WHERE 1 = 0"),
            System::ClickHouse => format!("CREATE TABLE {staging} AS {table}"),
            _ => format!("CREATE TABLE {staging} AS SELECT * FROM {table} WHERE 1 = 0"),
        }
    }

    fn staging_name(&self, table: &str, mark: &str) -> String {
        format!("{}{}", self.schema(table), self.quote(mark))
    }

    fn list_staging(&self, table: &str, prefix: &str) -> String {
        let (names, schema, tables, mine) = match self.system {
            System::Oracle => ("table_name", "owner", "all_tables", "USER"),
            System::ClickHouse => ("name", "database", "system.tables", "currentDatabase()"),
            System::Sqlite => ("name", "'main'", "sqlite_master", "'main'"),
            System::SqlServer => (
                "table_name",
                "table_schema",
                "information_schema.tables",
                "SCHEMA_NAME()",
            ),
            System::MySql => (
                "table_name",
                "table_schema",
                "information_schema.tables",
                "DATABASE()",
            ),
            System::PostgreSql | System::Other => (
                "table_name",
                "table_schema",
                "information_schema.tables",
                "CURRENT_SCHEMA",
            ),
        };
        let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let wanted = self
            .schema_name(table)
            .map_or_else(|| mine.to_owned(), |name| literal(&name));
        let quote = self.quote.map(String::from).unwrap_or_default();
        let before = literal(&format!("{}{quote}", self.schema(table)));
        let after = literal(&quote);
        let full = match self.system {
            System::Oracle | System::PostgreSql | System::Sqlite => {
                format!("{before} || {names} || {after}")
            }
            _ => format!("CONCAT({before}, {names}, {after})"),
        };
        let substring = match self.system {
            System::SqlServer => "SUBSTRING",
            _ => "SUBSTR",
        };
        let length = prefix.chars().count();
        format!(
            "SELECT {full} FROM {tables} WHERE {schema} = {wanted} AND {substring}({names}, 1, {length}) = {}",
            literal(prefix)
        )
    }

    fn delete_all(&self, table: &str) -> String {
        match self.system {
            System::ClickHouse => format!("TRUNCATE TABLE {table}"),
            _ => format!("DELETE FROM {table}"),
        }
    }

    fn drop_table(&self, table: &str) -> String {
        match self.system {
            // It knows IF EXISTS only from release 23 on. -942 is "table or view does not exist".
            System::Oracle => format!(
                "BEGIN EXECUTE IMMEDIATE 'DROP TABLE {}'; EXCEPTION WHEN OTHERS THEN \
                 IF SQLCODE != -942 THEN RAISE; END IF; END;",
                table.replace('\'', "''")
            ),
            _ => format!("DROP TABLE IF EXISTS {table}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staging_tables_stay_in_the_schema_of_their_table() {
        let postgres = OdbcDialect::of(System::PostgreSql, None);
        assert_eq!(postgres.staging_name("orders", "s_1"), "\"s_1\"");
        assert_eq!(
            postgres.staging_name("\"a.b\".\"c.d\"", "s_1"),
            "\"a.b\".\"s_1\""
        );
        assert_eq!(postgres.staging_name("\"c.d\"", "s_1"), "\"s_1\"");
        let server = OdbcDialect::of(System::SqlServer, None);
        assert_eq!(
            server.staging_name("db.[my.schema].t", "s_1"),
            "db.[my.schema].\"s_1\""
        );
    }

    #[test]
    fn a_column_that_may_hold_null_is_made_so_in_clickhouse() {
        let columns = [Column::new("a", Kind::TEXT)];
        let made = OdbcDialect::of(System::ClickHouse, None).create_table("t", &columns);
        assert_eq!(
            made,
            "CREATE TABLE t (`a` Nullable(String)) ENGINE = MergeTree ORDER BY tuple()"
        );
    }
}
