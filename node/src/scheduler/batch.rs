//! What one turn of the loop makes durable, and what it does afterwards.

use std::collections::HashMap;
use std::sync::Arc;

use peerflow_engine::{Answer, Command, Dispatch, Refusal, RequestId};
use peerflow_model::{AttemptId, Change, NodeId, RunId, VisitId};

use crate::events::{EventHub, NodeEvent};

/// What is done once the batch is durable.
#[derive(Debug)]
pub(super) enum Action {
    Dispatch(Box<Dispatch>),
    Kill {
        node: NodeId,
        attempt: AttemptId,
        reason: String,
    },
    Acknowledge {
        node: NodeId,
        attempt: AttemptId,
    },
    Reply {
        id: RequestId,
        result: Result<Answer, Refusal>,
    },
}

/// The changes and actions of one turn. A record that changes several times in a turn is written once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// `None` where a later change of the same record took the place.
    changes: Vec<Option<Change>>,
    latest: HashMap<RecordKey, usize>,
    actions: Vec<Action>,
}

/// Records that change often.
#[derive(Debug, PartialEq, Eq, Hash)]
enum RecordKey {
    Instance(RunId),
    Visit(VisitId),
    Attempt(AttemptId),
}

impl Batch {
    /// Takes what the engine wants.
    pub(super) fn take(&mut self, commands: &mut Vec<Command>) {
        for command in commands.drain(..) {
            match command {
                Command::Persist(change) => self.persist(change),
                Command::Dispatch(dispatch) => self.actions.push(Action::Dispatch(dispatch)),
                Command::Kill {
                    attempt,
                    node,
                    reason,
                } => self.actions.push(Action::Kill {
                    node,
                    attempt,
                    reason,
                }),
                Command::Acknowledge { attempt, node } => {
                    self.actions.push(Action::Acknowledge { node, attempt })
                }
                Command::Reply { id, result } => self.actions.push(Action::Reply { id, result }),
                Command::Warn(message) => tracing::warn!("{message}"),
            }
        }
    }

    pub(super) fn persist(&mut self, change: Change) {
        let key = match &change {
            Change::PutInstance(instance) => Some(RecordKey::Instance(instance.id.clone())),
            Change::PutVisit(visit) => Some(RecordKey::Visit(visit.id.clone())),
            Change::PutAttempt(attempt) => Some(RecordKey::Attempt(attempt.id.clone())),
            _ => None,
        };
        if let Some(key) = key
            && let Some(earlier) = self.latest.insert(key, self.changes.len())
        {
            self.changes[earlier] = None;
        }
        self.changes.push(Some(change));
    }

    /// How many changes and actions it holds, replaced ones included.
    pub(super) fn size(&self) -> usize {
        self.changes.len() + self.actions.len()
    }

    /// Whether anything must become durable.
    pub(super) fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    pub(super) fn into_parts(self) -> (Vec<Change>, Vec<Action>) {
        (self.changes.into_iter().flatten().collect(), self.actions)
    }
}

/// Tells readers what has become durable.
pub(super) fn publish(events: &EventHub, changes: Vec<Change>) {
    if !events.has_readers() {
        return;
    }
    for change in changes {
        match change {
            Change::PutInstance(instance) => {
                events.publish(NodeEvent::Instance(Arc::new(instance)))
            }
            Change::PutVisit(visit) => events.publish(NodeEvent::Step(Arc::new(visit))),
            Change::PutWorkflow(record) => definition(events, record.name.as_str(), false),
            Change::PutCoordinator(record) => definition(events, record.name.as_str(), false),
            Change::DeleteWorkflow(name) => definition(events, name.as_str(), true),
            Change::DeleteCoordinator(name) => definition(events, name.as_str(), true),
            Change::PutSetting { .. } => events.publish(NodeEvent::Cluster),
            _ => {}
        }
    }
}

fn definition(events: &EventHub, name: &str, deleted: bool) {
    events.publish(NodeEvent::Definition {
        name: name.to_owned(),
        deleted,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_changes_twice_is_written_once_in_its_last_state_and_place() {
        let run = |instance: &str| RunId {
            instance: instance.into(),
            run: 1,
        };
        let visit = |instance: &str, message: &str| {
            Change::PutVisit(peerflow_model::Visit {
                id: VisitId {
                    run: run(instance),
                    step: "s".into(),
                    visit: 1,
                },
                sequence: 1,
                step_type: "script".to_owned(),
                status: peerflow_model::VisitStatus::Running,
                from: None,
                arrivals: 1,
                attempt: 1,
                failures: 0,
                losses: 0,
                node: None,
                created_at: jiff::Timestamp::UNIX_EPOCH,
                dispatched_at: None,
                started_at: None,
                ended_at: None,
                retry_at: None,
                message: message.to_owned(),
            })
        };
        let mut batch = Batch::default();
        for change in [
            visit("a", "first"),
            visit("b", ""),
            Change::DeleteInstance("a".into()),
            visit("a", "second"),
        ] {
            batch.persist(change);
        }
        let (changes, _) = batch.into_parts();
        assert_eq!(
            changes,
            [
                visit("b", ""),
                Change::DeleteInstance("a".into()),
                visit("a", "second")
            ]
        );
    }
}
