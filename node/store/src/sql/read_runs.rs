//! Runs with their visits and attempts: one of them, or all that are not over.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::{
    ActiveRun, ActiveState, Attempt, ContentHash, Instance, InstanceId, RunId, StoredDefinition,
    Visit,
};
use serde::de::DeserializeOwned;

use super::SqlStore;
use super::definitions as d;
use super::failure::Failure;
use super::links;
use super::pool::Lent;
use super::records::{self, INSTANCE_COLUMNS};
use super::rows::by_keys;
use super::value::{Row, Value};
use crate::error::Error;

const VISIT_COLUMNS: &str = "v.instance, v.run, v.step, v.visit, v.sequence, v.status, v.body";
const ATTEMPT_COLUMNS: &str = "a.instance, a.run, a.step, a.visit, a.attempt, a.status, a.body";
const ACTIVE: &str = "i.status IN (0, 1)";

/// The rows of a query, decoded.
async fn all<T>(
    link: &mut Lent<'_>,
    table: &'static str,
    sql: &str,
    values: &[Value],
    decode: impl Fn(&Row) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let rows = link.fetch(sql, values).await?;
    rows.iter()
        .map(decode)
        .collect::<Result<_, _>>()
        .map_err(|failure| failure.of(table))
}

/// A record that is all in its body, which its key follows.
fn body<T: DeserializeOwned>(row: &Row, key: &str) -> Result<T, Failure> {
    row.json(0)
        .map_err(|failure: Failure| failure.in_row(row, &[(key, 1)]))
}

/// Puts visits and attempts to their runs; all three in any order.
fn assemble(
    instances: Vec<Instance>,
    visits: Vec<Visit>,
    attempts: Vec<Attempt>,
    all_attempts: bool,
) -> Vec<ActiveRun> {
    let mut runs: BTreeMap<RunId, ActiveRun> = instances
        .into_iter()
        .map(|instance| {
            (
                instance.id.clone(),
                ActiveRun {
                    instance,
                    visits: Vec::new(),
                    attempts: Vec::new(),
                },
            )
        })
        .collect();
    for visit in visits {
        if let Some(run) = runs.get_mut(&visit.id.run) {
            run.visits.push(visit);
        }
    }
    for attempt in attempts {
        if let Some(run) = runs.get_mut(&attempt.id.visit.run) {
            run.attempts.push(attempt);
        }
    }
    runs.into_values()
        .map(|mut run| {
            run.visits.sort_by_key(|visit| visit.sequence);
            if !all_attempts {
                let over: BTreeSet<_> = run
                    .visits
                    .iter()
                    .filter(|visit| visit.status.is_final())
                    .map(|visit| &visit.id)
                    .collect();
                run.attempts
                    .retain(|attempt| !over.contains(&attempt.id.visit));
            }
            run.attempts.sort_by(|a, b| a.id.cmp(&b.id));
            run
        })
        .collect()
}

impl SqlStore {
    pub(super) async fn read_active_state(&self) -> Result<ActiveState, Error> {
        let read = async {
            let mut link = self.read.take().await?;
            link.begin_reading().await?;
            let state = self.active_state_of(&mut link).await?;
            link.commit().await?;
            Ok(state)
        };
        read.await.map_err(|failure: Failure| self.error(failure))
    }

    async fn active_state_of(&self, link: &mut Lent<'_>) -> Result<ActiveState, Failure> {
        let columns = d::DEFINITION_COLUMNS;
        let sql = format!("SELECT {columns}, xml FROM workflows ORDER BY name");
        let workflows = all(link, "workflows", &sql, &[], |row| d::workflow(row, true)).await?;
        let sql = format!("SELECT {columns}, xml FROM coordinators ORDER BY name");
        let coordinators = all(link, "coordinators", &sql, &[], d::coordinator).await?;
        let sql = "SELECT body, name FROM coordinator_states ORDER BY kind, name";
        let coordinator_states = all(link, "coordinator_states", sql, &[], |row| {
            body(row, "coordinator")
        })
        .await?;
        let bloods = all(
            link,
            "bloods",
            "SELECT body, id FROM bloods ORDER BY id",
            &[],
            |row| body(row, "blood"),
        )
        .await?;
        let columns = d::LEDGER.columns;
        let sql = format!(
            "SELECT {columns} FROM ledger WHERE fate = 0 ORDER BY instant, kind, coordinator, workflow"
        );
        let held = all(link, "ledger", &sql, &[], d::ledger).await?;
        let hashes = all(link, "links", links::HASHES, &[], links::hash).await?;
        let links = links::Hashes::from_iter(hashes);
        let sql = "SELECT queue_order, CASE WHEN holder IS NULL THEN held_at ELSE held_before END, \
             restored_epoch, restored_at, restored_order FROM lease WHERE name = 'master'";
        let marks = all(link, "lease", sql, &[], |row| {
            let restoration = super::lease::restoration(row, 2)?;
            Ok((row.unsigned(0)?, row.optional_time(1)?, restoration))
        })
        .await?;
        let (last_queue_order, last_renewed_at, restoration) =
            marks.into_iter().next().unwrap_or_default();
        let runs = self.active_runs(link).await?;
        let current: BTreeSet<ContentHash> = workflows.iter().map(|record| record.hash).collect();
        let older: BTreeSet<ContentHash> = runs.iter().map(|run| run.instance.definition).collect();
        let definitions = self.definitions(link, older.difference(&current)).await?;
        Ok(ActiveState {
            workflows,
            coordinators,
            coordinator_states,
            runs,
            definitions,
            bloods,
            held,
            links,
            last_queue_order,
            last_renewed_at,
            restoration,
        })
    }

    async fn active_runs(&self, link: &mut Lent<'_>) -> Result<Vec<ActiveRun>, Failure> {
        let join = self.dialect().ordered_join();
        let sql = format!("SELECT {INSTANCE_COLUMNS} FROM instances i WHERE {ACTIVE}");
        let instances = all(link, "instances", &sql, &[], records::instance).await?;
        let of = |columns: &str, table: &str, name: &str| {
            format!(
                "SELECT {columns} FROM instances i {join} {table} {name} \
                 ON {name}.instance = i.id AND {name}.run = i.run WHERE {ACTIVE}"
            )
        };
        let visits = all(
            link,
            "visits",
            &of(VISIT_COLUMNS, "visits", "v"),
            &[],
            records::visit,
        )
        .await?;
        let attempts = all(
            link,
            "attempts",
            &of(ATTEMPT_COLUMNS, "attempts", "a"),
            &[],
            records::attempt,
        )
        .await?;
        Ok(assemble(instances, visits, attempts, false))
    }

    async fn definitions<'a>(
        &self,
        link: &mut Lent<'_>,
        hashes: impl Iterator<Item = &'a ContentHash>,
    ) -> Result<BTreeMap<ContentHash, StoredDefinition>, Failure> {
        let mut found = BTreeMap::new();
        let keys: Vec<_> = hashes.map(|hash| vec![(*hash).into()]).collect();
        let (columns, tables) = (d::STORED_COLUMNS, d::STORED_TABLES);
        let sql = format!("SELECT {columns} FROM {tables} WHERE d.hash IN ({{keys}})");
        for statement in by_keys(self.dialect(), &sql, &keys) {
            let (sql, values) = (&statement.sql, &statement.values);
            found.extend(all(link, "documents", sql, values, d::stored).await?);
        }
        Ok(found)
    }

    pub(super) async fn read_run(
        &self,
        instance: &InstanceId,
        run: Option<u32>,
    ) -> Result<Option<ActiveRun>, Error> {
        let read = async {
            let mut link = self.read.take().await?;
            link.begin_reading().await?;
            let (only, mut values) = match run {
                Some(run) => ("AND i.run = ?", vec![instance.as_str().into(), run.into()]),
                None => (
                    "ORDER BY i.run DESC LIMIT 1",
                    vec![Value::from(instance.as_str())],
                ),
            };
            let sql = format!("SELECT {INSTANCE_COLUMNS} FROM instances i WHERE i.id = ? {only}");
            let instances = all(&mut link, "instances", &sql, &values, records::instance).await?;
            let Some(found) = instances.first() else {
                link.commit().await?;
                return Ok(None);
            };
            values = vec![instance.as_str().into(), found.id.run.into()];
            let sql =
                format!("SELECT {VISIT_COLUMNS} FROM visits v WHERE v.instance = ? AND v.run = ?");
            let visits = all(&mut link, "visits", &sql, &values, records::visit).await?;
            let sql = format!(
                "SELECT {ATTEMPT_COLUMNS} FROM attempts a WHERE a.instance = ? AND a.run = ?"
            );
            let attempts = all(&mut link, "attempts", &sql, &values, records::attempt).await?;
            link.commit().await?;
            Ok(assemble(instances, visits, attempts, true).pop())
        };
        read.await.map_err(|failure: Failure| self.error(failure))
    }

    pub(super) async fn read_attempts(&self, run: &RunId) -> Result<Vec<Attempt>, Error> {
        let sql =
            format!("SELECT {ATTEMPT_COLUMNS} FROM attempts a WHERE a.instance = ? AND a.run = ?");
        let values = [run.instance.as_str().into(), run.run.into()];
        let mut attempts = self
            .all("attempts", &sql, &values, records::attempt)
            .await?;
        attempts.sort_by(|a, b| (a.assigned_at, &a.id).cmp(&(b.assigned_at, &b.id)));
        Ok(attempts)
    }
}
