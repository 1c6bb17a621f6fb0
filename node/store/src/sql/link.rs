//! One connection to either database.

use std::sync::Arc;

use sqlx::mysql::{MySqlArguments, MySqlConnection};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments as _, AssertSqlSafe, Connection as _, Executor as _};

use super::failure::Failure;
use super::value::{Row, Value};

/// One connection.
pub(crate) enum Link {
    Sqlite(SqliteConnection),
    Mysql(MySqlConnection),
}

impl Link {
    /// Runs a prepared statement; how many rows it matched.
    pub(crate) async fn execute(
        &mut self,
        sql: &Arc<str>,
        values: &[Value],
    ) -> Result<u64, Failure> {
        let text = AssertSqlSafe(Arc::clone(sql));
        match self {
            Self::Sqlite(link) => {
                let query = sqlx::query_with(text, sqlite(values)?);
                link.execute(query)
                    .await
                    .map(|done| done.rows_affected())
                    .map_err(Failure::sqlite)
            }
            Self::Mysql(link) => {
                let query = sqlx::query_with(text, mysql(values)?);
                link.execute(query)
                    .await
                    .map(|done| done.rows_affected())
                    .map_err(Failure::mysql)
            }
        }
    }

    /// Runs a prepared query; all its rows.
    pub(crate) async fn fetch(
        &mut self,
        sql: &Arc<str>,
        values: &[Value],
    ) -> Result<Vec<Row>, Failure> {
        let text = AssertSqlSafe(Arc::clone(sql));
        match self {
            Self::Sqlite(link) => {
                let rows = link
                    .fetch_all(sqlx::query_with(text, sqlite(values)?))
                    .await
                    .map_err(Failure::sqlite)?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Mysql(link) => {
                let rows = link
                    .fetch_all(sqlx::query_with(text, mysql(values)?))
                    .await
                    .map_err(Failure::mysql)?;
                Ok(rows.into_iter().map(Row::Mysql).collect())
            }
        }
    }

    /// Runs a statement that takes no values, as text: transactions and definitions of tables.
    pub(crate) async fn plain(&mut self, sql: &str) -> Result<(), Failure> {
        let text = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(link) => text.execute(link).await.map(drop).map_err(Failure::sqlite),
            Self::Mysql(link) => text.execute(link).await.map(drop).map_err(Failure::mysql),
        }
    }

    /// Whether the server still answers on this connection.
    pub(crate) async fn ping(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(link) => link.ping().await.map_err(Failure::sqlite),
            Self::Mysql(link) => link.ping().await.map_err(Failure::mysql),
        }
    }

    /// Says good-bye.
    pub(crate) async fn close(self) {
        let closed = match self {
            Self::Sqlite(link) => link.close().await,
            Self::Mysql(link) => link.close().await,
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "a connection to the store did not close cleanly");
        }
    }
}

fn sqlite(values: &[Value]) -> Result<SqliteArguments, Failure> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Int(number) => arguments.add(*number),
            Value::Bytes(bytes) => arguments.add(bytes.as_slice()),
        }
        .map_err(|error| Failure::Limit(error.to_string()))?;
    }
    Ok(arguments)
}

fn mysql(values: &[Value]) -> Result<MySqlArguments, Failure> {
    let mut arguments = MySqlArguments::default();
    arguments.reserve(values.len(), values.iter().map(Value::size).sum());
    for value in values {
        match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Int(number) => arguments.add(*number),
            Value::Bytes(bytes) => arguments.add(bytes.as_slice()),
        }
        .map_err(|error| Failure::Limit(error.to_string()))?;
    }
    Ok(arguments)
}
