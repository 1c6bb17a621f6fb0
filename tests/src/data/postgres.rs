//! Rows in PostgreSQL, by way of psql.

use std::fs::File;
use std::path::Path;

use super::command::{lines_of, run};
use super::row::{COLUMNS, DATA, FIRST_OF_BYTES};
use crate::PostgresDatabase;

/// The types of the columns that are written as they are compared.
const TYPES: [&str; FIRST_OF_BYTES] = [
    "bigint",
    "smallint",
    "numeric(20,6)",
    "double precision",
    "boolean",
    "date",
    "timestamp(6)",
];

/// Makes a table with the right types.
pub(crate) fn create(database: &PostgresDatabase, table: &str) {
    let columns = COLUMNS.iter().zip(TYPES);
    let columns: Vec<String> = columns.map(|(name, of)| format!("{name} {of}")).collect();
    database.query(&format!(
        "CREATE TABLE {table} ({}, name varchar(200), note text, data bytea, PRIMARY KEY (id))",
        columns.join(", ")
    ));
}

/// Fills it.
pub(crate) fn load(database: &PostgresDatabase, table: &str, lines: &Path) {
    let casts = COLUMNS.iter().enumerate().map(|(at, name)| match at {
        DATA => format!("decode({name}, 'hex')"),
        FIRST_OF_BYTES..DATA => format!("convert_from(decode({name}, 'hex'), 'UTF8')"),
        _ => format!("{name}::{}", TYPES[at]),
    });
    let casts: Vec<String> = casts.collect();
    let columns: Vec<String> = COLUMNS.iter().map(|name| format!("{name} text")).collect();
    let lines = File::open(lines).expect("the lines are there");
    run(database
        .client()
        .args([
            "-c",
            &format!("CREATE TABLE lines ({})", columns.join(", ")),
        ])
        .args(["-c", "COPY lines FROM STDIN WITH (NULL '-')"])
        .args([
            "-c",
            &format!("INSERT INTO {table} SELECT {} FROM lines", casts.join(", ")),
        ])
        .args(["-c", "DROP TABLE lines"])
        .stdin(lines));
}

/// Gives all of its rows as lines. With `data_is_text` the last column is one of text.
pub(crate) fn read(
    database: &PostgresDatabase,
    table: &str,
    data_is_text: bool,
    take: impl FnMut(&[u8]),
) {
    let columns = database.query(&format!(
        "SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 ORDER BY attnum"
    ));
    let select = columns.lines().enumerate().map(|(at, column)| match at {
        0..FIRST_OF_BYTES => format!("{column}::text"),
        DATA if !data_is_text => format!("encode({column}, 'hex')"),
        _ => format!("encode(convert_to({column}, 'UTF8'), 'hex')"),
    });
    let select: Vec<String> = select.collect();
    let query = format!(
        "COPY (SELECT {} FROM {table}) TO STDOUT WITH (NULL '-')",
        select.join(", ")
    );
    lines_of(database.client().args(["-c", &query]), take);
}
