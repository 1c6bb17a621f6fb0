//! A statement that sleeps on its server, and what becomes of it when its step is killed, is too late, or loses its node.

use std::time::Duration;

use nix::sys::signal::Signal;
use peerflow_tests::{Database, eventually, is_alive, run_in};
use serde_json::Value;

use crate::data_postgres::Postgres;
use crate::data_stage::{Stage, mariadb_link, message, timed};

/// Longer than any machine needs to begin a statement.
const BEGINS: Duration = Duration::from_secs(60);

/// A server, by what tests ask of it.
trait Sleeper {
    fn link(&self) -> Value;
    /// A statement that sleeps for a minute.
    fn statement(&self) -> String;
    /// How many sleep now.
    fn sleeping(&self) -> usize;
}

impl Sleeper for Database {
    fn link(&self) -> Value {
        mariadb_link("db", &self.url())
    }

    fn statement(&self) -> String {
        "SELECT SLEEP(60)".to_owned()
    }

    fn sleeping(&self) -> usize {
        let count = self.query(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT SLEEP(60)%'",
        );
        count.trim().parse().expect("a number")
    }
}

impl Sleeper for Postgres {
    fn link(&self) -> Value {
        self.link("db")
    }

    fn statement(&self) -> String {
        "SELECT pg_sleep(60)".to_owned()
    }

    fn sleeping(&self) -> usize {
        let count = self.query(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'SELECT pg_sleep%'",
        );
        count.parse().expect("a number")
    }
}

/// Begins to run the statement; gives the instance once the server runs it.
fn begin(stage: &Stage, server: &impl Sleeper, attributes: &str) -> String {
    stage.link("db", &server.link());
    let action = format!(r#"<sql db-link="db">{}</sql>"#, server.statement());
    let id = stage.begin("sleep", &action, attributes);
    eventually("the statement runs", BEGINS, || {
        (server.sleeping() > 0).then_some(())
    });
    id
}

/// Waits until the server runs it no more: 2 s, where the machine is left to this test.
fn assert_gone(what: &str, server: &impl Sleeper) {
    let bound = match std::env::var_os("PEERFLOW_TEST_KILLS") {
        Some(_) => Duration::from_secs(2),
        None => Duration::from_secs(15),
    };
    let ((), took) = timed(|| {
        eventually("the statement is gone", bound, || {
            (server.sleeping() == 0).then_some(())
        });
    });
    println!("{what}: gone from the server after {took:.2?}");
}

fn killed(server: &impl Sleeper, what: &str) {
    let stage = Stage::start();
    let id = begin(&stage, server, "");
    let peer = &stage.api().base;
    let killed = run_in(
        &stage.path(""),
        &["--peer", peer, "instance", "kill", id.as_str()],
    );
    assert_eq!(killed.code, 0, "{}", killed.text());
    assert_gone(what, server);
    assert_eq!(stage.wait(&id)["status"], "killed");
}

fn too_late(server: &impl Sleeper, what: &str) {
    let stage = Stage::start();
    let id = begin(&stage, server, r#"timeout="3""#);
    let ended = stage.wait(&id);
    assert_gone(what, server);
    assert_eq!(ended["status"], "killed", "{ended:#}");
    assert!(message(&ended).contains("timed out"), "{ended:#}");
}

fn stopped(server: &impl Sleeper, what: &str) {
    let mut stage = Stage::with(|node| node.set("PEERFLOW__WORKER__DRAIN", "500ms"));
    begin(&stage, server, "");
    let node = stage.take();
    node.signal(Signal::SIGTERM);
    eventually("the node ends", BEGINS, || {
        (!is_alive(node.pid())).then_some(())
    });
    assert_gone(what, server);
}

#[test]
fn a_killed_statement_is_gone_from_mariadb() {
    killed(&Database::new(), "killed, MariaDB");
}

#[test]
fn a_killed_statement_is_gone_from_postgres() {
    killed(&Postgres::new(), "killed, PostgreSQL");
}

#[test]
fn a_statement_past_its_steps_time_limit_is_gone_from_mariadb() {
    too_late(&Database::new(), "time limit, MariaDB");
}

#[test]
fn a_statement_past_its_steps_time_limit_is_gone_from_postgres() {
    too_late(&Postgres::new(), "time limit, PostgreSQL");
}

#[test]
fn a_statement_of_a_node_that_stops_is_gone_from_mariadb() {
    stopped(&Database::new(), "SIGTERM, MariaDB");
}

#[test]
fn a_statement_of_a_node_that_stops_is_gone_from_postgres() {
    stopped(&Postgres::new(), "SIGTERM, PostgreSQL");
}

/// What sleeps; a statement that computes goes on in MariaDB.
fn lost_its_node(server: &impl Sleeper, what: &str) {
    let mut stage = Stage::start();
    begin(&stage, server, "");
    stage.take().kill();
    let ((), took) = timed(|| {
        // The server looks after its clients now and then.
        eventually("the server misses its client", BEGINS / 2, || {
            (server.sleeping() == 0).then_some(())
        });
    });
    println!("{what}: gone from the server after {took:.2?}");
}

#[test]
fn a_statement_of_a_node_that_died_is_gone_from_mariadb() {
    lost_its_node(&Database::new(), "kill -9, MariaDB");
}

#[test]
fn a_statement_of_a_node_that_died_is_gone_from_postgres() {
    lost_its_node(&Postgres::new(), "kill -9, PostgreSQL");
}
