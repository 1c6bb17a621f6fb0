//! Loading rows by INSERTs of many, each of which is there as a whole or not at all.

use std::sync::atomic::Ordering;

use peerflow_rows::{BatchReceiver, Error, Loaded, Target, Trouble};

use crate::client::Trial;
use crate::error::cancelled;
use crate::literal::Field;
use crate::names::{TableName, quote};
use crate::session::HiveSession;

/// A statement is sent once it has so many bytes. Spark takes about the same time for a row whether there are
/// more or fewer.
const STATEMENT: usize = 1024 * 1024;
/// A row that makes a longer statement is refused: the servers take their time over such texts.
const LONGEST: usize = 64 * 1024 * 1024;

/// Rows on their way into INSERTs.
struct Inserts<'a> {
    session: &'a mut HiveSession,
    target: &'a Target,
    head: String,
    statement: Vec<u8>,
    /// Rows of the statement, and of those sent before it.
    rows: u64,
    sent: u64,
}

impl HiveSession {
    pub(crate) async fn load_rows(
        &mut self,
        target: &Target,
        mut rows: BatchReceiver,
    ) -> Result<Loaded, Error> {
        if target.columns.is_empty() || target.columns.len() != target.source.len() {
            return Err(Error::new(
                Trouble::Refused,
                format!(
                    "{} columns of the source are to be loaded into {} of the target",
                    target.source.len(),
                    target.columns.len()
                ),
            ));
        }
        let table = TableName::parse(&target.table)?.quoted();
        let names: Vec<String> = target.columns.iter().map(|c| quote(&c.name)).collect();
        let head = format!("INSERT INTO {table} ({}) VALUES ", names.join(", "));
        let product = self.product;
        let fields: Vec<Field> = target
            .source
            .iter()
            .zip(&target.columns)
            .map(|(source, column)| Field::new(source, column, product))
            .collect();
        let mut inserts = Inserts {
            session: self,
            target,
            statement: head.clone().into_bytes(),
            head,
            rows: 0,
            sent: 0,
        };
        let mut row = Vec::new();
        while let Some(batch) = rows.recv().await {
            let mut column = 0;
            for value in batch.values() {
                row.push(if column == 0 { b'(' } else { b',' });
                match value {
                    Some(value) => fields[column]
                        .write(value, &mut row)
                        .map_err(|what| inserts.bad_value(what, column))?,
                    None => row.extend_from_slice(b"NULL"),
                }
                column += 1;
                if column == fields.len() {
                    column = 0;
                    row.push(b')');
                    inserts.push(&row).await?;
                    row.clear();
                }
            }
            if inserts.session.cancel.is_stopped() {
                return Err(cancelled());
            }
        }
        inserts.send().await?;
        Ok(Loaded { rows: inserts.sent })
    }
}

impl Inserts<'_> {
    fn bad_value(&self, what: String, column: usize) -> Error {
        Error::new(Trouble::BadValue, what)
            .at_row(self.sent + self.rows + 1)
            .at_column(self.target.columns[column].name.clone())
    }

    async fn push(&mut self, row: &[u8]) -> Result<(), Error> {
        if self.rows > 0 && self.statement.len() + row.len() + 1 > STATEMENT {
            self.send().await?;
        }
        if row.len() > LONGEST {
            return Err(Error::new(
                Trouble::Refused,
                format!(
                    "the row makes a statement of more than {} MiB",
                    LONGEST / (1024 * 1024)
                ),
            )
            .at_row(self.sent + 1));
        }
        if self.rows > 0 {
            self.statement.push(b',');
        }
        self.statement.extend_from_slice(row);
        self.rows += 1;
        Ok(())
    }

    async fn send(&mut self) -> Result<(), Error> {
        if self.rows == 0 {
            return Ok(());
        }
        let statement = std::mem::replace(&mut self.statement, self.head.clone().into_bytes());
        let statement = String::from_utf8(statement)
            .map_err(|_not_text| Error::new(Trouble::BadValue, "a value is no UTF-8"))?;
        let (first, last) = (self.sent + 1, self.sent + self.rows);
        match self.session.run(&statement).await {
            Ok(_) => {}
            Err(Trial::Refused(failure)) => {
                let mut error = failure.error();
                error.message = format!("rows {first} to {last}: {}", error.message);
                return Err(error);
            }
            Err(Trial::Broken(error)) => return Err(error),
        }
        self.sent = last;
        self.target.progress.fetch_add(self.rows, Ordering::Relaxed);
        self.rows = 0;
        Ok(())
    }
}
