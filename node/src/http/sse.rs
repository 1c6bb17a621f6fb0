//! Server-sent events: places for followers, and streams that end when the node stops.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::api::Api;
use super::problem::{ApiProblem, Kind};

/// A comment is sent this often, so that a broken connection is noticed on both sides.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A stream of events.
pub(super) type Events = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// Answers with `events` until they or the node end. Each follower takes a place; without a free one the caller is told
/// to come back.
pub(super) fn answer(api: &Arc<Api>, events: Events) -> Result<Response, ApiProblem> {
    let place = Arc::clone(&api.followers)
        .try_acquire_owned()
        .map_err(|_full| {
            ApiProblem::new(
                Kind::Busy,
                "too many streams are followed; close one or ask another peer",
            )
        })?;
    let stopping: CancellationToken = api.state.stopping.clone();
    let stream = events
        .take_until(stopping.cancelled_owned())
        .map(move |event| {
            let _held_while_the_stream_lives = &place;
            Ok::<_, Infallible>(event)
        });
    Ok(Sse::new(stream)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response())
}

/// An event with JSON as its data.
pub(super) fn event(name: &str, data: &impl Serialize) -> Event {
    match Event::default().event(name).json_data(data) {
        Ok(event) => event,
        Err(error) => Event::default()
            .event("error")
            .data(error.to_string().replace(['\r', '\n'], " ")),
    }
}
