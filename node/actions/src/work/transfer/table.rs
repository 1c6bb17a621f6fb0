//! A table as a target.

use std::sync::Arc;

use peerflow_model::LogLevel;
use peerflow_rows::{Column, Database, Dialect, Error, Executed, Session};
use peerflow_workflow::{TableTarget, TransferSource};

use super::messages::of_database;
use super::pump::{Pumped, progress};
use super::source::Source;
use super::staging::Mark;
use super::statements::{Step, steps};
use crate::attempt::{Attempt, Outcome, Unsuccessful};
use crate::links::shown;

/// More writers than these help no database.
const MOST_WRITERS: u32 = 32;

/// Fills a table: `pre`, create, check, load, `after`.
pub(super) async fn run(
    attempt: &mut Attempt<'_>,
    source: &TransferSource,
    target: &TableTarget,
) -> Outcome {
    let database = attempt.database(&target.link).await?;
    let pre = steps("pre", &target.pre, database.dialect())?;
    let after = steps("after", &target.after, database.dialect())?;
    attempt.begin();
    let source = Source::open(attempt, source).await?;
    let mut table = Table::connect(attempt, target, database).await?;
    table.run_steps(attempt, &pre).await?;
    if let Err(end) = table.fill(attempt, source).await {
        table.undo(attempt).await;
        return Err(end);
    }
    if let Err(end) = table.run_steps(attempt, &after).await {
        let message = format!("the rows are in place; {}", end.message);
        return Err(Unsuccessful { message, ..end });
    }
    table.close().await;
    Ok(None)
}

/// A target while it is filled.
#[derive(Debug)]
pub(super) struct Table<'t> {
    pub(super) database: Arc<dyn Database>,
    pub(super) dialect: &'static dyn Dialect,
    pub(super) target: &'t TableTarget,
    /// For messages.
    pub(super) link: String,
    /// `None` when it is with a writer, or cannot be used any more.
    pub(super) session: Option<Box<dyn Session>>,
    /// A transaction is open in it.
    pub(super) is_open: bool,
    /// The table, if this transfer has made it outside a transaction and its rows are not in place.
    pub(super) created: Option<Made>,
    /// A staging table that is there, or may be.
    pub(super) staging: Option<String>,
    /// A table that tells what became of the transaction, and is there, or may be.
    pub(super) witness: Option<String>,
    /// What to ask by for what became of the transaction.
    pub(super) receipt: Option<String>,
    /// Whether a load that fails leaves the table as it was.
    pub(super) can_be_undone: bool,
}

/// A table that this transfer has made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) table: String,
    /// The server has said so.
    pub(super) is_sure: bool,
}

/// What the rows go to.
pub(super) struct Plan {
    pub(super) columns: Vec<Column>,
    pub(super) source: Vec<Column>,
    pub(super) is_missing: bool,
}

impl<'t> Table<'t> {
    async fn connect(
        attempt: &mut Attempt<'_>,
        target: &'t TableTarget,
        database: Arc<dyn Database>,
    ) -> Result<Self, Unsuccessful> {
        let session = attempt.connect(&target.link, &*database).await?;
        Ok(Self {
            dialect: database.dialect(),
            database,
            target,
            link: shown(&target.link),
            session: Some(session.into_session()),
            is_open: false,
            created: None,
            staging: None,
            witness: None,
            receipt: None,
            can_be_undone: false,
        })
    }

    pub(super) fn name(&self) -> &'t str {
        self.target.table.trim()
    }

    /// The session, for one use: it is put back after, unless it was broken off.
    pub(super) fn take(&mut self) -> Result<Box<dyn Session>, Unsuccessful> {
        self.session.take().ok_or_else(|| {
            Unsuccessful::failed(format!(
                "{}: the connection cannot be used any more; run the step again",
                self.link
            ))
        })
    }

    /// Runs one statement. `doing` says what for.
    pub(super) async fn execute(
        &mut self,
        attempt: &mut Attempt<'_>,
        doing: &str,
        statement: &str,
        first_rows: usize,
    ) -> Result<Executed, Unsuccessful> {
        let done = self.run(attempt, statement, first_rows).await?;
        done.map_err(|error| Unsuccessful::failed(of_database(&self.link, doing, &error)))
    }

    /// Runs one statement. The outer error means that the attempt must stop, or that there is no connection any more.
    pub(super) async fn run(
        &mut self,
        attempt: &mut Attempt<'_>,
        statement: &str,
        first_rows: usize,
    ) -> Result<Result<Executed, Error>, Unsuccessful> {
        let mut session = self.take()?;
        let cancel = session.canceller();
        let work = session.execute(statement, first_rows);
        let done = attempt.supervise(&self.link, cancel, work).await?;
        self.session = Some(session);
        Ok(done)
    }

    async fn run_steps(
        &mut self,
        attempt: &mut Attempt<'_>,
        steps: &[Step],
    ) -> Result<(), Unsuccessful> {
        for Step { text, place } in steps {
            let executed = self.execute(attempt, place, text, 0).await?;
            let rows = executed.rows.map(|rows| format!(", {rows} rows"));
            let rows = rows.unwrap_or_default();
            let line = format!("{place}: done{rows} in {:.1?}", executed.took);
            attempt.log.tell(LogLevel::Info, &line).await;
            for warning in &executed.warnings {
                attempt.log.tell(LogLevel::Warn, warning).await;
            }
        }
        Ok(())
    }

    /// Brings the rows in place, or fails; then [`Self::undo`] is due.
    async fn fill(
        &mut self,
        attempt: &mut Attempt<'_>,
        mut source: Source,
    ) -> Result<(), Unsuccessful> {
        let found = source.describe(attempt).await?;
        let mark = Mark::of(attempt);
        self.drop_left_staging(attempt, &mark).await?;
        let existing = self.look(attempt, self.name()).await?;
        let is_missing = existing.is_none();
        let columns = self.judge(existing, found)?;
        let plan = Plan {
            source: source.fit(&columns),
            columns,
            is_missing,
        };
        let writers = self.writers();
        self.can_be_undone = self.ask_for_engine(attempt, is_missing).await?;
        let staged = writers > 1 || !self.can_be_undone;
        self.announce(attempt, &source.described(), is_missing, writers)
            .await;
        if !self.can_be_undone {
            self.warn_of_parts(attempt).await;
        }
        let pumped = if staged {
            self.fill_staged(attempt, source, plan, writers, &mark)
                .await?
        } else {
            self.fill_directly(attempt, source, plan, &mark).await?
        };
        let Pumped {
            rows, bytes, took, ..
        } = pumped;
        let told = progress(rows, rows, took, bytes);
        attempt.info(format!("all rows are in place: {told}")).await;
        Ok(())
    }

    fn writers(&self) -> u32 {
        if self.dialect.has_one_writer() {
            1
        } else {
            self.target.writers.clamp(1, MOST_WRITERS)
        }
    }

    async fn announce(
        &mut self,
        attempt: &mut Attempt<'_>,
        from: &str,
        is_missing: bool,
        writers: u32,
    ) {
        let (link, table) = (&self.link, self.name());
        let made = if is_missing { ", which is made" } else { "" };
        attempt
            .info(format!(
                "from {from} to {link}, table `{table}`{made}; writers: {writers}"
            ))
            .await;
        if writers < self.target.writers {
            let asked = self.target.writers;
            attempt
                .info(format!(
                    "{link}: of task-num={asked} only {writers} can be used"
                ))
                .await;
        }
    }
}
