//! `<transfer>`: what is in place afterwards, whatever goes wrong on the way.

mod commit;
mod memory;
mod proxy;
mod servers;
mod sqlite;

use std::sync::Arc;

use peerflow_actions::{Task, TaskEnd, TaskResult};
use peerflow_rows::{Error, Trouble};
use peerflow_workflow::{
    DatabaseLink, FileLocation, FileSource, FileTarget, TableSource, TableTarget, TextFormat,
    Transfer, TransferSource, TransferTarget, Work,
};

use crate::stage::{Setting, Stage, task};
use memory::{MemoryDatabase, NO_DDL, NONE, Trick, WHOLE, Ways, columns_of_table};

pub(crate) fn transfer(source: TransferSource, target: TransferTarget) -> Task {
    task(Work::Transfer(Box::new(Transfer::Rows { source, target })))
}

pub(crate) fn query(text: &str) -> TransferSource {
    TransferSource::Table(TableSource {
        link: DatabaseLink::Named("db".to_owned()),
        table_or_query: text.to_owned(),
    })
}

pub(crate) fn files(path: impl Into<String>, format: TextFormat) -> TransferSource {
    TransferSource::File(FileSource {
        location: location(path.into()),
        format,
    })
}

fn location(path: String) -> FileLocation {
    FileLocation {
        link: "local".to_owned(),
        path,
    }
}

pub(crate) fn into_file(path: impl Into<String>, format: TextFormat) -> FileTarget {
    FileTarget {
        location: location(path.into()),
        format,
        delete_first: false,
        pre: String::new(),
        after: String::new(),
    }
}

pub(crate) fn into_table(table: &str) -> TableTarget {
    TableTarget {
        link: DatabaseLink::Named("db".to_owned()),
        table: table.to_owned(),
        truncate: false,
        writers: 1,
        pre: String::new(),
        after: String::new(),
    }
}

/// Moves the rows of the memory database's query into its table `t`.
async fn run(database: &MemoryDatabase, change: impl FnOnce(&mut TableTarget)) -> (Stage, TaskEnd) {
    let stage = Stage::with(Setting::with_database(Arc::new(database.clone()))).await;
    let end = stage.run(moving(change)).await;
    (stage, end)
}

fn moving(change: impl FnOnce(&mut TableTarget)) -> Task {
    let mut target = into_table("t");
    change(&mut target);
    transfer(query("SELECT v FROM s"), TransferTarget::Table(target))
}

fn refused(message: &str) -> Trick {
    Trick::Fails(Error::new(Trouble::Refused, message))
}

fn database(ways: &'static Ways, tricks: &[(&'static str, Trick)]) -> MemoryDatabase {
    MemoryDatabase::new(ways, tricks).with_table("t", &["old"])
}

/// `done` without single rows.
fn steps(database: &MemoryDatabase) -> Vec<String> {
    let is_row = |it: &String| it.starts_with("read ") || it.starts_with("take ");
    database
        .done()
        .into_iter()
        .filter(|it| !is_row(it))
        .collect()
}

#[tokio::test]
async fn statements_run_in_the_order_of_the_language_page() {
    let database = database(&WHOLE, &[]);
    let (stage, end) = run(&database, |target| {
        target.pre = "PRE 1; PRE 2".to_owned();
        target.after = "-- a comment\nAFTER".to_owned();
        target.truncate = true;
    })
    .await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let expected = [
        "LIST",
        "PRE 1",
        "PRE 2",
        "describe SELECT v FROM s",
        "begin",
        "DELETE FROM t",
        "load t",
        "commit",
        "AFTER",
    ];
    let found: Vec<String> = steps(&database);
    let found: Vec<&str> = found
        .iter()
        .map(|it| {
            if it.starts_with("LIST") {
                "LIST"
            } else {
                it.as_str()
            }
        })
        .collect();
    // Staging tables of earlier tries are looked for behind `pre`.
    let mut expected = expected.to_vec();
    expected.remove(0);
    expected.insert(3, "LIST");
    assert_eq!(found, expected);
    let rows: Vec<String> = (1..=10).map(|row| format!("row {row}")).collect();
    assert_eq!(database.values("t"), rows);
    assert!(
        stage
            .output()
            .iter()
            .any(|line| line.starts_with("all rows are in place: 10 rows, "))
    );
}

#[tokio::test]
async fn several_writers_fill_a_staging_table_that_is_gone_afterwards() {
    for ways in [&WHOLE, &NO_DDL] {
        let database = database(ways, &[]);
        let (_stage, end) = run(&database, |target| {
            target.writers = 3;
            target.truncate = true;
        })
        .await;
        assert_eq!(end.message, "");
        assert_eq!(database.tables(), ["t"]);
        let mut rows = database.values("t");
        rows.sort();
        let mut expected: Vec<String> = (1..=10).map(|row| format!("row {row}")).collect();
        expected.sort();
        assert_eq!(rows, expected);
        let loads = steps(&database)
            .into_iter()
            .filter(|it| it.starts_with("load peerflow_"));
        assert_eq!(loads.count(), 3);
    }
}

#[tokio::test]
async fn a_failure_anywhere_leaves_the_target_as_it_was() {
    let moments = [
        "describe",
        "begin",
        "DELETE",
        "load",
        "take row 1.",
        "take row 7.",
        "read 5.",
        "read 10.",
        "INSERT",
        "commit",
        "CREATE",
    ];
    for ways in [&WHOLE, &NO_DDL] {
        for moment in moments {
            for writers in [1, 3] {
                for is_missing in [false, true] {
                    let tricks = [(moment, refused("no, thanks"))];
                    let database = if is_missing {
                        MemoryDatabase::new(ways, &tricks)
                    } else {
                        database(ways, &tricks)
                    };
                    let (_stage, end) = run(&database, |target| {
                        target.writers = writers;
                        target.truncate = true;
                    })
                    .await;
                    let what = format!("{ways:?} {moment} {writers} {is_missing}: {end:?}");
                    if database.did(moment) {
                        assert_eq!(end.result, TaskResult::Failed, "{what}");
                        assert!(end.message.contains("database link `db`"), "{what}");
                        assert!(end.message.contains("no, thanks"), "{what}");
                        let expected: &[&str] = if is_missing { &[] } else { &["t"] };
                        assert_eq!(database.tables(), expected, "{what}");
                        if !is_missing {
                            assert_eq!(database.values("t"), ["old"], "{what}");
                        }
                    } else {
                        assert_eq!(end.result, TaskResult::Succeeded, "{what}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_row_that_is_refused_is_told_by_its_number() {
    for writers in [1, 4] {
        let tricks = [("take row 7.", refused("too long"))];
        let (_stage, end) = run(&database(&WHOLE, &tricks), |target| {
            target.writers = writers
        })
        .await;
        assert!(
            end.message
                .starts_with("row 7, column v: database link `db`: loading rows: too long"),
            "{}",
            end.message
        );
    }
}

#[tokio::test]
async fn a_killed_transfer_stops_what_runs_and_leaves_the_target_as_it_was() {
    for moment in ["PRE", "load", "take row 3.", "read 4.", "DELETE", "INSERT"] {
        for writers in [1, 3] {
            if moment == "INSERT" && writers == 1 {
                continue;
            }
            let database = database(&NO_DDL, &[(moment, Trick::Hangs)]);
            let stage = Stage::with(Setting::with_database(Arc::new(database.clone()))).await;
            let task = moving(|target| {
                (target.writers, target.truncate) = (writers, true);
                target.pre = "PRE".to_owned();
            });
            let end = stage.kill_once(task, || database.did(moment)).await;
            let what = format!("{moment} {writers}: {end:?}");
            assert_eq!(
                (end.result, end.message.as_str()),
                (TaskResult::Killed, "stop"),
                "{what}"
            );
            assert!(database.cancelled() > 0, "{what}");
            assert_eq!(
                (database.tables(), database.values("t")),
                (vec!["t".to_owned()], vec!["old".to_owned()]),
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_committed_when_the_kill_comes_is_told() {
    let hanging = MemoryDatabase::new(&WHOLE, &[("AFTER", Trick::Hangs)]).with_table("t", &[]);
    let stage = Stage::with(Setting::with_database(Arc::new(hanging.clone()))).await;
    let task = moving(|target| target.after = "AFTER".to_owned());
    let end = stage.kill_once(task, || hanging.did("AFTER")).await;
    assert_eq!(end.result, TaskResult::Killed);
    assert_eq!(end.message, "the rows are in place; stop");
    assert_eq!(hanging.values("t").len(), 10);
}

#[tokio::test]
async fn staging_tables_of_earlier_tries_are_dropped_and_no_others() {
    let database = database(
        &NO_DDL,
        &[("INSERT", Trick::Hangs), ("DROP", refused("no"))],
    );
    let stage = Stage::with(Setting::with_database(Arc::new(database.clone()))).await;
    let killed = stage
        .kill_once(moving(|target| target.writers = 2), || {
            database.did("INSERT")
        })
        .await;
    assert_eq!(killed.result, TaskResult::Killed);
    assert!(
        stage
            .warnings()
            .iter()
            .any(|line| line.contains("could not be dropped: no; the next try"))
    );
    let left: Vec<String> = database
        .tables()
        .into_iter()
        .filter(|it| it != "t")
        .collect();
    assert_eq!(left.len(), 1);

    let next = MemoryDatabase::new(&NO_DDL, &[])
        .with_table("t", &[])
        .with_table(&left[0], &["x"]);
    let next = next.with_table("peerflow_other_1", &[]);
    let (_stage, end) = run(&next, |_| {}).await;
    assert_eq!(end.message, "");
    assert_eq!(next.tables(), ["peerflow_other_1", "t"]);
}

#[tokio::test]
async fn without_transactions_rows_are_gathered_first_and_what_is_promised_is_said() {
    let (stage, end) = run(&database(&NONE, &[]), |_| {}).await;
    assert_eq!(end.message, "");
    assert!(
        stage
            .warnings()
            .iter()
            .any(|line| line.contains("Memory has no transactions"))
    );
    let broken = database(&NONE, &[("take row 7.", refused("no"))]);
    let (_stage, end) = run(&broken, |target| target.truncate = true).await;
    assert_eq!(end.result, TaskResult::Failed);
    assert_eq!(
        (broken.tables(), broken.values("t")),
        (vec!["t".to_owned()], vec!["old".to_owned()])
    );
}

#[tokio::test]
async fn a_killed_transfer_leaves_the_former_file_and_nothing_beside_it() {
    for moment in ["read 5.", "describe"] {
        let database = MemoryDatabase::new(&WHOLE, &[(moment, Trick::Hangs)]);
        let stage = Stage::with(Setting::with_database(Arc::new(database.clone()))).await;
        let path = stage.path("out").join("a.txt");
        std::fs::create_dir(stage.path("out")).unwrap();
        std::fs::write(&path, "former").unwrap();
        let target = into_file(path.to_string_lossy(), TextFormat::Csv);
        let task = transfer(
            query("s"),
            TransferTarget::File(FileTarget {
                delete_first: true,
                ..target
            }),
        );
        let end = stage.kill_once(task, || database.did(moment)).await;
        assert_eq!(end.result, TaskResult::Killed);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "former");
        assert_eq!(std::fs::read_dir(stage.path("out")).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn values_are_made_for_what_the_database_made_of_a_new_table() {
    for ways in [&WHOLE, &NO_DDL] {
        for writers in [1, 3] {
            for is_missing in [false, true] {
                let database = if is_missing {
                    MemoryDatabase::new(ways, &[])
                } else {
                    database(ways, &[])
                };
                let (_stage, end) = run(&database, |target| target.writers = writers).await;
                assert_eq!(end.message, "");
                let loaded = database.0.loaded.lock().unwrap();
                assert_eq!(loaded.len(), writers as usize);
                for target in loaded.iter() {
                    assert_eq!(target.columns, columns_of_table(), "{ways:?} {target:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_table_that_may_have_been_made_is_gone_and_that_of_somebody_else_stays() {
    let lost = Trick::DoneBut(Error::new(Trouble::Lost, "gone away"));
    let database = MemoryDatabase::new(&NO_DDL, &[("CREATE", lost)]);
    let (_stage, end) = run(&database, |_| {}).await;
    assert!(end.message.contains("gone away"), "{}", end.message);
    assert!(database.tables().is_empty());

    let there = Trick::DoneBut(Error::new(Trouble::Refused, "it exists"));
    let database = MemoryDatabase::new(&NO_DDL, &[("CREATE", there)]);
    let (_stage, end) = run(&database, |_| {}).await;
    assert!(end.message.contains("it exists"), "{}", end.message);
    assert_eq!(database.tables(), ["t"]);
}

#[tokio::test]
async fn what_moves_rows_without_a_transaction_and_breaks_off_is_not_to_be_run_again_unseen() {
    for moment in ["INSERT", "DELETE"] {
        let lost = Trick::Fails(Error::new(Trouble::Lost, "gone away"));
        let (_stage, end) = run(&database(&NONE, &[(moment, lost)]), |target| {
            target.truncate = true;
        })
        .await;
        assert_eq!(end.result, TaskResult::Failed);
        assert!(
            end.message
                .contains("gone away; what is written into table `t` cannot be undone"),
            "{}",
            end.message
        );
        assert!(!end.message.contains("then run the step again"));
    }
}
