//! Reading the rows of a query.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{BinaryProtocol, Error as Driver, QueryResult, TextProtocol};
use peerflow_rows::{BatchBuilder, BatchSender, Cancel, Column, Error, Kind, Trouble};
use tokio::time::timeout;

use crate::error::talking;
use crate::kinds;
use crate::plain::Reading;
use crate::session::MySqlSession;
use crate::variables::Before;
use crate::zone::Zone;

/// What remains of a result after it was killed is read this long at most.
const REST: Duration = Duration::from_secs(2);
/// A target may let the server wait this long, in seconds; a minute is the server's default.
pub(crate) const STALL: &str = "28800";
/// This statement cannot be prepared.
const NOT_PREPARED: u16 = 1295;

/// How reading ended.
enum End {
    /// All rows were sent.
    Whole(u64),
    /// Nobody takes rows any more.
    Unwanted(u64),
}

impl MySqlSession {
    pub(crate) async fn describe_query(&mut self, query: &str) -> Result<Vec<Column>, Error> {
        let tiny_is_boolean = self.facts.tiny_is_boolean;
        let conn = self.conn()?;
        let statement = match conn.prep(query).await {
            Ok(statement) => statement,
            Err(Driver::Server(server)) if server.code == NOT_PREPARED => {
                return Err(Error::new(
                    Trouble::Unsupported,
                    "the server cannot tell this statement's columns before it runs; read by a SELECT",
                ));
            }
            Err(error) => return Err(talking(&error)),
        };
        let columns = kinds::columns(&statement.columns(), tiny_is_boolean);
        conn.close(statement).await.map_err(|e| talking(&e))?;
        if columns.is_empty() {
            return Err(Error::new(
                Trouble::Refused,
                "the statement gives no rows, or the server cannot tell its columns before it runs; read by a SELECT",
            ));
        }
        Ok(columns)
    }

    pub(crate) async fn read_query(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: BatchSender,
    ) -> Result<u64, Error> {
        let instants = columns
            .iter()
            .any(|column| matches!(column.kind, Kind::Instant { .. }));
        let zone = if instants {
            Zone::of(self.conn()?).await?
        } else {
            Zone::UTC
        };
        // Only where clock times do not say which instants they are: in the user's own zone his conditions mean what
        // he meant.
        let variables: &[_] = match zone {
            Zone::Changing => &[("net_write_timeout", STALL), ("time_zone", "'+00:00'")],
            Zone::Fixed { .. } => &[("net_write_timeout", STALL)],
        };
        let before = Before::set(self, variables).await?;
        let read = self.read_prepared(query, columns, zone, &rows).await;
        match read {
            Ok(End::Unwanted(_)) | Err(_) if self.conn().is_err() => {}
            _ => before.restore(self).await,
        }
        match read? {
            End::Whole(count) | End::Unwanted(count) => Ok(count),
        }
    }

    async fn read_prepared(
        &mut self,
        query: &str,
        columns: &[Column],
        zone: Zone,
        rows: &BatchSender,
    ) -> Result<End, Error> {
        let cancel = Arc::clone(&self.cancel);
        let facts = self.facts;
        let mut reader = Reader {
            columns,
            zone,
            rows,
            facts,
        };
        let conn = self.conn()?;
        let statement = match conn.prep(query).await {
            Ok(statement) => Some(statement),
            Err(Driver::Server(server)) if server.code == NOT_PREPARED => None,
            Err(error) => return Err(talking(&error)),
        };
        let (end, drained) = match &statement {
            Some(statement) => {
                let result = conn.exec_iter(statement, ()).await;
                let mut result = result.map_err(|e| talking(&e))?;
                let end = reader.read::<BinaryProtocol>(&mut result).await;
                let drained = rest(&end, &cancel, &mut result).await;
                (end, drained)
            }
            None => {
                let result = conn.query_iter(query).await;
                let mut result = result.map_err(|e| talking(&e))?;
                let end = reader.read::<TextProtocol>(&mut result).await;
                let drained = rest(&end, &cancel, &mut result).await;
                (end, drained)
            }
        };
        if !drained {
            self.cut();
        } else if let (Some(statement), Ok(conn)) = (statement, self.conn()) {
            conn.close(statement).await.map_err(|e| talking(&e))?;
        }
        end
    }
}

/// Ends a result of which not all was read; says whether the connection is clear again.
async fn rest<P: Protocol>(
    end: &Result<End, Error>,
    cancel: &Arc<impl Cancel>,
    result: &mut QueryResult<'_, 'static, P>,
) -> bool {
    if matches!(end, Ok(End::Whole(_))) || result.is_empty() {
        return true;
    }
    if cancel.cancel().await.is_err() {
        return false;
    }
    let killed = timeout(REST, async {
        // The last is the error that says so.
        while let Ok(Some(_)) = result.next().await {}
    });
    killed.await.is_ok()
}

/// Turns the rows of a result into batches.
struct Reader<'a> {
    columns: &'a [Column],
    zone: Zone,
    rows: &'a BatchSender,
    facts: crate::session::Facts,
}

impl Reader<'_> {
    async fn read<P: Protocol>(
        &mut self,
        result: &mut QueryResult<'_, 'static, P>,
    ) -> Result<End, Error> {
        let wire = result.columns_ref();
        if wire.len() != self.columns.len() || wire.is_empty() {
            return Err(Error::new(
                Trouble::Refused,
                format!(
                    "the query gives {} columns, but told of {} before it ran; has a table changed meanwhile?",
                    wire.len(),
                    self.columns.len()
                ),
            ));
        }
        let mut readings: Vec<Reading> = self
            .columns
            .iter()
            .zip(wire)
            .map(|(column, wire)| Reading::new(column, wire, self.facts.zero_dates, self.zone))
            .collect();
        let mut batch = BatchBuilder::new(self.columns.len());
        let mut count = 0;
        let mut unwanted = pin!(self.rows.closed());
        loop {
            let row = tokio::select! {
                biased;
                row = result.next() => row.map_err(|e| talking(&e))?,
                () = &mut unwanted => return Ok(End::Unwanted(count)),
            };
            let Some(row) = row else { break };
            for (reading, value) in readings.iter_mut().zip(row.unwrap()) {
                reading.push(&value, &mut batch)?;
            }
            count += 1;
            if batch.is_full() && self.rows.send(batch.take()).await.is_err() {
                return Ok(End::Unwanted(count));
            }
        }
        if !batch.is_empty() && self.rows.send(batch.take()).await.is_err() {
            return Ok(End::Unwanted(count));
        }
        Ok(End::Whole(count))
    }
}
