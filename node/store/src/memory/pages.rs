//! Pages of lists out of a store in memory.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{DataReading, Instance, InstanceStatus, LedgerRow};

use super::state::State;
use crate::cursor;
use crate::error::Error;
use crate::places;
use crate::query::{
    FrontCounts, InstanceFilter, InstancePage, LedgerFilter, Page, ReadingFilter, days,
};

impl State {
    pub(super) fn instance_page(&self, filter: &InstanceFilter) -> Result<InstancePage, Error> {
        let after = filter.cursor.as_ref().map(cursor::read::<1>).transpose()?;
        let mut found: Vec<&Instance> = self
            .instances
            .values()
            .filter(|instance| self.is_latest(&instance.id) && self.matches(filter, instance))
            .filter(|instance| {
                after
                    .as_ref()
                    .is_none_or(|(at, [id])| instance_key(instance) < (*at, id.as_str()))
            })
            .collect();
        found.sort_by(|a, b| instance_key(b).cmp(&instance_key(a)));
        let size = cursor::page_size(filter.limit);
        let rows = found.into_iter().take(size + 1).cloned().collect();
        Ok(cursor::page(rows, size, places::instance))
    }

    fn matches(&self, filter: &InstanceFilter, instance: &Instance) -> bool {
        filter.from.is_none_or(|from| instance.created_at >= from)
            && filter.to.is_none_or(|to| instance.created_at < to)
            && (filter.status.is_empty() || filter.status.contains(&instance.status))
            && filter
                .workflow
                .as_ref()
                .is_none_or(|workflow| *workflow == instance.workflow)
            && filter.creator.as_ref().is_none_or(|creator| {
                self.workflows
                    .get(&instance.workflow)
                    .is_some_and(|record| record.creator == *creator)
            })
            && filter.key.as_ref().is_none_or(|key| {
                instance.workflow.as_str().contains(key.as_str())
                    || instance.id.instance.as_str().starts_with(key.as_str())
            })
    }

    pub(super) fn front_counts(
        &self,
        since: Timestamp,
        now: Timestamp,
        zone: &TimeZone,
    ) -> FrontCounts {
        let ended = self.instances.values().filter_map(|instance| {
            let at = instance.ended_at.filter(|at| *at >= since)?;
            let counts = match instance.status {
                InstanceStatus::Succeeded => [1, 0, 0],
                InstanceStatus::Failed => [0, 1, 0],
                InstanceStatus::Killed => [0, 0, 1],
                InstanceStatus::Waiting | InstanceStatus::Running => return None,
            };
            Some((at, counts))
        });
        let days = days(since, now, zone, ended);
        let mut last: Vec<&Instance> = self
            .instances
            .values()
            .filter(|i| i.status.is_final() && i.ended_at.is_some())
            .collect();
        last.sort_by(|a, b| (b.ended_at, &b.id).cmp(&(a.ended_at, &a.id)));
        let mut active: Vec<&Instance> = self
            .instances
            .values()
            .filter(|i| !i.status.is_final())
            .collect();
        active.sort_by(|a, b| instance_key(a).cmp(&instance_key(b)));
        let count = |status| {
            self.instances
                .values()
                .filter(|i| i.status == status)
                .count() as u64
        };
        FrontCounts {
            days,
            waiting: count(InstanceStatus::Waiting),
            running: count(InstanceStatus::Running),
            last_ended: last.into_iter().take(20).cloned().collect(),
            active: active.into_iter().take(100).cloned().collect(),
        }
    }

    pub(super) fn ledger_page(&self, filter: &LedgerFilter) -> Result<Page<LedgerRow>, Error> {
        let after = filter
            .cursor
            .as_ref()
            .map(places::read_ledger)
            .transpose()?;
        let size = cursor::page_size(filter.limit);
        let rows = self
            .ledger
            .values()
            .rev()
            .filter(|row| {
                filter
                    .coordinator
                    .as_ref()
                    .is_none_or(|key| *key == row.coordinator)
            })
            .filter(|row| {
                filter
                    .workflow
                    .as_ref()
                    .is_none_or(|name| *name == row.workflow)
            })
            .filter(|row| filter.from.is_none_or(|from| row.instant >= from))
            .filter(|row| filter.to.is_none_or(|to| row.instant < to))
            .filter(|row| {
                let key = (
                    row.instant.as_microsecond(),
                    row.coordinator.kind,
                    row.coordinator.name.as_str(),
                    row.workflow.as_str(),
                );
                after.as_ref().is_none_or(|(at, kind, name, workflow)| {
                    key < (*at, *kind, name.as_str(), workflow.as_str())
                })
            })
            .take(size + 1)
            .cloned()
            .collect();
        Ok(cursor::page(rows, size, places::ledger))
    }

    pub(super) fn reading_page(&self, filter: &ReadingFilter) -> Result<Page<DataReading>, Error> {
        let after = filter
            .cursor
            .as_ref()
            .map(places::read_reading)
            .transpose()?;
        let size = cursor::page_size(filter.limit);
        let mut found: Vec<&DataReading> = self
            .readings
            .values()
            .filter(|row| {
                filter
                    .workflow
                    .as_ref()
                    .is_none_or(|name| *name == row.workflow)
            })
            .filter(|row| {
                filter
                    .step
                    .as_ref()
                    .is_none_or(|step| step == row.attempt.visit.step.as_str())
            })
            .filter(|row| filter.from.is_none_or(|from| row.day >= from))
            .filter(|row| filter.to.is_none_or(|to| row.day <= to))
            .filter(|row| {
                after.as_ref().is_none_or(|(at, attempt)| {
                    (row.at.as_microsecond(), &row.attempt) < (*at, attempt)
                })
            })
            .collect();
        found.sort_by(|a, b| (b.at, &b.attempt).cmp(&(a.at, &a.attempt)));
        let rows = found.into_iter().take(size + 1).cloned().collect();
        Ok(cursor::page(rows, size, places::reading))
    }
}

fn instance_key(instance: &Instance) -> (i64, &str) {
    (
        instance.created_at.as_microsecond(),
        instance.id.instance.as_str(),
    )
}
