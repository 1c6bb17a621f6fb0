//! The commit of a load, and what became of one that has no answer.

use std::time::Duration;

use peerflow_rows::{Error, Fate, Trouble};
use tokio::time::{Instant, sleep, timeout};

use super::end::{End, PATIENCE, shielded, too_late};
use super::messages::{of_database, undone_commit, unknown_commit};
use super::table::Table;
use crate::attempt::{Attempt, Unsuccessful};
use crate::task::TaskResult;

/// How long a server that is away is waited for, since only it knows what became of the rows: another try might load them a
/// second time.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// How long the server may take to say it, each time that it is asked.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Between two questions: from this, twice as long each time, up to that.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

impl Table<'_> {
    /// Commits. Whatever happens meanwhile, it says whether the rows are in place, as far as the server can be asked.
    pub(super) async fn commit(&mut self, attempt: &mut Attempt<'_>) -> Result<(), Unsuccessful> {
        let mut session = self.take()?;
        let (done, stopped) = match shielded(attempt, session.commit()).await {
            End::Done(done) => (done, None),
            End::DoneThough(done, stopped) => (done, Some(stopped)),
            End::Unknown(stopped) => {
                let words = format!("no answer within {} s", PATIENCE.as_secs());
                (Err(Error::new(Trouble::Lost, words)), Some(stopped))
            }
        };
        match done {
            Ok(()) => {
                self.session = Some(session);
                self.is_in_place(attempt, stopped).await
            }
            Err(error) if error.trouble == Trouble::Lost => {
                drop(session);
                self.find_out(attempt, &error.message, stopped).await
            }
            Err(error) => {
                self.session = Some(session);
                let failed = Unsuccessful::failed(of_database(&self.link, "committing", &error));
                Err(stopped.unwrap_or(failed))
            }
        }
    }

    /// An attempt that should have stopped has succeeded all the same when nothing is left to do: stopped, it might be run
    /// again.
    async fn is_in_place(
        &mut self,
        attempt: &mut Attempt<'_>,
        stopped: Option<Unsuccessful>,
    ) -> Result<(), Unsuccessful> {
        (self.is_open, self.created) = (false, None);
        self.drop_witness(attempt).await;
        match stopped {
            Some(stopped) if !self.target.after.trim().is_empty() => Err(too_late(stopped)),
            _ => Ok(()),
        }
    }

    /// The connection was lost during commit: asks over another one what became of it.
    async fn find_out(
        &mut self,
        attempt: &mut Attempt<'_>,
        why: &str,
        mut stopped: Option<Unsuccessful>,
    ) -> Result<(), Unsuccessful> {
        let fate = match self.receipt.take() {
            Some(receipt) => self.fate(attempt, &receipt, why, &mut stopped).await,
            None => Fate::Unknown,
        };
        match fate {
            Fate::Committed => self.is_in_place(attempt, stopped).await,
            Fate::Undone => {
                self.is_open = false;
                let message = undone_commit(&self.link, self.name(), why);
                Err(stopped.unwrap_or_else(|| Unsuccessful::failed(message)))
            }
            Fate::Unknown => {
                (self.is_open, self.created, self.witness) = (false, None, None);
                let is_safe = self.target.truncate;
                let message = unknown_commit(&self.link, self.name(), why, is_safe);
                Err(match stopped {
                    // A node that leaves would have it run again elsewhere.
                    Some(stopped) if is_safe || stopped.result != TaskResult::Killed => {
                        let message = format!("{}; {message}", stopped.message);
                        Unsuccessful { message, ..stopped }
                    }
                    _ => Unsuccessful::failed(message),
                })
            }
        }
    }

    /// Asks until there is an answer; not for long, once the attempt must stop.
    async fn fate(
        &mut self,
        attempt: &mut Attempt<'_>,
        receipt: &str,
        why: &str,
        stopped: &mut Option<Unsuccessful>,
    ) -> Fate {
        let limit = if stopped.is_some() { PATIENCE } else { LIMIT };
        let mut until = Instant::now() + limit;
        let mut pause = PAUSES.0;
        let mut is_told = false;
        loop {
            let error = match timeout(ANSWER_LIMIT, self.ask(receipt)).await {
                Ok(Ok(fate)) => return fate,
                Ok(Err(error)) => error.message,
                Err(_elapsed) => format!("no answer within {} s", ANSWER_LIMIT.as_secs()),
            };
            if Instant::now() >= until {
                return Fate::Unknown;
            }
            if !is_told {
                is_told = true;
                let (link, table) = (&self.link, self.name());
                attempt
                    .warn(format!(
                        "{link}: the connection ended during commit ({why}), and the server does not say yet whether the rows are \
                         in table `{table}` ({error}); it is asked again for up to {} minutes, since another try might load them \
                         twice",
                        LIMIT.as_secs() / 60
                    ))
                    .await;
            }
            if stopped.is_some() {
                sleep(pause).await;
            } else if let Err(stop) = attempt.pause(pause).await {
                *stopped = Some(stop);
                until = until.min(Instant::now() + PATIENCE);
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Over a new connection, which is kept for what follows.
    async fn ask(&mut self, receipt: &str) -> Result<Fate, Error> {
        let mut session = self.database.connect().await?;
        let fate = session.fate(receipt).await?;
        self.session = Some(session);
        Ok(fate)
    }
}
