//! Stopping the statement that runs on a connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use odbc_api::handles::{AsStatementRef, Statement as _};
use odbc_api::sys;
use peerflow_rows::{Cancel, Error, Trouble};

/// The statement that runs, for those who stop it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_stopped: AtomicBool,
    statement: Mutex<Option<Statement>>,
}

/// A statement's handle. It is alive as long as it stands in [`Shared::statement`].
#[derive(Debug)]
struct Statement(sys::HStmt);

#[expect(unsafe_code, reason = "a handle is only a number to us")]
// SAFETY: the only thing that is done with it on another thread is SQLCancel, which ODBC allows for that very purpose.
unsafe impl Send for Statement {}

impl Running {
    /// Nothing runs that was to end.
    pub(crate) fn clear(&self) {
        self.0.is_stopped.store(false, Ordering::Release);
    }

    /// Ask between rows.
    pub(crate) fn is_stopped(&self) -> Result<(), Error> {
        if self.0.is_stopped.load(Ordering::Acquire) {
            Err(Error::new(
                Trouble::Cancelled,
                "the statement was cancelled",
            ))
        } else {
            Ok(())
        }
    }

    /// Lets the statement be stopped until what is returned is dropped, which must be before the statement is.
    pub(crate) fn lends(&self, statement: &mut impl AsStatementRef) -> Lent {
        *self.statement() = Some(Statement(statement.as_stmt_ref().as_sys()));
        Lent(self.clone())
    }

    /// Blocks while the driver asks its server.
    pub(crate) fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Release);
        if let Some(statement) = &*self.statement() {
            #[expect(unsafe_code, reason = "odbc-api has no call for it")]
            // SAFETY: the handle is alive: whoever frees it has to take it out of the mutex before, which we hold.
            // What the driver answers does not matter, for the statement itself tells what became of it.
            let _answer = unsafe { sys::SQLCancel(statement.0) };
        }
    }

    /// For when nobody waits for the statement any more.
    pub(crate) fn stop_elsewhere(&self) {
        let running = self.clone();
        let spawned = std::thread::Builder::new()
            .name("odbc-cancel".to_owned())
            .spawn(move || running.stop());
        // Without a thread the flag alone stops it, between two rows.
        if spawned.is_err() {
            self.0.is_stopped.store(true, Ordering::Release);
        }
    }

    fn statement(&self) -> MutexGuard<'_, Option<Statement>> {
        self.0
            .statement
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A statement that can be stopped.
#[derive(Debug)]
pub(crate) struct Lent(Running);

impl Drop for Lent {
    fn drop(&mut self) {
        *self.0.statement() = None;
    }
}

#[async_trait]
impl Cancel for Running {
    async fn cancel(&self) -> Result<(), Error> {
        let running = self.clone();
        tokio::task::spawn_blocking(move || running.stop())
            .await
            .map_err(|error| Error::new(Trouble::Lost, error.to_string()))
    }
}
