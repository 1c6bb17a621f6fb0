//! Who runs after whom, by the dependencies of enabled coordinators.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use peerflow_model::CoordinatorKey;
use peerflow_workflow::{Coordinator, WorkflowName};

use crate::coordinators::embedded;
use crate::engine::Engine;

/// How many workflows are looked at in search of a circle.
const MOST_FOLLOWED: usize = 1_000;

impl Engine {
    /// Every workflow that an enabled coordinator starts after `root`, directly or not; nearer ones first.
    pub(crate) fn downstream(&self, root: &WorkflowName) -> Vec<WorkflowName> {
        let mut seen = BTreeSet::from([root.clone()]);
        let mut found = Vec::new();
        let mut next = VecDeque::from([root.clone()]);
        while let Some(name) = next.pop_front() {
            for key in self.coordinators.dependents(&name) {
                let Some(entry) = self.coordinators.entry(key) else {
                    continue;
                };
                if !entry.enabled() {
                    continue;
                }
                for started in &entry.coordinator.triggers {
                    if self.definitions.contains_key(started) && seen.insert(started.clone()) {
                        found.push(started.clone());
                        next.push_back(started.clone());
                    }
                }
            }
        }
        found
    }

    /// Workflows that would start each other for ever once one of them succeeds, were `coordinator` registered as
    /// `key`: a circle of dependencies in which no schedule makes anybody wait. From one that it starts to one that it
    /// depends on. Not looked for beyond a thousand workflows.
    pub(crate) fn endless(
        &self,
        key: &CoordinatorKey,
        coordinator: &Coordinator,
    ) -> Option<Vec<WorkflowName>> {
        if coordinator.schedule.is_some() {
            return None;
        }
        let mut before: BTreeMap<WorkflowName, Option<WorkflowName>> = BTreeMap::new();
        let mut next = VecDeque::new();
        for started in &coordinator.triggers {
            before.insert(started.clone(), None);
            next.push_back(started.clone());
        }
        while let Some(name) = next.pop_front() {
            if coordinator.dependencies.contains(&name) {
                let mut path = vec![name];
                while let Some(Some(earlier)) = path.last().and_then(|name| before.get(name)) {
                    path.push(earlier.clone());
                }
                path.reverse();
                return Some(path);
            }
            for dependent in self.coordinators.dependents(&name) {
                let entry = self
                    .coordinators
                    .entry(dependent)
                    .filter(|_| dependent != key);
                let Some(entry) = entry.filter(|entry| entry.schedule.is_none()) else {
                    continue;
                };
                for started in &entry.coordinator.triggers {
                    if before.len() < MOST_FOLLOWED && !before.contains_key(started) {
                        before.insert(started.clone(), Some(name.clone()));
                        next.push_back(started.clone());
                    }
                }
            }
        }
        None
    }

    /// Coordinators that start `workflow`: its own first.
    pub(crate) fn started_by(&self, workflow: &WorkflowName) -> Vec<CoordinatorKey> {
        let own = embedded(workflow);
        let own = self.coordinators.entry(&own).map(|_| own);
        let others = self.coordinators.starters(workflow).iter().cloned();
        own.into_iter().chain(others).collect()
    }

    /// Of each workflow of `wave`, those of the wave that enabled coordinators start it after.
    pub(crate) fn upstreams(
        &self,
        wave: &BTreeSet<WorkflowName>,
    ) -> BTreeMap<WorkflowName, BTreeSet<WorkflowName>> {
        let mut upstreams = BTreeMap::new();
        for name in wave {
            let mut before = BTreeSet::new();
            for key in self.started_by(name) {
                if let Some(entry) = self.coordinators.entry(&key)
                    && entry.enabled()
                {
                    let dependencies = entry.coordinator.dependencies.iter();
                    before.extend(dependencies.filter(|name| wave.contains(*name)).cloned());
                }
            }
            upstreams.insert(name.clone(), before);
        }
        upstreams
    }
}

/// A cycle among `upstreams`, each after the one before it, if there is one.
pub(crate) fn cycle(
    upstreams: &BTreeMap<WorkflowName, BTreeSet<WorkflowName>>,
) -> Option<Vec<WorkflowName>> {
    let mut left = upstreams.clone();
    loop {
        let free: Vec<WorkflowName> = left
            .iter()
            .filter(|(_, before)| before.iter().all(|name| !left.contains_key(name)))
            .map(|(name, _)| name.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        for name in free {
            left.remove(&name);
        }
    }
    // Each that is left has another that is left before it: going back meets one twice.
    let mut path: Vec<WorkflowName> = vec![left.first_key_value()?.0.clone()];
    loop {
        let before = path.last().and_then(|name| left.get(name))?;
        let before = before.iter().find(|name| left.contains_key(*name))?;
        if let Some(at) = path.iter().position(|name| name == before) {
            path.drain(..at);
            path.reverse();
            return Some(path);
        }
        path.push(before.clone());
    }
}
