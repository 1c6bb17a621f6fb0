//! Statements that are cancelled, and the server's log meanwhile.

use std::time::Duration;

use peerflow_rows::{Session, Trouble};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::support::{first_rows, talkative_session};

/// Runs for minutes wherever it is run.
const LONG: &str = "SELECT count(*) FROM range(3000000) a JOIN range(3000000) b \
    ON a.id % 1000 < b.id % 1000 + 7 WHERE hash(a.id, b.id) = 1";
/// What waits for a server gives up after this.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits until the server has begun to work on the statement, of which its first line tells.
async fn begun(lines: &mut Receiver<String>) {
    assert!(lines.recv().await.is_some(), "the server told nothing");
}

async fn answers(session: &mut dyn Session) {
    let rows = first_rows(session, "SELECT 1").await;
    assert_eq!(rows, [[Some("1".to_owned())]]);
}

#[tokio::test]
async fn a_cancelled_statement_ends_soon_and_the_session_goes_on() {
    let Some(mut session) = talkative_session().await else {
        return;
    };
    let mut lines = session.log_lines().expect("Spark and Hive have a log");
    let cancel = session.canceller();
    let stopping = async {
        begun(&mut lines).await;
        cancel.cancel().await
    };
    let both = async { tokio::join!(session.execute(LONG, 1), stopping) };
    let (executed, cancelled) = timeout(LIMIT, both).await.expect("the server stops it");
    cancelled.unwrap();
    assert_eq!(executed.unwrap_err().trouble, Trouble::Cancelled);
    // Harmless when nothing runs.
    session.canceller().cancel().await.unwrap();
    answers(&mut *session).await;
    session.close().await;
}

#[tokio::test]
async fn a_statement_that_is_given_up_is_ended_before_the_next() {
    let Some(mut session) = talkative_session().await else {
        return;
    };
    let mut lines = session.log_lines().expect("Spark and Hive have a log");
    let given_up = async {
        tokio::select! {
            biased;
            () = begun(&mut lines) => {}
            executed = session.execute(LONG, 1) => panic!("it ended: {executed:?}"),
        }
    };
    timeout(LIMIT, given_up).await.expect("it begins");
    // Given up between two questions the connection is as before; in the middle of one it is gone.
    match timeout(LIMIT, session.execute("SELECT 1", 1))
        .await
        .unwrap()
    {
        Ok(executed) => assert_eq!(executed.rows, Some(1)),
        Err(error) => assert_eq!(error.trouble, Trouble::Lost),
    }
}

#[tokio::test]
async fn the_servers_log_comes_while_a_statement_runs() {
    let Some(mut session) = talkative_session().await else {
        return;
    };
    let mut lines = session.log_lines().expect("Spark and Hive have a log");
    session
        .execute("SELECT count(*) FROM range(10)", 1)
        .await
        .unwrap();
    timeout(LIMIT, begun(&mut lines)).await.expect("a line");
    // Nobody takes them any more: statements run all the same.
    drop(lines);
    answers(&mut *session).await;
    session.close().await;
}
