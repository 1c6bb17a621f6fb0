//! Changes applied to a store in memory.

use std::sync::Arc;

use peerflow_model::{Change, ContentHash, FileRecord, InstanceId, StoredDefinition};
use peerflow_workflow::WorkflowName;

use super::state::State;
use crate::error::CommitError;
use crate::lease::{Fence, LeaseLoss};
use crate::query::StoredAnswer;

impl State {
    /// Moves `commit_seq`; `false` when this very batch was committed before.
    pub(super) fn pass(&mut self, fence: &Fence) -> Result<bool, CommitError> {
        let row = &mut self.lease;
        let ours = row.holder.as_ref() == Some(&fence.holder) && row.epoch == fence.epoch;
        if ours && row.commit_seq == fence.commit_seq {
            row.commit_seq += 1;
            return Ok(true);
        }
        if ours && row.commit_seq == fence.commit_seq + 1 {
            return Ok(false);
        }
        Err(CommitError::Fenced {
            epoch: fence.epoch,
            stored: row.epoch,
            expected: fence.commit_seq,
            found: row.commit_seq,
            loss: LeaseLoss::of(
                &fence.holder,
                fence.into(),
                row.holder.clone(),
                row.sighting(),
                false,
            ),
        })
    }

    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::PutWorkflow(record) => {
                self.put_directories(&record.dir);
                self.put_definition(
                    record.hash,
                    record.name.as_str(),
                    &record.xml,
                    &record.files,
                );
                self.workflows.insert(record.name.clone(), record);
            }
            Change::DeleteWorkflow(name) => self.delete_workflow(&name),
            Change::PutCoordinator(record) => {
                self.put_directories(&record.dir);
                self.put_definition(record.hash, record.name.as_str(), &record.xml, &[]);
                self.coordinators.insert(record.name.clone(), record);
            }
            Change::DeleteCoordinator(name) => drop(self.coordinators.remove(&name)),
            Change::PutCoordinatorState(state) => {
                self.coordinator_states.insert(state.key.clone(), state);
            }
            Change::DeleteCoordinatorState(key) => drop(self.coordinator_states.remove(&key)),
            Change::PutInstance(instance) => {
                self.queue_order = self.queue_order.max(instance.queue_order);
                self.instances.insert(instance.id.clone(), instance);
            }
            Change::DeleteInstance(id) => self.delete_instance(&id),
            Change::PutVisit(visit) => drop(self.visits.insert(visit.id.clone(), visit)),
            Change::PutAttempt(attempt) => drop(self.attempts.insert(attempt.id.clone(), attempt)),
            Change::PutReading(reading) => {
                drop(self.readings.insert(reading.attempt.clone(), reading))
            }
            other => self.apply_rest(other),
        }
    }

    fn apply_rest(&mut self, change: Change) {
        match change {
            Change::PutLedger(row) => {
                self.ledger.insert(
                    (row.instant, row.coordinator.clone(), row.workflow.clone()),
                    row,
                );
            }
            Change::PutLedgerGap(gap) => {
                drop(self.gaps.insert((gap.coordinator.clone(), gap.from), gap))
            }
            Change::PutBlood(blood) => drop(self.bloods.insert(blood.id.clone(), blood)),
            Change::DeleteBlood(id) => drop(self.bloods.remove(&id)),
            Change::PutMail(mail) => drop(self.mail.insert(mail.id.clone(), mail)),
            Change::PutPlan(plan) => self.plan = plan,
            Change::PutAnswer {
                key,
                request,
                answer,
                at,
            } => {
                self.answers
                    .insert(key, (StoredAnswer { request, answer }, at));
            }
            Change::PutOffer { node, path, hash } => drop(self.offers.insert((node, path), hash)),
            Change::PutSetting { key, value } => drop(self.settings.insert(key, value)),
            Change::PutLink(link) => drop(self.links.insert(link.key(), link)),
            Change::DeleteLink(key) => drop(self.links.remove(&key)),
            Change::PutRestoration(restoration) => self.lease.restoration = restoration,
            other => unreachable!("applied before: {other:?}"),
        }
    }

    fn put_directories(&mut self, dir: &str) {
        self.directories
            .extend(crate::query::folders(dir).map(str::to_owned));
    }

    fn put_definition(
        &mut self,
        hash: ContentHash,
        owner: &str,
        xml: &Arc<str>,
        files: &[FileRecord],
    ) {
        let definition = StoredDefinition {
            xml: Arc::clone(xml),
            files: files.to_vec(),
        };
        self.definitions
            .insert((hash, owner.to_owned()), definition);
    }

    fn delete_workflow(&mut self, name: &WorkflowName) {
        self.workflows.remove(name);
    }

    pub(super) fn delete_instance(&mut self, id: &InstanceId) {
        self.instances.retain(|key, _| key.instance != *id);
        self.visits.retain(|key, _| key.run.instance != *id);
        self.attempts.retain(|key, _| key.visit.run.instance != *id);
        self.readings.retain(|key, _| key.visit.run.instance != *id);
        self.logs.retain(|key, _| key.instance != *id);
    }
}
