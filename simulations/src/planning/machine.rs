//! The machines that steps run on.

use std::collections::BTreeSet;

use peerflow_engine::Peer;
use peerflow_model::{Incarnation, NodeId};
use peerflow_workflow::{Document, Host, StepKind};
use serde::Serialize;

use super::documents::Found;
use super::error::PlanError;

/// A machine that runs steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    pub name: NodeId,
    /// How many steps it runs at once; at least 1.
    pub slots: u32,
    /// Addresses and host names that a step's `host` may name, besides the name.
    pub hosts: BTreeSet<String>,
    pub labels: BTreeSet<String>,
}

impl Machine {
    /// `count` machines `n1`, `n2` … with `slots` each.
    pub fn alike(count: u32, slots: u32) -> Vec<Self> {
        let named = |number: u32| Self {
            name: NodeId::from(format!("n{number}")),
            slots,
            hosts: BTreeSet::new(),
            labels: BTreeSet::new(),
        };
        (1..=count).map(named).collect()
    }

    /// What its node would tell of itself.
    pub(super) fn peer(&self) -> Peer {
        Peer {
            id: self.name.clone(),
            incarnation: Incarnation(1),
            hosts: self.hosts.clone(),
            labels: self.labels.clone(),
            slots: self.slots,
            load: 0,
            draining: false,
        }
    }

    fn is_called(&self, host: &str) -> bool {
        self.name.as_str() == host || self.hosts.contains(host)
    }
}

/// The machines, in order of their names.
pub(super) fn checked(machines: &[Machine]) -> Result<Vec<Machine>, PlanError> {
    let refused = |why: String| Err(PlanError::Machines { why });
    if machines.is_empty() {
        return refused("there is none; give at least one".to_owned());
    }
    let mut names = BTreeSet::new();
    for machine in machines {
        if machine.slots == 0 {
            return refused(format!("{} has no slots; give it one", machine.name));
        }
        if !names.insert(machine.name.clone()) {
            let name = &machine.name;
            return refused(format!("two are called {name}; give each its own name"));
        }
    }
    let mut machines = machines.to_vec();
    machines.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(machines)
}

/// Gives hosts and labels that documents ask for and nobody has to the machines: each host to one of them in turn,
/// labels to all, because nothing is known that would tell them apart.
pub(super) fn adopt(machines: &mut [Machine], documents: &[Found], notes: &mut Vec<String>) {
    let (mut hosts, mut labels) = (BTreeSet::new(), BTreeSet::new());
    for found in documents {
        let Document::Workflow(document) = &found.document else {
            continue;
        };
        for step in &document.workflow().steps {
            let StepKind::Action(action) = &step.kind else {
                continue;
            };
            labels.extend(action.labels.iter().cloned());
            if let Host::Named(host) = &action.host {
                hosts.insert(host.clone());
            }
        }
    }
    // What stands as a parameter is known only once it runs.
    hosts.retain(|host| {
        !host.contains("${") && !machines.iter().any(|machine| machine.is_called(host))
    });
    labels.retain(|label| {
        !label.contains("${") && !machines.iter().any(|each| each.labels.contains(label))
    });
    let count = machines.len().max(1);
    for (at, host) in hosts.into_iter().enumerate() {
        if let Some(machine) = machines.get_mut(at % count) {
            notes.push(format!(
                "no machine is called {host}; it is taken for {}",
                machine.name
            ));
            machine.hosts.insert(host);
        }
    }
    for label in labels {
        notes.push(format!(
            "no machine carries label {label}; it is given to all"
        ));
        for machine in machines.iter_mut() {
            machine.labels.insert(label.clone());
        }
    }
}
