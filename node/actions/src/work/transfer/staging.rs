//! Staging tables: their names, who uses them, and what earlier runs left.

use std::time::Duration;

use peerflow_model::ContentHash;
use peerflow_rows::{Error, RowBatch, Session};
use tokio::time::timeout;

use super::messages::of_database;
use super::table::{Plan, Table};
use crate::attempt::{Attempt, Unsuccessful};

/// Staging tables of one step that are looked for.
const LEFT_BEHIND: usize = 1_000;

/// Staging tables that nobody uses any more which one transfer drops.
const FORGOTTEN: usize = 20;

/// What [`Mark`] makes of any step. A table of such a name is ours.
const OF_ANY_STEP: &str = "^peerflow_(done_)?[0-9a-f]{12}_[0-9a-f]{8}_[0-9]+_";

/// How old such a table must be where its use cannot surely be seen.
const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the drop of a table that is not this step's may take.
const DROP_LIMIT: Duration = Duration::from_secs(5);

/// What is in the names of staging tables, so that they are found again.
#[derive(Debug)]
pub(super) struct Mark {
    /// Of all runs of the step.
    step: String,
    /// Of all tries of this visit.
    visit: String,
    pub(super) name: String,
    /// The same for the tables that tell what became of a transaction.
    witnesses: String,
    pub(super) witness: String,
}

impl Mark {
    pub(super) fn of(attempt: &Attempt<'_>) -> Self {
        let id = &attempt.task.attempt;
        let workflow = &attempt.task.workflow.name;
        let step = digest(&format!("{workflow}/{}", id.visit.step));
        let visit = digest(&id.visit.to_string());
        let step = &step[..12];
        let visit = format!("{step}_{}_", &visit[..8]);
        let number = id.attempt;
        Self {
            step: format!("peerflow_{step}_"),
            name: format!("peerflow_{visit}{number}"),
            witness: format!("peerflow_done_{visit}{number}"),
            witnesses: format!("peerflow_done_{visit}"),
            visit: format!("peerflow_{visit}"),
        }
    }
}

fn digest(text: &str) -> String {
    ContentHash::of(text.as_bytes()).to_string()
}

impl Table<'_> {
    /// Makes the staging table. The server knows then that it is in use, until this session ends.
    pub(super) async fn make_staging(
        &mut self,
        attempt: &mut Attempt<'_>,
        staging: &str,
        plan: &Plan,
    ) -> Result<(), Unsuccessful> {
        for hold in self.dialect.hold_staging(staging) {
            self.execute(attempt, "holding a staging table", &hold, 1)
                .await?;
        }
        let doing = "making a staging table";
        let create = if plan.is_missing {
            self.dialect.create_table(staging, &plan.columns)
        } else {
            let mut session = self.take()?;
            let cancel = session.canceller();
            let work = session.staging_definition(staging, self.name(), &plan.columns);
            let defined = attempt.supervise(&self.link, cancel, work).await?;
            self.session = Some(session);
            let defined = defined
                .map_err(|error| Unsuccessful::failed(of_database(&self.link, doing, &error)))?;
            defined.unwrap_or_else(|| self.dialect.create_staging(staging, self.name()))
        };
        self.staging = Some(staging.to_owned());
        self.execute(attempt, doing, &create, 0).await?;
        Ok(())
    }

    /// Drops what earlier tries of the same visit left, whose node is gone; and what earlier runs of this step and of others
    /// left, as far as the server knows that nobody uses it any more.
    pub(super) async fn drop_left_staging(
        &mut self,
        attempt: &mut Attempt<'_>,
        mark: &Mark,
    ) -> Result<(), Unsuccessful> {
        let doing = "looking for staging tables that were left";
        if attempt.task.attempt.attempt > 1 {
            let mut lists = vec![self.dialect.list_staging(self.name(), &mark.visit)];
            if self.dialect.witness(self.name(), &mark.witness).is_some() {
                lists.push(self.dialect.list_staging(self.name(), &mark.witnesses));
            }
            for list in lists {
                let found = self.execute(attempt, doing, &list, LEFT_BEHIND).await?;
                for name in names(&found.first_rows) {
                    let drop = self.dialect.drop_table(&name);
                    self.execute(attempt, "dropping a staging table", &drop, 0)
                        .await?;
                    self.tell_dropped(attempt, &name).await;
                }
            }
        }
        let mut forgotten: Vec<String> = Vec::new();
        let abandoned = self.dialect.list_abandoned(self.name(), &mark.step);
        let of_others = self.dialect.list_forgotten(self.name(), OF_ANY_STEP, AGE);
        for list in abandoned.into_iter().chain(of_others) {
            // Only a service to others: what goes wrong with it does not matter here.
            if let Ok(found) = self.run(attempt, &list, FORGOTTEN).await? {
                for name in names(&found.first_rows) {
                    if !forgotten.contains(&name) {
                        forgotten.push(name);
                    }
                }
            }
        }
        self.drop_forgotten(attempt, forgotten).await
    }

    /// Over a connection of its own: a table may be locked by whoever knows of no names, and is left then.
    async fn drop_forgotten(
        &mut self,
        attempt: &mut Attempt<'_>,
        names: Vec<String>,
    ) -> Result<(), Unsuccessful> {
        if names.is_empty() {
            return Ok(());
        }
        let connecting = timeout(DROP_LIMIT, self.database.connect());
        let Ok(Ok(mut session)) = attempt.stop.guard(connecting).await? else {
            return Ok(());
        };
        for name in names {
            let statement = self.dialect.drop_table(&name);
            let dropping = attempt.stop.guard(drop_in_time(&mut *session, &statement));
            match dropping.await? {
                Some(Ok(())) => self.tell_dropped(attempt, &name).await,
                Some(Err(error)) => {
                    let link = &self.link;
                    attempt
                        .info(format!(
                            "{link}: staging table {name}, which nobody uses any more, could not be dropped: {error}"
                        ))
                        .await;
                }
                None => return Ok(()),
            }
        }
        session.close().await;
        Ok(())
    }

    async fn tell_dropped(&mut self, attempt: &mut Attempt<'_>, name: &str) {
        let link = &self.link;
        attempt
            .info(format!(
                "{link}: dropped staging table {name}, which an earlier try left"
            ))
            .await;
    }
}

/// `None` when it took too long; the session cannot be used any more then.
async fn drop_in_time(session: &mut dyn Session, statement: &str) -> Option<Result<(), Error>> {
    let cancel = session.canceller();
    if let Ok(done) = timeout(DROP_LIMIT, session.execute(statement, 0)).await {
        return Some(done.map(drop));
    }
    // Whether it hears of it or not: the session is dropped.
    drop(timeout(DROP_LIMIT, cancel.cancel()).await);
    None
}

/// The values of a result's first column.
fn names(rows: &RowBatch) -> Vec<String> {
    (0..rows.rows())
        .filter_map(|row| rows.value(row, 0))
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}
