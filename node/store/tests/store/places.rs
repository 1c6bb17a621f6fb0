//! Places for stores that last as long as a test, and go also when it fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_store::contract::{PATIENCE, Place};
use peerflow_store::{MemoryStore, Sighting, Store, StoreUrl, open};
use sqlx::mysql::MySqlConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

/// The statement that puts a lease row back.
fn back(table: &str, to: Sighting) -> String {
    format!(
        "UPDATE {table} SET epoch = {}, renewals = {}, commit_seq = {}",
        to.epoch.0, to.renewals, to.commit_seq
    )
}

/// One store in memory: opened again it is the same.
pub(crate) struct InMemory(Arc<MemoryStore>);

impl InMemory {
    pub(crate) fn new() -> Self {
        Self(Arc::new(MemoryStore::new(
            Timestamp::from_second(1_767_400_000).unwrap(),
        )))
    }
}

#[async_trait]
impl Place for InMemory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as Arc<dyn Store>
    }

    async fn put_back(&self, to: Sighting) {
        self.0.put_back(to);
    }
}

/// A SQLite file in a folder of its own.
pub(crate) struct SqliteDirectory(tempfile::TempDir);

impl SqliteDirectory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn url(&self) -> StoreUrl {
        StoreUrl::sqlite(self.0.path().join("peerflow.db"))
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("peerflow.db")
    }
}

#[async_trait]
impl Place for SqliteDirectory {
    async fn open(&self) -> Arc<dyn Store> {
        open(&self.url()).await.unwrap()
    }

    async fn put_back(&self, to: Sighting) {
        let options = SqliteConnectOptions::new()
            .filename(self.path())
            .busy_timeout(PATIENCE);
        let mut link = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(back("lease", to)))
            .execute(&mut link)
            .await
            .unwrap();
        link.close().await.unwrap();
    }
}

/// A database of a name of its own on the server that the tests are given.
pub(crate) struct MysqlDatabase {
    server: String,
    pub(crate) name: String,
}

impl MysqlDatabase {
    pub(crate) async fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("PEERFLOW_TEST_MYSQL")
            .unwrap_or_else(|_unset| "mysql://root@127.0.0.1:3306".to_owned());
        let server = server.trim_end_matches('/').to_owned();
        let name = format!(
            "peerflow_test_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let database = Self { server, name };
        database
            .run(&format!("CREATE DATABASE `{}`", database.name))
            .await;
        database
    }

    /// The address as text.
    pub(crate) fn address(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    pub(crate) fn url(&self) -> StoreUrl {
        StoreUrl::parse(&self.address()).unwrap()
    }

    pub(crate) async fn connect(&self) -> MySqlConnection {
        MySqlConnection::connect(&self.server)
            .await
            .unwrap_or_else(|error| {
                panic!(
                    "these tests need MariaDB at {} (PEERFLOW_TEST_MYSQL): {error}",
                    self.server
                )
            })
    }

    pub(crate) async fn run(&self, sql: &str) {
        let mut link = self.connect().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut link)
            .await
            .unwrap();
        link.close().await.unwrap();
    }
}

#[async_trait]
impl Place for MysqlDatabase {
    async fn open(&self) -> Arc<dyn Store> {
        open(&self.url()).await.unwrap()
    }

    async fn put_back(&self, to: Sighting) {
        self.run(&back(&format!("`{}`.lease", self.name), to)).await;
    }
}

impl Drop for MysqlDatabase {
    fn drop(&mut self) {
        // A thread of its own, because a test's runtime may be at its end.
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut link = MySqlConnection::connect(&server).await?;
                let sql =
                    format!("SET SESSION lock_wait_timeout = 20; DROP DATABASE IF EXISTS `{name}`");
                sqlx::raw_sql(AssertSqlSafe(sql))
                    .execute(&mut link)
                    .await
                    .map(drop)
            })
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            eprintln!("the database {} stays: drop it by hand", self.name);
        }
    }
}
