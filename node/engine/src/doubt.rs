//! The store went back: it was restored from a backup, or a lagging replica took its place. What may have happened since
//! and is not in it any more waits for an operator, so that nothing runs twice unnoticed.

use std::collections::BTreeSet;

use peerflow_model::{AttemptId, Change, InstanceId, NodeId, Outcome, Restoration, VisitId};

use crate::engine::Engine;
use crate::event::Now;
use crate::instances::Waiting;
use crate::request::{Answer, Refusal};
use crate::run::{Doubt, Run};

/// How many attempts a warning names.
const NAMED: usize = 5;
/// What an instance says that waits for an operator.
const HELD: &str =
    "the store went back: this may have run since; held for an operator: release it or kill it";

/// What waits for an operator since the store went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InDoubt {
    pub restoration: Restoration,
    /// Visits that are held, and those whose attempt no worker has told of yet.
    pub visits: Vec<VisitId>,
    /// Instances that were waiting for their turn.
    pub instances: Vec<InstanceId>,
}

/// What is in doubt, and since when.
#[derive(Debug)]
pub(crate) struct Doubts {
    restoration: Restoration,
    /// As they were when this engine was loaded; those that were decided on since are sorted out bit by bit.
    visits: BTreeSet<VisitId>,
    instances: BTreeSet<InstanceId>,
    /// Instances with this place in a queue or a smaller one are in doubt.
    last_queue_order: u64,
}

impl Doubts {
    /// What is in doubt in runs.
    pub(crate) fn of_runs(&self) -> Doubt {
        Doubt {
            before: self.restoration.epoch,
            fresh: self.restoration.last_queue_order.is_none(),
        }
    }

    /// Notes what is in doubt in a run.
    pub(crate) fn add_run(&mut self, run: &Run) {
        self.visits.extend(run.in_doubt().cloned());
    }
}

impl Engine {
    /// What waits for an operator since the store went back; `None` when nothing does.
    pub fn in_doubt(&self) -> Option<InDoubt> {
        let doubts = self.doubts.as_ref()?;
        let still = |visit: &&VisitId| self.is_in_doubt(visit);
        let held = |id: &&InstanceId| self.instances.is_held(id);
        Some(InDoubt {
            restoration: doubts.restoration.clone(),
            visits: doubts.visits.iter().filter(still).cloned().collect(),
            instances: doubts.instances.iter().filter(held).cloned().collect(),
        })
    }

    /// What an operator must know, in words; empty when all is well.
    pub fn alarms(&self) -> Vec<String> {
        let told = self.in_doubt().map(|doubt| {
            format!(
                "the store went back (found out at {}, epoch {}): {} steps and {} waiting instances may have run since and \
                 wait for an operator: release or kill each, or release all",
                doubt.restoration.found_at,
                doubt.restoration.epoch.0,
                doubt.visits.len(),
                doubt.instances.len()
            )
        });
        told.into_iter().collect()
    }

    fn is_in_doubt(&self, visit: &VisitId) -> bool {
        let run = self.instances.run(&visit.run);
        run.is_some_and(|run| run.is_in_doubt(visit))
    }

    /// Takes that the store went back. Answers whether nobody has written down yet what is in doubt.
    pub(crate) fn take_doubts(&mut self, found: Option<Restoration>, last_order: u64) -> bool {
        let Some(restoration) = found else {
            return false;
        };
        let fresh = restoration.last_queue_order.is_none();
        self.doubts = Some(Doubts {
            last_queue_order: restoration.last_queue_order.unwrap_or(last_order),
            restoration,
            visits: BTreeSet::new(),
            instances: BTreeSet::new(),
        });
        fresh
    }

    /// Queues an instance that waited for its turn, or holds it when it may have run since.
    pub(crate) fn restore_waiting(&mut self, mut waiting: Waiting) {
        match &mut self.doubts {
            Some(doubts) if waiting.instance.queue_order <= doubts.last_queue_order => {
                let instance = &mut waiting.instance;
                doubts.instances.insert(instance.id.instance.clone());
                if instance.message != HELD {
                    HELD.clone_into(&mut instance.message);
                    self.out.put(Change::PutInstance(instance.clone()));
                }
                self.instances.add_held(waiting);
            }
            _ => self.instances.add_waiting(waiting),
        }
    }

    /// Writes down what is in doubt, where nobody has, and tells it.
    pub(crate) fn tell_doubts(&mut self, fresh: bool, missed: u64) {
        let Some(doubts) = &mut self.doubts else {
            return;
        };
        if fresh {
            doubts.restoration.last_queue_order = Some(doubts.last_queue_order);
            let restoration = doubts.restoration.clone();
            self.out.put(Change::PutRestoration(Some(restoration)));
            self.out.warn(format!(
                "the store went back: {missed} scheduled times since are missed and not made up for"
            ));
        }
        for alarm in self.alarms() {
            self.out.warn(alarm);
        }
    }

    /// Tells of attempts that the store does not know because it went back; they are being killed.
    pub(crate) fn warn_of_unknown(&mut self, node: &NodeId, unknown: &[AttemptId]) {
        if self.doubts.is_none() || unknown.is_empty() {
            return;
        }
        let named: Vec<String> = unknown
            .iter()
            .take(NAMED)
            .map(ToString::to_string)
            .collect();
        let more = if unknown.len() > NAMED { ", ..." } else { "" };
        self.out.warn(format!(
            "node {node} holds {} attempts that the store does not know since it went back; they are killed: {}{more}",
            unknown.len(),
            named.join(", ")
        ));
    }

    /// Forgets that the store went back once nothing is in doubt any more.
    pub(crate) fn settle_doubts(&mut self) {
        while let Some(visit) = self.doubts.as_ref().and_then(|d| d.visits.first())
            && !self.is_in_doubt(visit)
        {
            if let Some(doubts) = &mut self.doubts {
                doubts.visits.pop_first();
            }
        }
        while let Some(id) = self.doubts.as_ref().and_then(|d| d.instances.first())
            && !self.instances.is_held(id)
        {
            if let Some(doubts) = &mut self.doubts {
                doubts.instances.pop_first();
            }
        }
        if self
            .doubts
            .as_ref()
            .is_some_and(|doubts| doubts.visits.is_empty() && doubts.instances.is_empty())
        {
            self.doubts = None;
            self.out.put(Change::PutRestoration(None));
            let done = "nothing is in doubt any more since the store went back".to_owned();
            self.out.warn(done);
        }
    }

    /// Queues an instance again that waits for an operator, behind those that wait for their turn.
    pub(crate) fn release_instance(
        &mut self,
        now: Now,
        id: &InstanceId,
    ) -> Result<Answer, Refusal> {
        if !self.instances.is_held(id) {
            return Err(Refusal::conflict(format!("instance {id} is not held")));
        }
        let Some(mut waiting) = self.instances.remove_waiting(id) else {
            return Err(Refusal::not_found(format!("no instance {id} waits")));
        };
        self.queue_order += 1;
        waiting.instance.queue_order = self.queue_order;
        let workflow = waiting.instance.workflow.clone();
        self.queue_up(waiting.instance, waiting.source, waiting.visits);
        self.start_waiting(now, &workflow);
        Ok(Answer::Done(format!("instance {id} is queued again")))
    }

    /// An operator's word on all that is held. A held visit whose attempt may still run is left out: about that one an
    /// operator must make sure first.
    pub(crate) fn release_all(&mut self, now: Now, run_again: bool) -> Answer {
        let (mut over, mut open) = (Vec::new(), 0);
        for running in self.instances.all_running() {
            for (visit, surely) in running.run.held() {
                if surely {
                    over.push(visit.clone());
                } else {
                    open += 1;
                }
            }
        }
        for visit in &over {
            self.with_run(now, &visit.run, |run, rng, effects| {
                // What became of the run meanwhile decided on the visit too.
                run.release(visit, run_again, now, rng, effects).ok()
            });
        }
        let waiting = self.doubts.as_ref().map(|doubts| doubts.instances.clone());
        let held = |id: &InstanceId| self.instances.is_held(id);
        let waiting: Vec<InstanceId> = waiting.into_iter().flatten().filter(held).collect();
        for id in &waiting {
            if run_again {
                // It is held, as was just looked at.
                drop(self.release_instance(now, id));
            } else if let Some(waiting) = self.instances.remove_waiting(id) {
                let message = "given up by an operator after the store went back".to_owned();
                self.end_waiting(now, waiting, Outcome::Killed, message);
            }
        }
        let what = if run_again {
            "run again"
        } else {
            "are given up"
        };
        let mut done = format!(
            "{} held steps and {} waiting instances {what}",
            over.len(),
            waiting.len()
        );
        if open > 0 {
            done += &format!(
                "; {open} held steps may still run on nodes that are away: make sure that they do not, then release each"
            );
        }
        Answer::Done(done)
    }
}
