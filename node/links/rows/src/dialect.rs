//! How the SQL of one kind of database is written.

use std::fmt::Debug;
use std::time::Duration;

use crate::statements::Lexis;
use crate::{Column, Kind};

/// What differs between databases in the statements that a transfer makes by itself.
pub trait Dialect: Send + Sync + Debug {
    /// For messages: `MySQL`, `PostgreSQL`.
    fn name(&self) -> &'static str;

    /// Where statements end in the texts that users write for it.
    fn lexis(&self) -> Lexis {
        Lexis::STANDARD
    }

    /// One identifier, quoted.
    fn quote(&self, identifier: &str) -> String;

    /// The type of a new column for values of `kind`, such that nothing is lost where the database can hold it.
    fn column_type(&self, kind: Kind) -> String;

    /// Whether a load can be undone: without that, a failed load leaves what was written.
    fn has_transactions(&self) -> bool {
        true
    }

    /// Whether only one connection can write at a time. A load by several connections would wait for itself there.
    fn has_one_writer(&self) -> bool {
        false
    }

    /// Whether CREATE TABLE and DROP TABLE belong to the open transaction and are undone with it.
    fn ddl_is_transactional(&self) -> bool;

    /// Makes a table with these columns.
    fn create_table(&self, table: &str, columns: &[Column]) -> String {
        let columns: Vec<String> = columns
            .iter()
            .map(|column| {
                let name = self.quote(&column.name);
                let kind = self.column_type(column.kind);
                match column.nullable {
                    Some(false) => format!("{name} {kind} NOT NULL"),
                    Some(true) | None => format!("{name} {kind}"),
                }
            })
            .collect();
        format!("CREATE TABLE {table} ({})", columns.join(", "))
    }

    /// Makes an empty table `staging` beside `table`, of the same columns and types, without its keys and triggers, so
    /// that rows are only judged by types there and by everything when they are moved.
    fn create_staging(&self, staging: &str, table: &str) -> String;

    /// The name of a staging table beside `table`, which stays in the same schema. `mark` is unique and is found again
    /// when staging tables that a dead node left are looked for.
    fn staging_name(&self, table: &str, mark: &str) -> String;

    /// Lists the full, quoted names of tables beside `table` whose names begin with `prefix`, one column.
    fn list_staging(&self, table: &str, prefix: &str) -> String;

    /// Statements that tell the server that this staging table is in use, for as long as the session lasts, and keep the
    /// server from ending the session while it waits; none where it keeps no such thing.
    fn hold_staging(&self, _staging: &str) -> Vec<String> {
        Vec::new()
    }

    /// As [`Self::list_staging`], only tables that no session holds; `None` where [`Self::hold_staging`] gives nothing.
    fn list_abandoned(&self, _table: &str, _prefix: &str) -> Option<String> {
        None
    }

    /// As [`Self::list_abandoned`], of all steps: tables beside `table` whose names fit `pattern`, a regular expression, and
    /// that this user may drop. Where locks are not those of all servers of a cluster, they must be older than `age`.
    fn list_forgotten(&self, _table: &str, _pattern: &str, _age: Duration) -> Option<String> {
        None
    }

    /// The name of a table beside `table` that [`crate::Session::begin_witnessed`] makes; `None` where it needs none.
    fn witness(&self, _table: &str, _mark: &str) -> Option<String> {
        None
    }

    /// Empties a table within the open transaction.
    fn delete_all(&self, table: &str) -> String {
        format!("DELETE FROM {table}")
    }

    /// Moves the rows of a staging table.
    fn move_rows(&self, staging: &str, table: &str, columns: &[Column]) -> String {
        let names: Vec<String> = columns
            .iter()
            .map(|column| self.quote(&column.name))
            .collect();
        let names = names.join(", ");
        format!("INSERT INTO {table} ({names}) SELECT {names} FROM {staging}")
    }

    /// Removes a table that may not be there.
    fn drop_table(&self, table: &str) -> String {
        format!("DROP TABLE IF EXISTS {table}")
    }

    /// Reads a whole table.
    fn select_all(&self, table: &str) -> String {
        format!("SELECT * FROM {table}")
    }
}
