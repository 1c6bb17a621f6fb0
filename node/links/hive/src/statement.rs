//! Statements on the server, from their start to their end.

use std::sync::Arc;
use std::time::Duration;

use peerflow_rows::{BatchBuilder, Column, Error, Executed, Kind, RowBatch, Trouble};
use tokio::time::{Instant, sleep};

use crate::client::Trial;
use crate::error::{cancelled, senseless};
use crate::fetched::{Fetch, Fetched};
use crate::product::Product;
use crate::rowset::Unfit;
use crate::session::HiveSession;
use crate::structs::{Operation, Progress, State};

/// How long to wait before the server is asked again how far it is, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Log lines fetched at once.
const LOG_LINES: usize = 1000;

impl HiveSession {
    /// Starts a statement. One that was given up before is ended first.
    pub(crate) async fn start(&mut self, statement: &str) -> Result<Operation, Trial> {
        self.end().await;
        let cancel = Arc::clone(&self.cancel);
        let started = tokio::select! {
            biased;
            // Hive compiles before it answers; until then there is nothing that could be cancelled but the connection.
            () = cancel.stopped() => None,
            started = self.client.execute(&self.handle, statement) => Some(started),
        };
        let Some(started) = started else {
            self.client.cut();
            return Err(Trial::Broken(cancelled()));
        };
        let operation = started?;
        self.cancel.runs(Some(operation.clone()));
        self.open = Some(operation.clone());
        Ok(operation)
    }

    /// Waits until a statement is done; log lines go out meanwhile.
    pub(crate) async fn finish(&mut self, operation: &Operation) -> Result<Progress, Trial> {
        let mut pause = FIRST_PAUSE;
        loop {
            let progress = self.client.progress(operation).await?;
            self.tell_log(operation).await?;
            match progress.state {
                State::Finished => return Ok(progress),
                State::Stopped => return Err(Trial::Broken(cancelled())),
                State::Failed if self.cancel.is_stopped() => {
                    return Err(Trial::Broken(cancelled()));
                }
                State::Failed => return Err(Trial::Refused(progress.failure)),
                State::Running => {}
            }
            pause = self.pause(pause).await;
        }
    }

    /// Waits, but not longer than until it is to stop; gives the next pause.
    pub(crate) async fn pause(&self, pause: Duration) -> Duration {
        if self.cancel.is_stopped() {
            sleep(FIRST_PAUSE).await;
            return FIRST_PAUSE;
        }
        tokio::select! {
            biased;
            () = self.cancel.stopped() => FIRST_PAUSE,
            () = sleep(pause) => (pause * 3 / 2).min(LONGEST_PAUSE),
        }
    }

    async fn tell_log(&mut self, operation: &Operation) -> Result<(), Trial> {
        if !self.log.as_ref().is_some_and(|log| log.is_wanted()) {
            self.log = None;
            return Ok(());
        }
        let fetched = match self.client.fetch(operation, Fetch::Log, LOG_LINES).await {
            Ok(fetched) => fetched,
            Err(Trial::Refused(_)) => {
                // The server keeps none; what comes of the statement matters more.
                self.log = None;
                return Ok(());
            }
            Err(broken) => return Err(broken),
        };
        let lines = self.understood(fetched.rows().and_then(|rows| rows.lines()))?;
        if let Some(log) = &mut self.log {
            log.tell(lines);
        }
        Ok(())
    }

    /// The next rows, at most so many; none at the end.
    pub(crate) async fn next_rows(
        &mut self,
        operation: &Operation,
        most: usize,
    ) -> Result<Fetched, Trial> {
        let mut pause = FIRST_PAUSE;
        loop {
            if self.cancel.is_stopped() {
                return Err(Trial::Broken(cancelled()));
            }
            let fetched = self.client.fetch(operation, Fetch::Rows, most).await?;
            let count = self.understood(fetched.rows())?.len();
            if count > 0 || !(fetched.has_more || fetched.is_early) {
                return Ok(fetched);
            }
            pause = self.pause(pause).await;
        }
    }

    /// Ends what is open: its result is forgotten, and it is stopped where it still runs.
    pub(crate) async fn end(&mut self) {
        self.cancel.runs(None);
        if let Some(operation) = self.open.take()
            && self.client.close(&operation).await.is_err()
        {
            // The server forgets it with the session.
        }
    }

    /// Runs a statement to its end and leaves its result aside.
    pub(crate) async fn run(&mut self, statement: &str) -> Result<Progress, Trial> {
        let operation = self.start(statement).await?;
        let done = self.finish(&operation).await;
        self.end().await;
        done
    }

    pub(crate) async fn execute_statement(
        &mut self,
        statement: &str,
        first_rows: usize,
    ) -> Result<Executed, Error> {
        Ok(self.query(statement, first_rows).await?)
    }

    /// Runs a statement and takes the first rows of its result.
    pub(crate) async fn query(
        &mut self,
        statement: &str,
        first_rows: usize,
    ) -> Result<Executed, Trial> {
        let began = Instant::now();
        let operation = self.start(statement).await?;
        let executed = self.result(&operation, first_rows).await;
        self.end().await;
        let mut executed = executed?;
        executed.took = began.elapsed();
        Ok(executed)
    }

    async fn result(
        &mut self,
        operation: &Operation,
        first_rows: usize,
    ) -> Result<Executed, Trial> {
        let progress = self.finish(operation).await?;
        let columns = match progress.has_result.unwrap_or(operation.has_result) {
            true => self.columns_of(operation).await?,
            false => Vec::new(),
        };
        if columns.is_empty() {
            return Ok(Executed {
                rows: changed(&progress, operation),
                ..Executed::default()
            });
        }
        let (first_rows, rows) = self.first_rows(operation, &columns, first_rows).await?;
        if self.product == Product::Spark && rows == Some(0) && is_no_result(&columns) {
            return Ok(Executed {
                rows: changed(&progress, operation),
                ..Executed::default()
            });
        }
        Ok(Executed {
            columns,
            first_rows,
            rows,
            ..Executed::default()
        })
    }

    pub(crate) async fn columns_of(&mut self, operation: &Operation) -> Result<Vec<Column>, Trial> {
        let columns = self.client.columns(operation).await?;
        let decimals = self.product.decimals();
        Ok(columns
            .into_iter()
            .map(|(name, kind)| Column::new(name, kind.kind(decimals)))
            .collect())
    }

    /// The first rows, and how many there are where these are all.
    async fn first_rows(
        &mut self,
        operation: &Operation,
        columns: &[Column],
        most: usize,
    ) -> Result<(RowBatch, Option<u64>), Trial> {
        let kinds: Vec<_> = columns.iter().map(|column| column.kind).collect();
        let mut batch = BatchBuilder::new(columns.len());
        let mut taken = 0;
        loop {
            // One more tells whether these are all.
            let fetched = self.next_rows(operation, most - taken + 1).await?;
            let mut rows = self.understood(fetched.rows())?;
            if rows.len() == 0 {
                return Ok((batch.take(), Some(taken as u64)));
            }
            self.same_width(rows.width(), columns.len())?;
            let there = rows.len();
            let filled = rows.fill(0, most - taken, &kinds, &mut batch);
            let filled = filled.map_err(|unfit| self.unfit(unfit))?;
            taken += filled;
            if filled < there {
                return Ok((batch.take(), None));
            }
        }
    }

    pub(crate) fn same_width(&self, came: usize, told: usize) -> Result<(), Trial> {
        if came == told {
            return Ok(());
        }
        Err(Trial::Broken(Error::new(
            Trouble::Refused,
            format!(
                "the query gives {came} columns, but told of {told} before it ran; has a table changed meanwhile?"
            ),
        )))
    }

    pub(crate) fn unfit(&self, unfit: Unfit) -> Trial {
        Trial::Broken(match unfit {
            Unfit::Message(error) => senseless(self.client.place(), "FetchResults", &error),
            Unfit::Row(error) => error.into(),
        })
    }

    pub(crate) fn understood<T>(&self, read: thrift::Result<T>) -> Result<T, Trial> {
        read.map_err(|error| Trial::Broken(senseless(self.client.place(), "FetchResults", &error)))
    }
}

/// Spark tells of a column even where a statement gives no rows at all, as CREATE TABLE.
fn is_no_result(columns: &[Column]) -> bool {
    matches!(columns, [only] if only.name == "Result" && only.kind == Kind::TEXT)
}

/// How many rows a statement has changed, where the server says so.
fn changed(progress: &Progress, operation: &Operation) -> Option<u64> {
    let told = progress.changed.filter(|&rows| rows >= 0);
    #[expect(clippy::cast_possible_truncation, reason = "a number of rows")]
    let told = told.or_else(|| operation.changed.map(|rows| rows as i64));
    told.and_then(|rows| u64::try_from(rows).ok())
}
