//! The store on SQLite and on MySQL or MariaDB: one set of statements for both, within what MySQL 5.7 takes.

mod batch;
mod commit;
mod definitions;
mod failure;
mod files;
mod lease;
mod link;
mod links;
mod logs;
mod migrate;
mod mysql;
mod pool;
mod read_definitions;
mod read_instances;
mod read_ledger;
mod read_runs;
mod records;
mod retention;
mod rows;
mod runs;
mod schema;
mod server;
mod sqlite;
mod transaction;
mod value;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::error::Error;
use crate::runs::Store;
use failure::Failure;
use pool::{Lent, Pool};
use server::{Dialect, Role, Server};

pub(crate) use mysql::MysqlAddress;
pub(crate) use sqlite::SqliteFile;

/// Connections for readers, of scheduling state and of logs.
const READERS: usize = 4;
/// How often connections that the server would close are used.
const KEEP_ALIVE: Duration = Duration::from_millis(300);

/// A store in a database.
pub(crate) struct SqlStore {
    server: Arc<Server>,
    /// Its name in messages.
    name: String,
    lease: Pool,
    commit: Arc<Pool>,
    write: Pool,
    read: Pool,
    log_write: Arc<Pool>,
    log_read: Pool,
    /// Keeps connections alive.
    tasks: Mutex<JoinSet<()>>,
}

impl SqlStore {
    pub(crate) async fn open_sqlite(file: SqliteFile) -> Result<Self, Error> {
        let server = Server::Sqlite {
            file,
            gate: Arc::default(),
            log_gate: Arc::default(),
        };
        Self::open(server).await
    }

    pub(crate) async fn open_mysql(address: MysqlAddress) -> Result<Self, Error> {
        let name = address.to_string();
        let prepared = tokio::time::timeout(Duration::from_secs(5), address.prepare()).await;
        prepared
            .unwrap_or_else(|_elapsed| Err(Failure::Lost("no connection within 5 s".to_owned())))
            .map_err(|failure| failure.at(&name))?;
        Self::open(Server::Mysql(address)).await
    }

    async fn open(server: Server) -> Result<Self, Error> {
        let name = server.name();
        migrate::migrate(&server)
            .await
            .map_err(|failure| failure.at(&name))?;
        let server = Arc::new(server);
        let pool = |role, size| Pool::new(&server, role, size);
        let store = Self {
            lease: pool(Role::Lease, 1),
            commit: Arc::new(pool(Role::Commit, 1)),
            write: pool(Role::Write, 1),
            read: pool(Role::Read, READERS),
            log_write: Arc::new(pool(Role::LogWrite, 2)),
            log_read: pool(Role::LogRead, READERS),
            tasks: Mutex::default(),
            name,
            server,
        };
        if store.dialect() == Dialect::Mysql {
            let mut tasks = store.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            for pool in [&store.commit, &store.log_write] {
                tasks.spawn(keep_alive(Arc::clone(pool)));
            }
        }
        Ok(store)
    }

    fn dialect(&self) -> Dialect {
        self.server.dialect()
    }

    fn error(&self, failure: Failure) -> Error {
        failure.at(&self.name)
    }

    /// A connection for one read.
    async fn reader(&self) -> Result<Lent<'_>, Error> {
        self.read
            .take()
            .await
            .map_err(|failure| self.error(failure))
    }

    /// The rows of one query, each read by `decode`.
    async fn all<T>(
        &self,
        table: &'static str,
        sql: &str,
        values: &[value::Value],
        decode: impl Fn(&value::Row) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Error> {
        let rows = self.reader().await?.fetch(sql, values).await;
        let decoded = rows.and_then(|rows| rows.iter().map(decode).collect());
        decoded.map_err(|failure| self.error(failure.of(table)))
    }

    /// The first row of one query.
    async fn first<T>(
        &self,
        table: &'static str,
        sql: &str,
        values: &[value::Value],
        decode: impl Fn(&value::Row) -> Result<T, Failure>,
    ) -> Result<Option<T>, Error> {
        self.all(table, sql, values, decode)
            .await
            .map(|rows| rows.into_iter().next())
    }
}

async fn keep_alive(pool: Arc<Pool>) {
    let mut ticks = tokio::time::interval(KEEP_ALIVE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        pool.keep_alive().await;
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlStore({})", self.name)
    }
}

impl Store for SqlStore {}
