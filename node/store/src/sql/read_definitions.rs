//! Registered documents, folders and what goes with them.

use peerflow_model::{
    ContentHash, CoordinatorRecord, CoordinatorState, StoredDefinition, WorkflowRecord,
};

use super::SqlStore;
use super::definitions::{self as d, DEFINITION_COLUMNS, STORED_COLUMNS, STORED_TABLES};
use super::value::{Statement, Value};
use crate::error::Error;
use crate::query::{DirectoryEntry, StoredAnswer};
use crate::runs::not_empty;

fn with_text(table: &str, rest: &str) -> String {
    format!("SELECT {DEFINITION_COLUMNS}, xml FROM {table} {rest}")
}

/// The end of all texts that begin with `start`: byte 0xff is in no text.
fn end_of(start: &str) -> Value {
    let mut end = start.as_bytes().to_vec();
    end.push(0xff);
    Value::Bytes(end)
}

impl SqlStore {
    pub(super) async fn read_workflow(&self, name: &str) -> Result<Option<WorkflowRecord>, Error> {
        let sql = with_text("workflows", "WHERE name = ?");
        self.first("workflows", &sql, &[name.into()], |row| {
            d::workflow(row, true)
        })
        .await
    }

    pub(super) async fn read_workflows(
        &self,
        key: Option<&str>,
        after: Option<(String, String)>,
        limit: u32,
    ) -> Result<Vec<WorkflowRecord>, Error> {
        let mut sql = format!("SELECT {DEFINITION_COLUMNS} FROM workflows WHERE 1 = 1");
        let mut values: Vec<Value> = Vec::new();
        if let Some(key) = key {
            let places = ["name", "dir", "creator", "description"]
                .map(|column| format!("INSTR({column}, ?) > 0"));
            sql.push_str(&format!(" AND ({})", places.join(" OR ")));
            values.extend((0..4).map(|_| key.into()));
        }
        if let Some((dir, name)) = after {
            sql.push_str(" AND dir >= ? AND (dir > ? OR name > ?)");
            values.extend([
                dir.as_str().into(),
                dir.as_str().into(),
                name.as_str().into(),
            ]);
        }
        sql.push_str(" ORDER BY dir, name LIMIT ?");
        values.push(limit.into());
        self.all("workflows", &sql, &values, |row| d::workflow(row, false))
            .await
    }

    pub(super) async fn read_coordinator(
        &self,
        name: &str,
    ) -> Result<Option<CoordinatorRecord>, Error> {
        let sql = with_text("coordinators", "WHERE name = ?");
        self.first("coordinators", &sql, &[name.into()], d::coordinator)
            .await
    }

    pub(super) async fn read_coordinators(&self) -> Result<Vec<CoordinatorRecord>, Error> {
        self.all(
            "coordinators",
            &with_text("coordinators", "ORDER BY name"),
            &[],
            d::coordinator,
        )
        .await
    }

    pub(super) async fn read_coordinator_states(&self) -> Result<Vec<CoordinatorState>, Error> {
        let sql = "SELECT body FROM coordinator_states ORDER BY kind, name";
        self.all("coordinator_states", sql, &[], |row| row.json(0))
            .await
    }

    pub(super) async fn read_definition(
        &self,
        hash: ContentHash,
    ) -> Result<Option<StoredDefinition>, Error> {
        let sql = format!("SELECT {STORED_COLUMNS} FROM {STORED_TABLES} WHERE d.hash = ? LIMIT 1");
        self.first("documents", &sql, &[hash.into()], |row| {
            d::stored(row).map(|(_, definition)| definition)
        })
        .await
    }

    pub(super) async fn read_answer(&self, key: &str) -> Result<Option<StoredAnswer>, Error> {
        let sql = "SELECT request, body FROM answers WHERE name = ?";
        self.first("answers", sql, &[key.into()], |row| {
            Ok(StoredAnswer {
                request: row.hash(0)?,
                answer: row.text(1)?.to_owned(),
            })
        })
        .await
    }

    pub(super) async fn read_offers(
        &self,
        node: &str,
    ) -> Result<Vec<(String, ContentHash)>, Error> {
        let sql = "SELECT path, hash FROM offers WHERE node = ?";
        let decode = |row: &super::value::Row| Ok((row.text(0)?.to_owned(), row.hash(1)?));
        let mut offers = self.all("offers", sql, &[node.into()], decode).await?;
        offers.sort();
        Ok(offers)
    }

    pub(super) async fn read_settings(&self) -> Result<Vec<(String, String)>, Error> {
        let sql = "SELECT name, body FROM settings ORDER BY name";
        self.all("settings", sql, &[], |row| {
            Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
        })
        .await
    }

    pub(super) async fn read_directories(&self) -> Result<Vec<DirectoryEntry>, Error> {
        let sql = "SELECT d.path, (SELECT COUNT(*) FROM workflows w WHERE w.dir = d.path) + \
                   (SELECT COUNT(*) FROM coordinators c WHERE c.dir = d.path) FROM directories d ORDER BY d.path";
        self.all("directories", sql, &[], |row| {
            Ok(DirectoryEntry {
                path: row.text(0)?.to_owned(),
                entries: row.unsigned(1)?,
            })
        })
        .await
    }

    pub(super) async fn remove_directory(&self, path: &str) -> Result<bool, Error> {
        let below = format!("{path}/");
        let sql = "DELETE FROM directories WHERE path = ? \
                   AND NOT EXISTS (SELECT 1 FROM workflows w WHERE w.dir = ?) \
                   AND NOT EXISTS (SELECT 1 FROM coordinators c WHERE c.dir = ?) \
                   AND NOT EXISTS (SELECT 1 FROM (SELECT path FROM directories WHERE path > ? AND path < ? LIMIT 1) b)";
        let values: [Value; 5] = [
            path.into(),
            path.into(),
            path.into(),
            below.as_str().into(),
            end_of(&below),
        ];
        let gone = self
            .transact(&self.write, &[Statement::new(sql, values)])
            .await?;
        if gone.first() == Some(&1) {
            return Ok(true);
        }
        let sql = "SELECT 1 FROM directories WHERE path = ? OR (path > ? AND path < ?)";
        let values = [path.into(), below.as_str().into(), end_of(&below)];
        match self
            .first("directories", sql, &values, |row| row.int(0))
            .await?
        {
            Some(_) => Err(not_empty(path)),
            None => Ok(false),
        }
    }
}
