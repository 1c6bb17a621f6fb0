//! What workers tell: reports, inventories, that they come and go.

use std::collections::BTreeSet;

use peerflow_model::{AttemptId, Change, Incarnation, NodeId};

use crate::command::Command;
use crate::engine::Engine;
use crate::event::{Now, Peer, Report};
use crate::run::Loss;

impl Engine {
    /// A peer tells of itself. What it was to kill is asked again: it may have been away when it was asked.
    pub(crate) fn peer_told(&mut self, peer: Peer) {
        let node = peer.id.clone();
        if !self.peers.told(peer) {
            return;
        }
        let kills = self.peers.entry(&node).map(|entry| entry.kills.clone());
        for (attempt, reason) in kills.unwrap_or_default() {
            self.out.act(Command::Kill {
                attempt,
                node: node.clone(),
                reason,
            });
        }
    }

    /// Gossip calls a node dead.
    pub(crate) fn peer_down(&mut self, now: Now, node: &NodeId) {
        self.peers.down(node);
        self.lose(now, node, Loss::Down, |_, _, _| true);
    }

    /// The last grant of one life of a node is surely over.
    pub(crate) fn grant_over(&mut self, now: Now, node: &NodeId, incarnation: Incarnation) {
        self.lose(now, node, Loss::Certain, |_, given, _| given <= incarnation);
    }

    /// A node lists what it runs and what it holds outcomes of.
    pub(crate) fn take_inventory(
        &mut self,
        now: Now,
        node: &NodeId,
        incarnation: Incarnation,
        attempts: &BTreeSet<AttemptId>,
    ) {
        self.lose(now, node, Loss::Gone, |attempt, given, in_flight| {
            let listed = attempts.contains(attempt);
            !listed && (given < incarnation || (given == incarnation && !in_flight))
        });
        let unknown = attempts.iter().filter(|id| !self.peers.holds(node, id));
        let unknown: Vec<AttemptId> = unknown.cloned().collect();
        self.warn_of_unknown(node, &unknown);
        for attempt in attempts {
            if self.peers.holds(node, attempt) {
                self.with_run(now, &attempt.visit.run, |run, _rng, effects| {
                    run.found(attempt, now, effects);
                });
            } else {
                // Nobody waits for it: its run is over, or another try took its place.
                self.out.act(Command::Kill {
                    attempt: attempt.clone(),
                    node: node.clone(),
                    reason: "nothing waits for it any more".to_owned(),
                });
            }
        }
    }

    /// Loses the attempts of `node` that `is_lost` says: of each the life it was given to and whether it may still
    /// have been on its way.
    fn lose(
        &mut self,
        now: Now,
        node: &NodeId,
        loss: Loss,
        is_lost: impl Fn(&AttemptId, Incarnation, bool) -> bool,
    ) {
        let Some(entry) = self.peers.entry(node) else {
            return;
        };
        let lost: Vec<AttemptId> = entry
            .attempts
            .iter()
            .filter(|(attempt, given)| is_lost(attempt, given.incarnation, given.in_flight))
            .map(|(attempt, _)| attempt.clone())
            .collect();
        for attempt in lost {
            self.with_run(now, &attempt.visit.run, |run, rng, effects| {
                run.lose(&attempt, loss, now, rng, effects);
            });
        }
    }

    /// A worker tells of an attempt. An end is acknowledged, also one that is known already or that nobody waits for.
    pub(crate) fn take_report(
        &mut self,
        now: Now,
        attempt: AttemptId,
        node: NodeId,
        report: Report,
    ) {
        let ended = matches!(report, Report::Ended { .. });
        if self.peers.holds(&node, &attempt) {
            match &report {
                Report::Ended { readings, .. } => {
                    for reading in readings {
                        self.out.put(Change::PutReading(reading.clone()));
                    }
                }
                Report::Refused { .. } => self.peers.refused(&node, now.monotonic),
                Report::Started { .. } => {}
            }
            self.with_run(now, &attempt.visit.run, |run, rng, effects| {
                run.report(&attempt, report, now, rng, effects);
            });
        }
        if ended {
            self.out.act(Command::Acknowledge { attempt, node });
        }
    }
}
