//! Reading the rows of a query.

use futures::TryStreamExt as _;
use peerflow_rows::{BatchBuilder, BatchSender, Column, Error, Trouble};
use sqlx::{AssertSqlSafe, Either};

use crate::failure::told;
use crate::plain::push_row;
use crate::session::SqliteSession;

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
}
