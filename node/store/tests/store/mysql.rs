//! What only a store on MySQL or MariaDB does.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use peerflow_model::Change;
use peerflow_store::contract::{Master, PATIENCE, Place as _};
use peerflow_store::{CommitError, Error, Store, StoreUrl, open};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Row as _};
use tokio::time::{sleep, timeout};

use crate::places::MysqlDatabase;

fn setting(value: &str) -> [Change; 1] {
    [Change::PutSetting {
        key: "a".to_owned(),
        value: value.to_owned(),
    }]
}

async fn query(link: &mut MySqlConnection, sql: String) -> Vec<i64> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_all(link)
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.get_unchecked::<i64, _>(0))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_open_a_new_store_at_once() {
    let place = MysqlDatabase::create().await;
    let stores: Vec<Arc<dyn Store>> = join_all((0..8).map(|_| place.open())).await;
    for store in &stores {
        assert_eq!(store.lease().await.unwrap(), None);
    }
    let mut master = Master::of(Arc::clone(&stores[7])).await;
    master.commit(&[]).await;
}

#[tokio::test]
async fn a_database_that_is_absent_is_made() {
    let place = MysqlDatabase::create().await;
    place.run(&format!("DROP DATABASE `{}`", place.name)).await;
    let store = place.open().await;
    assert_eq!(store.lease().await.unwrap(), None);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let place = MysqlDatabase::create().await;
    place.open().await.close().await;
    place
        .run(&format!(
            "UPDATE `{}`.schema_version SET version = version + 97",
            place.name
        ))
        .await;
    match open(&place.url()).await {
        Err(Error::Migration { reason, .. }) => {
            assert!(reason.contains("newer peerflow"), "{reason}")
        }
        other => panic!("a newer schema is refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_reported() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = StoreUrl::parse(&format!("mysql://root:s3cret@127.0.0.1:{port}/x")).unwrap();
    let refused = timeout(PATIENCE, open(&url))
        .await
        .expect("it does not hang");
    match refused {
        Err(error @ Error::Unavailable { .. }) => {
            let text = error.to_string();
            assert!(
                text.contains(&port.to_string()) && !text.contains("s3cret"),
                "{text}"
            );
        }
        other => panic!("nobody listens there: {other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = StoreUrl::parse(&format!("mysql://root@127.0.0.1:{port}/x")).unwrap();
    let refused = timeout(PATIENCE, open(&url))
        .await
        .expect("it does not hang");
    assert!(
        matches!(refused, Err(Error::Unavailable { .. })),
        "{refused:?}"
    );
}

/// Ends every connection to the place's database, as a server that is started again does.
async fn kill_all(place: &MysqlDatabase) {
    let mut link = place.connect().await;
    let name = &place.name;
    let ids = query(
        &mut link,
        format!(
            "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = '{name}'"
        ),
    )
    .await;
    assert!(!ids.is_empty());
    for id in ids {
        // One may have gone by itself.
        let killed = sqlx::raw_sql(AssertSqlSafe(format!("KILL {id}")))
            .execute(&mut link)
            .await;
        drop(killed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_on_by_itself_after_all_connections_were_lost() {
    let place = MysqlDatabase::create().await;
    let mut master = Master::of(place.open().await).await;
    for round in 0..5 {
        master.commit(&setting(&round.to_string())).await;
        master.store.settings().await.unwrap();
        kill_all(&place).await;
        // A commit finds out by itself and is sent again; a read may fail once.
        master.commit(&setting(&format!("{round} again"))).await;
        let read = async {
            loop {
                if let Ok(settings) = master.store.settings().await {
                    return settings;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        let settings = timeout(PATIENCE, read).await.expect("reads come back");
        assert_eq!(settings, [("a".to_owned(), format!("{round} again"))]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_comes_after_a_long_silence() {
    let place = MysqlDatabase::create().await;
    let mut master = Master::of(place.open().await).await;
    master.commit(&setting("1")).await;
    // Until the server has closed what was idle for a second, or the connections were used to keep them.
    sleep(Duration::from_millis(1500)).await;
    master.commit(&setting("2")).await;
}

/// Someone holds the fence's row for a while: a commit waits and then is done, or tells that it does not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_waits_for_a_lock_and_then_is_done() {
    let place = MysqlDatabase::create().await;
    let master = Master::of(place.open().await).await;
    let mut link = place.connect().await;
    let lock = format!(
        "USE `{}`; START TRANSACTION; SELECT * FROM lease FOR UPDATE",
        place.name
    );
    sqlx::raw_sql(AssertSqlSafe(lock))
        .fetch_all(&mut link)
        .await
        .unwrap();
    let release = async {
        sleep(Duration::from_millis(1500)).await;
        sqlx::raw_sql("COMMIT").execute(&mut link).await.unwrap();
    };
    let fence = master.fence();
    let changes = setting("1");
    let (done, ()) = tokio::join!(master.store.commit(&fence, &changes), release);
    done.unwrap();
    assert_eq!(master.store.settings().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_went_back_is_noticed() {
    let place = MysqlDatabase::create().await;
    let mut master = Master::of(place.open().await).await;
    master.commit(&[]).await;
    master.commit(&[]).await;
    place
        .run(&format!(
            "UPDATE `{}`.lease SET commit_seq = commit_seq - 1",
            place.name
        ))
        .await;
    match master.store.commit(&master.fence(), &setting("1")).await {
        Err(CommitError::Fenced {
            expected, found, ..
        }) => assert_eq!(found + 1, expected),
        other => panic!("an older state is noticed: {other:?}"),
    }
}
