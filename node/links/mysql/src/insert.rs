//! Loading by INSERTs of many rows, where the server takes no LOAD DATA LOCAL.

use std::sync::atomic::Ordering;

use mysql_async::prelude::Queryable;
use peerflow_rows::{BatchReceiver, Error, Target, Trouble};

use crate::error::talking;
use crate::field::{Field, Literal};
use crate::names::quote;
use crate::session::MySqlSession;

/// A statement is sent once it has so many bytes.
const STATEMENT: usize = 1024 * 1024;
/// What a packet holds besides the statement.
const BESIDES: usize = 64;

/// Rows on their way into INSERTs.
struct Inserts<'a> {
    session: &'a mut MySqlSession,
    target: &'a Target,
    head: Vec<u8>,
    statement: Vec<u8>,
    /// Rows of the statement, and of those sent before it.
    rows: u64,
    sent: u64,
}

/// Loads all rows; strict as the session is.
pub(crate) async fn insert(
    session: &mut MySqlSession,
    table: &str,
    target: &Target,
    fields: &[Field],
    mut rows: BatchReceiver,
) -> Result<u64, Error> {
    let names: Vec<String> = fields.iter().map(|field| quote(&field.name)).collect();
    let head = format!("INSERT INTO {table} ({}) VALUES ", names.join(", ")).into_bytes();
    let mut inserts = Inserts {
        session,
        target,
        statement: head.clone(),
        head,
        rows: 0,
        sent: 0,
    };
    let mut row = Vec::new();
    let mut space = Vec::new();
    while let Some(batch) = rows.recv().await {
        let mut column = 0;
        for value in batch.values() {
            let field = &fields[column];
            row.push(if column == 0 { b'(' } else { b',' });
            let written = match value {
                Some(value) => field
                    .write(value, &mut space)
                    .map(|written| literal(field.literal(), written, &mut row)),
                None => field.write_null().map(|()| row.extend_from_slice(b"NULL")),
            };
            written.map_err(|error| error.at_row(inserts.sent + inserts.rows + 1))?;
            column += 1;
            if column == fields.len() {
                column = 0;
                row.push(b')');
                inserts.push(&row).await?;
                row.clear();
            }
        }
        if inserts.session.cancel.is_stopped() {
            return Err(Error::new(Trouble::Cancelled, "the load was cancelled"));
        }
    }
    inserts.send().await?;
    Ok(inserts.sent)
}

impl Inserts<'_> {
    async fn push(&mut self, row: &[u8]) -> Result<(), Error> {
        let limit = self.session.facts.max_packet.saturating_sub(BESIDES);
        if self.rows > 0 && self.statement.len() + row.len() + 1 > STATEMENT.min(limit) {
            self.send().await?;
        }
        if self.statement.len() + row.len() > limit {
            return Err(Error::new(
                Trouble::Refused,
                "the row is larger than the server's max_allowed_packet; raise it there, or allow local_infile",
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
        let sent = self.sent;
        let moved = |error: Error| match error.row {
            Some(row) => error.at_row(sent + row),
            None => error,
        };
        let conn = self.session.conn()?;
        conn.query_drop(self.statement.as_slice())
            .await
            .map_err(|e| moved(talking(&e)))?;
        if conn.get_warnings() > 0
            && let Some(error) = self.session.first_warning().await?
        {
            return Err(moved(error));
        }
        self.sent += self.rows;
        self.target.progress.fetch_add(self.rows, Ordering::Relaxed);
        self.rows = 0;
        self.statement.clear();
        self.statement.extend_from_slice(&self.head);
        Ok(())
    }
}

/// Appends a value as it stands in SQL; the session's sql_mode leaves backslashes their meaning.
fn literal(kind: Literal, value: &[u8], out: &mut Vec<u8>) {
    match kind {
        Literal::Number => out.extend_from_slice(value),
        Literal::Hex => {
            out.extend_from_slice(b"X'");
            out.extend_from_slice(value);
            out.push(b'\'');
        }
        Literal::Text => {
            out.push(b'\'');
            let mut rest = value;
            while let Some(at) = memchr::memchr2(b'\\', b'\'', rest) {
                out.extend_from_slice(&rest[..at]);
                out.extend_from_slice(&[b'\\', rest[at]]);
                rest = &rest[at + 1..];
            }
            out.extend_from_slice(rest);
            out.push(b'\'');
        }
    }
}
