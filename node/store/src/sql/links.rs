//! Links as rows and back: their secrets stand in a column of their own, sealed.

use std::collections::BTreeMap;

use peerflow_model::{ContentHash, LinkKey, LinkKind, LinkRecord};

use super::SqlStore;
use super::failure::Failure;
use super::records::{json, unknown};
use super::rows::Table;
use super::value::{Row, Value};
use crate::error::Error;

pub(crate) static LINKS: Table = Table {
    name: "links",
    columns: "kind, name, hash, updated_at, body, sealed",
    width: 6,
};

pub(crate) fn kind_code(kind: LinkKind) -> Value {
    Value::Int(match kind {
        LinkKind::Database => 0,
        LinkKind::File => 1,
    })
}

fn kind(code: i64) -> Result<LinkKind, Failure> {
    match code {
        0 => Ok(LinkKind::Database),
        1 => Ok(LinkKind::File),
        _ => Err(unknown(&format!("a link of kind {code}"))),
    }
}

pub(crate) fn row(link: &LinkRecord) -> [Value; 6] {
    [
        kind_code(link.kind),
        link.name.as_str().into(),
        link.hash().into(),
        link.updated_at.into(),
        json(&link.settings),
        link.sealed.clone().into(),
    ]
}

fn link(row: &Row) -> Result<LinkRecord, Failure> {
    read(row).map_err(|failure| failure.in_row(row, &[("link", 1)]))
}

/// From columns in the order of [`LINKS`].
fn read(row: &Row) -> Result<LinkRecord, Failure> {
    Ok(LinkRecord {
        kind: kind(row.int(0)?)?,
        name: row.text(1)?.to_owned(),
        settings: row.json(4)?,
        sealed: row.bytes(5)?.to_vec(),
        updated_at: row.time(3)?,
    })
}

/// For a new master: which links there are, and the hash of each.
pub(crate) const HASHES: &str = "SELECT kind, name, hash FROM links ORDER BY kind, name";

pub(crate) fn hash(row: &Row) -> Result<(LinkKey, ContentHash), Failure> {
    let key = LinkKey {
        kind: kind(row.int(0)?)?,
        name: row.text(1)?.to_owned(),
    };
    Ok((key, row.hash(2)?))
}

/// What [`HASHES`] finds.
pub(crate) type Hashes = BTreeMap<LinkKey, ContentHash>;

impl SqlStore {
    pub(super) async fn read_link(&self, key: &LinkKey) -> Result<Option<LinkRecord>, Error> {
        let columns = LINKS.columns;
        let sql = format!("SELECT {columns} FROM links WHERE kind = ? AND name = ?");
        let values = [kind_code(key.kind), key.name.as_str().into()];
        self.first("links", &sql, &values, link).await
    }

    pub(super) async fn read_links(
        &self,
        kind: LinkKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<LinkRecord>, Error> {
        let mut sql = format!("SELECT {} FROM links WHERE kind = ?", LINKS.columns);
        let mut values = vec![kind_code(kind)];
        if let Some(after) = after {
            sql.push_str(" AND name > ?");
            values.push(after.into());
        }
        sql.push_str(" ORDER BY name LIMIT ?");
        values.push(limit.into());
        self.all("links", &sql, &values, link).await
    }

    pub(super) async fn read_link_names(&self, kind: LinkKind) -> Result<Vec<String>, Error> {
        let sql = "SELECT name FROM links WHERE kind = ? ORDER BY name";
        self.all("links", sql, &[kind_code(kind)], |row| {
            Ok(row.text(0)?.to_owned())
        })
        .await
    }
}
