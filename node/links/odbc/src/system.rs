//! Which database stands behind a driver.

/// The databases whose SQL is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Oracle,
    SqlServer,
    ClickHouse,
    MySql,
    PostgreSql,
    Sqlite,
    /// Any other: the words of the SQL standard.
    Other,
}

impl System {
    /// By what a driver calls its database, or by the driver's own name.
    pub(crate) fn named(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let has = |word: &str| name.contains(word);
        if has("oracle") {
            Self::Oracle
        } else if has("sql server") || has("msodbc") || has("freetds") {
            Self::SqlServer
        } else if has("clickhouse") {
            Self::ClickHouse
        } else if has("mysql") || has("mariadb") {
            Self::MySql
        } else if has("postgres") || has("psql") {
            Self::PostgreSql
        } else if has("sqlite") {
            Self::Sqlite
        } else {
            Self::Other
        }
    }
}
