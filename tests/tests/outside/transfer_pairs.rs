//! Rows of ten mixed columns from every place to every place, the same afterwards by checksum.
//!
//! `PEERFLOW_TEST_ROWS` says how many; from a million on the peak of memory is held to its limit too.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use peerflow_tests::data::{Checksum, Place, Places, Row, Rows, Shape};
use peerflow_tests::{children, command, eventually, peak_kib};
use tempfile::TempDir;

/// Rows in the gate.
const FEW: u64 = 20_000;

/// From so many on the peak of memory says something.
const MANY: u64 = 1_000_000;

/// What a run may have resident at most, node and spawner together.
const MEMORY_KIB: u64 = 150 * 1024;

/// How long one transfer may take.
const LIMIT: Duration = Duration::from_secs(900);

/// What separates fields of text; no value holds it.
const DELIMITED: &str = r#"delimited="\x01""#;

/// One source and all that goes out of it.
struct Pairs {
    folder: TempDir,
    places: Places,
    rows: Rows,
    from: Place,
    /// Of the rows as they are, and of what text between delimiters says of them.
    whole: Checksum,
    through_text: Checksum,
}

/// How a transfer ended.
struct Ran {
    is_good: bool,
    log: String,
    peak_kib: u64,
}

impl Pairs {
    /// The source, full of rows.
    fn new(from: Place) -> Self {
        let rows = std::env::var("PEERFLOW_TEST_ROWS").map_or(FEW, |rows| {
            rows.parse().expect("PEERFLOW_TEST_ROWS is a number")
        });
        let (folder, places) = folder_of_links();
        let rows = Rows::new(rows);
        places.create(from, "source");
        places.load(from, "source", rows.all());
        let (mut whole, mut through_text) = (Checksum::default(), Checksum::default());
        for row in rows.all() {
            whole.add(&row);
            through_text.add(&row.through_text());
        }
        let pairs = Self {
            folder,
            places,
            rows,
            from,
            whole,
            through_text,
        };
        // Otherwise the means of the tests, not the transfer, would be what differs.
        pairs.compare(from, "source", Shape::Typed);
        pairs
    }

    /// Compares what is in a place with what the source says.
    fn compare(&self, place: Place, name: &str, shape: Shape) {
        let is_text = [self.from, place].contains(&Place::Text);
        let wanted = if is_text {
            self.through_text
        } else {
            self.whole
        };
        let mut found = Checksum::default();
        self.places.read(place, name, shape, |row| found.add(&row));
        if found == wanted {
            return;
        }
        let said = |row: Row| if is_text { row.through_text() } else { row };
        let differences = self.places.differences(place, name, shape, self.rows, said);
        panic!(
            "{} to {}, {name}: {} rows and not {}, columns that differ: {:?}\n{}",
            self.from.word(),
            place.word(),
            found.rows,
            wanted.rows,
            found.differing(&wanted),
            differences.join("\n")
        );
    }

    fn source(&self) -> String {
        let (word, path) = (self.from.word(), self.places.file("source"));
        match self.from {
            Place::Text => format!(
                r#"<source type="FILE" {DELIMITED}>{}</source>"#,
                path.display()
            ),
            Place::Csv => format!(
                r#"<source type="FILE" format="csv">{}</source>"#,
                path.display()
            ),
            _ => format!(r#"<source type="DB" db-link="{word}">source</source>"#),
        }
    }

    fn target(&self, to: Place, name: &str, more: &str) -> String {
        let (word, path) = (to.word(), self.places.file(name));
        match to {
            Place::Text => format!(
                r#"<target type="FILE" path="{}" {DELIMITED}/>"#,
                path.display()
            ),
            Place::Csv => format!(
                r#"<target type="FILE" path="{}" format="csv"/>"#,
                path.display()
            ),
            _ => format!(r#"<target type="DB" db-link="{word}" table="{name}" {more}/>"#),
        }
    }

    /// Moves the rows and compares what is there then.
    fn check(&self, to: Place, name: &str, shape: Shape, more: &str) {
        let ran = transfer(
            self.folder.path(),
            &self.source(),
            &self.target(to, name, more),
        );
        let pair = format!("{} to {} {name}", self.from.word(), to.word());
        assert!(ran.is_good, "{pair}:\n{}", ran.log);
        let took = ran
            .log
            .lines()
            .find_map(|line| line.strip_prefix("succeeded  move"));
        let took = took.unwrap_or_default().trim();
        println!("{pair} {more}: {took}, peak {} KiB", ran.peak_kib);
        if self.rows.count() >= MANY {
            assert!(
                ran.peak_kib < MEMORY_KIB,
                "{pair}: the peak was {} KiB",
                ran.peak_kib
            );
        }
        self.compare(to, name, shape);
        self.places.remove(to, name);
    }

    /// To one place: into a table that the transfer makes, and into one that is there and holds a row.
    fn to(&self, to: Place) {
        if to.is_file() {
            self.check(to, "made", Shape::Typed, "");
            return;
        }
        let shape = if self.from.is_file() {
            Shape::Text
        } else {
            Shape::Typed
        };
        self.check(to, "made", shape, r#"task-num="1""#);
        self.places.create(to, "there");
        self.places.load(to, "there", Rows::new(3).all());
        self.check(
            to,
            "there",
            Shape::Typed,
            r#"task-num="2" is-pre-truncate="true""#,
        );
        if self.rows.count() < MANY {
            self.check(to, "made", shape, r#"task-num="2""#);
            self.places.create(to, "there");
            self.check(to, "there", Shape::Typed, r#"task-num="1""#);
        }
    }

    fn to_all(&self) {
        for to in Place::ALL {
            let before = self.places.names(to);
            self.to(to);
            assert_eq!(
                self.places.names(to),
                before,
                "nothing else is left at {}",
                to.word()
            );
        }
    }
}

/// A folder with places and the links to them.
pub(crate) fn folder_of_links() -> (TempDir, Places) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let places = Places::new(folder.path());
    std::fs::create_dir(folder.path().join("config")).expect("a folder");
    let links = folder.path().join("config/db_links.xml");
    std::fs::write(links, places.links()).expect("the folder can be written");
    (folder, places)
}

/// A workflow of one transfer.
pub(crate) fn workflow(name: &str, source: &str, target: &str) -> String {
    format!(
        r#"<work-flow name="{name}"><start name="start" to="move"/>
  <action name="move"><transfer>{source}{target}</transfer><ok to="end"/></action>
<end name="end"/></work-flow>"#
    )
}

/// Runs a workflow of one transfer on a node of its own.
fn transfer(folder: &Path, source: &str, target: &str) -> Ran {
    let (path, log) = (folder.join("pair.xml"), folder.join("log"));
    std::fs::write(&path, workflow("pair", source, target)).expect("the folder can be written");
    let output = File::create(&log).expect("the folder can be written");
    let mut child = command()
        .current_dir(folder)
        .args(["run", "pair.xml"])
        .stdout(output.try_clone().expect("a file"))
        .stderr(output)
        .spawn()
        .expect("the program under test starts");
    let own = i32::try_from(child.id()).expect("a process id fits");
    // The node, and the spawner beside it.
    let mut peaks = std::collections::BTreeMap::new();
    let exit = eventually("the transfer ends", LIMIT, || {
        for pid in std::iter::once(own).chain(children(own)) {
            // A process that has just ended has no such line any more.
            peaks.extend(peak_kib(pid).map(|peak| (pid, peak)));
        }
        child.try_wait().expect("the run can be waited for")
    });
    Ran {
        is_good: exit.success(),
        log: std::fs::read_to_string(&log).expect("the log is there"),
        peak_kib: peaks.values().sum(),
    }
}

#[test]
fn rows_of_mariadb_are_the_same_in_every_place() {
    Pairs::new(Place::MariaDb).to_all();
}

#[test]
fn rows_of_postgresql_are_the_same_in_every_place() {
    Pairs::new(Place::Postgres).to_all();
}

#[test]
fn rows_of_sqlite_are_the_same_in_every_place() {
    Pairs::new(Place::Sqlite).to_all();
}

#[test]
fn rows_of_a_text_file_are_the_same_in_every_place() {
    Pairs::new(Place::Text).to_all();
}

#[test]
fn rows_of_a_csv_file_are_the_same_in_every_place() {
    Pairs::new(Place::Csv).to_all();
}
