//! Watching an instance until it ends.

#[cfg(test)]
mod tests;

use std::io::Write as _;
use std::time::Duration;

use http::Method;
use peerflow_node::http::types::Instance;
use serde_json::Value;
use tokio::time::Instant;

use super::changes::Changes;
use super::tree::{Frame, draw};
use crate::client::{Ask, Client, segment, typed};
use crate::error::Error;
use crate::interrupt::Interrupts;
use crate::output::{Output, Terminal};

/// What Ctrl-C does to the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnInterrupt {
    /// Nobody else looks after it: kill it and wait until it is over.
    Kill,
    /// It lives on its node: stop watching.
    Leave,
}

/// Looks this often: soon after something changed, more seldom while nothing does.
const SOONEST: Duration = Duration::from_millis(40);
const LATEST: Duration = Duration::from_millis(500);

/// Watches `id` until it ends and shows what happens on the way, unless the answer is for programs.
///
/// # Errors
/// When the peer refuses, stays away for longer than `patience`, or Ctrl-C ends the watch.
pub(crate) async fn follow(
    client: &Client,
    output: &Output,
    id: &str,
    on_interrupt: OnInterrupt,
    interrupts: &mut Interrupts,
    patience: Duration,
) -> Result<(Value, Instance), Error> {
    let mut watch = Watch {
        client,
        screen: Screen::new(*output),
        id,
        on_interrupt,
        asked_to_die: false,
    };
    let ask = Ask::get(format!("/instances/{}", segment(id)));
    let mut pace = SOONEST;
    let mut last_answer = Instant::now();
    let mut told = false;
    let mut previous = Value::Null;
    loop {
        let answer = tokio::select! {
            biased;
            () = interrupts.next() => {
                watch.interrupted().await?;
                continue;
            }
            answer = client.value(&ask) => answer,
        };
        match answer {
            Ok(raw) => {
                last_answer = Instant::now();
                told = false;
                let instance: Instance = typed(&raw)?;
                let over = instance.summary.status.is_final();
                watch.screen.show(&instance, over)?;
                if over {
                    return Ok((raw, instance));
                }
                pace = if raw == previous {
                    (pace * 3 / 2).min(LATEST)
                } else {
                    SOONEST
                };
                previous = raw;
            }
            Err(error) => {
                let left = patience.saturating_sub(last_answer.elapsed());
                if left.is_zero() || !error.is_passing() {
                    return Err(error);
                }
                if !std::mem::replace(&mut told, true) {
                    watch.screen.away(left);
                }
                pace = LATEST.min(left);
            }
        }
        tokio::select! {
            biased;
            () = interrupts.next() => watch.interrupted().await?,
            () = tokio::time::sleep(pace) => {}
        }
    }
}

/// What Ctrl-C is about.
#[derive(Debug)]
struct Watch<'w> {
    client: &'w Client,
    screen: Screen,
    id: &'w str,
    on_interrupt: OnInterrupt,
    asked_to_die: bool,
}

impl Watch<'_> {
    async fn interrupted(&mut self) -> Result<(), Error> {
        let language = self.screen.output.language;
        if self.on_interrupt == OnInterrupt::Leave {
            return Err(Error::Failed(language.stopped_watching(self.id)));
        }
        if self.asked_to_die {
            return Err(Error::Interrupted);
        }
        self.asked_to_die = true;
        self.screen.break_off();
        self.screen.output.note(&language.killing(self.id));
        let kill = format!("/instances/{}/kill", segment(self.id));
        self.client.value(&Ask::write(Method::POST, kill)).await?;
        Ok(())
    }
}

/// Shows what happens, as the terminal allows.
#[derive(Debug)]
struct Screen {
    output: Output,
    changes: Changes,
    /// Lines of the last drawing, which the next one replaces.
    drawn: usize,
}

impl Screen {
    fn new(output: Output) -> Self {
        Self {
            output,
            changes: Changes::default(),
            drawn: 0,
        }
    }

    fn show(&mut self, instance: &Instance, over: bool) -> Result<(), Error> {
        if !self.output.is_table() {
            return Ok(());
        }
        // Asked each time: the window may have changed.
        let terminal = if self.output.terminal.size.is_some() {
            Terminal::of_stdout()
        } else {
            self.output.terminal
        };
        match terminal.size {
            Some((width, height)) => self.redraw(instance, width.into(), height.into(), over),
            None => {
                let lines = self.changes.since(instance, self.output.language);
                self.output.text(&lines.join("\n"))
            }
        }
    }

    fn redraw(
        &mut self,
        instance: &Instance,
        width: usize,
        height: usize,
        over: bool,
    ) -> Result<(), Error> {
        let frame = Frame {
            language: self.output.language,
            colour: self.output.terminal.colour,
            width: Some(width),
            height: Some(height.saturating_sub(2).max(3)),
            now: crate::now(),
        };
        let lines = draw(instance, &frame);
        let mut picture = Vec::new();
        if self.drawn > 0 {
            // Up to where the last drawing began, then clear to the end of the screen.
            write!(
                picture,
                "\x1b[{}A\r\x1b[J",
                self.drawn.min(height.saturating_sub(1))
            )
            .map_err(|error| Error::Failed(self.output.language.cannot_print(&error)))?;
        }
        self.drawn = if over { 0 } else { lines.len() };
        picture.extend_from_slice(lines.join("\n").as_bytes());
        self.output.text(&String::from_utf8_lossy(&picture))
    }

    /// Says that nobody answers, and for how long that is borne.
    fn away(&mut self, left: Duration) {
        self.break_off();
        let language = self.output.language;
        self.output
            .note(&language.note(language.peer_away(left.as_secs())));
    }

    /// What is said next must not be drawn over.
    fn break_off(&mut self) {
        self.drawn = 0;
    }
}
