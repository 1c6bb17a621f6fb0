//! Following the log of a run.
//!
//! Lines come from the store alone, by cursor; the hub and the events only tell when to look. So a follower sees each
//! line once and in the order of the store, whichever node the task runs on, and resumes where it was cut off.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use axum::response::sse::Event;
use peerflow_store::{LogChunk, LogCursor};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::api::Api;
use super::problem::ApiProblem;
use super::routes::log::{Wanted, page};
use super::show::Show;
use super::sse;
use super::types::LogPage;
use crate::events::NodeEvent;

/// How often the store is looked at when nothing is heard: the task may run on another node.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// After how many looks that found nothing it is asked whether the run is over, in case its end was not heard.
const ASK_EVERY: u32 = 5;

/// How long lines on their way to the store are waited for at the end of a run.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// Answers with the lines of `wanted` until its run is over.
pub(super) fn answer(api: &Arc<Api>, wanted: Wanted, show: Show) -> Result<Response, ApiProblem> {
    let follower = Follower {
        chunks: api.state.logs.follow(&wanted.run),
        elsewhere: api.state.logs.follow_elsewhere(&wanted.run),
        events: api.state.events.subscribe(),
        from: wanted.from,
        stage: Stage::Reading,
        idle_looks: ASK_EVERY,
        api: Arc::clone(api),
        wanted,
        show,
    };
    let events = futures::stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((event, follower))
    });
    sse::answer(api, Box::pin(events))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The run may write more.
    Reading,
    /// The run is over and its last lines are stored: what is read now is all.
    Last,
    /// The end was told.
    Told,
}

struct Follower {
    api: Arc<Api>,
    wanted: Wanted,
    show: Show,
    from: LogCursor,
    chunks: Receiver<Arc<LogChunk>>,
    /// Lines of tasks on other nodes.
    elsewhere: Receiver<()>,
    events: Receiver<NodeEvent>,
    stage: Stage,
    idle_looks: u32,
}

impl Follower {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.stage == Stage::Told {
                return None;
            }
            match page(&self.api, &self.wanted, self.from, &self.show).await {
                Ok(page) => {
                    if let Some(event) = self.shown(&page) {
                        return Some(event);
                    }
                    if page.more {
                        continue;
                    }
                    if self.stage == Stage::Last {
                        return self.end().await;
                    }
                }
                // The store is away: the follower stays, and goes on once it is back.
                Err(problem) => tracing::debug!(
                    reason = problem.problem.detail,
                    "a followed log cannot be read now"
                ),
            }
            self.wait().await;
        }
    }

    /// The page as an event; `None` when it has no line to show.
    fn shown(&mut self, page: &LogPage) -> Option<Event> {
        self.from = page.next.parse().map_or(self.from, LogCursor);
        let event = (!page.lines.is_empty()).then(|| sse::event("log", page).id(page.next.clone()));
        if event.is_some() {
            self.idle_looks = 0;
        }
        event
    }

    /// Waits until it is worth looking again.
    async fn wait(&mut self) {
        if self.idle_looks >= ASK_EVERY {
            self.idle_looks = 0;
            if self.is_over().await {
                return self.over().await;
            }
        }
        let run = &self.wanted.run;
        let ended = loop {
            tokio::select! {
                biased;
                chunk = self.chunks.recv() => match chunk {
                    Ok(_) | Err(RecvError::Lagged(_)) => break false,
                    // Nobody on this node writes any more.
                    Err(RecvError::Closed) => self.chunks = self.api.state.logs.follow(run),
                },
                hint = self.elsewhere.recv() => match hint {
                    Ok(()) | Err(RecvError::Lagged(_)) => break false,
                    Err(RecvError::Closed) => self.elsewhere = self.api.state.logs.follow_elsewhere(run),
                },
                event = self.events.recv() => match event {
                    Ok(NodeEvent::Instance(instance)) if instance.id == *run && instance.status.is_final() => break true,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        self.idle_looks = ASK_EVERY;
                        break false;
                    }
                    Err(RecvError::Closed) => {
                        tokio::time::sleep(LOOK_EVERY).await;
                        self.idle_looks = ASK_EVERY;
                        break false;
                    }
                },
                () = tokio::time::sleep(LOOK_EVERY) => {
                    self.idle_looks += 1;
                    break false;
                }
            }
        };
        // Chunks that came together are read together.
        while self.chunks.try_recv().is_ok() || self.elsewhere.try_recv().is_ok() {}
        if ended {
            self.over().await;
        }
    }

    async fn over(&mut self) {
        let state = &self.api.state;
        let run = &self.wanted.run;
        state
            .cluster
            .flush_logs(&state.logs, run, FLUSH_PATIENCE)
            .await;
        self.stage = Stage::Last;
    }

    async fn is_over(&self) -> bool {
        let run = &self.wanted.run;
        let found = self
            .api
            .read(self.api.state.store.run(&run.instance, Some(run.run)))
            .await;
        // One that was deleted meanwhile will not write either.
        found.is_ok_and(|found| found.is_none_or(|run| run.instance.status.is_final()))
    }

    async fn end(&mut self) -> Option<Event> {
        self.stage = Stage::Told;
        let run = &self.wanted.run;
        let found = self
            .api
            .read(self.api.state.store.run(&run.instance, Some(run.run)))
            .await
            .ok()??;
        Some(sse::event("end", &self.show.summary(&found.instance)))
    }
}
