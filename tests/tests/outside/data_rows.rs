//! Rows of six columns, of which the last tells the run that brought them.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use peerflow_tests::Database;

use crate::data_postgres::Postgres;

/// So many that bringing them somewhere takes about a second.
const ROWS: usize = 200_000;

/// The columns of their tables.
pub(crate) const COLUMNS: &str = "id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, amount DECIMAL(12, 2), at DATETIME, note VARCHAR(200), mark INT NOT NULL";

/// The rows of a table `source`, with another mark.
pub(crate) const MARKED: &str =
    "SELECT id, name, amount, at, note, ${param:mark} AS mark FROM source";

/// The text of a file of them.
pub(crate) fn lines(mark: u64) -> String {
    let mut text = String::new();
    for id in 0..ROWS {
        let (amount, day, minute, word) = (id % 977, 1 + id % 28, id % 60, id * 7919);
        writeln!(
            text,
            "{id}\tname {id}\t{amount}.25\t2026-01-{day:02} 10:{minute:02}:00\twords that make it longer {word}\t{mark}"
        )
        .expect("a string takes it");
    }
    text
}

/// The mark of all rows of a table in MariaDB, and a digest of what they hold otherwise.
///
/// # Panics
/// When rows are missing, or bear several marks.
pub(crate) fn of_mariadb(database: &Database, table: &str) -> (u64, u64) {
    let row = database.query(&format!(
        "SELECT MIN(mark), MAX(mark), COUNT(*), SUM(CRC32(CONCAT_WS('|', id, name, amount, at, note))) FROM {table}"
    ));
    digest(row.split_whitespace())
}

/// The same of a table in PostgreSQL.
pub(crate) fn of_postgres(postgres: &Postgres, table: &str) -> (u64, u64) {
    let row = postgres.query(&format!(
        "SELECT min(mark), max(mark), count(*), sum(hashtext(concat_ws('|', id, name, amount, at, note))::bigint) FROM {table}"
    ));
    digest(row.split('|'))
}

fn digest<'f>(mut fields: impl Iterator<Item = &'f str>) -> (u64, u64) {
    let mark = fields.next().expect("the lowest mark");
    assert_eq!(Some(mark), fields.next(), "rows of two runs");
    let rows = fields.next().expect("how many rows");
    assert_eq!(rows, ROWS.to_string());
    let mut hasher = DefaultHasher::new();
    for field in fields {
        field.hash(&mut hasher);
    }
    (mark.parse().expect("a mark"), hasher.finish())
}

/// The same of a text file.
pub(crate) fn of_file(path: &Path) -> (u64, u64) {
    let text = std::fs::read_to_string(path).expect("the target is there");
    let mut hasher = DefaultHasher::new();
    let mut mark = None;
    for line in text.lines() {
        let (rest, last) = line.rsplit_once('\t').expect("several columns");
        rest.hash(&mut hasher);
        assert_eq!(*mark.get_or_insert(last), last, "rows of two runs");
    }
    assert_eq!(text.lines().count(), ROWS);
    let mark = mark.expect("rows").parse().expect("a mark");
    (mark, hasher.finish())
}
