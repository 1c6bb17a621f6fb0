//! A row that is written with a transaction, so that another connection finds out what became of it.
//!
//! The row stands in a table of its own. It is locked for as long as its transaction is open: who reads it waits for the
//! transaction's end, and finds it only when that was a commit.

use mysql_async::Error as Driver;
use mysql_async::prelude::Queryable;
use peerflow_rows::{Error, Fate, Trouble};

use crate::error::talking;
use crate::names::{TableName, text};
use crate::session::{MySqlSession, NO_SUCH_TABLE};
use crate::variables::Before;

/// Seconds that the row is waited for at a time.
const PATIENCE: (&str, &str) = ("innodb_lock_wait_timeout", "5");
/// A node of a Galera cluster must have done all that the others have committed before it answers.
const IN_STEP: (&str, &str) = ("wsrep_sync_wait", "7");
/// No such thread: its connection is gone.
const NO_SUCH_THREAD: u16 = 1094;

impl MySqlSession {
    /// Begins a transaction with a row in the table `witness`, which is made; without, where that is refused.
    pub(crate) async fn begin_with_row(&mut self, witness: &str) -> Result<Option<String>, Error> {
        let made = self.make_witness(witness).await;
        let is_made = match made {
            Err(error) if matches!(error.trouble, Trouble::Lost | Trouble::Cancelled) => {
                return Err(error);
            }
            made => made.is_ok(),
        };
        self.run("START TRANSACTION").await?;
        if !is_made {
            return Ok(None);
        }
        self.run(&format!("INSERT INTO {witness} VALUES (1)"))
            .await?;
        Ok(Some(witness.to_owned()))
    }

    /// The lock, which bears the table's name and ends with the session, says which session has the transaction.
    async fn make_witness(&mut self, witness: &str) -> Result<(), Error> {
        let lock = text(&TableName::parse(witness)?.table);
        self.run(&format!("DO GET_LOCK({lock}, 0)")).await?;
        self.run(&format!(
            "CREATE TABLE {witness} (n TINYINT NOT NULL PRIMARY KEY) ENGINE=InnoDB"
        ))
        .await
    }

    pub(crate) async fn fate_of(&mut self, witness: &str) -> Result<Fate, Error> {
        self.is_primary().await?;
        self.end_holder(witness).await?;
        let mut rules = vec![PATIENCE];
        if self.is_of_galera().await? {
            rules.push(IN_STEP);
        }
        let before = Before::set(self, &rules).await?;
        let fate = self.find_row(witness).await;
        before.restore(self).await;
        fate
    }

    async fn find_row(&mut self, witness: &str) -> Result<Fate, Error> {
        self.run("START TRANSACTION").await?;
        let query = format!("SELECT COUNT(*) FROM {witness} FOR UPDATE");
        let found: Result<Option<u64>, Driver> = self.conn()?.query_first(query).await;
        let fate = match found {
            Ok(Some(0)) => Ok(Fate::Undone),
            Ok(Some(_)) => Ok(Fate::Committed),
            Ok(None) => Ok(Fate::Unknown),
            Err(Driver::Server(server)) if server.code == NO_SUCH_TABLE => Ok(Fate::Unknown),
            Err(error) => Err(talking(&error)),
        };
        self.run("ROLLBACK").await?;
        fate
    }

    /// A replica may not have heard yet of what its primary has committed.
    async fn is_primary(&mut self) -> Result<(), Error> {
        let reads_only: Option<u8> = self
            .conn()?
            .query_first("SELECT @@global.read_only")
            .await
            .map_err(|error| talking(&error))?;
        if reads_only == Some(1) {
            return Err(Error::new(
                Trouble::Unreachable,
                "the server that answers takes no changes and may not know them all; it should be the primary",
            ));
        }
        Ok(())
    }

    async fn is_of_galera(&mut self) -> Result<bool, Error> {
        let known: Option<(String, String)> = self
            .conn()?
            .query_first("SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'")
            .await
            .map_err(|error| talking(&error))?;
        Ok(known.is_some())
    }

    /// Ends the session that has the transaction, if this server still has it: its client is gone.
    async fn end_holder(&mut self, witness: &str) -> Result<(), Error> {
        let lock = text(&TableName::parse(witness)?.table);
        let conn = self.conn()?;
        let holder: Option<Option<u64>> = conn
            .query_first(format!("SELECT IS_USED_LOCK({lock})"))
            .await
            .map_err(|error| talking(&error))?;
        let Some(holder) = holder.flatten() else {
            return Ok(());
        };
        match conn.query_drop(format!("KILL CONNECTION {holder}")).await {
            Err(Driver::Server(server)) if server.code == NO_SUCH_THREAD => Ok(()),
            killed => killed.map_err(|error| talking(&error)),
        }
    }
}
