//! Connections that are lost while a load is committed: rows are neither lost nor there twice.

use std::sync::Arc;

use peerflow_actions::TaskResult;
use peerflow_rows::{Error, Session, Trouble};
use peerflow_workflow::{TextFormat, TransferTarget};
use tokio::sync::{Notify, watch};

use super::memory::{MemoryDatabase, NO_DDL, NO_FATES, Trick, WHOLE};
use super::proxy::{Cut, Proxy};
use super::{files, into_table, moving, run, transfer};
use crate::servers::Server;
use crate::stage::{Setting, Stage, until};

fn gone() -> Error {
    Error::new(Trouble::Lost, "gone away")
}

#[tokio::test]
async fn a_commit_that_was_done_is_a_success_though_its_answer_is_lost() {
    for ways in [&WHOLE, &NO_DDL] {
        let database = MemoryDatabase::new(ways, &[("commit", Trick::DoneBut(gone()))]);
        let (stage, end) = run(&database, |target| target.after = "AFTER".to_owned()).await;
        assert_eq!(
            (end.result, end.message.as_str()),
            (TaskResult::Succeeded, "")
        );
        assert_eq!(database.tables(), ["t"]);
        assert_eq!(database.values("t").len(), 10);
        assert!(database.did("AFTER"));
        assert!(stage.warnings().is_empty(), "{:?}", stage.warnings());
    }
}

#[tokio::test]
async fn a_commit_that_was_not_done_is_a_failure_that_leaves_nothing() {
    for ways in [&WHOLE, &NO_DDL] {
        let database = MemoryDatabase::new(ways, &[("commit", Trick::Fails(gone()))]);
        let (_stage, end) = run(&database, |_| {}).await;
        assert_eq!(end.result, TaskResult::Failed);
        assert!(
            end.message
                .contains("gone away; the server has undone it, table `t` is as it was"),
            "{}",
            end.message
        );
        assert!(database.tables().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_until_it_can_tell() {
    let away = Error::new(Trouble::Unreachable, "not yet");
    let tricks = [
        ("commit", Trick::DoneBut(gone())),
        ("fate", Trick::FailsTimes(2, away)),
    ];
    let database = MemoryDatabase::new(&WHOLE, &tricks);
    let (stage, end) = run(&database, |_| {}).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let warnings = stage.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("(not yet); it is asked again"),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn what_nobody_can_tell_is_said_as_what_it_is() {
    let database = MemoryDatabase::new(&NO_FATES, &[("commit", Trick::Fails(gone()))]);
    let (_stage, end) = run(&database, |_| {}).await;
    assert_eq!(end.result, TaskResult::Failed);
    assert!(
        end.message.contains(
            "nobody knows whether the rows are in table `t`: gone away; look there before you run the step again"
        ),
        "{}",
        end.message
    );
    // It may hold the rows, so it is not dropped.
    assert_eq!(database.tables(), ["t"]);

    // What empties the table first does no harm when it is run again.
    let database = MemoryDatabase::new(&WHOLE, &[("commit", Trick::Fails(gone()))]);
    let (_stage, end) = run(&database, |target| target.truncate = true).await;
    assert!(
        end.message
            .contains("run the step again, which empties the table first"),
        "{}",
        end.message
    );
    assert!(!database.did("fate"));
}

/// Killed, it might be run again elsewhere.
#[tokio::test]
async fn a_kill_that_comes_during_the_commit_finds_a_load_that_has_succeeded() {
    let go = Arc::new(Notify::new());
    let tricks = [("commit", Trick::Waits(Arc::clone(&go)))];
    let database = MemoryDatabase::new(&WHOLE, &tricks).with_table("t", &[]);
    let stage = Stage::with(Setting::with_database(Arc::new(database.clone()))).await;
    let (kill, signal) = watch::channel(None);
    let killing = async {
        until("it commits", || database.did("commit")).await;
        kill.send_replace(Some("stop".to_owned()));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        go.notify_one();
    };
    let (end, ()) = tokio::join!(stage.run_with(moving(|_| {}), signal), killing);
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    assert_eq!(database.values("t").len(), 10);
}

async fn value(session: &mut dyn Session, query: &str) -> String {
    let found = session.execute(query, 1).await.unwrap();
    let value = found.first_rows.value(0, 0).unwrap();
    String::from_utf8(value.to_vec()).unwrap()
}

/// Cuts the connection to a real server at the commit, before it or behind it.
async fn is_found_out(server: Server) {
    let mut session = server.database.connect().await.unwrap();
    let tables = server.count_tables();
    for statement in [
        "create table t (c1 int, c2 varchar(9))",
        "insert into t values (0, 'old')",
    ] {
        session.execute(statement, 0).await.unwrap();
    }
    for cut in [Cut::Before, Cut::Behind] {
        for (table, writers) in [("t", 1), ("t", 3), ("n", 1), ("n", 2)] {
            let proxy = Proxy::start(server.place(), cut).await;
            let stage = Stage::with(Setting::with_database(server.through(proxy.port))).await;
            let input = stage.path("in.csv");
            std::fs::write(&input, "1,x\n2,y\n").unwrap();
            let mut target = into_table(table);
            target.writers = writers;
            let source = files(input.to_string_lossy(), TextFormat::Csv);
            let load = transfer(source, TransferTarget::Table(target));
            let end = stage.run(load.clone()).await;
            let what = format!("{cut:?} {table} {writers}: {end:?}");
            assert!(proxy.has_cut(), "{what}");
            if cut == Cut::Before {
                assert_eq!(end.result, TaskResult::Failed, "{what}");
                assert!(end.message.contains("the server has undone it"), "{what}");
                assert_eq!(value(&mut *session, &tables).await, "1", "{what}");
                let rows = value(&mut *session, "select count(*) from t").await;
                assert_eq!(rows, "1", "{what}");
                assert_eq!(stage.run(load).await.message, "", "{what}");
            } else {
                let end = (end.result, end.message.as_str());
                assert_eq!(end, (TaskResult::Succeeded, ""), "{what}");
            }
            let count = format!("select count(*) from {table} where c1 in ('1', '2')");
            assert_eq!(value(&mut *session, &count).await, "2", "{what}");
            let clear = match table {
                "t" => "delete from t where c1 > 0",
                _ => "drop table n",
            };
            session.execute(clear, 0).await.unwrap();
            assert_eq!(value(&mut *session, &tables).await, "1", "{what}");
        }
    }
    session.close().await;
    server.end().await;
}

#[tokio::test]
async fn mariadb_is_asked_what_became_of_a_commit() {
    is_found_out(Server::mariadb("commit").await).await;
}

#[tokio::test]
async fn postgresql_is_asked_what_became_of_a_commit() {
    is_found_out(Server::postgres("commit").await).await;
}
