//! What is known of the target before it is filled.

use peerflow_rows::Column;

use super::messages::{of_database, width};
use super::table::Table;
use crate::attempt::{Attempt, Unsuccessful};

impl Table<'_> {
    /// Whether a load that fails leaves the table as it was.
    pub(super) async fn ask_for_engine(
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

    pub(super) async fn warn_of_parts(&mut self, attempt: &mut Attempt<'_>) {
        let (link, table) = (&self.link, self.name());
        let what = if self.dialect.has_transactions() {
            format!(
                "table `{table}` is of an engine without transactions, or a view that may be of one"
            )
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

    /// The columns of a table, if it is there.
    pub(super) async fn look(
        &mut self,
        attempt: &mut Attempt<'_>,
        table: &str,
    ) -> Result<Option<Vec<Column>>, Unsuccessful> {
        let mut session = self.take()?;
        let cancel = session.canceller();
        let work = session.table(table);
        let found = attempt.supervise(&self.link, cancel, work).await?;
        self.session = Some(session);
        found.map_err(|error| {
            let doing = format!("looking for table `{table}`");
            Unsuccessful::failed(of_database(&self.link, &doing, &error))
        })
    }

    /// The columns that the rows go to.
    pub(super) fn judge(
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
