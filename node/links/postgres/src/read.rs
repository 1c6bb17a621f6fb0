//! Reading the rows of a query, by `COPY … TO STDOUT` wherever the server allows it.

use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt, TryFutureExt};
use peerflow_rows::{BatchBuilder, BatchSender, Cancel, Column, Error, Trouble};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::driver::Driver;
use crate::execute::{no_zero_byte, push_row};
use crate::kind::kind_of;
use crate::plain::Form;
use crate::session::PostgresCancel;
use crate::statement::{first_word, single};

/// How long a statement that was cancelled may take to end.
const END: Duration = Duration::from_secs(2);

/// What a query gives.
pub(crate) async fn describe(
    client: &Client,
    driver: &Driver,
    query: &str,
) -> Result<Vec<Column>, Error> {
    no_zero_byte(query)?;
    single(query)?;
    let prepared = client.prepare(query).await;
    let prepared = prepared.map_err(|error| driver.explain_statement(&error, query))?;
    if !prepared.params().is_empty() {
        let words = "the query has parameters ($1 …), and nothing gives them values";
        return Err(Error::new(Trouble::Refused, words));
    }
    if prepared.columns().is_empty() {
        let words = "the statement gives no rows: a source is a query or a table";
        return Err(Error::new(Trouble::Refused, words));
    }
    let columns = prepared.columns().iter().map(|column| {
        let kind = kind_of(column.type_().oid(), column.type_modifier());
        Column::new(column.name(), kind)
    });
    Ok(columns.collect())
}

/// One reading.
pub(crate) struct Reader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) driver: &'a mut Driver,
    pub(crate) canceller: &'a PostgresCancel,
    pub(crate) rows: BatchSender,
}

impl Reader<'_> {
    pub(crate) async fn read(mut self, query: &str, columns: &[Column]) -> Result<u64, Error> {
        no_zero_byte(query)?;
        let query = single(query)?;
        if columns.is_empty() {
            return Err(Error::new(Trouble::Refused, "the query gives no columns"));
        }
        let mut rows = Rows {
            forms: columns.iter().map(|column| Form::of(column.kind)).collect(),
            builder: BatchBuilder::new(columns.len()),
            scratch: Vec::new(),
            count: 0,
        };
        let client = self.client;
        // The server may say that it begins only with the first rows, so waiting for that belongs to the reading.
        match first_word(query).as_str() {
            "SELECT" | "WITH" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" => {
                // A comment may end the query, so the parenthesis has a line of its own.
                let copy = format!("COPY (\n{query}\n) TO STDOUT");
                let opening = async { client.copy_out(&client.prepare(&copy).await?).await };
                let lines = pin!(opening.try_flatten_stream());
                self.pump(lines, &mut rows, Rows::lines).await?;
            }
            // SHOW, EXPLAIN, EXECUTE, FETCH and the like, which COPY does not take.
            _ => {
                let answers = pin!(client.simple_query_raw(query).try_flatten_stream());
                self.pump(answers, &mut rows, Rows::answer).await?;
            }
        }
        Ok(rows.count)
    }

    /// Takes what comes, and sends batches on. Ends early when nobody takes them any more.
    async fn pump<T>(
        &mut self,
        mut coming: Pin<&mut impl Stream<Item = Result<T, tokio_postgres::Error>>>,
        rows: &mut Rows,
        take: fn(&mut Rows, T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        loop {
            let next = match coming.next().now_or_never() {
                Some(next) => next,
                None => tokio::select! {
                    biased;
                    next = coming.next() => next,
                    () = self.rows.closed() => return self.give_up(coming).await,
                },
            };
            let Some(item) = next else { break };
            let taken = match item {
                Ok(item) => take(rows, item),
                Err(error) => return Err(self.driver.explain(&error)),
            };
            if let Err(error) = taken {
                self.give_up(coming).await?;
                return Err(error);
            }
            if rows.builder.is_full() && self.rows.send(rows.builder.take()).await.is_err() {
                return self.give_up(coming).await;
            }
        }
        if !rows.builder.is_empty() {
            // A receiver that left with the last batch due has its reasons.
            self.rows.send(rows.builder.take()).await.ok();
        }
        Ok(())
    }

    /// Stops the query on the server, and takes what was on the way. A connection that does not come to its end is closed.
    async fn give_up<T>(
        &mut self,
        mut coming: Pin<&mut impl Stream<Item = Result<T, tokio_postgres::Error>>>,
    ) -> Result<(), Error> {
        let drain = async {
            self.canceller.cancel().await.ok();
            while let Some(Ok(_)) = coming.next().await {}
        };
        if tokio::time::timeout(END, drain).await.is_err() {
            self.driver.abort();
        }
        Ok(())
    }
}

/// Rows on their way into batches.
struct Rows {
    forms: Vec<Form>,
    builder: BatchBuilder,
    /// A value without its escapes.
    scratch: Vec<u8>,
    count: u64,
}

impl Rows {
    fn answer(&mut self, answer: SimpleQueryMessage) -> Result<(), Error> {
        if let SimpleQueryMessage::Row(row) = answer {
            if row.len() != self.forms.len() {
                return Err(changed(row.len(), self.forms.len()));
            }
            push_row(&row, &self.forms, &mut self.builder)?;
            self.count += 1;
        }
        Ok(())
    }

    /// Takes whole lines, which is what the server puts into one message.
    fn lines(&mut self, lines: Bytes) -> Result<(), Error> {
        let mut rest = &lines[..];
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.line(&rest[..end])?;
            rest = &rest[end + 1..];
        }
        if rest.is_empty() {
            Ok(())
        } else {
            Err(Error::new(Trouble::Lost, "the server sent half a row"))
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Error> {
        let mut rest = Some(line);
        for index in 0..self.forms.len() {
            let Some(line) = rest else {
                return Err(changed(index, self.forms.len()));
            };
            rest = self.value(self.forms[index], line)?;
        }
        match rest {
            None => {
                self.count += 1;
                Ok(())
            }
            Some(more) => Err(changed(
                self.forms.len() + more.split(|&byte| byte == b'\t').count(),
                self.forms.len(),
            )),
        }
    }

    /// Takes the first value of what is left of a line, and gives what follows its tab.
    fn value<'a>(&mut self, form: Form, line: &'a [u8]) -> Result<Option<&'a [u8]>, Error> {
        let found = memchr::memchr2(b'\t', b'\\', line);
        let Some(escaped) = found.filter(|&at| line[at] == b'\\') else {
            let end = found.unwrap_or(line.len());
            form.push(&line[..end], &mut self.builder)?;
            return Ok(line.get(end + 1..));
        };
        let end = escaped + memchr::memchr(b'\t', &line[escaped..]).unwrap_or(line.len() - escaped);
        let value = &line[..end];
        if value == b"\\N" {
            self.builder.end_null();
        } else {
            unescape(value, escaped, &mut self.scratch);
            form.push(&self.scratch, &mut self.builder)?;
        }
        Ok(line.get(end + 1..))
    }
}

/// What a value of a line stands for; its first backslash is at `first`.
fn unescape(value: &[u8], first: usize, into: &mut Vec<u8>) {
    into.clear();
    let (mut rest, mut next) = (value, Some(first));
    while let Some(at) = next {
        into.extend_from_slice(&rest[..at]);
        let Some(&escape) = rest.get(at + 1) else {
            rest = &rest[at..];
            break;
        };
        into.push(match escape {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            other => other,
        });
        rest = &rest[at + 2..];
        next = memchr::memchr(b'\\', rest);
    }
    into.extend_from_slice(rest);
}

fn changed(has: usize, expected: usize) -> Error {
    let words = format!(
        "a row has {has} values and not the {expected} that the query was to give: has its table changed?"
    );
    Error::new(Trouble::Refused, words)
}
