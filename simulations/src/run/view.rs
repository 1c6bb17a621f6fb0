//! What the world looks like at the end of a run, for the invariants that judge it.

use std::collections::BTreeMap;

use peerflow_gossip::MemberState;
use peerflow_model::{InstanceStatus, RunId};
use peerflow_store::{InstanceFilter, RunStore};

use super::Run;
use crate::invariants::{End, NodeView, Violation};
use crate::node::SimNode;
use crate::operator::active;
use crate::store::at_once;

/// Instances read at a time.
const PAGE: u32 = 1000;

impl Run {
    /// Whether there is one master, and every node sees the same members.
    pub(super) fn is_of_one_mind(&self) -> bool {
        let views = self.views();
        let masters = views.iter().filter(|view| view.master.is_some()).count();
        let first = views.first().map(|view| &view.members);
        masters == 1
            && views.len() == self.world.nodes.len()
            && first.is_some_and(|first| first.len() == views.len())
            && views.iter().all(|view| Some(&view.members) == first)
    }

    /// Whether nothing is left of a store that went back.
    pub(super) fn nothing_is_in_doubt(&self) -> bool {
        active(&self.world.around.store).is_some_and(|state| state.restoration.is_none())
    }

    /// Why the cluster is not well after all that time.
    pub(super) fn not_healed(&self) -> Violation {
        let mut what = Vec::new();
        if self.world.clients.is_busy() {
            what.push("requests of clients are still open");
        }
        if !self.is_of_one_mind() {
            what.push("nodes differ in who is there or who is master");
        }
        if !self.nothing_is_in_doubt() {
            what.push("something is still in doubt since the store went back");
        }
        if what.is_empty() {
            what.push("instances of before are not over");
        }
        Violation {
            invariant: "heals",
            at: self.world.now(),
            entry: self.judged,
            what: what.join("; "),
        }
    }

    /// Judges how it ended.
    pub(super) fn judge_end(&mut self) -> Result<(), Violation> {
        self.judge_new()?;
        let (views, runs) = (self.views(), self.runs());
        // The operator has released whatever was held, so nothing may wait for one.
        let waiting = BTreeMap::new();
        let expected = self.expected();
        let end = End {
            at: self.world.now(),
            bound: self.bound(),
            nodes: &views,
            waiting: &waiting,
            runs: &runs,
            expected: &expected,
        };
        self.judge.end(&end)
    }

    fn views(&self) -> Vec<NodeView> {
        self.world.nodes.iter().filter_map(view).collect()
    }

    /// All runs that the store holds.
    fn runs(&self) -> BTreeMap<RunId, InstanceStatus> {
        let memory = self.world.around.store.memory();
        let mut runs = BTreeMap::new();
        let mut filter = InstanceFilter {
            limit: PAGE,
            ..InstanceFilter::default()
        };
        loop {
            let Ok(Ok(page)) = at_once(memory.instances(&filter)) else {
                return runs;
            };
            for latest in &page.items {
                let id = &latest.id.instance;
                for number in 1..=latest.id.run {
                    if let Ok(Ok(Some(run))) = at_once(memory.run(id, Some(number))) {
                        runs.insert(run.instance.id, run.instance.status);
                    }
                }
            }
            match page.next {
                Some(next) => filter.cursor = Some(next),
                None => return runs,
            }
        }
    }
}

fn view(node: &SimNode) -> Option<NodeView> {
    let members = node.members()?;
    let incarnation = members.own()?.incarnation;
    Some(NodeView {
        node: node.id().clone(),
        incarnation,
        members: members
            .iter()
            .filter(|member| member.state == MemberState::Alive)
            .map(|member| (member.id.clone(), member.incarnation))
            .collect(),
        master: node.master_in(),
    })
}
