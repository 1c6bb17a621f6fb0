//! Rows on their way: one task reads, one hands on, one for each writer writes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use peerflow_rows::{Cancel, batches};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use super::files::Files;
use super::relay::{Progress, Shares, relay};
use super::source::Source;
use super::writer::{WriteError, Writer};
use crate::attempt::{Attempt, Unsuccessful};
use crate::log::Bytes;

/// Between two looks at the progress, each shown to whoever watches the step.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks from one line about the progress to the next.
const LOOKS_A_LINE: u32 = 5;

/// How long a server may take to stop a statement.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// How long what was told to stop may take to come to its end; then its connection is dropped.
const END_LIMIT: Duration = Duration::from_secs(5);

/// How long to look for the line of a row that was refused; until then the target's transaction is open.
const LOCATE_LIMIT: Duration = Duration::from_secs(60);

/// Batches that wait for each of several writers.
const BATCHES_OF_ONE: usize = 2;

/// All rows are at the target, and not in place yet.
#[derive(Debug)]
pub(super) struct Pumped {
    pub(super) writers: Vec<Writer>,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) took: Duration,
}

/// Not all rows came there.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) end: Unsuccessful,
    /// Those that can be used further.
    pub(super) writers: Vec<Writer>,
}

/// Moves all rows. Nothing of it runs on when this returns.
pub(super) async fn pump(
    attempt: &mut Attempt<'_>,
    source: Source,
    writers: Vec<Writer>,
) -> Result<Pumped, Broken> {
    let files = source.files();
    let mut pump = Pump::start(source, writers);
    let stopped = pump.watch(attempt).await;
    if stopped.is_some() || pump.failure.is_some() {
        let problems = pump.wind_down(stopped.is_some()).await;
        for problem in problems {
            attempt.warn(problem).await;
        }
    }
    let failure = match (stopped, pump.failure.take()) {
        (Some(stopped), _) => Some(stopped),
        (None, Some(failure)) => Some(pump.explain(attempt, failure, files).await),
        (None, None) => pump.missing().map(Unsuccessful::failed),
    };
    let (rows, bytes) = pump.so_far();
    let writers = pump.writers.into_iter().flatten().collect();
    match failure {
        Some(end) => Err(Broken { end, writers }),
        None => Ok(Pumped {
            writers,
            rows,
            bytes,
            took: pump.began.elapsed(),
        }),
    }
}

/// What a task of the pump ends with.
#[derive(Debug)]
enum Ended {
    Source(Result<u64, String>),
    Relay,
    Writer(usize, Box<Writer>, Result<u64, WriteError>),
}

/// What went wrong first.
#[derive(Debug)]
enum Failure {
    Source(String),
    Writer(usize, WriteError),
    /// A task broke off.
    Task(String),
}

#[derive(Debug)]
struct Pump {
    tasks: JoinSet<Ended>,
    relay: AbortHandle,
    progress: Arc<Progress>,
    shares: Arc<Mutex<Shares>>,
    began: Instant,
    source_cancel: Option<(String, Arc<dyn Cancel>)>,
    writer_cancels: Vec<Option<(String, Arc<dyn Cancel>)>>,
    /// The names of the table's columns, for messages.
    columns: Vec<String>,
    read: Option<u64>,
    written: u64,
    /// Those that came back.
    writers: Vec<Option<Writer>>,
    failure: Option<Failure>,
}

impl Pump {
    fn start(source: Source, writers: Vec<Writer>) -> Self {
        let source_cancel = source.canceller();
        let writer_cancels = writers.iter().map(Writer::canceller).collect();
        let columns = writers.first().map(Writer::columns).unwrap_or_default();
        let count = writers.len();
        let progress = Arc::new(Progress::default());
        let shares = Arc::new(Mutex::new(Shares::new(count)));
        let mut tasks = JoinSet::new();
        let (to_relay, from_source) = batches();
        tasks.spawn(async move { Ended::Source(source.run(to_relay).await) });
        let mut to_writers = Vec::with_capacity(count);
        for (index, writer) in writers.into_iter().enumerate() {
            let (sender, receiver) = if count == 1 {
                batches()
            } else {
                mpsc::channel(BATCHES_OF_ONE)
            };
            to_writers.push(sender);
            let mut writer = Box::new(writer);
            tasks.spawn(async move {
                let written = writer.write(receiver).await;
                Ended::Writer(index, writer, written)
            });
        }
        let (told, given) = (Arc::clone(&progress), Arc::clone(&shares));
        let relay = tasks.spawn(async move {
            relay(from_source, to_writers, &told, &given).await;
            Ended::Relay
        });
        Self {
            tasks,
            relay,
            progress,
            shares,
            began: Instant::now(),
            source_cancel,
            writer_cancels,
            columns,
            read: None,
            written: 0,
            writers: (0..count).map(|_| None).collect(),
            failure: None,
        }
    }

    /// Waits until all is done, something fails, or the attempt must stop; that is returned.
    async fn watch(&mut self, attempt: &mut Attempt<'_>) -> Option<Unsuccessful> {
        let mut tick = interval_at(self.began + LOOK_EVERY, LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = Looks::new(self.began);
        while self.failure.is_none() {
            let due = attempt.log.due();
            let flush = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                stopped = attempt.stop.stopped() => return Some(stopped),
                ended = self.tasks.join_next() => match ended {
                    Some(ended) => self.ended(ended),
                    None => return None,
                },
                now = tick.tick() => self.tell(attempt, &mut looks, now).await,
                () = flush => attempt.log.flush().await,
            }
        }
        None
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(Ended::Relay) => {}
            Ok(Ended::Source(Ok(rows))) => self.read = Some(rows),
            Ok(Ended::Source(Err(message))) => self.fail(Failure::Source(message)),
            Ok(Ended::Writer(index, writer, written)) => {
                self.writers[index] = Some(*writer);
                match written {
                    Ok(rows) => self.written += rows,
                    Err(error) => self.fail(Failure::Writer(index, error)),
                }
            }
            // What was told to stop is no failure of its own.
            Err(error) if error.is_cancelled() => {}
            Err(error) => self.fail(Failure::Task(format!(
                "a part of the transfer broke off: {error}"
            ))),
        }
    }

    /// The first failure is the cause of the others.
    fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }

    fn so_far(&self) -> (u64, u64) {
        let Progress { rows, bytes } = &*self.progress;
        (rows.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed))
    }

    /// Shows how far it has come, and now and then logs it: a line of a form that stays, with rows so far, rows a second
    /// since the last line, bytes so far.
    async fn tell(&mut self, attempt: &mut Attempt<'_>, looks: &mut Looks, now: Instant) {
        let (rows, bytes) = self.so_far();
        let (more, time) = looks.last.go_on(rows, now);
        attempt.log.show(peerflow_model::Progress {
            rows,
            bytes,
            rows_per_second: rate(more, time),
        });
        looks.count += 1;
        if looks.count.is_multiple_of(LOOKS_A_LINE) {
            let (more, time) = looks.line.go_on(rows, now);
            let line = progress(rows, more, time, bytes);
            let level = peerflow_model::LogLevel::Info;
            attempt.log.tell(level, &line).await;
        }
    }

    /// Ends all that still runs: after a failure by letting it come to its end, and what does not, or after a kill, by stopping
    /// it on its server. Says what could not be stopped.
    async fn wind_down(&mut self, at_once: bool) -> Vec<String> {
        // Then the source finds nobody who takes rows, and the writers find that no more come.
        self.relay.abort();
        let mut problems = Vec::new();
        if at_once || timeout(CANCEL_LIMIT, self.drain()).await.is_err() {
            let cancelling = cancel_all(self.running());
            let draining = timeout(END_LIMIT, self.drain());
            problems = tokio::join!(cancelling, draining).0;
        }
        self.tasks.shutdown().await;
        problems
    }

    async fn drain(&mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            self.ended(ended);
        }
    }

    /// What stops those that have not come to their end.
    fn running(&self) -> Vec<(String, Arc<dyn Cancel>)> {
        let source = self.source_cancel.iter().filter(|_| self.read.is_none());
        let writers = self.writer_cancels.iter().zip(&self.writers);
        let writers = writers.filter(|(_, back)| back.is_none());
        let writers = writers.filter_map(|(cancel, _)| cancel.as_ref());
        source.chain(writers).cloned().collect()
    }

    /// All tasks say that they are done. What they counted must agree.
    fn missing(&self) -> Option<String> {
        let (rows, _) = self.so_far();
        let read = self.read.unwrap_or_default();
        (read != rows || self.written != rows).then(|| {
            format!(
                "the source gave {read} rows, {rows} were handed on and the target took {}; run the step again",
                self.written
            )
        })
    }

    /// The number of a writer's row among all.
    fn row(&self, writer: usize, row: u64) -> Option<u64> {
        let shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.row(writer, row)
    }

    async fn explain(
        &mut self,
        attempt: &mut Attempt<'_>,
        failure: Failure,
        files: Option<Files>,
    ) -> Unsuccessful {
        let (index, error) = match failure {
            Failure::Source(message) | Failure::Task(message) => {
                return Unsuccessful::failed(message);
            }
            Failure::Writer(index, error) => (index, error),
        };
        let row = error.row.and_then(|row| self.row(index, row));
        let WriteError {
            message, column, ..
        } = error;
        let Some(row) = row else {
            return Unsuccessful::failed(match column {
                Some(column) => format!("column {column}: {message}"),
                None => message,
            });
        };
        let at = |column: &String| {
            self.columns
                .iter()
                .position(|it| it.eq_ignore_ascii_case(column))
        };
        let index = column.as_ref().and_then(at);
        let column = column.map_or_else(String::new, |column| format!(", column {column}"));
        let located = match files {
            Some(files) => {
                let looking = timeout(LOCATE_LIMIT, files.locate(row));
                match attempt.stop.guard(looking).await {
                    Ok(located) => located.unwrap_or_default(),
                    Err(stopped) => return stopped,
                }
            }
            None => None,
        };
        let Some((place, located)) = located else {
            return Unsuccessful::failed(format!("row {row}{column}: {message}"));
        };
        let line = located.line;
        let value = index.and_then(|index| located.values.get(index).cloned());
        let value = match value {
            Some(Some(value)) => format!(": value `{value}`"),
            Some(None) => ": value NULL".to_owned(),
            None => String::new(),
        };
        Unsuccessful::failed(format!("{place}, line {line}{column}{value}: {message}"))
    }
}

/// What was told of the progress.
#[derive(Debug)]
struct Looks {
    count: u32,
    last: Mark,
    line: Mark,
}

impl Looks {
    fn new(began: Instant) -> Self {
        let at = || Mark { rows: 0, at: began };
        Self {
            count: 0,
            last: at(),
            line: at(),
        }
    }
}

/// How many rows there were at an instant.
#[derive(Debug)]
struct Mark {
    rows: u64,
    at: Instant,
}

impl Mark {
    /// Moves on, and tells how many rows came in how much time since.
    fn go_on(&mut self, rows: u64, now: Instant) -> (u64, Duration) {
        let since = (rows - self.rows, now - self.at);
        *self = Self { rows, at: now };
        since
    }
}

/// Rows a second.
fn rate(rows: u64, time: Duration) -> u64 {
    // Any quotient of counts of rows fits.
    (rows as f64 / time.as_secs_f64().max(0.001)).round() as u64
}

/// `rows` so far, of which `more` within `time`.
pub(super) fn progress(rows: u64, more: u64, time: Duration, bytes: u64) -> String {
    let rate = rate(more, time);
    format!("{rows} rows, {rate} rows/s, {}", Bytes(bytes))
}

async fn cancel_all(running: Vec<(String, Arc<dyn Cancel>)>) -> Vec<String> {
    let cancelling = running.into_iter().map(|(link, cancel)| async move {
        let why = match timeout(CANCEL_LIMIT, cancel.cancel()).await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => format!("no answer within {} s", CANCEL_LIMIT.as_secs()),
        };
        Some(format!(
            "{link}: what ran there may run on, since it could not be cancelled: {why}"
        ))
    });
    join_all(cancelling).await.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_the_progress_keeps_its_form() {
        let line = progress(
            1_200_000,
            600_000,
            Duration::from_millis(2_500),
            137_573_171,
        );
        assert_eq!(line, "1200000 rows, 240000 rows/s, 131.2 MiB");
        assert_eq!(progress(0, 0, Duration::ZERO, 0), "0 rows, 0 rows/s, 0 B");
    }
}
