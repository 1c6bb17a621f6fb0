//! Rows as LOAD DATA reads them: tabs between values, a line for each row.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use mysql_async::InfileData;
use peerflow_rows::{BATCH_BYTES, BatchReceiver, Error, RowBatch};

use crate::cancel::Canceller;
use crate::field::{Field, Literal};

/// Bytes that are sent in one packet at most.
const CHUNK: usize = 256 * 1024;

/// What became of the rows on their way to the server.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) rows: u64,
    /// A value could not be written; the rows end before its batch.
    pub(crate) error: Option<Error>,
}

/// The clauses that follow the table's name: how lines are read and what becomes of their values.
pub(crate) fn clauses(fields: &[Field]) -> String {
    let mut names = Vec::with_capacity(fields.len());
    let mut set = Vec::new();
    let computed = fields.iter().any(|field| field.literal() != Literal::Text);
    for (index, field) in fields.iter().enumerate() {
        let name = crate::names::quote(&field.name);
        let variable = format!("@peerflow_{index}");
        match field.literal() {
            // MariaDB forgets that a 0 was given for AUTO_INCREMENT once SET computes another column.
            Literal::Text if field.auto_increment && computed => {
                set.push(format!("{name} = {variable}"));
                names.push(variable);
            }
            Literal::Text => names.push(name),
            Literal::Hex => {
                set.push(format!("{name} = UNHEX({variable})"));
                names.push(variable);
            }
            Literal::Number => {
                set.push(format!("{name} = CAST({variable} AS UNSIGNED)"));
                names.push(variable);
            }
        }
    }
    let set = if set.is_empty() {
        String::new()
    } else {
        format!(" SET {}", set.join(", "))
    };
    format!(
        "CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({}){set}",
        names.join(", ")
    )
}

/// Rows on their way into one LOAD DATA.
pub(crate) struct Feed {
    pub(crate) rows: BatchReceiver,
    pub(crate) fields: Arc<[Field]>,
    pub(crate) sent: Arc<Mutex<Sent>>,
    pub(crate) progress: Arc<AtomicU64>,
    pub(crate) cancel: Arc<Canceller>,
    /// The longest packet that the server takes.
    pub(crate) max_packet: usize,
}

impl Feed {
    /// The stream that the driver sends; a batch is only taken once the one before it is sent.
    pub(crate) fn into_data(self) -> InfileData {
        let chunk = CHUNK.min(self.max_packet.max(1024) - 64);
        let state = (self, Bytes::new());
        stream::unfold(state, move |(mut feed, mut lines)| async move {
            while lines.is_empty() {
                lines = feed.next().await?;
            }
            let next = lines.split_to(chunk.min(lines.len()));
            Some((Ok(next), (feed, lines)))
        })
        .boxed()
    }

    /// The lines of the next batch; `None` ends the load.
    async fn next(&mut self) -> Option<Bytes> {
        let batch = tokio::select! {
            biased;
            () = self.cancel.stopped() => return None,
            batch = self.rows.recv() => batch?,
        };
        let written = lines(&batch, &self.fields);
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        match written {
            Ok(lines) => {
                sent.rows += batch.rows() as u64;
                self.progress
                    .fetch_add(batch.rows() as u64, Ordering::Relaxed);
                Some(lines)
            }
            Err((row, error)) => {
                sent.error = Some(error.at_row(sent.rows + row as u64 + 1));
                None
            }
        }
    }
}

/// A batch as lines; an error comes with the row's place in the batch, from 0.
fn lines(batch: &RowBatch, fields: &[Field]) -> Result<Bytes, (usize, Error)> {
    let mut out = Vec::with_capacity(BATCH_BYTES.max(batch.size()) + batch.size() / 4);
    let mut space = Vec::new();
    let mut column = 0;
    for (index, value) in batch.values().enumerate() {
        let field = &fields[column];
        let failed = |error| (index / fields.len(), error);
        match value {
            Some(value) => {
                let written = field.write(value, &mut space).map_err(failed)?;
                escape(written, &mut out);
            }
            None => {
                field.write_null().map_err(failed)?;
                out.extend_from_slice(b"\\N");
            }
        }
        column += 1;
        if column == fields.len() {
            column = 0;
            out.push(b'\n');
        } else {
            out.push(b'\t');
        }
    }
    Ok(out.into())
}

/// Appends a value such that no byte of it ends a value or a line.
fn escape(mut value: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr3(b'\\', b'\t', b'\n', value) {
        out.extend_from_slice(&value[..at]);
        out.extend_from_slice(match value[at] {
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            _ => b"\\\\",
        });
        value = &value[at + 1..];
    }
    out.extend_from_slice(value);
}
