//! Events as they become durable.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use futures::StreamExt;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use crate::events::NodeEvent;
use crate::http::api::{Api, Shared};
use crate::http::extract::QueryOf;
use crate::http::problem::ApiProblem;
use crate::http::show::Show;
use crate::http::sse;
use crate::http::types::{Changed, DefinitionChanged, Lagged, StepChanged};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Only events of this instance.
    instance: Option<String>,
    /// Only instances and changes of this workflow; steps are left out.
    workflow: Option<String>,
}

/// Server-sent events: `instance` (an instance without its steps), `step`, `definition`, `cluster`. The first is always
/// `cluster`: whoever reads the present state after it misses nothing. `lagged` says that events were missed: read the present
/// state again; it also comes first on a connection with `Last-Event-ID`, since events are not kept.
#[utoipa::path(get, path = "/api/v1/events", tag = "cluster", params(EventsQuery), responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(super) async fn events(
    State(api): Shared,
    headers: HeaderMap,
    QueryOf(query): QueryOf<EventsQuery>,
) -> Result<Response, ApiProblem> {
    let receiver = api.state.events.subscribe();
    let show = api
        .show()
        .await
        .unwrap_or_else(|_store_is_away| api.own_show());
    let mut first = vec![sse::event("cluster", &changed(&api))];
    if headers.contains_key("last-event-id") {
        first.push(sse::event("lagged", &Lagged { missed: 0 }));
    }
    let follower = Follower {
        receiver,
        show,
        query,
        api: std::sync::Arc::clone(&api),
    };
    let later = futures::stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((event, follower))
    });
    let numbered = futures::stream::iter(first).chain(later).enumerate();
    let life = api.state.identity.incarnation.0;
    sse::answer(
        &api,
        Box::pin(numbered.map(move |(number, event)| event.id(format!("{life}-{number}")))),
    )
}

struct Follower {
    receiver: Receiver<NodeEvent>,
    show: Show,
    query: EventsQuery,
    api: std::sync::Arc<Api>,
}

impl Follower {
    async fn next(&mut self) -> Option<Event> {
        loop {
            match self.receiver.recv().await {
                Ok(event) => {
                    if let Some(event) = self.shown(&event) {
                        return Some(event);
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    return Some(sse::event("lagged", &Lagged { missed }));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// The event as it is sent; `None` when the follower did not ask for it.
    fn shown(&self, event: &NodeEvent) -> Option<Event> {
        let of_instance = |id: &str| {
            self.query
                .instance
                .as_deref()
                .is_none_or(|wanted| wanted == id)
        };
        let of_workflow = |name: &str| {
            self.query
                .workflow
                .as_deref()
                .is_none_or(|wanted| wanted == name)
        };
        match event {
            NodeEvent::Instance(instance) => (of_instance(instance.id.instance.as_str())
                && of_workflow(instance.workflow.as_str()))
            .then(|| sse::event("instance", &self.show.summary(instance))),
            NodeEvent::Step(visit) => {
                let run = &visit.id.run;
                (of_instance(run.instance.as_str()) && self.query.workflow.is_none()).then(|| {
                    let step = self.show.step(visit, &[]);
                    sse::event(
                        "step",
                        &StepChanged {
                            instance: run.instance.to_string(),
                            run: run.run,
                            step,
                        },
                    )
                })
            }
            NodeEvent::Definition { name, deleted } => {
                (self.query.instance.is_none() && of_workflow(name)).then(|| {
                    sse::event(
                        "definition",
                        &DefinitionChanged {
                            name: name.clone(),
                            deleted: *deleted,
                        },
                    )
                })
            }
            NodeEvent::Cluster => Some(sse::event("cluster", &changed(&self.api))),
        }
    }
}

fn changed(api: &Api) -> Changed {
    let state = api.state.scheduler.state();
    Changed {
        master: state.master.map(|master| master.to_string()),
        epoch: state.epoch.0,
        trouble: state.trouble,
    }
}
