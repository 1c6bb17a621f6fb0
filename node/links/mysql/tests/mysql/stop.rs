//! Stopping what runs.

use peerflow_rows::{Kind, Trouble, batches};

use crate::places::{Place, batch, rows, run};

const ENDLESS: &str = "SELECT a.seq, REPEAT('x', 1000) FROM seq_1_to_1000000 a, seq_1_to_1000000 b";

#[tokio::test]
async fn a_reader_whose_rows_nobody_wants_ends_and_its_connection_goes_on() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let columns = session.describe(ENDLESS).await.unwrap();
    let (sender, mut receiver) = batches();
    let taking = async move {
        receiver.recv().await.unwrap();
    };
    let (read, ()) = tokio::join!(session.read(ENDLESS, &columns, sender), taking);
    assert!(read.unwrap() > 0);
    assert_eq!(rows(&mut *session, "SELECT 1").await, [["1"]]);
    place.drop_it().await;
}

#[tokio::test]
async fn a_reader_is_told_when_its_statement_gives_no_row_for_long() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let query = "SELECT SLEEP(60)";
    let columns = session.describe(query).await.unwrap();
    let (sender, receiver) = batches();
    let cancel = session.canceller();
    let (read, cancelled) = tokio::join!(session.read(query, &columns, sender), async {
        wait_for(&place, "SLEEP(60)").await;
        cancel.cancel().await
    });
    drop(receiver);
    cancelled.unwrap();
    // MariaDB gives an error, MySQL a row of 1: both end at once.
    if let Err(error) = read {
        assert_eq!(error.trouble, Trouble::Cancelled);
    }
    assert_eq!(rows(&mut *session, "SELECT 1").await, [["1"]]);
    place.drop_it().await;
}

#[tokio::test]
async fn a_cancelled_statement_ends_and_cancelling_nothing_does_no_harm() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let cancel = session.canceller();
    cancel.cancel().await.unwrap();
    let (executed, cancelled) = tokio::join!(
        session.execute(
            "SELECT COUNT(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b",
            1
        ),
        async {
            wait_for(&place, "COUNT(*) FROM seq").await;
            cancel.cancel().await
        }
    );
    cancelled.unwrap();
    assert_eq!(executed.unwrap_err().trouble, Trouble::Cancelled);
    session.close().await;
    cancel.cancel().await.unwrap();
    place.drop_it().await;
}

#[tokio::test]
async fn a_load_whose_source_is_silent_can_be_cancelled() {
    let place = Place::create().await;
    let mut session = place.session().await;
    run(&mut *session, "CREATE TABLE t (n INT)").await;
    let cancel = session.canceller();
    let (sender, receiver) = batches();
    let column = vec![peerflow_rows::Column::new(
        "n",
        Kind::Integer {
            bits: 32,
            unsigned: false,
        },
    )];
    let target = peerflow_rows::Target {
        table: "t".to_owned(),
        columns: column.clone(),
        source: column,
        progress: std::sync::Arc::default(),
    };
    session.begin().await.unwrap();
    let (loaded, cancelled) = tokio::join!(session.load(&target, receiver), async {
        sender.send(batch(&[&[Some(b"1")]])).await.unwrap();
        wait_for(&place, "LOAD DATA").await;
        cancel.cancel().await
    });
    cancelled.unwrap();
    assert_eq!(loaded.unwrap_err().trouble, Trouble::Cancelled);
    session.rollback().await.unwrap();
    assert_eq!(
        rows(&mut *session, "SELECT * FROM t").await,
        Vec::<Vec<String>>::new()
    );
    place.drop_it().await;
}

#[tokio::test]
async fn a_dropped_session_leaves_no_statement_that_sends_rows() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let columns = session.describe(ENDLESS).await.unwrap();
    let (sender, mut receiver) = batches();
    {
        let reading = session.read(ENDLESS, &columns, sender);
        tokio::select! {
            biased;
            _ = reading => panic!("it has no end"),
            _ = receiver.recv() => {}
        }
    }
    drop(session);
    let mut other = place.session().await;
    let query = format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '{}' AND INFO LIKE '%REPEAT%' AND ID <> CONNECTION_ID()",
        place.name
    );
    let mut asked = 0;
    while rows(&mut *other, &query).await != [["0"]] {
        asked += 1;
        assert!(asked < 100_000, "it runs on");
    }
    place.drop_it().await;
}

/// Waits until a statement runs on the server.
async fn wait_for(place: &Place, what: &str) {
    let mut other = place.session().await;
    let query = format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '{}' AND ID <> CONNECTION_ID() AND INFO LIKE '%{what}%'",
        place.name
    );
    let mut asked = 0;
    while rows(&mut *other, &query).await == [["0"]] {
        asked += 1;
        assert!(asked < 100_000, "{what} never ran");
    }
}
