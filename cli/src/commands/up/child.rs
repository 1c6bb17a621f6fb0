//! The process of one node: started, kept, stopped.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::place::Place;
use crate::language::Language;
use crate::output::Output;
use crate::style::clean;

/// Between the end of a process and its next start; twice as long each time.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A process that ran so long is started again as if it were the first time.
const LONG_LIFE: Duration = Duration::from_secs(60);
/// How long the last words of a process are waited for: what it started may hold its output open.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// A longer line is shown in pieces.
const LONGEST_LINE: u64 = 8 * 1024;

/// What all nodes are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Run,
    /// End cleanly.
    Stop,
    /// End now.
    Kill,
}

/// Why a node is not kept any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It was told to, by this process or by somebody else.
    Stopped,
    /// It could not be started.
    Failed,
}

/// One node, kept running.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) place: Place,
    pub(super) output: Output,
    pub(super) orders: watch::Receiver<Order>,
    pub(super) were_ready: watch::Receiver<bool>,
}

impl Child {
    /// Runs the process, again when it ends by itself, until it is told to stop.
    pub(super) async fn keep(mut self) -> Left {
        let language = self.output.language;
        let mut pause = SHORTEST_PAUSE;
        let mut is_again = false;
        loop {
            let begun = Instant::now();
            let (how, pid) = match self.place.command().and_then(|mut command| command.spawn()) {
                Ok(process) => {
                    let pid = process.id().unwrap_or_default();
                    if is_again {
                        self.note(&language.up_child_again(&self.place.name, pid));
                    }
                    match self.attend(process).await {
                        Some(status) if !status.success() => (words(language, status), pid),
                        ended => {
                            if ended.is_some() && *self.orders.borrow() == Order::Run {
                                self.note(&language.up_child_left(&self.place.name));
                            }
                            return Left::Stopped;
                        }
                    }
                }
                Err(error) => (error.to_string(), 0),
            };
            if *self.orders.borrow() != Order::Run {
                return Left::Stopped;
            }
            if !*self.were_ready.borrow() {
                let text = language.up_child_failed(&self.place.name, how);
                self.note(&language.error(text));
                return Left::Failed;
            }
            pause = if begun.elapsed() >= LONG_LIFE {
                SHORTEST_PAUSE
            } else {
                pause
            };
            self.note(&language.up_child_died(&self.place.name, pid, how, pause.as_secs()));
            let stopped = self.orders.wait_for(|order| *order != Order::Run);
            if timeout(pause, stopped).await.is_ok() {
                return Left::Stopped;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            is_again = true;
        }
    }

    /// Shows what the process says and passes orders on until it ends; `None` when nobody can tell how.
    async fn attend(&mut self, mut process: process::Child) -> Option<ExitStatus> {
        // Its end is the word to stop.
        let mut input = process.stdin.take();
        let speech = process.stderr.take();
        let speaking = show(speech, &self.place.name, &self.output);
        tokio::pin!(speaking);
        let mut is_silent = false;
        let status = loop {
            tokio::select! {
                biased;
                status = process.wait() => break status.ok(),
                changed = self.orders.changed() => match changed.map(|()| *self.orders.borrow_and_update()) {
                    Ok(Order::Run) => {}
                    Ok(Order::Stop) => drop(input.take()),
                    // It may have ended this moment.
                    Ok(Order::Kill) | Err(_) => drop(process.start_kill()),
                },
                () = &mut speaking, if !is_silent => is_silent = true,
            }
        };
        if !is_silent {
            drop(timeout(LAST_WORDS, speaking).await);
        }
        status
    }

    fn note(&self, text: &str) {
        self.output.note(text);
    }
}

/// Shows what a process writes, each line under the node's name, until it closes its output.
async fn show(speech: Option<impl AsyncRead + Unpin>, name: &str, output: &Output) {
    let Some(speech) = speech else { return };
    let mut speech = BufReader::new(speech);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut piece = (&mut speech).take(LONGEST_LINE);
        match piece.read_until(b'\n', &mut line).await {
            Ok(1..) => {
                let text = String::from_utf8_lossy(&line);
                output.note(&format!("{name} | {}", clean(text.trim_end())));
            }
            Ok(0) | Err(_) => return,
        }
    }
}

/// How a process ended.
fn words(language: Language, status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => language.up_by_signal(signal),
        (None, code) => language.up_with_code(code.unwrap_or_default()),
    }
}
