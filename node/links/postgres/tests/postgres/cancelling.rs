//! Stopping statements, and servers that stop by themselves.

use peerflow_rows::{Trouble, batches};

use crate::support::{Schema, run};

#[tokio::test]
async fn a_statement_that_sleeps_is_stopped_on_the_server() {
    let (schema, mut session) = Schema::new("cancels").await;
    let canceller = session.canceller();
    let mut other = schema.session().await;
    let mark = format!("/* {} */ select pg_sleep(600)", schema.name);
    let stop = async {
        wait_for(&mut other, &mark, true).await;
        canceller.cancel().await.unwrap();
        wait_for(&mut other, &mark, false).await;
    };
    let (stopped, ()) = tokio::join!(session.execute(&mark, 1), stop);
    assert_eq!(stopped.unwrap_err().trouble, Trouble::Cancelled);
    canceller.cancel().await.unwrap();
    // The server carries a cancellation out when it comes to it, which may be during the next statement.
    while let Err(error) = session.execute("select 1", 1).await {
        assert_eq!(error.trouble, Trouble::Cancelled, "{error}");
    }
    other.close().await;
    schema.drop(session).await;
}

#[tokio::test]
async fn a_reader_whose_receiver_is_gone_stops_its_query() {
    let (schema, mut other) = Schema::new("gone").await;
    for what in [
        "select generate_series(1, 2000000000), repeat('x', 100)",
        "select pg_sleep(600)",
    ] {
        let query = &format!("/* {} */ {what}", schema.name);
        let mut session = schema.session().await;
        let columns = session.describe(query).await.unwrap();
        let (sender, mut receiver) = batches();
        let leave = async move {
            if query.contains("repeat") {
                receiver.recv().await.unwrap();
            }
            drop(receiver);
        };
        let (read, ()) = tokio::join!(session.read(query, &columns, sender), leave);
        read.unwrap();
        // Where the server takes its time to stop, the connection is closed instead.
        wait_for(&mut other, query, false).await;
        session.close().await;
    }
    schema.drop(other).await;
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_told_as_lost() {
    let (schema, mut session) = Schema::new("ends").await;
    let own = "select pg_terminate_backend(pg_backend_pid())";
    let ended = session.execute(own, 1).await.unwrap_err();
    assert_eq!(ended.trouble, Trouble::Lost);
    assert!(ended.message.contains("57P01"), "{ended}");
    let lost = session.commit().await.unwrap_err();
    assert_eq!(lost.trouble, Trouble::Lost);
    session.close().await;
    let session = schema.session().await;
    schema.drop(session).await;
}

/// Asks until a statement runs, or runs no more.
async fn wait_for(session: &mut Box<dyn peerflow_rows::Session>, query: &str, runs: bool) {
    let ask = format!(
        "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and position($m${query}$m$ in query) > 0"
    );
    for _ in 0..10_000 {
        let seen = run(session, &ask).await;
        if (seen.first_rows.value(0, 0) != Some(b"0")) == runs {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{query} does not get there: it runs is to be {runs}");
}
