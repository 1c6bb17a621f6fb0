//! Reading the rows of a query.

use peerflow_rows::{BatchBuilder, BatchSender, Column, Error, Trouble};

use crate::client::Trial;
use crate::session::HiveSession;
use crate::structs::Operation;

/// Rows that are fetched at once: at first, since nobody knows yet how long they are, and at most.
const FIRST_ROWS: usize = 50;
const MOST_ROWS: usize = 10_000;
/// What the rows fetched at once should come to, in bytes.
const FETCH_BYTES: usize = 4 * 1024 * 1024;
/// The name of the query within the one that asks for its columns.
const ALIAS: &str = "peerflow_rows";

impl HiveSession {
    /// Asks for no row of the query; where the server does not take it so, as with SHOW, it is run.
    pub(crate) async fn describe_query(&mut self, query: &str) -> Result<Vec<Column>, Error> {
        // On a line of its own: the query may end in a comment.
        if !gives_rows(query) {
            return Err(Error::new(
                Trouble::Refused,
                "only a statement that gives rows can be read: SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE or EXPLAIN",
            ));
        }
        let wrapped = format!("SELECT * FROM (\n{query}\n) {ALIAS} LIMIT 0");
        let columns = match self.describe_statement(&wrapped).await {
            Ok(columns) => columns,
            Err(Trial::Refused(_)) => self.describe_statement(query).await?,
            Err(broken) => return Err(broken.into()),
        };
        if columns.is_empty() {
            return Err(Error::new(
                Trouble::Refused,
                "the statement gives no rows; read by a SELECT",
            ));
        }
        Ok(columns)
    }

    async fn describe_statement(&mut self, statement: &str) -> Result<Vec<Column>, Trial> {
        let operation = self.start(statement).await?;
        let columns = match self.finish(&operation).await {
            Ok(_) => self.columns_of(&operation).await,
            Err(trial) => Err(trial),
        };
        self.end().await;
        let mut columns = columns?;
        for column in &mut columns {
            // Hive puts the table's name before that of its column.
            if let Some((table, name)) = column.name.split_once('.')
                && table == ALIAS
            {
                column.name = name.to_owned();
            }
        }
        Ok(columns)
    }

    pub(crate) async fn read_query(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: BatchSender,
    ) -> Result<u64, Error> {
        if columns.is_empty() {
            return Err(Error::new(Trouble::Refused, "the query gives no columns"));
        }
        let unwanted = rows.clone();
        let mut count = 0;
        let read = tokio::select! {
            biased;
            read = self.read_all(query, columns, &rows, &mut count) => read,
            () = unwanted.closed() => Ok(()),
        };
        // Stops it too, where it still runs.
        self.end().await;
        read?;
        Ok(count)
    }

    async fn read_all(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: &BatchSender,
        count: &mut u64,
    ) -> Result<(), Trial> {
        let operation = self.start(query).await?;
        self.finish(&operation).await?;
        self.fetch_all(&operation, columns, rows, count).await
    }

    async fn fetch_all(
        &mut self,
        operation: &Operation,
        columns: &[Column],
        rows: &BatchSender,
        count: &mut u64,
    ) -> Result<(), Trial> {
        let kinds: Vec<_> = columns.iter().map(|column| column.kind).collect();
        let mut batch = BatchBuilder::new(columns.len());
        let mut most = FIRST_ROWS;
        loop {
            let fetched = self.next_rows(operation, most).await?;
            let size = fetched.size();
            let mut set = self.understood(fetched.rows())?;
            let there = set.len();
            if there == 0 {
                break;
            }
            self.same_width(set.width(), columns.len())?;
            let mut taken = 0;
            while taken < there {
                let filled = set.fill(taken, there, &kinds, &mut batch);
                taken += filled.map_err(|unfit| self.unfit(unfit))?;
                if batch.is_full() && rows.send(batch.take()).await.is_err() {
                    return Ok(());
                }
            }
            *count += there as u64;
            most = fitting(there, size).min(most * 4);
        }
        if !batch.is_empty() {
            // Whether anybody takes them is not for the source to judge.
            drop(rows.send(batch.take()).await);
        }
        Ok(())
    }
}

/// Whether a statement does nothing but to give rows, so that it can be run to ask for its columns. Hive writes
/// `WITH … INSERT` too.
fn gives_rows(statement: &str) -> bool {
    let mut words = words(statement);
    match words
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase()
        .as_str()
    {
        "SELECT" | "VALUES" | "TABLE" | "SHOW" | "DESCRIBE" | "DESC" | "EXPLAIN" => true,
        "WITH" => !words.any(|word| word.eq_ignore_ascii_case("insert")),
        _ => false,
    }
}

/// The words of a statement, of which those in comments before it are none.
fn words(statement: &str) -> impl Iterator<Item = &str> {
    let mut rest = statement.trim_start();
    loop {
        let behind = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n')
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/")
        } else {
            break;
        };
        rest = behind.map_or("", |(_, behind)| behind.trim_start());
    }
    rest.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// How many rows to fetch, after `rows` had `size` bytes.
fn fitting(rows: usize, size: usize) -> usize {
    let each = (size / rows.max(1)).max(1);
    (FETCH_BYTES / each).clamp(1, MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_gives_rows_and_does_nothing_else_is_run_to_learn_its_columns() {
        for query in [
            "select 1",
            "-- all\n/* of */ (SELECT 1) UNION ALL SELECT 2",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "SHOW TABLES",
        ] {
            assert!(gives_rows(query), "{query}");
        }
        for other in [
            "INSERT INTO t SELECT 1",
            "with a as (select 1) insert into t select * from a",
            "FROM a INSERT INTO t SELECT *",
            "DROP TABLE select",
            "-- SELECT",
            "",
        ] {
            assert!(!gives_rows(other), "{other}");
        }
    }

    #[test]
    fn rows_are_fetched_by_their_length() {
        assert_eq!(fitting(50, 50), MOST_ROWS);
        assert_eq!(fitting(50, 50 * 1024 * 1024), 4);
        assert_eq!(fitting(1, 100 * 1024 * 1024), 1);
    }
}
