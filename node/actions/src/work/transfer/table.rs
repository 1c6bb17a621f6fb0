//! A table as a target.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use peerflow_model::{ContentHash, LogLevel};
use peerflow_rows::{Column, Database, Dialect, Executed, Session, Target, Trouble};
use peerflow_workflow::{TableTarget, TransferSource};

use super::end::{End, shielded, too_late};
use super::messages::{of_database, unknown_commit, width};
use super::pump::{Pumped, progress, pump};
use super::source::Source;
use super::statements::{Step, steps};
use super::writer::Writer;
use crate::attempt::{Attempt, Outcome, Unsuccessful};
use crate::links::shown;

/// More writers than these help no database.
const MOST_WRITERS: u32 = 32;

/// Staging tables of one step that are looked for.
const LEFT_BEHIND: usize = 1_000;

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
    target: &'t TableTarget,
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
struct Plan {
    columns: Vec<Column>,
    source: Vec<Column>,
    is_missing: bool,
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

    fn name(&self) -> &'t str {
        self.target.table.trim()
    }

    /// The session, for one use: it is put back after, unless it was broken off.
    fn take(&mut self) -> Result<Box<dyn Session>, Unsuccessful> {
        self.session.take().ok_or_else(|| {
            Unsuccessful::failed(format!(
                "{}: the connection cannot be used any more; run the step again",
                self.link
            ))
        })
    }

    /// Runs one statement. `doing` says what for.
    async fn execute(
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
        if attempt.task.attempt.attempt > 1 {
            self.drop_left_staging(attempt, &mark).await?;
        }
        let existing = self.existing(attempt).await?;
        let is_missing = existing.is_none();
        let columns = self.judge(existing, found)?;
        let plan = Plan {
            source: source.fit(&columns),
            columns,
            is_missing,
        };
        let writers = self.writers();
        let staged = writers > 1 || !self.dialect.has_transactions();
        self.announce(attempt, &source.described(), is_missing, writers)
            .await;
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
        if !self.dialect.has_transactions() {
            let kind = self.dialect.name();
            attempt
                .warn(format!(
                    "{link}: {kind} has no transactions: rows are gathered in a staging table and moved by one statement; if that \
                     statement breaks off, table `{table}` may hold a part of them"
                ))
                .await;
        }
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

    /// All in one transaction.
    async fn fill_directly(
        &mut self,
        attempt: &mut Attempt<'_>,
        source: Source,
        plan: Plan,
    ) -> Result<Pumped, Unsuccessful> {
        self.begin(attempt, &plan).await?;
        let target = self.load_target(self.name().to_owned(), &plan);
        let writer = Writer::Table {
            session: self.take()?,
            target,
            staged: false,
            link: self.link.clone(),
        };
        let (mut writers, result) = match pump(attempt, source, vec![writer]).await {
            Ok(mut pumped) => (std::mem::take(&mut pumped.writers), Ok(pumped)),
            Err(broken) => (broken.writers, Err(broken.end)),
        };
        if let Some(Writer::Table { session, .. }) = writers.pop() {
            self.session = Some(session);
        }
        let pumped = result?;
        self.commit(attempt).await?;
        Ok(pumped)
    }

    /// By several connections into a table beside it, and from there in one transaction.
    async fn fill_staged(
        &mut self,
        attempt: &mut Attempt<'_>,
        source: Source,
        plan: Plan,
        writers: u32,
        mark: &Mark,
    ) -> Result<Pumped, Unsuccessful> {
        let staging = self.dialect.staging_name(self.name(), &mark.name);
        let create = if plan.is_missing {
            self.dialect.create_table(&staging, &plan.columns)
        } else {
            self.dialect.create_staging(&staging, self.name())
        };
        self.staging = Some(staging.clone());
        self.execute(attempt, "making a staging table", &create, 0)
            .await?;
        let mut ready = Vec::new();
        for _ in 0..writers {
            let connection = attempt.connect(&self.target.link, &*self.database).await?;
            ready.push(Writer::Table {
                session: connection.into_session(),
                target: self.load_target(staging.clone(), &plan),
                staged: true,
                link: self.link.clone(),
            });
        }
        let pumped = pump(attempt, source, ready).await;
        let mut pumped = pumped.map_err(|broken| broken.end)?;
        // Their work is committed; a good-bye is not worth waiting for.
        pumped.writers.clear();
        self.begin(attempt, &plan).await?;
        let move_rows = self.dialect.move_rows(&staging, self.name(), &plan.columns);
        let doing = "moving the rows from the staging table";
        self.execute(attempt, doing, &move_rows, 0).await?;
        self.commit(attempt).await?;
        self.drop_staging(attempt).await;
        Ok(pumped)
    }

    fn load_target(&self, table: String, plan: &Plan) -> Target {
        Target {
            table,
            columns: plan.columns.clone(),
            source: plan.source.clone(),
            progress: Arc::new(AtomicU64::new(0)),
        }
    }

    /// Begins the transaction in which the table is made or emptied and filled.
    async fn begin(&mut self, attempt: &mut Attempt<'_>, plan: &Plan) -> Result<(), Unsuccessful> {
        let name = self.name();
        let create = plan
            .is_missing
            .then(|| self.dialect.create_table(name, &plan.columns));
        let doing = format!("making table `{name}`");
        let (before, within) = if self.dialect.ddl_is_transactional() {
            (None, create)
        } else {
            (create, None)
        };
        if let Some(create) = before {
            self.execute(attempt, &doing, &create, 0).await?;
            self.created = Some(name.to_owned());
        }
        let mut session = self.take()?;
        let cancel = session.canceller();
        let begun = attempt
            .supervise(&self.link, cancel, session.begin())
            .await?;
        self.session = Some(session);
        begun.map_err(|error| {
            Unsuccessful::failed(of_database(&self.link, "beginning the transaction", &error))
        })?;
        self.is_open = true;
        if let Some(create) = within {
            self.execute(attempt, &doing, &create, 0).await?;
        }
        if self.target.truncate && !plan.is_missing {
            let delete = self.dialect.delete_all(name);
            let doing = format!("emptying table `{name}`");
            self.execute(attempt, &doing, &delete, 0).await?;
        }
        Ok(())
    }

    async fn commit(&mut self, attempt: &mut Attempt<'_>) -> Result<(), Unsuccessful> {
        let mut session = self.take()?;
        let end = shielded(attempt, session.commit()).await;
        let unknown = |why: &str| unknown_commit(&self.link, self.name(), why);
        let (done, stopped) = match end {
            End::Done(done) => (done, None),
            End::DoneThough(done, stopped) => (done, Some(stopped)),
            End::Unknown(stopped) => {
                self.created = None;
                let why = format!("{} during commit", stopped.message);
                let message = unknown_commit(&self.link, self.name(), &why);
                return Err(Unsuccessful { message, ..stopped });
            }
        };
        match done {
            Ok(()) => {
                (self.session, self.is_open, self.created) = (Some(session), false, None);
                stopped.map_or(Ok(()), |stopped| Err(too_late(stopped)))
            }
            Err(error) if error.trouble == Trouble::Lost => {
                let end = Unsuccessful::failed(unknown(&error.message));
                self.created = None;
                Err(end)
            }
            Err(error) => {
                self.session = Some(session);
                let failed = Unsuccessful::failed(of_database(&self.link, "committing", &error));
                Err(stopped.unwrap_or(failed))
            }
        }
    }

    /// Drops what earlier tries of the same visit left, whose node is gone.
    async fn drop_left_staging(
        &mut self,
        attempt: &mut Attempt<'_>,
        mark: &Mark,
    ) -> Result<(), Unsuccessful> {
        let list = self.dialect.list_staging(self.name(), &mark.prefix);
        let doing = "looking for staging tables of earlier tries";
        let found = self.execute(attempt, doing, &list, LEFT_BEHIND).await?;
        let rows = &found.first_rows;
        let names: Vec<String> = (0..rows.rows())
            .filter_map(|row| rows.value(row, 0))
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        for name in names {
            let drop = self.dialect.drop_table(&name);
            self.execute(attempt, "dropping a staging table", &drop, 0)
                .await?;
            attempt
                .info(format!(
                    "{}: dropped staging table {name}, which an earlier try left",
                    self.link
                ))
                .await;
        }
        Ok(())
    }
}

/// What is in the names of staging tables of one visit, so that they are found again.
#[derive(Debug)]
struct Mark {
    prefix: String,
    name: String,
}

impl Mark {
    fn of(attempt: &Attempt<'_>) -> Self {
        let id = &attempt.task.attempt;
        let visit = ContentHash::of(id.visit.to_string().as_bytes()).to_string();
        let prefix = format!("peerflow_{}_", &visit[..12]);
        Self {
            name: format!("{prefix}{}", id.attempt),
            prefix,
        }
    }
}
