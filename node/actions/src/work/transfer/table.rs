//! A table as a target.

use std::sync::Arc;

use peerflow_model::LogLevel;
use peerflow_rows::{Column, Database, Dialect, Executed, Session};
use peerflow_workflow::{TableTarget, TransferSource};

use super::messages::{of_database, width};
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
    pub(super) created: Option<String>,
    /// A staging table that is there, or may be.
    pub(super) staging: Option<String>,
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
        let mut session = self.take()?;
        let cancel = session.canceller();
        let work = session.execute(statement, first_rows);
        let done = attempt.supervise(&self.link, cancel, work).await?;
        self.session = Some(session);
        done.map_err(|error| Unsuccessful::failed(of_database(&self.link, doing, &error)))
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
        let existing = self.existing(attempt).await?;
        let is_missing = existing.is_none();
        let columns = self.judge(existing, found)?;
        let plan = Plan {
            source: source.fit(&columns),
            columns,
            is_missing,
        };
        let writers = self.writers();
        let can_be_undone = self.can_be_undone(attempt, is_missing).await?;
        let staged = writers > 1 || !can_be_undone;
        self.announce(attempt, &source.described(), is_missing, writers)
            .await;
        if !can_be_undone {
            self.warn_of_parts(attempt).await;
        }
        let pumped = if staged {
            self.fill_staged(attempt, source, plan, writers, &mark)
                .await?
        } else {
            self.fill_directly(attempt, source, plan).await?
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

    /// Whether a load that fails leaves the table as it was.
    async fn can_be_undone(
        &mut self,
        attempt: &mut Attempt<'_>,
        is_missing: bool,
    ) -> Result<bool, Unsuccessful> {
        if !self.dialect.has_transactions() || is_missing {
            return Ok(self.dialect.has_transactions());
        }
        let mut session = self.take()?;
        let cancel = session.canceller();
        let work = session.undoes_changes_of(self.target.table.trim());
        let answer = attempt.supervise(&self.link, cancel, work).await?;
        self.session = Some(session);
        answer.map_err(|error| {
            let doing = format!("asking for the engine of table `{}`", self.name());
            Unsuccessful::failed(of_database(&self.link, &doing, &error))
        })
    }

    async fn warn_of_parts(&mut self, attempt: &mut Attempt<'_>) {
        let (link, table) = (&self.link, self.name());
        let what = if self.dialect.has_transactions() {
            format!("table `{table}` is of an engine without transactions")
        } else {
            format!("{} has no transactions", self.dialect.name())
        };
        attempt
            .warn(format!(
                "{link}: {what}: rows are gathered in a staging table and moved by one statement; if that statement breaks off, \
                 table `{table}` may hold a part of them"
            ))
            .await;
    }

    async fn existing(
        &mut self,
        attempt: &mut Attempt<'_>,
    ) -> Result<Option<Vec<Column>>, Unsuccessful> {
        let mut session = self.take()?;
        let cancel = session.canceller();
        let work = session.table(self.target.table.trim());
        let found = attempt.supervise(&self.link, cancel, work).await?;
        self.session = Some(session);
        found.map_err(|error| {
            let doing = format!("looking for table `{}`", self.name());
            Unsuccessful::failed(of_database(&self.link, &doing, &error))
        })
    }

    /// The columns that the rows go to.
    fn judge(
        &self,
        existing: Option<Vec<Column>>,
        found: Option<Vec<Column>>,
    ) -> Result<Vec<Column>, Unsuccessful> {
        let (link, table) = (&self.link, self.name());
        match (existing, found) {
            (Some(table), None) => Ok(table),
            (Some(columns), Some(found)) if columns.len() == found.len() => Ok(columns),
            (Some(columns), Some(found)) => {
                Err(Unsuccessful::failed(width(link, table, &found, &columns)))
            }
            (None, Some(found)) => Ok(found),
            (None, None) => Err(Unsuccessful::failed(format!(
                "{link}: table `{table}` does not exist, and the source has no line that would tell its columns; make the table \
                 in <pre>, with CREATE TABLE IF NOT EXISTS"
            ))),
        }
    }
}
