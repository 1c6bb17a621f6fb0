//! What only a store on SQLite does.

use std::sync::Arc;

use futures::future::join_all;
use peerflow_model::Change;
use peerflow_store::contract::{Master, Place as _};
use peerflow_store::{Error, Store, StoreUrl, open};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use crate::places::SqliteDirectory;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_open_a_new_store_at_once() {
    let place = SqliteDirectory::new();
    let stores: Vec<Arc<dyn Store>> = join_all((0..8).map(|_| place.open())).await;
    for store in &stores {
        assert_eq!(store.lease().await.unwrap(), None);
    }
    let mut master = Master::of(Arc::clone(&stores[7])).await;
    master.commit(&[]).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let place = SqliteDirectory::new();
    place.open().await.close().await;
    let mut link = SqliteConnection::connect(place.path().to_str().unwrap())
        .await
        .unwrap();
    sqlx::query("UPDATE schema_version SET version = version + 97")
        .execute(&mut link)
        .await
        .unwrap();
    link.close().await.unwrap();
    match open(&place.url()).await {
        Err(Error::Migration { reason, .. }) => {
            assert!(reason.contains("newer peerflow"), "{reason}")
        }
        other => panic!("a newer schema is refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_folder_that_is_absent_and_a_file_that_is_no_database_are_named() {
    let place = SqliteDirectory::new();
    let absent = place.path().join("absent").join("x.db");
    let error = open(&StoreUrl::sqlite(&absent))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("absent") && error.contains("folder"),
        "{error}"
    );
    std::fs::write(
        place.path(),
        "this is not a database, and long enough to be looked at ".repeat(100),
    )
    .unwrap();
    let error = open(&place.url()).await.unwrap_err().to_string();
    let path = place.path().display().to_string();
    for part in [path.as_str(), "not a database", "move it away", "store.url"] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_file_of_logs_that_is_no_database_is_named() {
    let place = SqliteDirectory::new();
    let path = format!("{}-logs", place.path().display());
    std::fs::write(&path, "this is no database ".repeat(300)).unwrap();
    let error = open(&place.url()).await.unwrap_err().to_string();
    assert!(error.starts_with(&path), "{error}");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_by_its_key() {
    for (insert, named) in [
        (
            "INSERT INTO instances (id, run, latest, workflow, status, created_at, ended_at, definition, body) \
             VALUES (CAST('abc' AS BLOB), 1, 1, CAST('w' AS BLOB), 0, 0, NULL, zeroblob(32), CAST('{' AS BLOB))",
            "the store's instances holds a row that cannot be read: instance abc: ",
        ),
        (
            "INSERT INTO bloods (id, body) VALUES (CAST('b1' AS BLOB), CAST('{' AS BLOB))",
            "the store's bloods holds a row that cannot be read: blood b1: ",
        ),
    ] {
        let place = SqliteDirectory::new();
        let store = place.open().await;
        let mut link = SqliteConnection::connect(place.path().to_str().unwrap())
            .await
            .unwrap();
        sqlx::query(insert).execute(&mut link).await.unwrap();
        link.close().await.unwrap();
        let error = store.active_state().await.unwrap_err().to_string();
        assert!(error.starts_with(named), "{error}");
    }
}

#[tokio::test]
async fn a_throw_away_store_works_as_the_others() {
    let place = SqliteDirectory::new();
    let url =
        StoreUrl::parse(&format!("sqlite:{}?throwaway=true", place.path().display())).unwrap();
    let mut master = Master::of(open(&url).await.unwrap()).await;
    master
        .commit(&[Change::PutSetting {
            key: "a".to_owned(),
            value: "b".to_owned(),
        }])
        .await;
    assert_eq!(master.store.settings().await.unwrap().len(), 1);
}
