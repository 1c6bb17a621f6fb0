//! Where the rows are: a file, a table of each database, and what brings them from one to another.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use peerflow_tests::{Database, PostgresDatabase, children, command, eventually, peak_kib};
use tempfile::TempDir;

use crate::measure::Stopwatch;

const ROWS: u64 = 1_000_000;

/// Longer than any of them takes.
const LIMIT: Duration = Duration::from_secs(600);

const COLUMNS: &str = "id BIGINT PRIMARY KEY, customer INT, amount DECIMAL(12,2), ratio DOUBLE PRECISION, \
     pieces SMALLINT, day DATE, moment TIMESTAMP NULL, city VARCHAR(40), note VARCHAR(100), code CHAR(8)";

/// All of them, filled.
#[derive(Debug)]
pub(crate) struct Places {
    folder: TempDir,
    mariadb: Database,
    postgres: PostgresDatabase,
    peak_kib: Cell<u64>,
}

impl Places {
    /// Writes the file, and fills a table `source` of each database from it; `target` is there and empty.
    pub(crate) fn new() -> Self {
        let places = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            mariadb: Database::new(),
            postgres: PostgresDatabase::new(),
            peak_kib: Cell::new(0),
        };
        places.write_file();
        places.write_links();
        for table in ["source", "target"] {
            let create = format!("CREATE TABLE {table} ({COLUMNS})");
            places
                .mariadb
                .query(&create.replace("TIMESTAMP", "DATETIME"));
            let postgres = create.replace("TIMESTAMP NULL", "TIMESTAMP");
            places.postgres.query(&postgres);
        }
        places.load_mariadb();
        places
            .mariadb
            .query("INSERT INTO source SELECT * FROM target; ANALYZE TABLE source");
        places.load_postgres();
        places
            .postgres
            .query("INSERT INTO source SELECT * FROM target; ANALYZE source");
        places
    }

    /// The most memory that a transfer took, node and spawner together.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.peak_kib.get()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// About 120 MB.
    fn write_file(&self) {
        let file = File::create(self.path("source.txt")).expect("the folder can be written");
        let (mut file, mut line) = (BufWriter::new(file), String::new());
        for id in 0..ROWS {
            line.clear();
            let (amount, day, minute) = (id * 7919 % 1_000_000, 1 + id % 28, id % 60);
            let (ratio, city) = (id % 4096, id % 400);
            writeln!(
                line,
                "{id}\t{}\t{amount}.25\t0.{ratio:04}\t{}\t2026-01-{day:02}\t2026-01-{day:02} 10:{minute:02}:00\tcity {city}\t\
                 a note of some words about order {id} and its way\t{:08x}",
                id % 50_000,
                id % 300,
                id.wrapping_mul(2_654_435_761) % 0xffff_ffff
            )
            .expect("a string takes it");
            file.write_all(line.as_bytes())
                .expect("the file can be written");
        }
        file.flush().expect("the file can be written");
    }

    fn write_links(&self) {
        let url = self.mariadb.url();
        let (user, place) = url
            .strip_prefix("mysql://")
            .and_then(|rest| rest.split_once('@'))
            .expect("mysql://user@host:port/name");
        let links = format!(
            r#"<db-links>
  <link name="mariadb" type="MYSQL" jdbc-url="jdbc:mysql://{place}" username="{user}"/>
  <link name="postgres" type="POSTGRES" jdbc-url="{}" username="{}"/>
</db-links>"#,
            self.postgres.jdbc_url(),
            self.postgres.user()
        );
        fs::create_dir(self.path("config")).expect("the folder can be written");
        fs::write(self.path("config/db_links.xml"), links).expect("the folder can be written");
    }

    pub(crate) fn file_source(&self) -> String {
        let path = self.path("source.txt");
        format!(r#"<source type="FILE">{}</source>"#, path.display())
    }

    #[expect(
        clippy::unused_self,
        reason = "it is told of the places as the others are"
    )]
    pub(crate) fn table(&self, link: &str) -> String {
        format!(r#"<source type="DB" db-link="{link}">source</source>"#)
    }

    /// Into the empty table of a link, by one writer.
    pub(crate) fn table_target(&self, link: &str) -> String {
        self.empty(link);
        format!(r#"<target type="DB" db-link="{link}" table="target" task-num="1"/>"#)
    }

    pub(crate) fn file_target(&self) -> String {
        let path = self.path("target.txt");
        format!(r#"<target type="FILE" path="{}"/>"#, path.display())
    }

    fn empty(&self, link: &str) {
        let truncate = "TRUNCATE TABLE target";
        match link {
            "mariadb" => self.mariadb.query(truncate),
            _ => self.postgres.query(truncate),
        };
    }

    /// Seconds that `peerflow run` takes for a transfer, its own start and end among them.
    pub(crate) fn transfer(&self, source: &str, target: &str) -> f64 {
        let workflow = format!(
            r#"<work-flow name="move"><start name="start" to="move"/>
  <action name="move"><transfer>{source}{target}</transfer><ok to="end"/></action><end name="end"/></work-flow>"#
        );
        fs::write(self.path("move.xml"), workflow).expect("the folder can be written");
        let log = File::create(self.path("log")).expect("the folder can be written");
        let watch = Stopwatch::start();
        let mut child = command()
            .current_dir(self.folder.path())
            .args(["run", "move.xml"])
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("the program under test starts");
        let own = i32::try_from(child.id()).expect("a process id fits");
        let mut peaks = std::collections::BTreeMap::new();
        let exit = eventually("the transfer ends", LIMIT, || {
            for pid in std::iter::once(own).chain(children(own)) {
                peaks.extend(peak_kib(pid).map(|peak| (pid, peak)));
            }
            child.try_wait().expect("the run can be waited for")
        });
        let took = watch.seconds();
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        assert!(exit.success(), "{log}");
        self.peak_kib
            .set(self.peak_kib.get().max(peaks.values().sum()));
        took
    }

    /// `LOAD DATA LOCAL INFILE` of the file into the empty table.
    pub(crate) fn load_mariadb(&self) {
        self.empty("mariadb");
        let path = self.path("source.txt");
        let load = format!(
            "LOAD DATA LOCAL INFILE '{}' INTO TABLE target",
            path.display()
        );
        done(
            self.mariadb
                .client()
                .args(["--local-infile=1", "-e", &load]),
        );
    }

    /// `mariadb --quick -B` into a file.
    pub(crate) fn dump_mariadb(&self) {
        let file = File::create(self.path("dump.txt")).expect("the folder can be written");
        let select = "SELECT * FROM source";
        done(
            self.mariadb
                .client()
                .args(["--quick", "-B", "-N", "-e", select])
                .stdout(file),
        );
    }

    pub(crate) fn load_postgres(&self) {
        self.empty("postgres");
        let copy = format!("\\copy target from '{}'", self.path("source.txt").display());
        done(self.postgres.client().args(["-c", &copy]));
    }

    pub(crate) fn dump_postgres(&self) {
        let copy = format!("\\copy source to '{}'", self.path("dump.txt").display());
        done(self.postgres.client().args(["-c", &copy]));
    }
}

fn done(client: &mut Command) {
    let status = client.status().expect("the client is installed");
    assert!(status.success(), "{client:?}: {status}");
}
