//! Registering and deleting workflows and standalone coordinators.

use std::sync::Arc;

use jiff::tz::TimeZone;
use peerflow_model::{
    Change, ContentHash, CoordinatorKey, CoordinatorKind, CoordinatorRecord, FileRecord,
    WorkflowRecord, links_of,
};
use peerflow_workflow::{
    Coordinator, CoordinatorDocument, CoordinatorName, Diagnostics, Document, Workflow,
    WorkflowName,
};

use crate::coordinators::{embedded, standalone};
use crate::definitions::{Definition, MailRule};
use crate::documents::Source;
use crate::engine::Engine;
use crate::event::Now;
use crate::load::blank_state;
use crate::request::{Answer, Expected, Origin, Refusal, RefusalKind, RegisterOutcome};

/// A document that was read and may be registered.
struct Offer<'o> {
    xml: Arc<str>,
    /// Of the definition, document and files.
    hash: ContentHash,
    files: Vec<FileRecord>,
    warnings: Diagnostics,
    origin: &'o Origin,
    expected: Expected,
}

impl Offer<'_> {
    /// What registering will do, where `current` is registered and `same` tells that it is what is offered.
    ///
    /// # Errors
    /// When it would replace something else than is expected.
    fn outcome(
        &self,
        name: &str,
        current: Option<ContentHash>,
        same: bool,
    ) -> Result<RegisterOutcome, Refusal> {
        let outcome = outcome(current.is_some(), same, self.origin);
        let as_expected =
            self.expected == Expected::Anything || self.expected == Expected::just(current);
        let changes = matches!(outcome, RegisterOutcome::Added | RegisterOutcome::Updated);
        if changes && !as_expected {
            return Err(Refusal::conflict(format!(
                "{name} was registered or deleted by somebody else meanwhile; look at it and try again"
            )));
        }
        Ok(outcome)
    }
}

impl Engine {
    /// Registers or updates what `xml` says.
    pub(crate) fn put_document(
        &mut self,
        now: Now,
        xml: Arc<str>,
        mut files: Vec<FileRecord>,
        origin: &Origin,
        expected: Expected,
    ) -> Result<Answer, Refusal> {
        let (document, warnings) = Document::parse(&xml).map_err(|diagnostics| Refusal {
            kind: RefusalKind::InvalidDocument(diagnostics),
            message: "the document has errors".to_owned(),
        })?;
        files.sort();
        // What a loader offers is told apart by its text: its files are compared with those registered.
        let text = ContentHash::of(xml.as_bytes());
        let offer = Offer {
            hash: ContentHash::of_definition(&xml, &files),
            xml,
            files,
            warnings,
            origin,
            expected,
        };
        let answer = match document {
            Document::Workflow(document) => self.put_workflow(now, document.workflow(), offer),
            Document::Coordinator(document) => self.put_coordinator(now, document, offer),
        }?;
        if let Origin::Loader { node, path, .. } = origin {
            self.out.put(Change::PutOffer {
                node: node.clone(),
                path: path.clone(),
                hash: text,
            });
        }
        Ok(answer)
    }

    fn put_workflow(
        &mut self,
        now: Now,
        workflow: &Workflow,
        offer: Offer<'_>,
    ) -> Result<Answer, Refusal> {
        let name = workflow.name.clone();
        let zone = self.checked_zone(workflow.timezone.as_deref())?;
        let coordinator = workflow.coordinator.clone();
        let schedule_zone = match coordinator.as_ref().and_then(|c| c.timezone.as_deref()) {
            Some(other) => self.checked_zone(Some(other))?,
            None => zone.clone(),
        };
        let current = self.definitions.get(&name);
        let same =
            current.is_some_and(|c| c.source.xml == offer.xml && *c.source.files == *offer.files);
        let registered = current.map(|current| current.source.hash);
        let outcome = offer.outcome(name.as_str(), registered, same)?;
        let mut notes = self.notes(&embedded(&name), coordinator.as_ref());
        let links = links_of(workflow);
        notes.extend(self.missing_links(&links));
        if outcome == RegisterOutcome::Kept {
            notes.push(kept("workflow", name.as_str()));
        }
        if matches!(outcome, RegisterOutcome::Added | RegisterOutcome::Updated) {
            let created_at = current.map_or(now.wall, |current| current.created_at);
            self.out.put(Change::PutWorkflow(WorkflowRecord {
                name: name.clone(),
                xml: Arc::clone(&offer.xml),
                hash: offer.hash,
                dir: workflow.dir.clone(),
                creator: workflow.creator.clone(),
                description: workflow.description.clone(),
                files: offer.files.clone(),
                created_at,
                updated_at: now.wall,
            }));
            let key = embedded(&name);
            let definition = Definition {
                source: Arc::new(Source {
                    hash: offer.hash,
                    xml: offer.xml,
                    files: offer.files.into(),
                }),
                created_at,
                limit: workflow.instance_limit,
                priority: workflow.priority,
                zone,
                follows_cluster: workflow.timezone.is_none(),
                mail: MailRule::of(workflow),
                coordinator: coordinator.is_some().then(|| key.clone()),
                links,
            };
            self.definitions.insert(name.clone(), definition);
            match coordinator {
                Some(coordinator) => self.define(now, key, coordinator, schedule_zone, None),
                None => self.undefine(now, &key, "the coordinator was removed"),
            }
            self.start_waiting(now, &name);
        }
        Ok(Answer::Registered {
            name: name.to_string(),
            standalone: false,
            outcome,
            warnings: offer.warnings,
            notes,
        })
    }

    fn put_coordinator(
        &mut self,
        now: Now,
        document: CoordinatorDocument,
        offer: Offer<'_>,
    ) -> Result<Answer, Refusal> {
        let name = document.coordinator.name.clone();
        let key = standalone(&name);
        let zone = self.checked_zone(document.coordinator.timezone.as_deref())?;
        let current = self.coordinators.entry(&key).and_then(|c| c.document);
        let same = current.is_some_and(|(hash, _)| hash == offer.hash);
        let registered = current.map(|(hash, _)| hash);
        let outcome = offer.outcome(name.as_str(), registered, same)?;
        let mut notes = self.notes(&key, Some(&document.coordinator));
        if outcome == RegisterOutcome::Kept {
            notes.push(kept("coordinator", name.as_str()));
        }
        if matches!(outcome, RegisterOutcome::Added | RegisterOutcome::Updated) {
            let created_at = current.map_or(now.wall, |(_, created_at)| created_at);
            self.out.put(Change::PutCoordinator(CoordinatorRecord {
                name: name.clone(),
                xml: offer.xml,
                hash: offer.hash,
                dir: document.dir,
                creator: document.creator,
                description: document.description,
                created_at,
                updated_at: now.wall,
            }));
            let record = Some((offer.hash, created_at));
            self.define(now, key, document.coordinator, zone, record);
        }
        Ok(Answer::Registered {
            name: name.to_string(),
            standalone: true,
            outcome,
            warnings: offer.warnings,
            notes,
        })
    }

    fn checked_zone(&self, name: Option<&str>) -> Result<TimeZone, Refusal> {
        let Some(name) = name else {
            return Ok(self.zone.clone());
        };
        TimeZone::get(name).map_err(|_unknown| {
            Refusal::invalid(format!(
                "time zone {name:?} is unknown; write an IANA name such as Asia/Shanghai"
            ))
        })
    }

    /// Names that a coordinator mentions and nobody has registered, and a circle that it closes.
    fn notes(&self, key: &CoordinatorKey, coordinator: Option<&Coordinator>) -> Vec<String> {
        let Some(coordinator) = coordinator else {
            return Vec::new();
        };
        let is_unknown = |name: &&WorkflowName| !self.definitions.contains_key(*name);
        let depends = coordinator.dependencies.iter().filter(is_unknown);
        let starts = coordinator
            .triggers
            .iter()
            .filter(|name| name.as_str() != coordinator.name.as_str())
            .filter(is_unknown);
        let mut notes: Vec<String> = depends
            .map(|name| format!("depends on workflow {name}, which is not registered yet"))
            .chain(
                starts.map(|name| format!("starts workflow {name}, which is not registered yet")),
            )
            .collect();
        if let Some(circle) = self.endless(key, coordinator) {
            let names: Vec<&str> = circle.iter().map(WorkflowName::as_str).collect();
            // The document's own warnings tell of a workflow that depends on itself.
            if names.len() > 1 || key.kind == CoordinatorKind::Standalone {
                notes.push(format!(
                    "depends on what it starts: {} -> {}; once one succeeds they start each other without end; give one a cron",
                    names.join(" -> "),
                    names[0]
                ));
            }
        }
        notes
    }

    /// Takes what a document says of its coordinator. Readiness and the switch stay; a changed schedule counts from
    /// now on.
    fn define(
        &mut self,
        now: Now,
        key: CoordinatorKey,
        coordinator: Coordinator,
        zone: TimeZone,
        document: Option<(ContentHash, jiff::Timestamp)>,
    ) {
        let old = self.coordinators.remove(&key);
        let mut state = old
            .as_ref()
            .map_or_else(|| blank_state(key.clone(), None), |old| old.state.clone());
        let known = state.ready.len();
        state
            .ready
            .retain(|name, _| coordinator.dependencies.contains(name));
        let mut changed = known != state.ready.len();
        let has_schedule = coordinator.schedule.is_some();
        self.coordinators.insert(coordinator, zone, state, document);
        let mut dropped = None;
        if let Some(entry) = self.coordinators.entry_mut(&key) {
            let same_times = old.as_ref().is_some_and(|old| {
                old.schedule == entry.schedule
                    && old.zone == entry.zone
                    && old.opens == entry.opens
                    && old.closes == entry.closes
                    && old.enabled() == entry.enabled()
            });
            entry.held = old.map(|old| old.held).unwrap_or_default();
            if !same_times {
                dropped = entry.drop_held();
                changed |= dropped.is_some() || has_schedule;
                if has_schedule {
                    entry.consider_until(now.wall);
                }
            }
        }
        self.skip_rows(now, &key, dropped, "its schedule was changed");
        if changed {
            self.put_state(&key);
        }
        self.fire_if_ready(now, &key);
        self.coordinators.requeue(&key, now.wall);
    }

    fn undefine(&mut self, now: Now, key: &CoordinatorKey, reason: &str) {
        if let Some(mut entry) = self.coordinators.remove(key) {
            let held = entry.drop_held();
            self.skip_rows(now, key, held, reason);
            self.out.delete_coordinator_state(key.clone());
        }
    }

    pub(crate) fn delete_workflow(
        &mut self,
        now: Now,
        name: &WorkflowName,
    ) -> Result<Answer, Refusal> {
        if !self.definitions.contains_key(name) {
            return Err(Refusal::no_workflow(name));
        }
        let own = embedded(name);
        let dependents = self.coordinators.dependents(name).iter();
        let starters = self.coordinators.starters(name).iter();
        let mut others: Vec<String> = dependents
            .chain(starters)
            .filter(|key| **key != own)
            .map(ToString::to_string)
            .collect();
        others.dedup();
        if !others.is_empty() {
            return Err(Refusal::conflict(format!(
                "{} depends on workflow {name}; delete or change that first",
                others.join(", ")
            )));
        }
        let (running, waiting) = self.instances.count(name);
        let waiting = waiting + self.instances.held(name);
        if running > 0 || waiting > 0 {
            return Err(Refusal::conflict(format!(
                "{running} running and {waiting} waiting instances of workflow {name} are not over; kill them or wait"
            )));
        }
        self.definitions.remove(name);
        self.undefine(now, &own, "the workflow was deleted");
        self.out.put(Change::DeleteWorkflow(name.clone()));
        Ok(Answer::Done(format!("workflow {name} is deleted")))
    }

    pub(crate) fn delete_coordinator(
        &mut self,
        now: Now,
        name: &CoordinatorName,
    ) -> Result<Answer, Refusal> {
        let key = standalone(name);
        self.known(&key)?;
        self.undefine(now, &key, "the coordinator was deleted");
        self.out.put(Change::DeleteCoordinator(name.clone()));
        Ok(Answer::Done(format!("coordinator {name} is deleted")))
    }
}

pub(crate) fn outcome(known: bool, same: bool, origin: &Origin) -> RegisterOutcome {
    match (known, origin) {
        (false, _) => RegisterOutcome::Added,
        (true, _) if same => RegisterOutcome::Unchanged,
        (true, Origin::Loader { first: true, .. }) => RegisterOutcome::Kept,
        (true, Origin::Loader { .. } | Origin::Person) => RegisterOutcome::Updated,
    }
}

fn kept(what: &str, name: &str) -> String {
    format!(
        "{what} {name} is registered with other content, which stays: a node's first offer of a file only adds; change the file or add it with `peerflow {what} add`"
    )
}
