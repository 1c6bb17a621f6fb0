//! Rows into a table: in one transaction, or through a staging table.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use peerflow_rows::{Target, Trouble};

use super::end::{End, shielded, too_late};
use super::messages::{of_database, unknown_commit};
use super::pump::{Pumped, pump};
use super::source::Source;
use super::staging::Mark;
use super::table::{Plan, Table};
use super::writer::Writer;
use crate::attempt::{Attempt, Unsuccessful};

impl Table<'_> {
    /// All in one transaction.
    pub(super) async fn fill_directly(
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
    pub(super) async fn fill_staged(
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
        self.hold_staging(attempt, &staging).await?;
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
}
