//! `instance log --follow`: lines as they come, until the run is over.

#[cfg(test)]
mod tests;

use std::time::Duration;

use peerflow_node::http::types::LogPage;
use serde_json::Value;
use tokio::time::Instant;

use super::print_page;
use crate::client::{Ask, Client, EventStream, query, segment, typed};
use crate::error::Error;
use crate::output::Output;

/// Between two tries to reach a peer again.
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// Follows the log of one run, across the end of any peer that tells it: what was printed is known by its cursor.
#[derive(Debug)]
pub(super) struct LogFollower<'f> {
    client: &'f Client,
    output: &'f Output,
    instance: &'f str,
    run: u32,
    step: Option<String>,
    /// Where to go on.
    cursor: Option<String>,
    /// When something was heard last.
    heard: Instant,
    /// Whether the user was told that nobody answers.
    told: bool,
}

/// Why a stream of lines is over.
#[derive(Debug)]
enum Over {
    /// The run is.
    Run,
    /// The connection is.
    Connection(Error),
}

impl<'f> LogFollower<'f> {
    pub(super) fn new(
        client: &'f Client,
        output: &'f Output,
        instance: &'f str,
        run: u32,
        step: Option<String>,
    ) -> Self {
        Self {
            client,
            output,
            instance,
            run,
            step,
            cursor: None,
            heard: Instant::now(),
            told: false,
        }
    }

    /// Prints lines until the run is over.
    ///
    /// # Errors
    /// When a peer refuses, or nobody is heard for `patience`.
    pub(super) async fn follow(mut self, patience: Duration) -> Result<(), Error> {
        loop {
            let error = match self.client.events(&self.ask()).await {
                Ok(events) => match self.print(events).await? {
                    Over::Run => return Ok(()),
                    Over::Connection(error) => error,
                },
                Err(error) => error,
            };
            let left = patience.saturating_sub(self.heard.elapsed());
            if left.is_zero() || !error.is_passing() {
                return Err(error);
            }
            if !std::mem::replace(&mut self.told, true) {
                let language = self.output.language;
                self.output
                    .note(&language.note(language.peer_away(left.as_secs())));
            }
            tokio::time::sleep(RETRY_EVERY.min(left)).await;
        }
    }

    fn ask(&self) -> Ask {
        let query = query(&[
            ("run", Some(self.run.to_string())),
            ("step", self.step.clone()),
            ("follow", Some("true".to_owned())),
            ("cursor", self.cursor.clone()),
        ]);
        Ask::get(format!("/instances/{}/log{query}", segment(self.instance)))
    }

    /// Prints what `events` tell, and remembers how far that is.
    async fn print(&mut self, mut events: EventStream) -> Result<Over, Error> {
        let begun = Instant::now();
        loop {
            match events.next().await {
                Ok(Some(event)) => {
                    self.hear();
                    match event.name.as_str() {
                        "log" => {
                            let page: Value = serde_json::from_str(&event.data)
                                .map_err(|error| Error::Answer(error.to_string()))?;
                            print_page(self.output, &page)?;
                            self.cursor = Some(typed::<LogPage>(&page)?.next);
                        }
                        "end" => return Ok(Over::Run),
                        // What a newer peer tells beside.
                        _ => {}
                    }
                }
                over => {
                    // A stream that lasted shows that a peer was there, though it had nothing to tell.
                    if begun.elapsed() > RETRY_EVERY {
                        self.hear();
                    }
                    return match over {
                        Err(error) if !error.is_passing() => Err(error),
                        Err(error) => Ok(Over::Connection(error)),
                        Ok(_) => Ok(Over::Connection(Error::Cut("the peer stopped".to_owned()))),
                    };
                }
            }
        }
    }

    fn hear(&mut self) {
        self.heard = Instant::now();
        self.told = false;
    }
}
