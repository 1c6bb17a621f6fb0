//! Rows in MariaDB, by way of its own client.

use std::path::Path;

use super::command::{lines_of, run};
use super::row::{COLUMNS, DATA, FIRST_OF_BYTES};
use crate::Database;

/// Makes a table with the right types.
pub(crate) fn create(database: &Database, table: &str) {
    database.query(&format!(
        "CREATE TABLE {table} (id BIGINT PRIMARY KEY, small SMALLINT, amount DECIMAL(20,6), ratio DOUBLE, flag TINYINT(1), \
         day DATE, moment DATETIME(6), name VARCHAR(200), note LONGTEXT, data BLOB) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    ));
}

/// Fills it.
pub(crate) fn load(database: &Database, table: &str, lines: &Path) {
    let fields: Vec<String> = (0..COLUMNS.len()).map(|at| format!("@c{at}")).collect();
    let set = COLUMNS.iter().enumerate().map(|(at, name)| {
        let given = format!("NULLIF(@c{at}, '-')");
        match at {
            DATA => format!("{name} = UNHEX({given})"),
            FIRST_OF_BYTES..DATA => format!("{name} = CONVERT(UNHEX({given}) USING utf8mb4)"),
            _ => format!("{name} = {given}"),
        }
    });
    let set: Vec<String> = set.collect();
    let load = format!(
        "SET sql_mode = 'STRICT_ALL_TABLES'; LOAD DATA LOCAL INFILE '{}' INTO TABLE {table} CHARACTER SET utf8mb4 \
         FIELDS TERMINATED BY '\\t' ESCAPED BY '' ({}) SET {}",
        lines.display(),
        fields.join(", "),
        set.join(", ")
    );
    run(database.client().args(["--local-infile=1", "-e", &load]));
}

/// Gives all of its rows as lines.
pub(crate) fn read(database: &Database, table: &str, take: impl FnMut(&[u8])) {
    let columns = database.query(&format!(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}' \
         ORDER BY ordinal_position"
    ));
    let select = columns.lines().enumerate().map(|(at, column)| match at {
        0..FIRST_OF_BYTES => format!("IFNULL({column}, '-')"),
        _ => format!("IFNULL(HEX({column}), '-')"),
    });
    let select: Vec<String> = select.collect();
    let query = format!("SELECT {} FROM {table}", select.join(", "));
    lines_of(
        database.client().args(["--quick", "--raw", "-e", &query]),
        take,
    );
}
