//! Rows in files of SQLite, by way of Python, whose driver is another than peerflow's.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use super::command::{lines_of, run};

/// Makes a table of what comes in as lines; told the file and the table.
const LOAD: &str = r#"
import sqlite3, sys
def text(digits): return bytes.fromhex(digits).decode()
makes = [int, int, str, float, int, str, str, text, text, bytes.fromhex]
def rows():
    for line in sys.stdin:
        fields = line.rstrip("\n").split("\t")
        yield [None if field == "-" else make(field) for make, field in zip(makes, fields)]
database = sqlite3.connect(sys.argv[1])
database.executemany(f"INSERT INTO {sys.argv[2]} VALUES (?,?,?,?,?,?,?,?,?,?)", rows())
database.commit()
"#;

/// Gives all rows of a table as lines; told the file and the table.
const READ: &str = r#"
import sqlite3, sys
def shown(value):
    if value is None: return "-"
    return value.hex() if isinstance(value, bytes) else str(value)
def digits(value):
    if value is None: return "-"
    return (value if isinstance(value, bytes) else str(value).encode()).hex()
database = sqlite3.connect(sys.argv[1])
for row in database.execute(f"SELECT * FROM {sys.argv[2]}"):
    sys.stdout.write("\t".join([shown(value) for value in row[:7]] + [digits(value) for value in row[7:]]) + "\n")
"#;

/// Runs statements; told the file and the statements.
const EXECUTE: &str = "
import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])
";

/// Names the tables; told the file and how they are kept.
const TABLES: &str = "
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(f'SELECT name FROM {sys.argv[2]} WHERE type = \"table\"'):
    print(row[0])
";

/// Makes a table with the right types.
pub(crate) fn create(database: &Path, table: &str) {
    let statement = format!(
        "CREATE TABLE {table} (id INTEGER PRIMARY KEY, small SMALLINT, amount DECIMAL_TEXT(20,6), ratio DOUBLE, flag BOOLEAN, \
         day DATE, moment DATETIME(6), name VARCHAR(200), note TEXT, data BLOB)"
    );
    execute(database, &statement);
}

/// Fills it.
pub(crate) fn load(database: &Path, table: &str, lines: &Path) {
    let lines = File::open(lines).expect("the lines are there");
    run(python(LOAD, database, table).stdin(lines));
}

/// Gives all of its rows as lines.
pub(crate) fn read(database: &Path, table: &str, take: impl FnMut(&[u8])) {
    lines_of(&mut python(READ, database, table), take);
}

/// Runs statements.
pub(crate) fn execute(database: &Path, statements: &str) {
    run(&mut python(EXECUTE, database, statements));
}

/// The names of its tables, a line each.
pub(crate) fn tables(database: &Path) -> String {
    run(&mut python(TABLES, database, "sqlite_master"))
}

fn python(script: &str, database: &Path, what: &str) -> Command {
    let mut command = Command::new("/usr/bin/python3");
    command
        .args(["-X", "utf8", "-c", script])
        .arg(database)
        .arg(what);
    command
}
