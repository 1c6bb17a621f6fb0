//! What a store in memory forgets.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use peerflow_model::{ContentHash, Fate, MailState, RunId};

use super::state::State;

/// How long a file may lie there before a workflow refers to it.
const FILE_GRACE: SignedDuration = SignedDuration::from_hours(24);

impl State {
    pub(super) fn retain(
        &mut self,
        now: Timestamp,
        instances_before: Timestamp,
        logs_before: Timestamp,
        step: usize,
    ) -> u64 {
        let mut gone = self.retain_runs(instances_before, step);
        gone += self.retain_logs(logs_before, step);
        let old = |at: Timestamp| at < instances_before;
        gone += take(&mut self.ledger, step, |_, row| {
            old(row.instant) && row.fate != Fate::Held
        });
        gone += take(&mut self.gaps, step, |_, gap| old(gap.to));
        gone += take(&mut self.mail, step, |_, mail| {
            mail.state != MailState::Due && old(mail.created_at)
        });
        gone += take(&mut self.answers, step, |_, (_, at)| old(*at));
        gone + self.retain_content(now, step)
    }

    fn retain_runs(&mut self, before: Timestamp, step: usize) -> u64 {
        let over: BTreeSet<RunId> = self
            .instances
            .values()
            .filter(|run| run.status.is_final() && run.ended_at.is_some_and(|at| at < before))
            .take(step)
            .map(|run| run.id.clone())
            .collect();
        let all = usize::MAX;
        take(&mut self.visits, all, |id, _| over.contains(&id.run))
            + take(&mut self.attempts, all, |id, _| {
                over.contains(&id.visit.run)
            })
            + take(&mut self.instances, all, |id, _| over.contains(id))
    }

    fn retain_logs(&mut self, before: Timestamp, step: usize) -> u64 {
        let instances = &self.instances;
        take(&mut self.logs, step, |id, _| {
            instances.get(id).is_none_or(|run| {
                run.status.is_final() && run.ended_at.is_some_and(|at| at < before)
            })
        })
    }

    fn retain_content(&mut self, now: Timestamp, step: usize) -> u64 {
        let mut used: BTreeSet<(ContentHash, String)> = BTreeSet::new();
        used.extend(
            self.workflows
                .values()
                .map(|record| (record.hash, record.name.to_string())),
        );
        used.extend(
            self.coordinators
                .values()
                .map(|record| (record.hash, record.name.to_string())),
        );
        used.extend(
            self.instances
                .values()
                .map(|run| (run.definition, run.workflow.to_string())),
        );
        let gone = take(&mut self.definitions, step, |key, _| !used.contains(key));
        let wanted: BTreeSet<ContentHash> = self
            .definitions
            .values()
            .flat_map(|definition| definition.files.iter().map(|file| file.hash))
            .collect();
        gone + take(&mut self.files, step, |hash, file| {
            !wanted.contains(hash) && now.duration_since(file.touched_at) > FILE_GRACE
        })
    }
}

fn take<K: Ord, V>(
    map: &mut std::collections::BTreeMap<K, V>,
    limit: usize,
    mut gone: impl FnMut(&K, &V) -> bool,
) -> u64 {
    let mut count = 0;
    map.retain(|key, value| {
        let goes = count < limit && gone(key, value);
        count += usize::from(goes);
        !goes
    });
    count as u64
}
