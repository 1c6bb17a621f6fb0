//! One connection of one attempt, and how what runs on it is stopped.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use peerflow_model::LogLevel;
use peerflow_rows::{Cancel, Comments, Database, Error, Executed, Session, Trouble};
use peerflow_workflow::DatabaseLink;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::{not_connected, shown};
use crate::attempt::{Attempt, Unsuccessful};

/// The last resort where a kind of database has no shorter limit of its own.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);

/// How long the server may take to stop a statement; then the connection is given up without its word.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// How long a good-bye may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// A connection of its own for one attempt. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Connection {
    session: Box<dyn Session>,
    /// What the server says of a statement while it runs, where it does.
    lines: Option<mpsc::Receiver<String>>,
    /// The link, as messages call it.
    link: String,
}

impl Attempt<'_> {
    /// The database of a link.
    pub(crate) async fn database(
        &mut self,
        link: &DatabaseLink,
    ) -> Result<Arc<dyn Database>, Unsuccessful> {
        let links = Arc::clone(&self.runner.parts.links);
        let found = self.stop.guard(links.database(link)).await?;
        found.map_err(Unsuccessful::failed)
    }

    /// Connects to the `database` of a link.
    pub(crate) async fn connect(
        &mut self,
        link: &DatabaseLink,
        database: &dyn Database,
    ) -> Result<Connection, Unsuccessful> {
        let connecting = timeout(CONNECT_LIMIT, database.connect());
        let connected = match self.stop.guard(connecting).await? {
            Ok(connected) => connected,
            Err(_elapsed) => Err(Error::new(
                Trouble::Unreachable,
                format!("no connection within {} s", CONNECT_LIMIT.as_secs()),
            )),
        };
        match connected {
            Ok(mut session) => Ok(Connection {
                lines: session.log_lines(),
                session,
                link: shown(link),
            }),
            Err(error) => Err(Unsuccessful::failed(not_connected(link, &error))),
        }
    }

    /// Does `work` on a database, the log going out meanwhile. If the attempt must stop before it is done, it is cancelled on
    /// the server and dropped; the connection cannot be used any more then.
    pub(crate) async fn supervise<T>(
        &mut self,
        link: &str,
        cancel: Arc<dyn Cancel>,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<Result<T, Error>, Unsuccessful> {
        self.supervise_and_log(link, cancel, work, &mut None).await
    }

    /// The same, with the lines that the server says meanwhile.
    async fn supervise_and_log<T>(
        &mut self,
        link: &str,
        cancel: Arc<dyn Cancel>,
        work: impl Future<Output = Result<T, Error>> + Send,
        lines: &mut Option<mpsc::Receiver<String>>,
    ) -> Result<Result<T, Error>, Unsuccessful> {
        let mut work = std::pin::pin!(work);
        let stopped = loop {
            let due = self.log.due();
            let flush = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                stopped = self.stop.stopped() => break stopped,
                Some(line) = next(lines) => self.log.tell(LogLevel::Info, &line).await,
                done = &mut work => {
                    while let Some(line) = lines.as_mut().and_then(|lines| lines.try_recv().ok()) {
                        self.log.tell(LogLevel::Info, &line).await;
                    }
                    return Ok(done);
                }
                () = flush => self.log.flush().await,
            }
        };
        // The statement is awaited too: its end is the surest sign that the server has stopped it.
        let limit = Instant::now() + CANCEL_LIMIT;
        let both = async { tokio::join!(cancel.cancel(), work).0 };
        let problem = match timeout_at(limit, both).await {
            Ok(Ok(())) => return Err(stopped),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => format!("no answer within {} s", CANCEL_LIMIT.as_secs()),
        };
        self.warn(format!(
            "{link}: what ran there may run on, since it could not be cancelled: {problem}"
        ))
        .await;
        Err(stopped)
    }
}

/// The next line, where any can come; `None` once none can.
async fn next(lines: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    let Some(open) = lines else {
        return std::future::pending().await;
    };
    let line = open.recv().await;
    if line.is_none() {
        *lines = None;
    }
    line
}

impl Connection {
    /// The link, as messages call it.
    pub(crate) fn link(&self) -> &str {
        &self.link
    }

    /// Runs one statement. The outer error means that the attempt must stop.
    pub(crate) async fn execute(
        &mut self,
        attempt: &mut Attempt<'_>,
        statement: &str,
        first_rows: usize,
    ) -> Result<Result<Executed, Error>, Unsuccessful> {
        let cancel = self.session.canceller();
        let work = self.session.execute(statement, first_rows);
        attempt
            .supervise_and_log(&self.link, cancel, work, &mut self.lines)
            .await
    }

    /// The comments of a table. The outer error means that the attempt must stop.
    pub(crate) async fn comments(
        &mut self,
        attempt: &mut Attempt<'_>,
        table: &str,
    ) -> Result<Result<Option<Comments>, Error>, Unsuccessful> {
        let cancel = self.session.canceller();
        let work = self.session.comments(table);
        attempt.supervise(&self.link, cancel, work).await
    }

    /// Sets comments. The outer error means that the attempt must stop.
    pub(crate) async fn set_comments(
        &mut self,
        attempt: &mut Attempt<'_>,
        table: &str,
        comments: &Comments,
    ) -> Result<Result<(), Error>, Unsuccessful> {
        let cancel = self.session.canceller();
        let work = self.session.set_comments(table, comments);
        attempt.supervise(&self.link, cancel, work).await
    }

    /// The session alone, for whoever supervises it by itself.
    pub(crate) fn into_session(self) -> Box<dyn Session> {
        self.session
    }

    /// Closes it in good order, as far as the server answers.
    pub(crate) async fn close(self) {
        // Without an answer it is closed by being dropped.
        drop(timeout(CLOSE_LIMIT, self.session.close()).await);
    }
}
