//! Orders, and what workers tell.

use std::sync::Arc;

use jiff::tz::TimeZone;
use peerflow_engine::{AttemptResult, Event, Peer, Report};
use peerflow_gossip::Member;
use peerflow_wire as wire;
use peerflow_workflow::LogicalTime;

use crate::worker::{Assignment, Order, PeerEvent, WorkflowSource};

/// Something that a peer may not say.
#[derive(Debug, thiserror::Error)]
#[error("it speaks for another node or another life of itself")]
pub(in crate::cluster) struct Unspeakable;

/// As a worker elsewhere is ordered.
pub(in crate::cluster) fn order_to_wire(order: Order) -> wire::Order {
    match order {
        Order::Dispatch(assignment) => wire::Order::Dispatch(Box::new(dispatch(*assignment))),
        Order::Kill { attempt, reason } => wire::Order::Kill { attempt, reason },
        Order::Acknowledge { attempt } => wire::Order::Acknowledge { attempt },
        Order::Grant { number, lease } => wire::Order::Grant { number, lease },
    }
}

fn dispatch(assignment: Assignment) -> wire::DispatchMessage {
    let (workflow, step) = match assignment.workflow {
        WorkflowSource::Here { workflow, step } => {
            (workflow.name.clone(), workflow.step(step).name.clone())
        }
        WorkflowSource::Stored { workflow, step } => (workflow, step),
    };
    let zone = &assignment.logical_time.zone;
    wire::DispatchMessage {
        attempt: assignment.attempt,
        grant: assignment.grant,
        epoch: assignment.epoch,
        incarnation: assignment.incarnation,
        definition: assignment.definition,
        workflow,
        step,
        params: Arc::unwrap_or_clone(assignment.params),
        logical_time: assignment.logical_time.instant,
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        created_at: assignment.created_at,
        timeout: assignment.timeout,
        files: assignment.files.to_vec(),
    }
}

/// As this node's worker is ordered.
pub(in crate::cluster) fn order_from_wire(order: wire::Order) -> Order {
    match order {
        wire::Order::Dispatch(message) => Order::Dispatch(Box::new(assignment(*message))),
        wire::Order::Kill { attempt, reason } => Order::Kill { attempt, reason },
        wire::Order::Acknowledge { attempt } => Order::Acknowledge { attempt },
        wire::Order::Grant { number, lease } => Order::Grant { number, lease },
    }
}

fn assignment(message: wire::DispatchMessage) -> Assignment {
    let zone = TimeZone::get(&message.zone).unwrap_or_else(|_unknown| {
        tracing::warn!(
            zone = message.zone,
            "a workflow's time zone is unknown here, UTC is used; install it on every node"
        );
        TimeZone::UTC
    });
    Assignment {
        attempt: message.attempt,
        incarnation: message.incarnation,
        epoch: message.epoch,
        grant: message.grant,
        definition: message.definition,
        workflow: WorkflowSource::Stored {
            workflow: message.workflow,
            step: message.step,
        },
        params: Arc::new(message.params),
        logical_time: LogicalTime {
            instant: message.logical_time,
            zone,
        },
        created_at: message.created_at,
        timeout: message.timeout,
        files: message.files.into(),
    }
}

/// As a master elsewhere is told; `None` for what no worker tells.
pub(in crate::cluster) fn told_to_wire(event: PeerEvent) -> Option<wire::Told> {
    let event = match event {
        PeerEvent::GrantRequest { number, .. } => {
            return Some(wire::Told::GrantRequest { number });
        }
        PeerEvent::Told(event) => event,
        PeerEvent::Attached { .. } | PeerEvent::Detached { .. } | PeerEvent::Down { .. } => {
            return None;
        }
    };
    match event {
        Event::Peer(peer) => Some(wire::Told::Peer(wire::PeerMessage {
            id: peer.id,
            incarnation: peer.incarnation,
            hosts: peer.hosts,
            labels: peer.labels,
            slots: peer.slots,
            draining: peer.draining,
        })),
        Event::Inventory {
            node,
            incarnation,
            attempts,
        } => Some(wire::Told::Inventory {
            node,
            incarnation,
            attempts,
        }),
        Event::Report {
            attempt,
            node,
            incarnation,
            report,
        } => Some(wire::Told::Report {
            attempt,
            node,
            incarnation,
            report: report_to_wire(report),
        }),
        Event::Wake
        | Event::Request { .. }
        | Event::PeerDown { .. }
        | Event::PeerUnreachable { .. }
        | Event::GrantOver { .. } => None,
    }
}

/// As this node's engine is told by a worker elsewhere, which speaks for this very life of itself alone.
///
/// # Errors
/// When it speaks for another.
pub(in crate::cluster) fn told_from_wire(
    told: wire::Told,
    member: &Member,
) -> Result<PeerEvent, Unspeakable> {
    let event = match told {
        wire::Told::GrantRequest { number } => {
            return Ok(PeerEvent::GrantRequest {
                node: member.id.clone(),
                number,
            });
        }
        wire::Told::Peer(peer) => Event::Peer(peer_from_wire(peer)),
        wire::Told::Inventory {
            node,
            incarnation,
            attempts,
        } => Event::Inventory {
            node,
            incarnation,
            attempts,
        },
        wire::Told::Report {
            attempt,
            node,
            incarnation,
            report,
        } => Event::Report {
            attempt,
            node,
            incarnation,
            report: report_from_wire(report),
        },
        // The link ends before they come here.
        wire::Told::Refused { .. } | wire::Told::Busy { .. } => return Err(Unspeakable),
    };
    let speaks_for_itself = match &event {
        Event::Peer(peer) => peer.id == member.id && peer.incarnation == member.incarnation,
        Event::Inventory {
            node, incarnation, ..
        }
        | Event::Report {
            node, incarnation, ..
        } => *node == member.id && *incarnation == member.incarnation,
        _ => false,
    };
    if speaks_for_itself {
        Ok(PeerEvent::Told(event))
    } else {
        Err(Unspeakable)
    }
}

fn peer_from_wire(peer: wire::PeerMessage) -> Peer {
    Peer {
        id: peer.id,
        incarnation: peer.incarnation,
        hosts: peer.hosts,
        labels: peer.labels,
        slots: peer.slots,
        draining: peer.draining,
        // Gossip tells it.
        load: 0,
    }
}

fn report_to_wire(report: Report) -> wire::ReportMessage {
    match report {
        Report::Started { at } => wire::ReportMessage::Started { at },
        Report::Refused { reason } => wire::ReportMessage::Refused { reason },
        Report::Ended {
            result,
            exit_code,
            message,
            started_at,
            ended_at,
            readings,
            warning,
        } => wire::ReportMessage::Ended(Box::new(wire::EndedMessage {
            result: match result {
                AttemptResult::Succeeded => wire::AttemptResultMessage::Succeeded,
                AttemptResult::Failed => wire::AttemptResultMessage::Failed,
                AttemptResult::Killed => wire::AttemptResultMessage::Killed,
                AttemptResult::TimedOut => wire::AttemptResultMessage::TimedOut,
                AttemptResult::Revoked => wire::AttemptResultMessage::Revoked,
                AttemptResult::Moved => wire::AttemptResultMessage::Moved,
            },
            exit_code,
            message,
            started_at,
            ended_at,
            readings,
            warning,
        })),
    }
}

fn report_from_wire(report: wire::ReportMessage) -> Report {
    match report {
        wire::ReportMessage::Started { at } => Report::Started { at },
        wire::ReportMessage::Refused { reason } => Report::Refused { reason },
        wire::ReportMessage::Ended(ended) => Report::Ended {
            result: match ended.result {
                wire::AttemptResultMessage::Succeeded => AttemptResult::Succeeded,
                wire::AttemptResultMessage::Failed => AttemptResult::Failed,
                wire::AttemptResultMessage::Killed => AttemptResult::Killed,
                wire::AttemptResultMessage::TimedOut => AttemptResult::TimedOut,
                wire::AttemptResultMessage::Revoked => AttemptResult::Revoked,
                wire::AttemptResultMessage::Moved => AttemptResult::Moved,
            },
            exit_code: ended.exit_code,
            message: ended.message,
            started_at: ended.started_at,
            ended_at: ended.ended_at,
            readings: ended.readings,
            warning: ended.warning,
        },
    }
}
