//! The thread of a session: ODBC's calls block.

use std::mem;

use odbc_api::handles::SqlResult;
use odbc_api::{Connection, ConnectionOptions, environment};
use peerflow_rows::{Error, Trouble};
use tokio::sync::{mpsc, oneshot};

use crate::connection_string::Settings;
use crate::failure::told;
use crate::running::Running;
use crate::system::System;

/// What the thread is given to do.
type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// What a job works with, on the thread.
pub(crate) struct Worker {
    pub(crate) connection: Connection<'static>,
    pub(crate) running: Running,
    pub(crate) system: System,
    /// Seconds.
    pub(crate) statement_timeout: Option<usize>,
}

/// What a driver tells of its database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) system: System,
    pub(crate) quote: Option<char>,
}

/// A thread with a connection. Dropping it ends both, after what runs was stopped.
#[derive(Debug)]
pub(crate) struct Thread {
    jobs: mpsc::Sender<Job>,
    pub(crate) running: Running,
}

impl Thread {
    pub(crate) async fn start(settings: Settings) -> Result<(Self, Told), Error> {
        let (jobs, mut given) = mpsc::channel::<Job>(1);
        let (answer, answered) = oneshot::channel();
        let running = Running::default();
        let of_thread = running.clone();
        std::thread::Builder::new()
            .name("odbc".to_owned())
            .spawn(move || {
                let (mut worker, told) = match Worker::connect(&settings, of_thread) {
                    Ok(connected) => connected,
                    Err(error) => {
                        // Nobody waits any more.
                        answer.send(Err(error)).ok();
                        return;
                    }
                };
                answer.send(Ok(told)).ok();
                while let Some(job) = given.blocking_recv() {
                    worker.running.clear();
                    job(&mut worker);
                }
                worker.close();
            })
            .map_err(|error| {
                Error::new(Trouble::Lost, format!("no thread for the driver: {error}"))
            })?;
        let told = answered.await.map_err(|_ended| gone())??;
        Ok((Self { jobs, running }, told))
    }

    /// Does a job and waits for its end. Whoever stops waiting stops the job.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Worker) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job = move |worker: &mut Worker| {
            answer.send(job(worker)).ok();
        };
        self.jobs
            .send(Box::new(job))
            .await
            .map_err(|_ended| gone())?;
        let mut waiting = Waiting(Some(&self.running));
        let done = answered.await.map_err(|_ended| gone())?;
        waiting.0 = None;
        done
    }
}

/// Somebody waits for a job.
struct Waiting<'a>(Option<&'a Running>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.0 {
            running.stop_elsewhere();
        }
    }
}

impl Worker {
    fn connect(settings: &Settings, running: Running) -> Result<(Self, Told), Error> {
        let secretless = |error: &odbc_api::Error| {
            let error = told(error);
            Error {
                message: settings.without_secrets(&error.message),
                ..error
            }
        };
        let options = ConnectionOptions {
            login_timeout_sec: Some(Settings::login_timeout()),
            packet_size: None,
        };
        let environment = environment().map_err(|error| told(&error))?;
        let text = settings.connection_string();
        let connection = environment
            .connect_with_connection_string(&text, options)
            .or_else(|error| match without_timeout(&error) {
                // Not every driver knows a limit for logging in.
                true => {
                    environment.connect_with_connection_string(&text, ConnectionOptions::default())
                }
                false => Err(error),
            })
            .map_err(|error| secretless(&error))?;
        let name = connection
            .database_management_system_name()
            .unwrap_or_default();
        let told = Told {
            system: System::named(&name),
            quote: connection.identifier_quote_char().ok().flatten(),
        };
        let statement_timeout = settings
            .statement_timeout
            .and_then(|timeout| usize::try_from(timeout.as_secs().max(1)).ok());
        let worker = Self {
            connection,
            running,
            system: told.system,
            statement_timeout,
        };
        Ok((worker, told))
    }

    /// Undoes what was not committed and closes the connection.
    fn close(self) {
        // Drivers refuse to disconnect while a transaction is open; one that is dead cannot roll back either.
        self.connection.rollback().ok();
        let mut handle = self.connection.into_handle();
        match handle.disconnect() {
            SqlResult::Success(()) | SqlResult::SuccessWithInfo(()) => {}
            // Freeing it would be refused with a panic; the driver's memory for one dead connection stays.
            _ => mem::forget(handle),
        }
    }
}

/// Whether a driver only refused the limit for logging in.
fn without_timeout(error: &odbc_api::Error) -> bool {
    matches!(
        error,
        odbc_api::Error::Diagnostics {
            function: "SQLSetConnectAttr" | "SQLSetConnectAttrW",
            ..
        }
    )
}

fn gone() -> Error {
    Error::new(Trouble::Lost, "the ODBC driver broke off; connect anew")
}
