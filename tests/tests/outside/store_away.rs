//! The store away, or blocked by a stopped master.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use peerflow_tests::{Database, Node, NodeBuilder, Server, StoreKind, eventually};
use serde_json::Value;

fn long_task(mark: &Path, seconds: u32) -> String {
    let mark = mark.display();
    format!(
        r#"<work-flow name="long" instance-limit="50"><start name="start" to="s"/>
           <action name="s"><script><code>
             echo $$ >> {mark}.began
             sleep {seconds}
             echo done >> {mark}.ended
           </code></script><ok to="t"/></action>
           <action name="t"><shell><command>echo t >> {mark}.after</command></shell><ok to="end"/></action>
           <end name="end"/></work-flow>"#
    )
}

fn lines(path: &str) -> usize {
    std::fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .count()
}

#[test]
fn mariadb_stopped_for_a_while_stops_nothing_that_runs_and_loses_nothing() {
    let server = Server::start();
    let database = Database::on(&server.url);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = NodeBuilder::new(folder.path())
        .store(StoreKind::Mysql(database.url()))
        .start();
    let mark = folder.path().join("mark");
    let at = |suffix: &str| format!("{}.{suffix}", mark.display());
    node.api.put_workflow("long", &long_task(&mark, 12));
    // One that is asked for while the store is away: whether it will run is unknown until then.
    node.api.put_workflow(
        "probe",
        r#"<work-flow name="probe"><start name="s" to="e"/><end name="e"/></work-flow>"#,
    );
    let ids: Vec<String> = (0..5)
        .map(|_| node.api.try_run("long").expect("acknowledged"))
        .collect();
    eventually("five tasks run", Duration::from_secs(30), || {
        (lines(&at("began")) == 5).then_some(())
    });

    server.stop();
    assert_trouble_is_told(&node);
    let acknowledged = knock_for(&node, Duration::from_secs(20));
    eventually(
        "running tasks end although the store is away",
        Duration::from_secs(40),
        || (lines(&at("ended")) == 5).then_some(()),
    );
    assert_eq!(
        lines(&at("after")),
        0,
        "nothing new starts while the store is away"
    );

    server.start_again();
    for id in &ids {
        let instance = eventually(
            "the instance ends after the store is back",
            Duration::from_secs(60),
            || {
                node.api
                    .try_instance(id)
                    .filter(|instance| instance["status"] == "succeeded")
            },
        );
        assert_eq!(
            tries(&instance),
            [Some(1), Some(1)],
            "no task ran twice: {instance:#}"
        );
    }
    assert_eq!((lines(&at("began")), lines(&at("after"))), (5, 5));
    for id in acknowledged {
        eventually(
            "what was acknowledged is there and ends",
            Duration::from_secs(30),
            || {
                node.api
                    .try_instance(&id)
                    .filter(|instance| instance["status"] == "succeeded")
            },
        );
    }
    eventually(
        "it is ready again by itself",
        Duration::from_secs(30),
        || (node.api.get("/readyz").status == 200).then_some(()),
    );
}

/// A write is refused honestly, and the health pages tell the truth.
fn assert_trouble_is_told(node: &Node) {
    let trouble = eventually(
        "a write is refused honestly",
        Duration::from_secs(30),
        || {
            let headers = [("content-type", "application/json")];
            let reply = node.api.try_send(
                "POST",
                "/api/v1/workflows/probe/run",
                &headers,
                br#"{"params":{}}"#,
            )?;
            (reply.status == 503).then_some(reply)
        },
    );
    assert!(trouble.header("retry-after").is_some(), "{}", trouble.text);
    assert!(
        trouble
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/problem+json"))
    );
    eventually(
        "what is wrong with the store is said",
        Duration::from_secs(30),
        || {
            let ready = node.api.get("/readyz");
            (ready.status == 503 && ready.text.contains("store")).then_some(())
        },
    );
    assert_eq!(node.api.get("/healthz").status, 200);
}

/// Asks for runs all the time for so long; gives the ids of those that were acknowledged.
#[expect(clippy::disallowed_methods, reason = "an outage of real time")]
fn knock_for(node: &Node, how_long: Duration) -> Vec<String> {
    let start = std::time::Instant::now();
    let mut acknowledged = Vec::new();
    while start.elapsed() < how_long {
        acknowledged.extend(node.api.try_run("probe"));
        // A second's pause is what Retry-After asks for; a load is less polite.
        std::thread::sleep(Duration::from_millis(50));
    }
    acknowledged
}

/// How many tries each action of an instance took.
fn tries(instance: &Value) -> Vec<Option<u64>> {
    let steps = instance["steps"].as_array().expect("steps");
    let actions = steps
        .iter()
        .filter(|step| step["type"] == "script" || step["type"] == "shell");
    actions.map(|step| step["attempt"].as_u64()).collect()
}

#[test]
fn a_master_stopped_inside_a_transaction_blocks_nobody_for_long() {
    let database = Database::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = NodeBuilder::new(folder.path())
        .store(StoreKind::Mysql(database.url()))
        .start();
    let spin = r#"<work-flow name="spin" instance-limit="100"><start name="start" to="s"/>
        <action name="s"><shell><command>true</command></shell><ok to="end"/></action><end name="end"/></work-flow>"#;
    node.api.put_workflow("spin", spin);
    for _ in 0..3 {
        // Its transaction has the row of the lease and must wait before it goes on: there it is stopped.
        let table = database.hold("LOCK TABLES instances WRITE");
        let asked = std::thread::scope(|scope| {
            let api = node.api.clone();
            let asked = scope.spawn(move || api.try_run("spin"));
            eventually(
                "the master waits inside a transaction",
                Duration::from_secs(30),
                || (is_writing(&database)).then_some(()),
            );
            node.signal(Signal::SIGSTOP);
            let taken = database.try_query("BEGIN; SELECT name FROM lease FOR UPDATE NOWAIT");
            drop(table);
            // The server itself gives up after two seconds of waiting for the row: no clock of ours is asked.
            let locked = database.try_query(
                "SET SESSION innodb_lock_wait_timeout = 2; BEGIN; \
                 UPDATE lease SET renewals = renewals WHERE 1 = 1; ROLLBACK",
            );
            node.signal(Signal::SIGCONT);
            assert!(taken.is_none(), "the stopped master has the lease row");
            assert!(
                locked.is_some(),
                "the lease row was locked for more than two seconds"
            );
            asked.join().expect("the client ends")
        });
        let later = eventually("it acts again", Duration::from_secs(30), || {
            node.api.try_run("spin")
        });
        for id in asked.into_iter().chain([later]) {
            eventually(
                "what was acknowledged is there and ends",
                Duration::from_secs(30),
                || {
                    node.api
                        .try_instance(&id)
                        .filter(|instance| instance["status"] == "succeeded")
                },
            );
        }
    }
}

/// Whether a session in the database waits for the locked table to write into it.
fn is_writing(database: &Database) -> bool {
    let waiting = database.query(
        "SELECT COUNT(*) FROM information_schema.processlist \
         WHERE db = DATABASE() AND state LIKE 'Waiting for table%' AND info NOT LIKE 'SELECT%'",
    );
    waiting.trim() != "0"
}
