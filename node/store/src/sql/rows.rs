//! Rows of many tables, put with as few statements as the databases take.

use std::fmt::Write as _;

use super::server::Dialect;
use super::value::{Statement, Value};

/// SQLite takes 32,766 values in a statement, MySQL 65,535.
const MAX_VALUES: usize = 32_000;
/// Statements stay below this, save one row that is larger by itself.
const MAX_STATEMENT_BYTES: usize = 1 << 20;
/// Up to so many rows each count has a statement of its own; above, powers of two do. Few texts are prepared so.
const EXACT_ROWS: usize = 16;
const MAX_ROWS: usize = 1024;

/// A table's name and its columns, in the order of the values.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static str,
    pub(crate) width: usize,
}

/// Rows for one table.
pub(crate) struct Rows {
    table: &'static Table,
    values: Vec<Value>,
}

impl Rows {
    pub(crate) fn new(table: &'static Table) -> Self {
        Self {
            table,
            values: Vec::new(),
        }
    }

    pub(crate) fn of(table: &'static Table, rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        let mut all = Self::new(table);
        rows.into_iter().for_each(|row| all.push(row));
        all
    }

    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        let before = self.values.len();
        self.values.extend(row);
        assert_eq!(
            self.values.len() - before,
            self.table.width,
            "a row of {} has another width",
            self.table.name
        );
    }

    /// The statements that put them; `verb` is `REPLACE INTO` or the like, `end` what follows the values.
    pub(crate) fn statements(self, verb: &str, end: &str) -> Vec<Statement> {
        let width = self.table.width;
        let mut left = self.values;
        let mut statements = Vec::new();
        while !left.is_empty() {
            let count = fitting(&left, width);
            let rest = left.split_off(count * width);
            statements.push(Statement::new(text(self.table, verb, end, count), left));
            left = rest;
        }
        statements
    }
}

/// How many of the first rows go into one statement.
fn fitting(values: &[Value], width: usize) -> usize {
    let limit = MAX_ROWS.min(MAX_VALUES / width);
    let mut bytes = 0;
    let mut count = 0;
    for row in values.chunks(width).take(limit) {
        bytes += row.iter().map(Value::size).sum::<usize>();
        if count > 0 && bytes > MAX_STATEMENT_BYTES {
            break;
        }
        count += 1;
    }
    if count <= EXACT_ROWS {
        count
    } else {
        1 << count.ilog2()
    }
}

fn text(table: &Table, verb: &str, end: &str, rows: usize) -> String {
    let mut row = "(?".to_owned();
    row.push_str(&",?".repeat(table.width - 1));
    row.push(')');
    let mut text = String::with_capacity(rows * (row.len() + 1) + 200);
    write!(text, "{verb} {} ({}) VALUES ", table.name, table.columns).ok();
    for position in 0..rows {
        if position > 0 {
            text.push(',');
        }
        text.push_str(&row);
    }
    if !end.is_empty() {
        text.push(' ');
        text.push_str(end);
    }
    text
}

/// A statement for each group of keys: `sql` holds `{keys}` where a list of them goes, in `IN ({keys})`.
pub(crate) fn by_keys(dialect: Dialect, sql: &str, keys: &[Vec<Value>]) -> Vec<Statement> {
    let mut statements = Vec::new();
    for group in keys.chunks(256) {
        // Repeating the last key up to a power of two keeps the texts few.
        let count = group.len().next_power_of_two();
        let key = if group[0].len() == 1 {
            "?".to_owned()
        } else {
            format!("(?{})", ",?".repeat(group[0].len() - 1))
        };
        // SQLite takes a list of rows as a table only.
        let mut list = if dialect == Dialect::Sqlite && group[0].len() > 1 {
            "VALUES ".to_owned()
        } else {
            String::new()
        };
        list.push_str(&key);
        for _ in 1..count {
            list.push(',');
            list.push_str(&key);
        }
        let last = &group[group.len() - 1];
        let values = group
            .iter()
            .chain(std::iter::repeat_n(last, count - group.len()))
            .flatten()
            .cloned();
        statements.push(Statement::new(
            sql.replace("{keys}", &list),
            values.collect::<Vec<_>>(),
        ));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: Table = Table {
        name: "t",
        columns: "a, b",
        width: 2,
    };

    fn counts(rows: usize, bytes: usize) -> Vec<usize> {
        let row = || vec![Value::Int(1), Value::Bytes(vec![0; bytes])];
        let rows = Rows::of(&TABLE, (0..rows).map(|_| row()));
        rows.statements("REPLACE INTO", "")
            .iter()
            .map(|statement| statement.values.len() / 2)
            .collect()
    }

    #[test]
    fn many_rows_go_in_few_statements_of_few_shapes() {
        assert!(counts(0, 1).is_empty());
        assert_eq!(counts(5, 1), [5]);
        assert_eq!(counts(100, 1), [64, 32, 4]);
        assert_eq!(counts(3000, 1), [1024, 1024, 512, 256, 128, 32, 16, 8]);
    }

    #[test]
    fn a_statement_stays_small_unless_one_row_is_large() {
        assert_eq!(counts(3, 700 << 10), [1, 1, 1]);
        assert_eq!(counts(20, 100 << 10), [10, 10]);
        assert_eq!(counts(2, 4 << 20), [1, 1]);
    }

    #[test]
    fn a_statement_names_each_value_once() {
        let rows = Rows::of(
            &TABLE,
            [
                vec![Value::Int(1), Value::Null],
                vec![Value::Int(2), Value::Null],
            ],
        );
        assert_eq!(
            &*rows.statements("REPLACE INTO", "END")[0].sql,
            "REPLACE INTO t (a, b) VALUES (?,?),(?,?) END"
        );
    }
}
