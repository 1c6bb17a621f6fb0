//! Transfers broken off at random moments: the target is as before or complete, nothing is left, the next run succeeds.
//!
//! Each round runs a transfer that replaces all rows of the target, with a mark of the round in each row, and breaks it off
//! in one of three ways: `instance kill`, `kill -9` of the whole node, a crash of a database server. Six rounds a test, or as
//! many as `PEERFLOW_TEST_KILLS` says; `PEERFLOW_TEST_SEED` repeats the moments of an earlier run.

use std::time::Duration;

use peerflow_tests::{Database, Server, within};
use serde_json::{Value, json};

use crate::data_postgres::Postgres;
use crate::data_rows::{COLUMNS, MARKED, lines, of_file, of_mariadb, of_postgres};
use crate::data_stage::{Stage, mariadb_link, message, timed, workflow};

/// What a round does to the transfer.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Kill,
    NodeCrash,
    ServerCrash,
}

/// A transfer that is broken off over and over.
struct Victim<'s> {
    stage: &'s mut Stage,
    name: &'s str,
    /// What its workflow is given in a round, by the round's mark.
    params: &'s dyn Fn(u64) -> Value,
    /// The mark that all rows of the target bear, and what they hold otherwise. Fails when they bear several.
    target: &'s dyn Fn() -> (u64, u64),
    /// What lies beside the target and does not belong there.
    left: &'s dyn Fn() -> Vec<String>,
    /// Crashes a server that has to do with it in a round.
    crash: &'s dyn Fn(u64),
    /// Starts it again.
    start_again: &'s dyn Fn(u64),
}

fn rounds() -> u64 {
    number("PEERFLOW_TEST_KILLS").unwrap_or(6)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Moments that look random and can be repeated.
struct Moments(u64);

impl Moments {
    fn new(test: &str) -> Self {
        let seed = number("PEERFLOW_TEST_SEED").unwrap_or_else(|| u64::from(std::process::id()));
        println!("{test}: PEERFLOW_TEST_SEED={seed}");
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One within `span`.
    fn next(&mut self, span: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let thousandth = u32::try_from(self.0 >> 11 & 0x3ff).unwrap_or_default();
        span * thousandth / 1024
    }
}

impl Victim<'_> {
    /// Breaks it off in every way, one after the other.
    fn hit(&mut self) {
        let mut moments = Moments::new(self.name);
        let (_, _) = self.run_through(1);
        let (whole, took) = self.run_through(2);
        println!("{}: undisturbed {took:.2?}", self.name);
        let mut before = 2;
        for round in 0..rounds() {
            let blow = [Blow::Kill, Blow::NodeCrash, Blow::ServerCrash][(round % 3) as usize];
            let mark = 3 + 2 * round;
            let moment = moments.next(took + took / 10);
            let ended = self.strike(blow, mark, moment, round);
            let status = ended["status"].as_str().unwrap_or_default().to_owned();
            let told = message(&ended);
            println!(
                "{} round {round}: {blow:?} after {moment:.0?}: {status}: {told}",
                self.name
            );
            let (found, content) = (self.target)();
            assert!(found == before || found == mark, "{found}: {ended:#}");
            assert_eq!(content, whole, "not all rows are there: {ended:#}");
            match status.as_str() {
                "succeeded" => assert_eq!(found, mark, "{ended:#}"),
                _ if told.contains("in place already") => assert_eq!(found, mark, "{ended:#}"),
                _ if told.contains("nobody knows") => {}
                _ => assert_eq!(found, before, "{ended:#}"),
            }
            if !matches!(blow, Blow::ServerCrash) {
                assert_eq!((self.left)(), [""; 0], "{}", self.told(&ended));
            }
            let (again, _) = self.run_through(mark + 1);
            assert_eq!(again, whole);
            before = mark + 1;
        }
    }

    /// Runs it undisturbed; gives what the target holds then.
    fn run_through(&self, mark: u64) -> (u64, Duration) {
        let params = (self.params)(mark);
        let (ended, took) = timed(|| self.stage.wait(&self.stage.run(self.name, &params)));
        assert_eq!(ended["status"], "succeeded", "{}", self.told(&ended));
        let (found, content) = (self.target)();
        assert_eq!(found, mark);
        assert_eq!((self.left)(), [""; 0], "{}", self.told(&ended));
        (content, took)
    }

    /// Runs it, breaks it off at this moment, and waits until all is well again and the instance has ended.
    fn strike(&mut self, blow: Blow, mark: u64, moment: Duration, round: u64) -> Value {
        let id = self.stage.run(self.name, &(self.params)(mark));
        // The moment itself is what is waited for, unless all is over before.
        let _over = within(moment, || self.stage.ended(&id));
        match blow {
            Blow::Kill => self.stage.kill(&id),
            Blow::NodeCrash => self.stage.kill_and_start_again(),
            Blow::ServerCrash => {
                (self.crash)(round);
                let ended = self.stage.wait(&id);
                (self.start_again)(round);
                return ended;
            }
        }
        let ended = self.stage.wait(&id);
        if matches!(blow, Blow::NodeCrash) {
            // It ran again by itself.
            assert_eq!(ended["status"], "succeeded", "{}", self.told(&ended));
        }
        ended
    }

    fn told(&self, instance: &Value) -> String {
        self.stage.told(instance["id"].as_str().unwrap_or_default())
    }
}

/// All tables but those that belong there.
fn other_tables(listed: &str) -> Vec<String> {
    let own = ["source", "target"];
    let others = listed.lines().filter(|name| !own.contains(name));
    others.map(str::to_owned).collect()
}

/// A database with a table of rows to take from.
fn mariadb_with_rows(stage: &Stage, server: &Server) -> Database {
    let database = Database::on(&server.url);
    database.query(&format!("CREATE TABLE source ({COLUMNS})"));
    stage.link("db", &mariadb_link("maria", &database.url()));
    let file = stage.write("rows.txt", &lines(0));
    let fill = format!(
        r#"<transfer><source type="FILE">{}</source><target type="DB" db-link="maria" table="source"/></transfer>"#,
        file.display()
    );
    let filled = stage.finish("fill", &fill);
    assert_eq!(filled["status"], "succeeded", "{filled:#}");
    database
}

fn kill_file_to_mariadb(writers: u32) {
    let server = Server::start();
    let mut stage = Stage::start();
    let database = Database::on(&server.url);
    database.query(&format!("CREATE TABLE target ({COLUMNS})"));
    stage.link("db", &mariadb_link("maria", &database.url()));
    let file = stage.path("marked.txt");
    let name = format!("file-to-mariadb-{writers}");
    let transfer = format!(
        r#"<transfer><source type="FILE">{}</source>
           <target type="DB" db-link="maria" table="target" is-pre-truncate="true" task-num="{writers}"/></transfer>"#,
        file.display()
    );
    let xml = workflow(&name, &transfer, "");
    stage.api().put_workflow(&name, &xml);
    Victim {
        stage: &mut stage,
        name: &name,
        params: &|mark| {
            std::fs::write(&file, lines(mark)).expect("the folder can be written");
            json!({})
        },
        target: &|| of_mariadb(&database, "target"),
        left: &|| other_tables(&database.query("SHOW TABLES")),
        crash: &|_| server.crash(),
        start_again: &|_| server.start_again(),
    }
    .hit();
}

fn kill_mariadb_to_postgres(writers: u32) {
    let server = Server::start();
    let mut stage = Stage::start();
    let database = mariadb_with_rows(&stage, &server);
    let postgres = Postgres::of_its_own();
    let columns = COLUMNS.replace("DATETIME", "TIMESTAMP");
    postgres.query(&format!("CREATE TABLE target ({columns})"));
    stage.link("db", &postgres.link("postgres"));
    let name = format!("mariadb-to-postgres-{writers}");
    let transfer = format!(
        r#"<transfer><source type="DB" db-link="maria">{MARKED}</source>
           <target type="DB" db-link="postgres" table="target" is-pre-truncate="true" task-num="{writers}"/></transfer>"#
    );
    stage
        .api()
        .put_workflow(&name, &workflow(&name, &transfer, ""));
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    // The target's server twice, the source's once.
    let is_source = |round: u64| round / 3 % 3 == 2;
    Victim {
        stage: &mut stage,
        name: &name,
        params: &|mark| json!({ "mark": mark.to_string() }),
        target: &|| of_postgres(&postgres, "target"),
        left: &|| {
            let mut left = other_tables(&postgres.query(tables));
            left.extend(other_tables(&database.query("SHOW TABLES")));
            left
        },
        crash: &|round| {
            if is_source(round) {
                server.crash();
            } else {
                postgres.crash();
            }
        },
        start_again: &|round| {
            if is_source(round) {
                server.start_again();
            } else {
                postgres.start_again();
            }
        },
    }
    .hit();
}

#[test]
fn a_broken_off_load_of_a_file_into_mariadb_leaves_the_table_as_before_or_complete() {
    kill_file_to_mariadb(1);
}

#[test]
fn so_does_one_through_a_staging_table_of_mariadb() {
    kill_file_to_mariadb(2);
}

#[test]
fn a_broken_off_transfer_from_mariadb_leaves_the_table_in_postgres_as_before_or_complete() {
    kill_mariadb_to_postgres(1);
}

#[test]
fn so_does_one_through_a_staging_table_of_postgres() {
    kill_mariadb_to_postgres(2);
}

#[test]
fn a_broken_off_transfer_into_a_file_leaves_the_file_as_before_or_complete() {
    let server = Server::start();
    let mut stage = Stage::start();
    let _database = mariadb_with_rows(&stage, &server);
    let folder = stage.path("out");
    std::fs::create_dir(&folder).expect("a folder");
    let target = folder.join("rows.txt");
    let transfer = format!(
        r#"<transfer><source type="DB" db-link="maria">{MARKED}</source>
           <target type="FILE" path="{}" is-pre-del="true"/></transfer>"#,
        target.display()
    );
    let name = "mariadb-to-file";
    stage
        .api()
        .put_workflow(name, &workflow(name, &transfer, ""));
    Victim {
        stage: &mut stage,
        name,
        params: &|mark| json!({ "mark": mark.to_string() }),
        target: &|| of_file(&target),
        left: &|| {
            let listed = std::fs::read_dir(&folder).expect("the folder is there");
            let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            names.filter(|name| name != "rows.txt").collect()
        },
        crash: &|_| server.crash(),
        start_again: &|_| server.start_again(),
    }
    .hit();
}
