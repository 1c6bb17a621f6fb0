//! Pages of instances, and the counts of the front page.
//!
//! A page is the newest of the newest of each status: every branch walks an index that begins with the status and
//! goes on with the time, so that no page sorts, or looks at, more than it shows.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{Instance, InstanceStatus};

use super::SqlStore;
use super::records::{self, INSTANCE_COLUMNS, instance_code};
use super::value::Value;
use crate::cursor;
use crate::error::Error;
use crate::places;
use crate::query::{FrontCounts, InstanceFilter, InstancePage, days};

const STATUSES: [InstanceStatus; 5] = [
    InstanceStatus::Waiting,
    InstanceStatus::Running,
    InstanceStatus::Succeeded,
    InstanceStatus::Failed,
    InstanceStatus::Killed,
];
/// Zones of our days begin at whole quarters of an hour, in microseconds.
const QUARTER: i64 = 15 * 60 * 1_000_000;

/// Conditions with their values.
#[derive(Clone, Default)]
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.extend(values);
    }
}

fn conditions(filter: &InstanceFilter) -> Result<Conditions, Error> {
    let mut all = Conditions::default();
    if let Some(workflow) = &filter.workflow {
        all.and("i.workflow = ?", [workflow.as_str().into()]);
    }
    if let Some(from) = filter.from {
        all.and("i.created_at >= ?", [from.into()]);
    }
    if let Some(to) = filter.to {
        all.and("i.created_at < ?", [to.into()]);
    }
    if let Some(creator) = &filter.creator {
        all.and(
            "i.workflow IN (SELECT name FROM workflows WHERE creator = ?)",
            [creator.as_str().into()],
        );
    }
    if let Some(key) = &filter.key {
        let mut end = key.as_bytes().to_vec();
        end.resize(end.len().max(64) + 1, 0xff);
        let values = [key.as_str().into(), key.as_str().into(), end.into()];
        all.and(
            "(INSTR(i.workflow, ?) > 0 OR (i.id >= ? AND i.id < ?))",
            values,
        );
    }
    if let Some(cursor) = &filter.cursor {
        let (at, [id]) = cursor::read::<1>(cursor)?;
        let values = [at.into(), at.into(), id.as_str().into()];
        all.and(
            "i.created_at <= ? AND (i.created_at < ? OR i.id < ?)",
            values,
        );
    }
    Ok(all)
}

impl SqlStore {
    pub(super) async fn read_instances(
        &self,
        filter: &InstanceFilter,
    ) -> Result<InstancePage, Error> {
        let size = cursor::page_size(filter.limit);
        let conditions = conditions(filter)?;
        let wanted = if filter.status.is_empty() {
            &STATUSES[..]
        } else {
            &filter.status
        };
        let index = if filter.workflow.is_some() {
            "instances_by_workflow"
        } else {
            "instances_by_status"
        };
        let index = self.dialect().use_index(index);
        let mut branches = Vec::new();
        let mut values = Vec::new();
        for status in STATUSES.iter().filter(|status| wanted.contains(status)) {
            branches.push(format!(
                "SELECT * FROM (SELECT {INSTANCE_COLUMNS} FROM instances i {index} WHERE i.status = {} AND i.latest = 1{} \
                 ORDER BY i.created_at DESC, i.id DESC LIMIT {}) s{}",
                instance_code(*status),
                conditions.sql,
                size + 1,
                branches.len(),
            ));
            values.extend(conditions.values.iter().cloned());
        }
        let sql = branches.join(" UNION ALL ");
        let mut found = self
            .all("instances", &sql, &values, records::instance)
            .await?;
        found.sort_by(|a, b| key(b).cmp(&key(a)));
        found.truncate(size + 1);
        Ok(cursor::page(found, size, places::instance))
    }

    pub(super) async fn read_front(
        &self,
        since: Timestamp,
        zone: &TimeZone,
    ) -> Result<FrontCounts, Error> {
        let (now, div) = (self.dialect().now(), self.dialect().div());
        let clock = self
            .first("clock", &format!("SELECT {now}"), &[], |row| row.time(0))
            .await?;
        let sql = format!(
            "SELECT ended_at {div} {QUARTER}, status, COUNT(*) FROM instances \
             WHERE ended_at >= ? GROUP BY ended_at {div} {QUARTER}, status"
        );
        let counts = self
            .all("instances", &sql, &[since.into()], |row| {
                Ok((row.int(0)?, row.int(1)?, row.unsigned(2)?))
            })
            .await?;
        let ended = counts.into_iter().filter_map(|(quarter, status, count)| {
            let slot = usize::try_from(status - instance_code(InstanceStatus::Succeeded)).ok()?;
            let mut outcomes = [0; 3];
            *outcomes.get_mut(slot)? = count;
            Some((
                Timestamp::from_microsecond(quarter * QUARTER)
                    .ok()?
                    .max(since),
                outcomes,
            ))
        });
        let days = days(since, clock.unwrap_or(since), zone, ended);
        let sql = "SELECT status, COUNT(*) FROM instances WHERE status IN (0, 1) GROUP BY status";
        let open = self
            .all("instances", sql, &[], |row| {
                Ok((row.int(0)?, row.unsigned(1)?))
            })
            .await?;
        let count = |status| {
            open.iter()
                .find(|(code, _)| *code == instance_code(status))
                .map_or(0, |(_, count)| *count)
        };
        Ok(FrontCounts {
            days,
            waiting: count(InstanceStatus::Waiting),
            running: count(InstanceStatus::Running),
            last_ended: self.last_ended().await?,
            active: self.oldest_active().await?,
        })
    }

    async fn last_ended(&self) -> Result<Vec<Instance>, Error> {
        let sql = format!(
            "SELECT {INSTANCE_COLUMNS} FROM instances i WHERE i.ended_at IS NOT NULL AND +i.status > 1 \
             ORDER BY i.ended_at DESC, i.id DESC, i.run DESC LIMIT 20"
        );
        self.all("instances", &sql, &[], records::instance).await
    }

    async fn oldest_active(&self) -> Result<Vec<Instance>, Error> {
        let branch = |status: i64| {
            format!(
                "SELECT * FROM (SELECT {INSTANCE_COLUMNS} FROM instances i WHERE i.status = {status} \
                 ORDER BY i.created_at, i.id LIMIT 100) s{status}"
            )
        };
        let sql = format!("{} UNION ALL {}", branch(0), branch(1));
        let mut active = self.all("instances", &sql, &[], records::instance).await?;
        active.sort_by(|a, b| key(a).cmp(&key(b)));
        active.truncate(100);
        Ok(active)
    }
}

fn key(instance: &Instance) -> (i64, &str) {
    (
        instance.created_at.as_microsecond(),
        instance.id.instance.as_str(),
    )
}
