//! Statements that are cancelled, and the server's log meanwhile.

use std::time::Duration;

use peerflow_rows::Trouble;
use tokio::time::{sleep, timeout};

use crate::support::{finish, first_rows, session};

/// Runs for minutes wherever it is run.
const LONG: &str = "SELECT count(*) FROM range(3000000) a JOIN range(3000000) b ON a.id % 1000 < b.id % 1000 + 7 WHERE hash(a.id, b.id) = 1";

#[tokio::test]
async fn a_cancelled_statement_ends_soon_and_the_session_goes_on() {
    let Some(mut session) = session("cancel").await else {
        return;
    };
    let cancel = session.canceller();
    let stopping = async {
        sleep(Duration::from_secs(1)).await;
        cancel.cancel().await
    };
    let both = async { tokio::join!(session.execute(LONG, 1), stopping) };
    let (executed, cancelled) = timeout(Duration::from_secs(30), both)
        .await
        .expect("the server stops it");
    cancelled.unwrap();
    assert_eq!(executed.unwrap_err().trouble, Trouble::Cancelled);
    // Harmless when nothing runs.
    session.canceller().cancel().await.unwrap();
    assert_eq!(
        first_rows(&mut *session, "SELECT 1").await,
        [[Some("1".to_owned())]]
    );
    finish(session, "cancel").await;
}

#[tokio::test]
async fn the_servers_log_comes_while_a_statement_runs() {
    let Some(mut session) = session("log").await else {
        return;
    };
    let mut lines = session.log_lines().expect("Spark and Hive have a log");
    session
        .execute("SELECT count(*) FROM range(10)", 1)
        .await
        .unwrap();
    let mut told = Vec::new();
    while let Ok(line) = lines.try_recv() {
        told.push(line);
    }
    println!("{} lines: {told:#?}", told.len());
    // Nobody takes them any more: statements run all the same.
    drop(lines);
    assert_eq!(
        first_rows(&mut *session, "SELECT 1").await,
        [[Some("1".to_owned())]]
    );
    finish(session, "log").await;
}
