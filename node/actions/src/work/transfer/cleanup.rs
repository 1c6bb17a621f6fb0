//! What a load that failed leaves: nothing, as far as the database can be reached.

use std::time::Duration;

use peerflow_rows::{Error, Executed, Session};
use tokio::time::timeout;

use super::table::{Made, Table};
use crate::attempt::Attempt;

/// How long each step of it may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How long a good-bye may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

impl Table<'_> {
    /// Leaves the target as it was.
    pub(super) async fn undo(&mut self, attempt: &mut Attempt<'_>) {
        if self.is_open {
            self.is_open = false;
            // Without an answer the connection is dropped, and the server undoes what was open in it.
            if let Some(mut session) = self.session.take()
                && let Ok(Ok(())) = timeout(LIMIT, session.rollback()).await
            {
                self.session = Some(session);
            }
        }
        self.drop_staging(attempt).await;
        self.drop_witness(attempt).await;
        if let Some(made) = self.created.take()
            && let Err(why) = self.drop_made(&made).await
        {
            let (link, table) = (&self.link, made.table);
            attempt
                .warn(format!(
                    "{link}: table `{table}`, which this transfer made, could not be dropped: {why}; drop it by hand"
                ))
                .await;
        }
        self.close().await;
    }

    /// A table that somebody else may have made meanwhile is dropped only when it is empty, as ours is.
    async fn drop_made(&mut self, made: &Made) -> Result<(), String> {
        let table = &made.table;
        if !made.is_sure {
            let count = format!("SELECT COUNT(*) FROM {table}");
            let counted = self.over_any(&count).await;
            match counted
                .as_ref()
                .map(|counted| counted.first_rows.value(0, 0))
            {
                Ok(Some(b"0")) => {}
                Ok(_) => return Err("it holds rows, so it may be of somebody else".to_owned()),
                // It is not there, as far as can be seen.
                Err(_) => return Ok(()),
            }
        }
        self.drop_table(table).await
    }

    /// Drops the table that would have told what became of the transaction, if there is one.
    pub(super) async fn drop_witness(&mut self, attempt: &mut Attempt<'_>) {
        if let Some(witness) = self.witness.take()
            && let Err(why) = self.drop_table(&witness).await
        {
            let link = &self.link;
            attempt
                .warn(format!(
                    "{link}: table {witness} could not be dropped: {why}; a transfer of a later day does it, or drop it by hand"
                ))
                .await;
        }
    }

    /// Drops the staging table, if there is one. What cannot be dropped is said.
    pub(super) async fn drop_staging(&mut self, attempt: &mut Attempt<'_>) {
        if let Some(staging) = self.staging.take()
            && let Err(why) = self.drop_table(&staging).await
        {
            let link = &self.link;
            let next = if self.dialect.hold_staging(&staging).is_empty() {
                "try"
            } else {
                "run"
            };
            attempt
                .warn(format!(
                    "{link}: staging table {staging} could not be dropped: {why}; the next {next} of the step does it, or drop \
                     it by hand"
                ))
                .await;
        }
    }

    async fn drop_table(&mut self, table: &str) -> Result<(), String> {
        let statement = self.dialect.drop_table(table);
        self.over_any(&statement).await.map(drop)
    }

    /// Runs a statement over the connection that is there, or else over a new one.
    async fn over_any(&mut self, statement: &str) -> Result<Executed, String> {
        if let Some(mut session) = self.session.take()
            && let Ok(done) = execute(&mut *session, statement).await
        {
            self.session = Some(session);
            return Ok(done);
        }
        let connected = timeout(LIMIT, self.database.connect()).await;
        let connected = connected.map_err(|_elapsed| no_answer())?;
        let mut session = connected.map_err(|error| error.to_string())?;
        let done = execute(&mut *session, statement).await?;
        self.session = Some(session);
        Ok(done)
    }

    /// Closes the connection in good order, as far as the server answers.
    pub(super) async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            // Without an answer it is closed by being dropped.
            drop(timeout(CLOSE_LIMIT, session.close()).await);
        }
    }
}

async fn execute(session: &mut dyn Session, statement: &str) -> Result<Executed, String> {
    match timeout(LIMIT, session.execute(statement, 1)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Error { message, .. })) => Err(message),
        Err(_elapsed) => Err(no_answer()),
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", LIMIT.as_secs())
}
