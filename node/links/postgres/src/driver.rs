//! What keeps a connection going, and hears what the server says unasked.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use peerflow_rows::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, Connection};

use crate::error;

/// Warnings that are kept of one statement.
const WARNINGS: usize = 100;

/// The task that moves a connection's messages. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Driver {
    task: JoinSet<()>,
    heard: Arc<Mutex<Heard>>,
}

/// What was said beside the answers.
#[derive(Debug, Default)]
struct Heard {
    warnings: Vec<String>,
    /// Why the connection ended, once it has.
    ended: Option<Error>,
}

impl Driver {
    pub(crate) fn start<S, T>(connection: Connection<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let mut task = JoinSet::new();
        task.spawn(drive(connection, Arc::clone(&heard)));
        Self { task, heard }
    }

    /// The warnings since the last call. Those of a statement are here before its end is.
    pub(crate) fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.heard).warnings)
    }

    /// What a client's error means: one that only says that the connection is closed gives way to the reason.
    pub(crate) fn explain(&self, error: &tokio_postgres::Error) -> Error {
        if error.is_closed()
            && let Some(reason) = &lock(&self.heard).ended
        {
            return reason.clone();
        }
        error::working(error)
    }

    /// The same of a statement that went to the server as it is here.
    pub(crate) fn explain_statement(
        &self,
        error: &tokio_postgres::Error,
        statement: &str,
    ) -> Error {
        error::in_statement(error, statement).unwrap_or_else(|| self.explain(error))
    }

    /// Closes the connection at once, whatever it is doing.
    pub(crate) fn abort(&mut self) {
        self.task.abort_all();
    }

    /// Waits until the connection has said goodbye.
    pub(crate) async fn ended(&mut self) {
        while self.task.join_next().await.is_some() {}
    }
}

async fn drive<S, T>(mut connection: Connection<S, T>, heard: Arc<Mutex<Heard>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notice(notice)) => {
                let warnings = &mut lock(&heard).warnings;
                if warnings.len() < WARNINGS {
                    warnings.push(warning(&notice));
                }
            }
            Ok(_) => {}
            Err(error) => {
                lock(&heard).ended = Some(error::working(&error));
                break;
            }
        }
    }
}

fn warning(notice: &DbError) -> String {
    let mut words = format!("{}: {}", notice.severity(), notice.message());
    if let Some(detail) = notice.detail() {
        words.push_str(&format!("; detail: {detail}"));
    }
    words
}

fn lock(heard: &Mutex<Heard>) -> std::sync::MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
