//! Rows into a table: in one transaction, or through a staging table.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use peerflow_rows::{Column, Target, Trouble};

use super::messages::{left_in_parts, of_database, other_count};
use super::pump::{Pumped, pump};
use super::source::Source;
use super::staging::Mark;
use super::table::{Made, Plan, Table};
use super::writer::Writer;
use crate::attempt::{Attempt, Unsuccessful};

impl Table<'_> {
    /// All in one transaction.
    pub(super) async fn fill_directly(
        &mut self,
        attempt: &mut Attempt<'_>,
        source: Source,
        plan: Plan,
        mark: &Mark,
    ) -> Result<Pumped, Unsuccessful> {
        self.begin(attempt, &plan, mark).await?;
        let columns = self.columns(attempt, self.name(), &plan).await?;
        let target = load_target(self.name(), columns, &plan);
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
        self.make_staging(attempt, &staging, &plan).await?;
        let columns = self.columns(attempt, &staging, &plan).await?;
        let mut ready = Vec::new();
        for _ in 0..writers {
            let connection = attempt.connect(&self.target.link, &*self.database).await?;
            ready.push(Writer::Table {
                session: connection.into_session(),
                target: load_target(&staging, columns.clone(), &plan),
                staged: true,
                link: self.link.clone(),
            });
        }
        let pumped = pump(attempt, source, ready).await;
        let mut pumped = pumped.map_err(|broken| broken.end)?;
        // Their work is committed; a good-bye is not worth waiting for.
        pumped.writers.clear();
        self.begin(attempt, &plan, mark).await?;
        self.move_rows(attempt, &staging, &plan, pumped.rows)
            .await?;
        self.commit(attempt).await?;
        self.drop_staging(attempt).await;
        Ok(pumped)
    }

    /// The columns that the values become. Those of a table that was made just now are what the database has made of them.
    async fn columns(
        &mut self,
        attempt: &mut Attempt<'_>,
        table: &str,
        plan: &Plan,
    ) -> Result<Vec<Column>, Unsuccessful> {
        if !plan.is_missing {
            return Ok(plan.columns.clone());
        }
        let made = self.look(attempt, table).await?;
        let made = made.filter(|made| made.len() == plan.columns.len());
        Ok(made.unwrap_or_else(|| plan.columns.clone()))
    }

    /// Begins the transaction in which the table is made or emptied and filled.
    async fn begin(
        &mut self,
        attempt: &mut Attempt<'_>,
        plan: &Plan,
        mark: &Mark,
    ) -> Result<(), Unsuccessful> {
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
            self.make(attempt, &doing, &create).await?;
        }
        self.begin_transaction(attempt, mark).await?;
        if let Some(create) = within {
            self.execute(attempt, &doing, &create, 0).await?;
        }
        if self.target.truncate && !plan.is_missing {
            let delete = self.dialect.delete_all(name);
            let doing = format!("emptying table `{name}`");
            let deleted = self.run(attempt, &delete, 0).await?;
            deleted.map_err(|error| Unsuccessful::failed(self.explain(&doing, &error)))?;
        }
        Ok(())
    }

    /// Makes the table outside of a transaction. Unless the server refuses it, it may be there when this breaks off.
    async fn make(
        &mut self,
        attempt: &mut Attempt<'_>,
        doing: &str,
        create: &str,
    ) -> Result<(), Unsuccessful> {
        let table = self.name().to_owned();
        self.created = Some(Made {
            table: table.clone(),
            is_sure: false,
        });
        let Err(error) = self.run(attempt, create, 0).await? else {
            let is_sure = true;
            self.created = Some(Made { table, is_sure });
            return Ok(());
        };
        if !matches!(error.trouble, Trouble::Lost | Trouble::Cancelled) {
            self.created = None;
        }
        Err(Unsuccessful::failed(of_database(&self.link, doing, &error)))
    }

    /// What is appended must not be appended twice: then it is asked for what became of a commit that has no answer.
    async fn begin_transaction(
        &mut self,
        attempt: &mut Attempt<'_>,
        mark: &Mark,
    ) -> Result<(), Unsuccessful> {
        let asks = !self.target.truncate && self.can_be_undone;
        let witness = asks.then(|| self.dialect.witness(self.name(), &mark.witness));
        self.witness = witness.flatten();
        let witness = self.witness.clone();
        let mut session = self.take()?;
        let cancel = session.canceller();
        let beginning = async {
            if asks {
                session.begin_witnessed(witness.as_deref()).await
            } else {
                session.begin().await.map(|()| None)
            }
        };
        let begun = attempt.supervise(&self.link, cancel, beginning).await?;
        self.session = Some(session);
        self.receipt = begun.map_err(|error| {
            Unsuccessful::failed(of_database(&self.link, "beginning the transaction", &error))
        })?;
        self.is_open = true;
        Ok(())
    }

    /// Moves the rows of the staging table, all of them.
    async fn move_rows(
        &mut self,
        attempt: &mut Attempt<'_>,
        staging: &str,
        plan: &Plan,
        rows: u64,
    ) -> Result<(), Unsuccessful> {
        let statement = self.dialect.move_rows(staging, self.name(), &plan.columns);
        let target = load_target(self.name(), plan.columns.clone(), plan);
        let mut session = self.take()?;
        let cancel = session.canceller();
        let work = session.move_rows(&statement, &target);
        let moved = attempt.supervise(&self.link, cancel, work).await?;
        self.session = Some(session);
        let doing = "moving the rows from the staging table";
        let moved = moved.map_err(|error| Unsuccessful::failed(self.explain(doing, &error)))?;
        match moved {
            Some(moved) if moved != rows => Err(Unsuccessful::failed(other_count(
                &self.link,
                self.name(),
                rows,
                moved,
            ))),
            _ => Ok(()),
        }
    }

    /// What is wrong with a statement that changes the table.
    fn explain(&self, doing: &str, error: &peerflow_rows::Error) -> String {
        if self.can_be_undone {
            of_database(&self.link, doing, error)
        } else {
            left_in_parts(&self.link, self.name(), doing, error)
        }
    }
}

fn load_target(table: &str, columns: Vec<Column>, plan: &Plan) -> Target {
    Target {
        table: table.to_owned(),
        columns,
        source: plan.source.clone(),
        progress: Arc::new(AtomicU64::new(0)),
    }
}
