//! What is forgotten, a few rows at a time: each step is a transaction of its own, so that nothing waits long.

use jiff::Timestamp;
use peerflow_model::RunId;

use super::SqlStore;
use super::failure::Failure;
use super::rows::by_keys;
use super::value::{Row, Statement, Value};
use crate::error::Error;

/// How long a file may lie there before a workflow refers to it, in microseconds: a day.
const FILE_GRACE: i64 = 24 * 3600 * 1_000_000;

type Keys = Vec<Vec<Value>>;

impl SqlStore {
    pub(super) async fn forget(
        &self,
        instances_before: Timestamp,
        logs_before: Timestamp,
        step: u32,
    ) -> Result<u64, Error> {
        let mut gone = self.forget_runs(instances_before, step).await?;
        gone += self.forget_logs(logs_before, step).await?;
        gone += self.forget_old(instances_before, step).await?;
        gone += self.forget_documents(step).await?;
        gone += self.forget_files(step).await?;
        Ok(gone)
    }

    /// Runs that ended before, with their visits and attempts. The row of the run goes last: as long as it is there,
    /// the rest is found again.
    async fn forget_runs(&self, before: Timestamp, step: u32) -> Result<u64, Error> {
        let sql = "SELECT id, run FROM instances WHERE ended_at < ? AND status > 1 ORDER BY ended_at LIMIT ?";
        let keys = self
            .keys("instances", sql, vec![before.into(), step.into()], run_key)
            .await?;
        let mut gone = 0;
        for group in keys.chunks(64) {
            let mut statements = Vec::new();
            for (table, id) in [
                ("visits", "instance"),
                ("attempts", "instance"),
                ("instances", "id"),
            ] {
                let sql = format!("DELETE FROM {table} WHERE ({id}, run) IN ({{keys}})");
                statements.extend(by_keys(self.dialect(), &sql, group));
            }
            gone += self
                .transact(&self.write, &statements)
                .await?
                .iter()
                .sum::<u64>();
        }
        Ok(gone)
    }

    /// Logs of runs that ended before, and of runs that are not there any more. Goes through all runs with logs, in
    /// groups that are looked up by key.
    async fn forget_logs(&self, before: Timestamp, step: u32) -> Result<u64, Error> {
        let mut after = (String::new(), -1_i64);
        let mut gone = 0;
        while gone < u64::from(step) {
            let runs = self.runs_with_logs(&after).await?;
            let Some(last) = runs.last() else { break };
            after = (last.instance.as_str().to_owned(), last.run.into());
            let kept = self.kept_runs(&runs, before).await?;
            for run in runs.iter().filter(|run| !kept.contains(run)) {
                gone += self.forget_log(run, step).await?;
                if gone >= u64::from(step) {
                    break;
                }
            }
        }
        Ok(gone)
    }

    async fn runs_with_logs(&self, after: &(String, i64)) -> Result<Vec<RunId>, Error> {
        let sql = "SELECT instance, run FROM log_runs \
                   WHERE instance >= ? AND (instance > ? OR run > ?) ORDER BY instance, run LIMIT 256";
        let id = Value::from(after.0.as_str());
        let read = async {
            let rows = self
                .log_read
                .take()
                .await?
                .fetch(sql, &[id.clone(), id, after.1.into()])
                .await?;
            rows.iter().map(run_id).collect::<Result<Vec<_>, _>>()
        };
        read.await
            .map_err(|failure: Failure| self.error(failure.of("log_runs")))
    }

    /// Those of `runs` that are there and whose logs are not old.
    async fn kept_runs(&self, runs: &[RunId], before: Timestamp) -> Result<Vec<RunId>, Error> {
        let keys: Keys = runs
            .iter()
            .map(|run| vec![run.instance.as_str().into(), run.run.into()])
            .collect();
        let micros = before.as_microsecond();
        let sql = format!(
            "SELECT id, run FROM instances WHERE (id, run) IN ({{keys}}) \
             AND (status < 2 OR ended_at IS NULL OR ended_at >= {micros})"
        );
        let mut kept = Vec::new();
        for statement in by_keys(self.dialect(), &sql, &keys) {
            kept.extend(
                self.all("instances", &statement.sql, &statement.values, run_id)
                    .await?,
            );
        }
        Ok(kept)
    }

    /// Up to `step` chunks of a run's log, and the run's row once none is left.
    async fn forget_log(&self, run: &RunId, step: u32) -> Result<u64, Error> {
        let key = || [Value::from(run.instance.as_str()), run.run.into()];
        let sql =
            "SELECT place FROM log_chunks WHERE instance = ? AND run = ? ORDER BY place LIMIT ?";
        let read = async {
            let [instance, number] = key();
            let rows = self
                .log_read
                .take()
                .await?
                .fetch(sql, &[instance, number, step.into()])
                .await?;
            rows.iter()
                .map(|row| row.int(0))
                .collect::<Result<Vec<i64>, _>>()
        };
        let places = read
            .await
            .map_err(|failure| self.error(failure.of("log_chunks")))?;
        let mut gone = 0;
        for group in places.chunks(64) {
            let [instance, number] = key();
            let values = [
                instance,
                number,
                group[0].into(),
                group[group.len() - 1].into(),
            ];
            let sql =
                "DELETE FROM log_chunks WHERE instance = ? AND run = ? AND place BETWEEN ? AND ?";
            gone += self
                .transact(&self.log_write, &[Statement::new(sql, values)])
                .await?
                .iter()
                .sum::<u64>();
        }
        if places.len() < step as usize {
            let sql = "DELETE FROM log_runs WHERE instance = ? AND run = ?";
            gone += self
                .transact(&self.log_write, &[Statement::new(sql, key())])
                .await?
                .iter()
                .sum::<u64>();
        }
        Ok(gone)
    }

    /// Ledger rows, mail that was sent or given up, and answers.
    async fn forget_old(&self, before: Timestamp, step: u32) -> Result<u64, Error> {
        let values = || vec![before.into(), step.into()];
        let ledger = "kind, coordinator, instant, workflow";
        let sql = format!(
            "SELECT {ledger} FROM ledger WHERE instant < ? AND fate > 0 ORDER BY instant LIMIT ?"
        );
        let keys = self.keys("ledger", &sql, values(), |row| {
            Ok(vec![
                row.int(0)?.into(),
                row.bytes(1)?.to_vec().into(),
                row.int(2)?.into(),
                row.bytes(3)?.to_vec().into(),
            ])
        });
        let mut gone = self.delete("ledger", ledger, keys.await?).await?;

        let gaps = "kind, coordinator, first";
        let sql = format!("SELECT {gaps} FROM ledger_gaps WHERE last < ? ORDER BY last LIMIT ?");
        let keys = self.keys("ledger_gaps", &sql, values(), |row| {
            Ok(vec![
                row.int(0)?.into(),
                row.bytes(1)?.to_vec().into(),
                row.int(2)?.into(),
            ])
        });
        gone += self.delete("ledger_gaps", gaps, keys.await?).await?;

        let sql = "SELECT id FROM mail WHERE state IN (1, 2) AND created_at < ? LIMIT ?";
        gone += self
            .delete("mail", "id", self.keys("mail", sql, values(), one).await?)
            .await?;
        let sql = "SELECT name FROM answers WHERE given_at < ? ORDER BY given_at LIMIT ?";
        gone += self
            .delete(
                "answers",
                "name",
                self.keys("answers", sql, values(), one).await?,
            )
            .await?;
        Ok(gone)
    }

    /// Documents that no definition and no run goes by, with the lists of their files. Whether one is wanted is asked again in the statement that
    /// deletes it, whose locks make it wait for a commit that is about to want it.
    async fn forget_documents(&self, step: u32) -> Result<u64, Error> {
        let of = |table: &str, owner: &str, hash: &str| {
            format!(
                "NOT EXISTS (SELECT 1 FROM {table} o \
                 WHERE o.{owner} = documents.owner AND o.{hash} = documents.hash)"
            )
        };
        let unwanted = [
            of("workflows", "name", "hash"),
            of("coordinators", "name", "hash"),
            of("instances", "workflow", "definition"),
        ]
        .join(" AND ");
        let sql = format!("SELECT hash, owner FROM documents WHERE {unwanted} LIMIT ?");
        let keys = self.keys("documents", &sql, vec![step.into()], |row| {
            Ok(vec![
                row.bytes(0)?.to_vec().into(),
                row.bytes(1)?.to_vec().into(),
            ])
        });
        let mut gone = 0;
        for group in keys.await?.chunks(256) {
            let mut statements = Vec::new();
            for (table, condition) in [
                ("documents", unwanted.clone()),
                ("document_files", without_document("document_files")),
                ("file_references", without_document("file_references")),
            ] {
                let sql = format!(
                    "DELETE FROM {table} WHERE (hash, owner) IN ({{keys}}) AND {condition}"
                );
                statements.extend(by_keys(self.dialect(), &sql, group));
            }
            let counts = self.transact(&self.write, &statements).await?;
            gone += counts.first().copied().unwrap_or_default();
        }
        Ok(gone)
    }

    /// Files that no kept document names.
    async fn forget_files(&self, step: u32) -> Result<u64, Error> {
        let unwanted = format!(
            "touched_at < {} - {FILE_GRACE} AND NOT EXISTS (SELECT 1 FROM file_references r WHERE r.file = files.hash)",
            self.dialect().now()
        );
        let sql = format!("SELECT hash FROM files WHERE {unwanted} LIMIT ?");
        let keys = self.keys("files", &sql, vec![step.into()], one).await?;
        let mut gone = 0;
        for key in keys {
            let delete = Statement::new(
                format!("DELETE FROM files WHERE hash = ? AND {unwanted}"),
                key.clone(),
            );
            let chunks = "DELETE FROM file_chunks WHERE hash = ? AND NOT EXISTS \
                          (SELECT 1 FROM files f WHERE f.hash = file_chunks.hash)";
            let counts = self
                .transact(&self.write, &[delete, Statement::new(chunks, key)])
                .await?;
            gone += counts.first().copied().unwrap_or_default();
        }
        Ok(gone)
    }

    async fn keys(
        &self,
        table: &'static str,
        sql: &str,
        values: Vec<Value>,
        key: impl Fn(&Row) -> Result<Vec<Value>, Failure>,
    ) -> Result<Keys, Error> {
        self.all(table, sql, &values, key).await
    }

    async fn delete(&self, table: &str, columns: &str, keys: Keys) -> Result<u64, Error> {
        if keys.is_empty() {
            return Ok(0);
        }
        let columns = if columns.contains(',') {
            format!("({columns})")
        } else {
            columns.to_owned()
        };
        let statements = by_keys(
            self.dialect(),
            &format!("DELETE FROM {table} WHERE {columns} IN ({{keys}})"),
            &keys,
        );
        Ok(self.transact(&self.write, &statements).await?.iter().sum())
    }
}

/// What tells a row that belongs to a document which is not there any more.
fn without_document(table: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM documents d WHERE d.hash = {table}.hash AND d.owner = {table}.owner)"
    )
}

fn one(row: &Row) -> Result<Vec<Value>, Failure> {
    Ok(vec![row.bytes(0)?.to_vec().into()])
}

fn run_key(row: &Row) -> Result<Vec<Value>, Failure> {
    Ok(vec![row.bytes(0)?.to_vec().into(), row.int(1)?.into()])
}

fn run_id(row: &Row) -> Result<RunId, Failure> {
    Ok(RunId {
        instance: row.text(0)?.into(),
        run: row.count(1)?,
    })
}
