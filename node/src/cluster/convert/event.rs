//! Events.

use std::sync::Arc;

use peerflow_wire as wire;

use crate::events::NodeEvent;

/// As a peer is told.
pub(in crate::cluster) fn event_to_wire(event: &NodeEvent) -> wire::EventMessage {
    match event {
        NodeEvent::Instance(instance) => {
            wire::EventMessage::Instance(Box::new(instance.as_ref().clone()))
        }
        NodeEvent::Step(visit) => wire::EventMessage::Step(Box::new(visit.as_ref().clone())),
        NodeEvent::Definition { name, deleted } => wire::EventMessage::Definition {
            name: name.clone(),
            deleted: *deleted,
        },
        NodeEvent::Cluster => wire::EventMessage::Cluster,
    }
}

/// As a peer told; `None` when it is no event for readers. One that was missed makes them ask again.
pub(in crate::cluster) fn event_from_wire(message: wire::EventMessage) -> Option<NodeEvent> {
    Some(match message {
        wire::EventMessage::Following => return None,
        wire::EventMessage::Instance(instance) => NodeEvent::Instance(Arc::new(*instance)),
        wire::EventMessage::Step(visit) => NodeEvent::Step(Arc::new(*visit)),
        wire::EventMessage::Definition { name, deleted } => NodeEvent::Definition { name, deleted },
        wire::EventMessage::Cluster | wire::EventMessage::Missed { .. } => NodeEvent::Cluster,
    })
}
