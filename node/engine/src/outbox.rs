//! What one event makes the engine want, put in the order that invariant 3 asks for.

use std::collections::BTreeMap;

use peerflow_model::{Change, CoordinatorKey, CoordinatorState, Visit, VisitId};

use crate::command::Command;

/// Collects changes and other commands while one event is handled; the changes leave first.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    changes: Vec<Change>,
    /// Where in `changes` a visit's latest state stands, so that one event writes each visit once.
    visits: BTreeMap<VisitId, usize>,
    /// The same for coordinators.
    coordinators: BTreeMap<CoordinatorKey, usize>,
    actions: Vec<Command>,
}

impl Outbox {
    /// Makes `change` durable.
    pub(crate) fn put(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Makes `visit` durable; a state of it from the same event is replaced.
    pub(crate) fn put_visit(&mut self, visit: Visit) {
        if let Some(&at) = self.visits.get(&visit.id) {
            self.changes[at] = Change::PutVisit(visit);
        } else {
            self.visits.insert(visit.id.clone(), self.changes.len());
            self.changes.push(Change::PutVisit(visit));
        }
    }

    /// Makes what is remembered of a coordinator durable, once for each event.
    pub(crate) fn put_coordinator(&mut self, state: CoordinatorState) {
        if let Some(&at) = self.coordinators.get(&state.key) {
            self.changes[at] = Change::PutCoordinatorState(state);
        } else {
            let at = self.changes.len();
            self.coordinators.insert(state.key.clone(), at);
            self.changes.push(Change::PutCoordinatorState(state));
        }
    }

    /// Makes the end of what is remembered of a coordinator durable.
    pub(crate) fn delete_coordinator_state(&mut self, key: CoordinatorKey) {
        self.coordinators.remove(&key);
        self.changes.push(Change::DeleteCoordinatorState(key));
    }

    /// Does `command` once all changes of this event are durable.
    pub(crate) fn act(&mut self, command: Command) {
        self.actions.push(command);
    }

    /// Tells the operator.
    pub(crate) fn warn(&mut self, text: String) {
        self.actions.push(Command::Warn(text));
    }

    /// Moves everything to `commands`, changes first.
    pub(crate) fn flush(&mut self, commands: &mut Vec<Command>) {
        commands.reserve(self.changes.len() + self.actions.len());
        commands.extend(self.changes.drain(..).map(Command::Persist));
        commands.append(&mut self.actions);
        self.visits.clear();
        self.coordinators.clear();
    }
}
