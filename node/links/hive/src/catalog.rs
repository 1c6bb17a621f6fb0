//! What a server tells of its tables: columns, comments, names.

use peerflow_rows::{BatchBuilder, Column, Comments, Error, Executed, Kind, Trouble};

use crate::client::Trial;
use crate::kinds;
use crate::names::{TableName, quote, text};
use crate::session::HiveSession;

/// Lines of a description or of a list of tables at most.
const MOST_LINES: usize = 1_000_000;
/// Lines that are fetched at once.
const LINES: usize = 10_000;
/// Marks a statement whose result the session makes of another one's.
const STAGING: &str = "-- full names of tables that begin with ";

/// A column as DESCRIBE tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Described {
    name: String,
    kind: String,
    comment: String,
}

/// The columns of a table; `None` when it does not exist.
pub(crate) async fn table(
    session: &mut HiveSession,
    table: &str,
) -> Result<Option<Vec<Column>>, Error> {
    let name = TableName::parse(table)?;
    let decimals = session.product.decimals();
    let lines = describe(session, &format!("DESCRIBE {}", name.quoted())).await?;
    Ok(lines.map(|lines| {
        columns(&lines)
            .into_iter()
            .map(|column| Column::new(column.name, kinds::written(&column.kind, decimals)))
            .collect()
    }))
}

/// The comments of a table and its columns; `None` when it does not exist.
pub(crate) async fn comments(
    session: &mut HiveSession,
    table: &str,
) -> Result<Option<Comments>, Error> {
    let name = TableName::parse(table)?;
    let lines = describe(session, &format!("DESCRIBE FORMATTED {}", name.quoted())).await?;
    Ok(lines.map(|lines| Comments {
        table: Some(table_comment(&lines)),
        columns: columns(&lines)
            .into_iter()
            .map(|column| (column.name, column.comment))
            .collect(),
    }))
}

/// Sets those that differ, one statement each.
pub(crate) async fn set_comments(
    session: &mut HiveSession,
    table: &str,
    comments: &Comments,
) -> Result<(), Error> {
    let name = TableName::parse(table)?.quoted();
    let lines = describe(session, &format!("DESCRIBE FORMATTED {name}")).await?;
    let lines = lines.ok_or_else(|| {
        Error::new(
            Trouble::Refused,
            format!("table {name} does not exist, so it takes no comments"),
        )
    })?;
    let there = columns(&lines);
    let mut statements = Vec::new();
    if let Some(comment) = &comments.table
        && *comment != table_comment(&lines)
    {
        let comment = text(comment);
        statements.push(format!(
            "ALTER TABLE {name} SET TBLPROPERTIES ('comment' = {comment})"
        ));
    }
    for (column, comment) in &comments.columns {
        let found = there
            .iter()
            .find(|found| found.name.eq_ignore_ascii_case(column));
        let found = found.ok_or_else(|| {
            Error::new(
                Trouble::Refused,
                format!("table {name} has no column {column:?}"),
            )
        })?;
        if found.comment != *comment {
            let (quoted, kind) = (quote(&found.name), &found.kind);
            let comment = text(comment);
            statements.push(format!(
                "ALTER TABLE {name} CHANGE COLUMN {quoted} {quoted} {kind} COMMENT {comment}"
            ));
        }
    }
    for statement in statements {
        session.run(&statement).await?;
    }
    Ok(())
}

/// Asks for the tables beside `name` whose names begin with `prefix`, see [`staging_pattern`].
pub(crate) fn list_staging_statement(name: &TableName, prefix: &str) -> String {
    let database = name.database();
    let within = match database.as_str() {
        "" => String::new(),
        database => format!(" IN {database}"),
    };
    format!("{STAGING}{}\nSHOW TABLES{within}", quote(prefix))
}

/// Whether a statement is one of [`list_staging_statement`]: the prefix, and what the server is to run.
pub(crate) fn staging_pattern(statement: &str) -> Option<(String, &str)> {
    let (prefix, show) = statement.strip_prefix(STAGING)?.split_once('\n')?;
    let prefix = TableName::parse(prefix).ok()?.table;
    Some((prefix, show))
}

/// One column of full, quoted names.
pub(crate) async fn list_staging(
    session: &mut HiveSession,
    (prefix, show): (String, &str),
) -> Result<Executed, Error> {
    let lines = session.lines(show).await?;
    let within = show.strip_prefix("SHOW TABLES IN ");
    let mut batch = BatchBuilder::new(1);
    let mut count = 0;
    for line in lines {
        // Spark tells the database before the table, Hive and Impala the table alone.
        let Some(table) = line.get(usize::from(line.len() > 1)) else {
            continue;
        };
        if table.starts_with(&prefix) && !batch.is_full() {
            let name = match within {
                Some(database) => format!("{database}.{}", quote(table)),
                None => quote(table),
            };
            batch.push(Some(name.as_bytes()))?;
            count += 1;
        }
    }
    Ok(Executed {
        columns: vec![Column::new("name", Kind::TEXT)],
        first_rows: batch.take(),
        rows: Some(count),
        ..Executed::default()
    })
}

/// What DESCRIBE says; `None` when there is no such table.
async fn describe(
    session: &mut HiveSession,
    statement: &str,
) -> Result<Option<Vec<Vec<String>>>, Error> {
    match session.lines(statement).await {
        Ok(lines) => Ok(Some(lines)),
        Err(Trial::Refused(failure)) if failure.is_missing_table() => Ok(None),
        Err(trial) => Err(trial.into()),
    }
}

/// The columns, which come first. DESCRIBE FORMATTED of Hive has a head over them.
fn columns(lines: &[Vec<String>]) -> Vec<Described> {
    let cell = |line: &Vec<String>, at: usize| {
        line.get(at)
            .map(|cell| cell.trim().to_owned())
            .unwrap_or_default()
    };
    lines
        .iter()
        .skip_while(|line| {
            let first = cell(line, 0);
            first.is_empty() || first == "# col_name"
        })
        .take_while(|line| {
            let first = cell(line, 0);
            !first.is_empty() && !first.starts_with("# ")
        })
        .map(|line| Described {
            name: cell(line, 0),
            kind: cell(line, 1),
            comment: cell(line, 2),
        })
        .collect()
}

/// Behind the columns: in Spark a line of its own, in Hive and Impala a parameter of the table.
fn table_comment(lines: &[Vec<String>]) -> String {
    let cells = lines
        .iter()
        .skip_while(|line| {
            !line
                .first()
                .is_some_and(|cell| cell.starts_with("# Detailed Table Information"))
        })
        .map(|line| {
            let mut cells = line.iter().map(|cell| cell.trim());
            [(); 3].map(|()| cells.next().unwrap_or_default())
        });
    for [first, second, third] in cells {
        if first == "Comment" {
            return second.to_owned();
        }
        if first.is_empty() && second == "comment" {
            return third.to_owned();
        }
    }
    String::new()
}

impl HiveSession {
    /// All rows of a statement that tells about tables, as texts; NULL is empty.
    pub(crate) async fn lines(&mut self, statement: &str) -> Result<Vec<Vec<String>>, Trial> {
        let operation = self.start(statement).await?;
        let lines = match self.finish(&operation).await {
            Ok(_) => self.fetch_lines(&operation).await,
            Err(trial) => Err(trial),
        };
        self.end().await;
        lines
    }

    async fn fetch_lines(
        &mut self,
        operation: &crate::structs::Operation,
    ) -> Result<Vec<Vec<String>>, Trial> {
        let mut lines = Vec::new();
        loop {
            let fetched = self.next_rows(operation, LINES).await?;
            let rows = self.understood(fetched.rows())?;
            if rows.len() == 0 {
                return Ok(lines);
            }
            let told = rows.texts();
            lines.extend(self.understood(told)?);
            if lines.len() > MOST_LINES {
                return Err(Trial::Broken(Error::new(
                    Trouble::Refused,
                    format!("the server tells of more than {MOST_LINES} tables or columns"),
                )));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[[&str; 3]]) -> Vec<Vec<String>> {
        lines
            .iter()
            .map(|line| line.map(str::to_owned).to_vec())
            .collect()
    }

    #[test]
    fn comments_are_found_in_the_words_of_spark_and_of_hive() {
        let spark = lines(&[
            ["id", "bigint", "the key"],
            ["Comment", "string", ""],
            ["", "", ""],
            ["# Detailed Table Information", "", ""],
            ["Table", "t", ""],
            ["Comment", "all of it", ""],
        ]);
        let hive = lines(&[
            ["# col_name            ", "data_type ", "comment   "],
            ["", "", ""],
            ["id                  ", "bigint    ", "the key   "],
            ["Comment", "string", ""],
            ["", "", ""],
            ["# Detailed Table Information", "", ""],
            ["Table Parameters:   ", "", ""],
            ["", "comment             ", "all of it           "],
        ]);
        for lines in [spark, hive] {
            assert_eq!(table_comment(&lines), "all of it");
            let columns = columns(&lines);
            assert_eq!(columns.len(), 2);
            assert_eq!(columns[0].comment, "the key");
            assert_eq!((&*columns[0].name, &*columns[0].kind), ("id", "bigint"));
        }
    }

    #[test]
    fn the_list_of_staging_tables_is_told_from_other_statements() {
        let name = TableName::parse("d.t").unwrap();
        let statement = list_staging_statement(&name, "pf_1");
        let (prefix, show) = staging_pattern(&statement).unwrap();
        assert_eq!((&*prefix, show), ("pf_1", "SHOW TABLES IN `d`"));
        assert_eq!(staging_pattern("SHOW TABLES"), None);
    }
}
