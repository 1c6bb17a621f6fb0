//! Staging tables.

use std::sync::Arc;
use std::time::Duration;

use peerflow_mysql::MySqlDialect;
use peerflow_rows::{Column, Dialect, Kind, Target, Trouble, batches};

use crate::places::{Place, batch, rows, run};

async fn target(session: &mut dyn peerflow_rows::Session, table: &str) -> Target {
    let columns = session.table(table).await.unwrap().unwrap();
    Target {
        table: table.to_owned(),
        source: columns.clone(),
        columns,
        progress: Arc::default(),
    }
}

#[tokio::test]
async fn a_staging_table_takes_what_its_table_takes_without_its_keys() {
    let place = Place::create().await;
    let mut session = place
        .session_with(
            "sessionVariables",
            "sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE'",
        )
        .await;
    let session = &mut *session;
    let table = format!("{}.`t a`", place.name);
    run(
        session,
        &format!(
            "CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, l VARCHAR(9) CHARACTER SET latin1 NOT NULL UNIQUE, \
             e ENUM('a','it''s') COLLATE utf8mb4_bin DEFAULT 'a', `n``u` DECIMAL(30,10) UNSIGNED ZEROFILL, j JSON, \
             a TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, b TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \
             g POINT, c TEXT COMPRESSED, u UUID, hidden INT INVISIBLE DEFAULT 5)"
        ),
    )
    .await;
    let columns = session.table(&table).await.unwrap().unwrap();
    let staging = MySqlDialect.staging_name(&table, "peerflow_1");
    let defined = session
        .staging_definition(&staging, &table, &columns)
        .await
        .unwrap()
        .unwrap();
    assert!(!defined.contains(" SELECT "), "{defined}");
    run(session, &defined).await;
    assert_eq!(session.table(&staging).await.unwrap().unwrap(), columns);
    let defaults = format!(
        "INSERT INTO {staging} (id, l, e, u) VALUES (0, 'x', 'it''s', UUID()), (0, 'x', NULL, NULL)"
    );
    run(session, &defaults).await;
    run(session, "DELETE FROM `peerflow_1_t a` WHERE e IS NULL").await;

    let of_table = target(session, &table).await;
    let names = &columns;
    let moving = MySqlDialect.move_rows(&staging, &table, names);
    assert_eq!(
        session.move_rows(&moving, &of_table).await.unwrap(),
        Some(1)
    );
    let moved = rows(session, "SELECT id, l, e, hidden FROM `t a`").await;
    assert_eq!(moved, [["0", "x", "it's", "5"]]);
    place.drop_it().await;
}

#[tokio::test]
async fn rows_are_moved_as_strictly_as_they_are_loaded_and_counted() {
    let place = Place::create().await;
    let mut session = place.session_with("sessionVariables", "sql_mode=''").await;
    let session = &mut *session;
    run(session, "CREATE TABLE t (n TINYINT, s VARCHAR(3))").await;
    run(session, "CREATE TABLE s (n INT, s VARCHAR(9))").await;
    let of_table = target(session, "t").await;
    let moving = MySqlDialect.move_rows("s", "t", &of_table.columns);
    for bad in ["(300, 'a')", "(1, 'abcd')"] {
        run(session, &format!("INSERT INTO s VALUES (2, 'b'), {bad}")).await;
        session.begin().await.unwrap();
        let error = session.move_rows(&moving, &of_table).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::BadValue, "{bad}: {error}");
        session.rollback().await.unwrap();
        run(session, "DELETE FROM s").await;
    }
    run(session, "INSERT INTO s VALUES (2, 'b'), (3, 'c')").await;
    assert_eq!(
        session.move_rows(&moving, &of_table).await.unwrap(),
        Some(2)
    );
    assert_eq!(rows(session, "SELECT @@sql_mode").await, [[""]]);
    place.drop_it().await;
}

/// The server ends whoever is silent for a second, but not who waits for rows between two INSERTs.
#[tokio::test]
async fn a_load_by_inserts_outlives_a_silent_source() {
    let place = Place::create().await;
    let mut settings = place.settings.clone();
    for (name, value) in [
        ("allowLoadLocalInfile", "false"),
        ("sessionVariables", "wait_timeout=1"),
    ] {
        settings
            .properties
            .insert(name.to_owned(), value.to_owned());
    }
    let mut session = crate::places::connect(settings).await;
    let mut other = place.session().await;
    run(&mut *session, "CREATE TABLE t (s LONGTEXT)").await;
    let column = vec![Column::new("s", Kind::TEXT)];
    let target = Target {
        table: "t".to_owned(),
        columns: column.clone(),
        source: column,
        progress: Arc::default(),
    };
    let (sender, receiver) = batches();
    let long = "x".repeat(700_000);
    let row = || batch(&[&[Some(long.as_bytes())]]);
    let sending = async move {
        // The first is sent with the second.
        sender.send(row()).await.unwrap();
        sender.send(row()).await.unwrap();
        run(&mut *other, "DO SLEEP(2)").await;
        sender.send(row()).await.unwrap();
    };
    let (loaded, ()) = tokio::join!(session.load(&target, receiver), sending);
    assert_eq!(loaded.unwrap().rows, 3);
    assert_eq!(rows(&mut *session, "SELECT @@wait_timeout").await, [["1"]]);
    place.drop_it().await;
}

#[tokio::test]
async fn only_staging_tables_that_are_old_and_not_in_use_are_taken_for_forgotten() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let mut user = place.session().await;
    let staging = |number: u32, table: &str| {
        MySqlDialect.staging_name(table, &format!("peerflow_0123456789ab_01234567_{number}"))
    };
    let witness = MySqlDialect
        .witness("t", "peerflow_done_0123456789ab_01234567_1")
        .unwrap();
    let tables = [
        staging(1, "t"),
        staging(2, "t"),
        witness.clone(),
        "peerflow_mine".to_owned(),
        "peerflow_0123456789ab_01234567_8".to_owned(),
        "xpeerflow_0123456789ab_01234567_1_t".to_owned(),
    ];
    for table in tables {
        run(&mut *session, &format!("CREATE TABLE {table} (n INT)")).await;
    }
    for hold in MySqlDialect.hold_staging(&staging(2, "t")) {
        user.execute(&hold, 1).await.unwrap();
    }
    let pattern = "^peerflow_(done_)?[0-9a-f]{12}_[0-9a-f]{8}_[0-9]+_";
    let list = |age| MySqlDialect.list_forgotten("t", pattern, age).unwrap();
    let mut found = rows(&mut *session, &list(Duration::ZERO)).await;
    found.sort();
    let full = |table: &str| vec![format!("`{}`.{table}", place.name)];
    assert_eq!(found, [full(&staging(1, "t")), full(&witness)]);
    let old = rows(&mut *session, &list(Duration::from_secs(3600))).await;
    assert!(old.is_empty(), "{old:?}");
    place.drop_it().await;
}
