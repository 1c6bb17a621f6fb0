//! Hand-made histories for the tests of the invariants.

mod entries;
mod records;

use std::collections::BTreeMap;
use std::time::Duration;

use peerflow_model::{Change, Epoch, InstanceStatus, RunId};

pub(super) use entries::*;
pub(super) use records::*;

use super::{End, Invariant, Invariants, Violation};
use crate::history::{Entry, What};
use crate::time::VirtualTime;

/// A history under way. Entries follow each other by a second.
#[derive(Clone, Debug, Default)]
pub(super) struct Tale {
    entries: Vec<Entry>,
    now: VirtualTime,
    seq: u64,
}

impl Tale {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn add(mut self, what: What) -> Self {
        self.now = self.now.after(Duration::from_secs(1));
        self.entries.push(Entry { at: self.now, what });
        self
    }

    pub(super) fn pass(mut self, seconds: u64) -> Self {
        self.now = self.now.after(Duration::from_secs(seconds));
        self
    }

    pub(super) fn commit<const N: usize>(
        self,
        node: &str,
        epoch: u64,
        changes: [Change; N],
    ) -> Self {
        let seq = self.seq + 1;
        self.commit_as(node, epoch, seq, changes)
    }

    pub(super) fn commit_as<const N: usize>(
        mut self,
        node: &str,
        epoch: u64,
        seq: u64,
        changes: [Change; N],
    ) -> Self {
        self.seq = seq;
        self.add(What::Committed {
            holder: node.into(),
            epoch: Epoch(epoch),
            commit_seq: seq,
            changes: changes.into(),
        })
    }

    /// A batch of n1 in epoch 1, which nobody but the fence looks at.
    pub(super) fn put<const N: usize>(self, changes: [Change; N]) -> Self {
        self.commit("n1", 1, changes)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn now(&self) -> VirtualTime {
        self.now
    }
}

fn judge(invariant: impl Invariant + 'static, tale: &Tale) -> (Invariants, Result<(), Violation>) {
    let mut invariants = Invariants::of(vec![Box::new(invariant)]);
    let judged = invariants.see(&tale.entries);
    (invariants, judged)
}

pub(super) fn holds(invariant: impl Invariant + 'static, tale: &Tale) {
    assert_eq!(judge(invariant, tale).1, Ok(()));
}

/// The last entry breaks it, and none before.
pub(super) fn broken(invariant: impl Invariant + 'static, tale: &Tale, why: &str) {
    let violation = judge(invariant, tale).1.unwrap_err();
    assert!(violation.what.contains(why), "{violation}");
    assert_eq!(violation.entry + 1, tale.entries.len(), "{violation}");
}

pub(super) fn holds_at_end(invariant: impl Invariant + 'static, tale: &Tale, end: &End<'_>) {
    let (mut invariants, judged) = judge(invariant, tale);
    assert_eq!(judged, Ok(()));
    assert_eq!(invariants.end(end), Ok(()));
}

pub(super) fn broken_at_end(
    invariant: impl Invariant + 'static,
    tale: &Tale,
    end: &End<'_>,
    why: &str,
) {
    let (mut invariants, judged) = judge(invariant, tale);
    assert_eq!(judged, Ok(()));
    let violation = invariants.end(end).unwrap_err();
    assert!(violation.what.contains(why), "{violation}");
}

/// An end at which the store holds what the history tells, and nothing is expected.
pub(super) fn with_end<T>(tale: &Tale, act: impl FnOnce(End<'_>) -> T) -> T {
    let mut invariants = Invariants::of(Vec::new());
    invariants.see(&tale.entries).unwrap();
    let runs: BTreeMap<RunId, InstanceStatus> = invariants
        .stored()
        .runs()
        .map(|run| (run.id.clone(), run.status))
        .collect();
    act(End {
        at: tale.now(),
        bound: Duration::from_secs(60),
        nodes: &[],
        waiting: &BTreeMap::new(),
        runs: &runs,
        expected: &[],
    })
}
