//! Loading rows by `COPY … FROM STDIN`.

use std::pin::Pin;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::SinkExt;
use peerflow_rows::{BatchReceiver, Error, Loaded, Target, Trouble};
use tokio_postgres::{Client, CopyInSink, Statement};

use crate::driver::Driver;
use crate::encode::Encoder;
use crate::names::{Name, quote};

/// What one message to the server holds, about.
const PIECE: usize = 256 * 1024;
/// After so many bytes the server is asked whether all went well: it says so at the end of a COPY only, and what comes
/// after an error it throws away.
const PORTION: usize = 64 * 1024 * 1024;

/// Loads rows until there are no more.
pub(crate) async fn load(
    client: &Client,
    driver: &mut Driver,
    target: &Target,
    mut rows: BatchReceiver,
) -> Result<Loaded, Error> {
    if target.columns.len() != target.source.len() || target.columns.is_empty() {
        let words = format!(
            "the source gives {} columns, {} takes {}",
            target.source.len(),
            target.table,
            target.columns.len()
        );
        return Err(Error::new(Trouble::Refused, words));
    }
    let names: Vec<String> = target
        .columns
        .iter()
        .map(|column| quote(&column.name))
        .collect();
    let names = names.join(", ");
    let copy = format!("COPY {} ({names}) FROM STDIN", target.table);
    let copy = client.prepare(&copy).await;
    let copy = copy.map_err(|error| driver.explain(&error))?;
    check(client, driver, target, &names).await?;
    let mut load = Load {
        client,
        driver,
        target,
        copy,
        encoder: Encoder::new(target)?,
        buffer: Vec::with_capacity(PIECE + PIECE / 4),
        portion: None,
        taken: 0,
        settled: 0,
        stored: 0,
    };
    // Before the first row, because it is here that the server looks at the table.
    load.open().await?;
    while let Some(batch) = rows.recv().await {
        if batch.columns() != target.columns.len() {
            let words = format!(
                "a row has {} values and not {}",
                batch.columns(),
                target.columns.len()
            );
            return Err(Error::new(Trouble::Refused, words).at_row(load.taken + 1));
        }
        load.encoder
            .lines(&batch, load.taken + 1, &mut load.buffer)?;
        load.taken += batch.rows() as u64;
        if load.buffer.len() >= PIECE {
            load.send().await?;
        }
        target
            .progress
            .fetch_add(batch.rows() as u64, Ordering::Relaxed);
    }
    load.send().await?;
    load.finish().await?;
    Ok(Loaded { rows: load.stored })
}

/// Lets the server look at table, columns and rights without doing anything. A COPY that is refused before it takes rows
/// costs the connection, since the client ends one then that the server never began.
async fn check(
    client: &Client,
    driver: &Driver,
    target: &Target,
    names: &str,
) -> Result<(), Error> {
    let nothing = vec!["NULL"; target.columns.len()].join(", ");
    let table = &target.table;
    let sql = format!(
        "EXPLAIN INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {nothing} WHERE false"
    );
    let checked = client.batch_execute(&sql).await;
    checked.map_err(|error| driver.explain(&error))
}

struct Load<'a> {
    client: &'a Client,
    driver: &'a mut Driver,
    target: &'a Target,
    copy: Statement,
    encoder: Encoder,
    /// Lines to be sent.
    buffer: Vec<u8>,
    portion: Option<Portion>,
    /// Rows taken from the source.
    taken: u64,
    /// Those of them that belong to portions which have ended well.
    settled: u64,
    /// Rows that the server stored. Triggers may have left out some.
    stored: u64,
}

/// One COPY under way.
struct Portion {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    bytes: usize,
}

impl Load<'_> {
    /// Sends the buffer, and ends the portion once it is large enough.
    async fn send(&mut self) -> Result<(), Error> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE + PIECE / 4));
        let portion = self.open().await?;
        portion.bytes += piece.len();
        let sent = portion.sink.send(Bytes::from(piece)).await;
        let bytes = portion.bytes;
        sent.map_err(|error| self.driver.explain(&error))?;
        if bytes >= PORTION {
            self.finish().await?;
        }
        Ok(())
    }

    /// The portion under way, or a new one.
    async fn open(&mut self) -> Result<&mut Portion, Error> {
        match &mut self.portion {
            Some(portion) => Ok(portion),
            none => {
                let sink = self.client.copy_in(&self.copy).await;
                let sink = sink.map_err(|error| {
                    let explained = self.driver.explain(&error);
                    self.driver.abort();
                    explained
                })?;
                Ok(none.insert(Portion {
                    sink: Box::pin(sink),
                    bytes: 0,
                }))
            }
        }
    }

    /// Ends the portion: here the server says what it thinks of it.
    async fn finish(&mut self) -> Result<(), Error> {
        let Some(mut portion) = self.portion.take() else {
            return Ok(());
        };
        match portion.sink.as_mut().finish().await {
            Ok(rows) => {
                self.settled = self.taken;
                self.stored += rows;
                Ok(())
            }
            Err(error) => Err(self.blame(&error)),
        }
    }

    /// The error, with the row and column that the server's context tells.
    fn blame(&self, error: &tokio_postgres::Error) -> Error {
        let mut explained = self.driver.explain(error);
        let Some(server) = error.as_db_error() else {
            return explained;
        };
        let table = Name::parse(&self.target.table).table;
        let columns = self
            .target
            .columns
            .iter()
            .map(|column| column.name.as_str());
        let context = server
            .where_()
            .and_then(|context| Context::read(context, &table, columns));
        explained.column = server.column().map(str::to_owned);
        if let Some(context) = context {
            explained.row = Some(self.settled + context.line);
            if let Some(column) = context.column {
                if let Some(value) = context
                    .value
                    .filter(|value| !explained.message.contains(value))
                {
                    explained.message.push_str(&format!("; value: {value}"));
                }
                explained.column = Some(column.to_owned());
            }
        }
        explained
    }
}

/// `COPY t, line 3, column c: "value"`, whose words are in the language of the server.
#[derive(Debug, PartialEq, Eq)]
struct Context<'a> {
    /// Of the COPY, from 1.
    line: u64,
    column: Option<&'a str>,
    /// In quotes, and shortened by the server.
    value: Option<&'a str>,
}

impl<'a> Context<'a> {
    fn read(context: &'a str, table: &str, columns: impl Iterator<Item = &'a str>) -> Option<Self> {
        let context = context
            .lines()
            .find_map(|line| line.strip_prefix("COPY "))?;
        let (_, place) = match context
            .strip_prefix(table)
            .and_then(|rest| rest.strip_prefix(", "))
        {
            Some(place) => ("", place),
            None => context.split_once(", ")?,
        };
        let (_, line) = place.split_once(' ')?;
        let end = line
            .find(|digit: char| !digit.is_ascii_digit())
            .unwrap_or(line.len());
        let (line, rest) = line.split_at(end);
        let named = rest
            .strip_prefix(", ")
            .and_then(|part| part.split_once(' '));
        let named = named.map_or("", |(_, named)| named);
        let ends = |rest: &str| rest.is_empty() || rest.starts_with(':');
        let column = columns
            .filter(|name| named.strip_prefix(name).is_some_and(ends))
            .max_by_key(|name| name.len());
        let value = column.and_then(|name| named[name.len()..].strip_prefix(": "));
        Some(Self {
            line: line.parse().ok()?,
            column,
            value: value.filter(|value| value.starts_with('"')),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_context_tells_row_and_column_in_any_language() {
        let columns = ["n", "n: x", "金额"];
        let of = |context| {
            Context::read(context, "a, b 7", columns.into_iter())
                .map(|read| (read.line, read.column, read.value))
        };
        assert_eq!(
            of("COPY t, line 3, column n: \"abc\""),
            Some((3, Some("n"), Some("\"abc\"")))
        );
        assert_eq!(
            of("COPY a, b 7, line 12, column n: x: \"abc\""),
            Some((12, Some("n: x"), Some("\"abc\"")))
        );
        assert_eq!(
            of("COPY 订单, 行 700000, 列 金额: \"x, line 4\""),
            Some((700_000, Some("金额"), Some("\"x, line 4\"")))
        );
        assert_eq!(of("COPY t, line 5: \"1\\t2\""), Some((5, None, None)));
        assert_eq!(
            of("COPY t, line 5, column n: null input"),
            Some((5, Some("n"), None))
        );
        assert_eq!(
            of("PL/pgSQL function f() line 3\nCOPY t, line 8"),
            Some((8, None, None))
        );
        assert_eq!(of("SQL statement"), None);
    }
}
