//! Faults that are on, and how each is undone.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use peerflow_model::NodeId;

use crate::fault::{Fault, Incident, Target};
use crate::history::What;
use crate::network::{Guard, Kind, Links, SimNet, Weather};
use crate::node::{SimNode, Surroundings};
use crate::store::{Doors, StoreFault};
use crate::time::VirtualTime;

/// How long a fault that is over at once is shown.
const SOON: Duration = Duration::from_secs(1);

/// Faults that are on, and those to come.
#[derive(Debug)]
pub(crate) struct Chaos {
    /// Latest first.
    to_come: Vec<Incident>,
    on: Vec<On>,
}

/// A fault that is on.
#[derive(Debug)]
struct On {
    words: String,
    until: Option<VirtualTime>,
    undo: Undo,
}

/// What ends a fault.
enum Undo {
    Net(#[expect(dead_code, reason = "it undoes itself when it is dropped")] Vec<Guard>),
    Store(#[expect(dead_code, reason = "it undoes itself when it is dropped")] Vec<StoreFault>),
    Start(Vec<usize>),
    Resume(Vec<usize>),
    Speed(Vec<usize>),
    /// Jumps may overlap, so each is taken back by itself.
    Clock(Vec<usize>, SignedDuration),
    Nothing,
}

impl fmt::Debug for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Undo")
    }
}

impl Chaos {
    pub(crate) fn new(mut incidents: Vec<Incident>) -> Self {
        incidents.sort_by_key(|incident| std::cmp::Reverse(incident.at));
        Self {
            to_come: incidents,
            on: Vec::new(),
        }
    }

    /// Ends what is over and begins what is due.
    pub(crate) fn tick(&mut self, around: &Surroundings, nodes: &mut [SimNode], now: VirtualTime) {
        self.end_those(around, nodes, now, |on| {
            on.until.is_some_and(|until| until <= now)
        });
        while let Some(incident) = self
            .to_come
            .pop_if(|incident| incident.at <= now.since_start())
        {
            self.begin(around, nodes, now, &incident);
        }
    }

    /// Ends everything, and lets nothing more begin: all nodes live, none stands still.
    pub(crate) fn heal(&mut self, around: &Surroundings, nodes: &mut [SimNode], now: VirtualTime) {
        self.to_come.clear();
        self.end_those(around, nodes, now, |_| true);
        for node in nodes {
            node.resume(around);
            node.slow_down(1);
            node.start(around, now);
        }
        around.history.record(What::Healing);
    }

    fn end_those(
        &mut self,
        around: &Surroundings,
        nodes: &mut [SimNode],
        now: VirtualTime,
        is_over: impl Fn(&On) -> bool,
    ) {
        for on in self.on.extract_if(.., |on| is_over(on)) {
            let On { words, undo, .. } = on;
            match undo {
                Undo::Net(_) | Undo::Store(_) | Undo::Nothing => {}
                Undo::Start(which) => which.iter().for_each(|&at| nodes[at].start(around, now)),
                Undo::Resume(which) => which.iter().for_each(|&at| nodes[at].resume(around)),
                Undo::Speed(which) => which.iter().for_each(|&at| nodes[at].slow_down(1)),
                Undo::Clock(which, jump) => {
                    for at in which {
                        nodes[at].clock().jump(-jump);
                    }
                }
            }
            around.history.record(What::FaultEnded { fault: words });
        }
    }

    fn begin(
        &mut self,
        around: &Surroundings,
        nodes: &mut [SimNode],
        now: VirtualTime,
        incident: &Incident,
    ) {
        let Some((words, undo)) = inflict(around, nodes, &incident.fault) else {
            return;
        };
        let until = match (&undo, incident.lasts) {
            (_, Some(lasts)) => Some(now.after(lasts)),
            (Undo::Nothing, None) => Some(now.after(SOON)),
            (_, None) => None,
        };
        around.history.record(What::FaultBegan {
            fault: words.clone(),
        });
        self.on.push(On { words, until, undo });
    }
}

/// Does it; `None` where there is nobody whom it could befall. Says whom it befell.
fn inflict(around: &Surroundings, nodes: &mut [SimNode], fault: &Fault) -> Option<(String, Undo)> {
    let words = fault.to_string();
    let (net, store) = (&around.net, &around.store);
    let store_fault = |fault| Some((words.clone(), Undo::Store(vec![fault])));
    match fault {
        Fault::StoreRefuses => store_fault(store.refuse(Doors::All)),
        Fault::StoreStalls => store_fault(store.stall(Doors::All)),
        Fault::StoreSlow { by } => store_fault(store.slow(Doors::All, *by)),
        Fault::StoreFailsBefore { probability } => {
            store_fault(store.fail_before(Doors::All, *probability))
        }
        Fault::StoreFailsAfter { probability } => {
            store_fault(store.fail_after(Doors::All, *probability))
        }
        Fault::StoreRestored { age } => {
            store.restore(*age)?;
            Some((words, Undo::Nothing))
        }
        Fault::Weather {
            loss,
            duplication,
            reordering,
            latency,
            jitter,
        } => {
            let weather = Weather {
                loss: *loss,
                duplication: *duplication,
                reordering: *reordering,
                latency: *latency,
                jitter: *jitter,
            };
            let guard = net.weather(Links::all(), weather);
            Some((words, Undo::Net(vec![guard])))
        }
        Fault::OneWay { from, to } => {
            let (from, to) = (pick_ids(nodes, from), pick_ids(nodes, to));
            let guard = net.cut_links(Links::one_way(&from, &to));
            let words = format!("nothing comes from {} to {}", list(&from), list(&to));
            (!from.is_empty() && !to.is_empty()).then(|| (words, Undo::Net(vec![guard])))
        }
        Fault::Partition { nodes: cut } => partition(net, nodes, cut),
        Fault::Crash { node, .. }
        | Fault::Stop { node }
        | Fault::Pause { node }
        | Fault::Slow { node, .. }
        | Fault::StoreCut { node }
        | Fault::GossipCut { node }
        | Fault::RpcCut { node }
        | Fault::Hold { node }
        | Fault::ClockJump { node, .. } => befall(around, nodes, fault, node),
    }
}

fn partition(net: &SimNet, nodes: &[SimNode], cut: &[Target]) -> Option<(String, Undo)> {
    let mut inside: Vec<_> = cut
        .iter()
        .flat_map(|target| pick_ids(nodes, target))
        .collect();
    inside.sort();
    inside.dedup();
    let outside: Vec<_> = nodes
        .iter()
        .map(|node| node.id().clone())
        .filter(|id| !inside.contains(id))
        .collect();
    if inside.is_empty() || outside.is_empty() {
        return None;
    }
    let words = format!("{} cut from {}", list(&inside), list(&outside));
    Some((words, Undo::Net(vec![net.partition(&inside, &outside)])))
}

/// A fault of one node, or of all.
fn befall(
    around: &Surroundings,
    nodes: &mut [SimNode],
    fault: &Fault,
    target: &Target,
) -> Option<(String, Undo)> {
    let which = pick(nodes, target);
    if which.is_empty() {
        return None;
    }
    let ids: Vec<NodeId> = which.iter().map(|&at| nodes[at].id().clone()).collect();
    let words = fault.befalling(&list(&ids));
    let each = |mut guard: Box<dyn FnMut(&NodeId) -> Guard + '_>| {
        Undo::Net(ids.iter().map(&mut *guard).collect())
    };
    let undo = match fault {
        Fault::Crash { loses_disk, .. } => {
            which
                .iter()
                .for_each(|&at| nodes[at].crash(around, *loses_disk));
            Undo::Start(which)
        }
        Fault::Stop { .. } => {
            which.iter().for_each(|&at| nodes[at].stop());
            Undo::Start(which)
        }
        Fault::Pause { .. } => {
            which.iter().for_each(|&at| nodes[at].pause(around));
            Undo::Resume(which)
        }
        Fault::Slow { times, .. } => {
            which.iter().for_each(|&at| nodes[at].slow_down(*times));
            Undo::Speed(which)
        }
        Fault::StoreCut { .. } => {
            let cuts = ids.iter().map(|id| around.store.cut(id.clone()));
            Undo::Store(cuts.collect())
        }
        Fault::GossipCut { .. } => each(Box::new(|id| {
            around.net.cut_links(Links::of(id).only(Kind::Gossip))
        })),
        Fault::RpcCut { .. } => each(Box::new(|id| {
            around.net.cut_links(Links::of(id).only(Kind::Rpc))
        })),
        Fault::Hold { .. } => each(Box::new(|id| around.net.hold(Links::leaving(id)))),
        Fault::ClockJump { seconds, .. } => {
            let jump = SignedDuration::from_secs(*seconds);
            which.iter().for_each(|&at| nodes[at].clock().jump(jump));
            Undo::Clock(which, jump)
        }
        _ => Undo::Nothing,
    };
    Some((words, undo))
}

/// Whom it befalls, by place; only the living.
fn pick(nodes: &[SimNode], target: &Target) -> Vec<usize> {
    let living = nodes.iter().enumerate().filter(|(_, node)| node.lives());
    match target {
        Target::All => living.map(|(at, _)| at).collect(),
        Target::Node(name) => living
            .filter(|(_, node)| node.id().as_str() == name)
            .map(|(at, _)| at)
            .collect(),
        Target::Master => living
            .filter(|(_, node)| node.master_in().is_some())
            .max_by_key(|(_, node)| node.master_in())
            .map(|(at, _)| at)
            .into_iter()
            .collect(),
        Target::Worker => living
            .filter(|(_, node)| node.master_in().is_none())
            .max_by_key(|(at, node)| (node.running(), std::cmp::Reverse(*at)))
            .map(|(at, _)| at)
            .into_iter()
            .collect(),
    }
}

fn pick_ids(nodes: &[SimNode], target: &Target) -> Vec<NodeId> {
    pick(nodes, target)
        .into_iter()
        .map(|at| nodes[at].id().clone())
        .collect()
}

fn list(ids: &[NodeId]) -> String {
    let names: Vec<_> = ids.iter().map(NodeId::as_str).collect();
    names.join(", ")
}
