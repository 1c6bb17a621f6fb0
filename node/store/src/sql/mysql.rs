//! MySQL and MariaDB: how to connect, and what each session is told.

use std::fmt;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

use super::failure::Failure;
use super::server::Role;

/// A database on a server of MySQL or MariaDB. Displayed without its password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MysqlAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) database: String,
}

/// Statements are kept below 1 MiB, save one row that is larger: a document of 4 MiB, with room to spare.
const LEAST_PACKET_BYTES: i64 = 8 << 20;
/// The server's error number for a database that is not there.
const UNKNOWN_DATABASE: u16 = 1049;

impl fmt::Display for MysqlAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "mysql://{}@{}:{}/{}",
            self.user, self.host, self.port, self.database
        )
    }
}

impl fmt::Debug for MysqlAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl MysqlAddress {
    fn options(&self) -> MySqlConnectOptions {
        let options = MySqlConnectOptions::new()
            .host(&self.host)
            .port(self.port)
            .username(&self.user)
            .ssl_mode(MySqlSslMode::Preferred)
            .charset("utf8mb4")
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .statement_cache_capacity(400)
            .disable_statement_logging();
        if self.password.is_empty() {
            options
        } else {
            options.password(&self.password)
        }
    }

    pub(crate) async fn connect(&self, role: Role) -> Result<MySqlConnection, Failure> {
        let mut link = self
            .options()
            .database(&self.database)
            .connect()
            .await
            .map_err(Failure::mysql)?;
        sqlx::raw_sql(AssertSqlSafe(session(role)))
            .execute(&mut link)
            .await
            .map_err(Failure::mysql)?;
        Ok(link)
    }

    /// Makes the database where it is absent, and looks whether the server can be used.
    pub(crate) async fn prepare(&self) -> Result<(), Failure> {
        let mut link = match self.options().database(&self.database).connect().await {
            Err(sqlx::Error::Database(error))
                if error
                    .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
                    .is_some_and(|error| error.number() == UNKNOWN_DATABASE) =>
            {
                self.create().await?
            }
            connected => connected.map_err(Failure::mysql)?,
        };
        let row = sqlx::query("SELECT CAST(@@max_allowed_packet AS SIGNED)")
            .fetch_one(&mut link)
            .await;
        let packet: i64 = row.and_then(|row| row.try_get(0)).map_err(Failure::mysql)?;
        link.close().await.map_err(Failure::mysql)?;
        if packet < LEAST_PACKET_BYTES {
            return Err(Failure::Configuration(format!(
                "max_allowed_packet of {self} is {packet} bytes: set it to at least 16 MiB"
            )));
        }
        Ok(())
    }

    async fn create(&self) -> Result<MySqlConnection, Failure> {
        let mut link = self.options().connect().await.map_err(Failure::mysql)?;
        let name = self.database.replace('`', "``");
        let create =
            format!("CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4; USE `{name}`");
        sqlx::raw_sql(AssertSqlSafe(create))
            .execute(&mut link)
            .await
            .map_err(Failure::mysql)?;
        Ok(link)
    }
}

/// What a session is told. The server ends one that holds locks and says nothing for a second, so that a process
/// stopped inside a transaction blocks nobody for longer; who meets a lock gives up after a second and tries again.
fn session(role: Role) -> String {
    let mut settings = vec![
        "sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
        "innodb_lock_wait_timeout = 1",
    ];
    if role.holds_locks() {
        settings.push("wait_timeout = 1");
        settings.push("autocommit = 0");
    }
    settings
        .iter()
        .map(|setting| format!("SET SESSION {setting};"))
        .collect()
}
