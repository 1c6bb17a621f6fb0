//! What a load that failed leaves: nothing, as far as the database can be reached.

use std::time::Duration;

use peerflow_rows::{Error, Session};
use tokio::time::timeout;

use super::table::Table;
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
        if let Some(table) = self.created.take()
            && let Err(why) = self.drop_table(&table).await
        {
            let link = &self.link;
            attempt
                .warn(format!(
                    "{link}: table `{table}`, which this transfer made, could not be dropped: {why}; drop it by hand"
                ))
                .await;
        }
        self.close().await;
    }

    /// Drops the staging table, if there is one. What cannot be dropped is said.
    pub(super) async fn drop_staging(&mut self, attempt: &mut Attempt<'_>) {
        if let Some(staging) = self.staging.take()
            && let Err(why) = self.drop_table(&staging).await
        {
            let link = &self.link;
            let next = match self.dialect.hold_staging(&staging) {
                Some(_) => "run",
                None => "try",
            };
            attempt
                .warn(format!(
                    "{link}: staging table {staging} could not be dropped: {why}; the next {next} of the step does it, or drop \
                     it by hand"
                ))
                .await;
        }
    }

    /// Over the connection that is there, or else over a new one.
    async fn drop_table(&mut self, table: &str) -> Result<(), String> {
        let statement = self.dialect.drop_table(table);
        if let Some(mut session) = self.session.take()
            && execute(&mut *session, &statement).await.is_ok()
        {
            self.session = Some(session);
            return Ok(());
        }
        let connected = timeout(LIMIT, self.database.connect()).await;
        let connected = connected.map_err(|_elapsed| no_answer())?;
        let mut session = connected.map_err(|error| error.to_string())?;
        execute(&mut *session, &statement).await?;
        self.session = Some(session);
        Ok(())
    }

    /// Closes the connection in good order, as far as the server answers.
    pub(super) async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            // Without an answer it is closed by being dropped.
            drop(timeout(CLOSE_LIMIT, session.close()).await);
        }
    }
}

async fn execute(session: &mut dyn Session, statement: &str) -> Result<(), String> {
    match timeout(LIMIT, session.execute(statement, 0)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(Error { message, .. })) => Err(message),
        Err(_elapsed) => Err(no_answer()),
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", LIMIT.as_secs())
}
