//! Reading the rows of a query.

use futures::TryStreamExt as _;
use peerflow_rows::{BatchBuilder, BatchSender, Column, Error, Trouble};
use sqlx::{AssertSqlSafe, Either};

use crate::failure::told;
use crate::plain::push_row;
use crate::session::SqliteSession;
use crate::session::words::only_reads;
use crate::writing::is_written;

/// Where rows are copied to.
const DROP_COPY: &str = "DROP TABLE IF EXISTS temp.peerflow_read";
const FROM_COPY: &str = "SELECT * FROM temp.peerflow_read ORDER BY rowid";

impl SqliteSession {
    /// Sends all rows; SQLite waits while the target is behind.
    pub(crate) async fn read_rows(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: BatchSender,
    ) -> Result<u64, Error> {
        if columns.is_empty() {
            return Err(Error::new(Trouble::Refused, "the statement gives no rows"));
        }
        let running = self.stop.running();
        self.see_schema().await?;
        let copy = self.copy(query, columns.len()).await?;
        let query = if copy { FROM_COPY } else { query };
        let patience = self.patience();
        let mut builder = BatchBuilder::new(columns.len());
        let mut given = 0;
        'again: loop {
            let mut answers =
                sqlx::raw_sql(AssertSqlSafe(query.to_owned())).fetch_many(&mut self.connection);
            loop {
                match answers.try_next().await {
                    Ok(Some(Either::Right(row))) => {
                        push_row(&mut builder, &row, columns)?;
                        given += 1;
                        if builder.is_full() && rows.send(builder.take()).await.is_err() {
                            // Dropping `running` stops what is left.
                            return Ok(given);
                        }
                    }
                    Ok(Some(Either::Left(_))) => {}
                    Ok(None) => break 'again,
                    Err(error) if given == 0 && patience.once_more(&error).await => continue 'again,
                    Err(error) => return Err(told(&error)),
                }
            }
        }
        running.ended();
        if !builder.is_empty() {
            // A receiver that is gone wants no more rows, which is well.
            rows.send(builder.take()).await.ok();
        }
        Ok(given)
    }

    /// Copies the rows into a temporary file where this process writes to the one that they are in: otherwise, without a
    /// write-ahead log, what is written would wait in memory until all rows are read. Columns without a type keep values as
    /// they are.
    async fn copy(&mut self, query: &str, columns: usize) -> Result<bool, Error> {
        if !is_written(&self.file) || !only_reads(query) {
            return Ok(false);
        }
        let mode = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut self.connection);
        let mode: String = mode.await.map_err(|error| told(&error))?;
        if mode.eq_ignore_ascii_case("wal") {
            return Ok(false);
        }
        let names: Vec<String> = (1..=columns).map(|column| format!("c{column}")).collect();
        let create = format!("CREATE TABLE temp.peerflow_read ({})", names.join(", "));
        self.run_part(DROP_COPY).await?;
        self.run_part(&create).await?;
        let fill = format!("INSERT INTO temp.peerflow_read {query}");
        self.run_part(&fill).await?;
        Ok(true)
    }
}
