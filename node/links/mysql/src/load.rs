//! Loading rows into a table.

use std::sync::{Arc, Mutex, PoisonError};

use mysql_async::Column as WireColumn;
use mysql_async::Error as Driver;
use mysql_async::prelude::Queryable;
use peerflow_rows::{BatchReceiver, Error, Loaded, Target, Trouble};

use crate::error::{talking, warned};
use crate::field::{Field, has_members, is_timestamp, keeps_instants};
use crate::infile::{Feed, Sent, clauses};
use crate::insert::insert;
use crate::names::{TableName, quote};
use crate::read::STALL;
use crate::session::MySqlSession;
use crate::variables::Before;
use crate::zone::Zone;

/// Nothing is changed to make it fit, zeros stay zeros, and zero dates are let in as a source may hold them.
const STRICT: &str = "'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_AUTO_VALUE_ON_ZERO'";

impl MySqlSession {
    pub(crate) async fn load_rows(
        &mut self,
        target: &Target,
        rows: BatchReceiver,
    ) -> Result<Loaded, Error> {
        self.cancel.begin();
        if target.columns.is_empty() || target.columns.len() != target.source.len() {
            return Err(Error::new(
                Trouble::Refused,
                format!(
                    "{} columns of the source are to be loaded into {} of the target",
                    target.source.len(),
                    target.columns.len()
                ),
            ));
        }
        let table = TableName::parse(&target.table)?.quoted();
        let wire = self.target_columns(&table, target).await?;
        let zone = self.zone_of_load(target, &wire).await?;
        let fields = self.fields(&table, target, &wire, zone).await?;
        let before = self.set_rules(target, &wire, zone).await?;
        let loaded = self
            .load_strictly(&table, target, fields.into(), rows)
            .await;
        before.restore(self).await;
        loaded.map(|rows| Loaded { rows })
    }

    /// The rules of [`Self::load_rows`], for statements of another kind.
    pub(crate) async fn be_strict(&mut self, target: &Target) -> Result<Before, Error> {
        let table = TableName::parse(&target.table)?.quoted();
        let wire = self.target_columns(&table, target).await?;
        let zone = self.zone_of_load(target, &wire).await?;
        self.set_rules(target, &wire, zone).await
    }

    async fn set_rules(
        &mut self,
        target: &Target,
        wire: &[WireColumn],
        zone: Zone,
    ) -> Result<Before, Error> {
        let mut variables = vec![
            ("sql_mode", STRICT),
            ("sql_notes", "1"),
            ("max_error_count", "64"),
            ("net_read_timeout", STALL),
            // A source may be silent for long between two INSERTs.
            ("wait_timeout", STALL),
        ];
        if zone == Zone::Changing && holds_instants(target, wire) {
            variables.push(("time_zone", "'+00:00'"));
        }
        Before::set(self, &variables).await
    }

    async fn load_strictly(
        &mut self,
        table: &str,
        target: &Target,
        fields: Arc<[Field]>,
        rows: BatchReceiver,
    ) -> Result<u64, Error> {
        if self.facts.local_infile {
            self.load_infile(table, target, fields, rows).await
        } else {
            insert(self, table, target, &fields, rows).await
        }
    }

    async fn load_infile(
        &mut self,
        table: &str,
        target: &Target,
        fields: Arc<[Field]>,
        rows: BatchReceiver,
    ) -> Result<u64, Error> {
        let statement = format!(
            "LOAD DATA LOCAL INFILE 'rows' INTO TABLE {table} {}",
            clauses(&fields)
        );
        let sent = Arc::new(Mutex::new(Sent::default()));
        let cancel = Arc::clone(&self.cancel);
        // Stays here until the server asks for it: it may refuse.
        let feed = Arc::new(Mutex::new(Some(Feed {
            rows,
            fields: Arc::clone(&fields),
            sent: Arc::clone(&sent),
            progress: Arc::clone(&target.progress),
            cancel: Arc::clone(&cancel),
            max_packet: self.facts.max_packet,
        })));
        let given = Arc::clone(&feed);
        let conn = self.conn()?;
        conn.set_infile_handler(async move {
            let feed = take(&given).ok_or_else(|| {
                Driver::Other("the server asked for the rows of a load twice".into())
            })?;
            Ok(feed.into_data())
        });
        let answer = conn.query_iter(statement).await;
        if let Err(Driver::Server(server)) = &answer
            && matches!(server.code, 1148 | 3948 | 4166)
            && let Some(feed) = take(&feed)
        {
            drop(answer);
            self.facts.local_infile = false;
            return insert(self, table, target, &fields, feed.rows).await;
        }
        let kept = answer.map(|result| (result.affected_rows(), result.warnings()));
        let sent = std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(error) = sent.error {
            return Err(error);
        }
        let (kept, warnings) = kept.map_err(|e| talking(&e))?;
        if cancel.is_stopped() {
            return Err(Error::new(Trouble::Cancelled, "the load was cancelled"));
        }
        if warnings > 0
            && let Some(error) = self.first_warning().await?
        {
            return Err(error);
        }
        if kept != sent.rows {
            return Err(Error::new(
                Trouble::BadValue,
                format!(
                    "the server kept {kept} of {} rows and did not say why",
                    sent.rows
                ),
            ));
        }
        Ok(sent.rows)
    }

    /// The first thing that the last statement warned of.
    pub(crate) async fn first_warning(&mut self) -> Result<Option<Error>, Error> {
        let first: Option<(String, u16, String)> = self
            .conn()?
            .query_first("SHOW WARNINGS LIMIT 1")
            .await
            .map_err(|e| talking(&e))?;
        Ok(first.map(|(_, code, message)| warned(code, &message)))
    }

    /// The target's columns as the server tells of them, in the order of the rows.
    async fn target_columns(
        &mut self,
        table: &str,
        target: &Target,
    ) -> Result<Vec<WireColumn>, Error> {
        let names: Vec<String> = target.columns.iter().map(|c| quote(&c.name)).collect();
        let query = format!("SELECT {} FROM {table} LIMIT 0", names.join(", "));
        let result = self.conn()?.query_iter(query).await;
        let result = result.map_err(|e| talking(&e))?;
        let wire = result.columns_ref().to_vec();
        result.drop_result().await.map_err(|e| talking(&e))?;
        Ok(wire)
    }

    async fn zone_of_load(&mut self, target: &Target, wire: &[WireColumn]) -> Result<Zone, Error> {
        let pairs = || target.source.iter().zip(wire);
        if !pairs().any(|(_, wire)| is_timestamp(wire)) {
            return Ok(Zone::UTC);
        }
        let zone = Zone::of(self.conn()?).await?;
        let clock_times =
            pairs().any(|(source, wire)| is_timestamp(wire) && !keeps_instants(source, wire));
        if zone == Zone::Changing && clock_times && holds_instants(target, wire) {
            return Err(Error::new(
                Trouble::Unsupported,
                "instants and times without a zone cannot go into TIMESTAMP columns of one table while the server's zone has summer time; set sessionVariables=time_zone='+00:00' for the link",
            ));
        }
        Ok(zone)
    }

    async fn fields(
        &mut self,
        table: &str,
        target: &Target,
        wire: &[WireColumn],
        zone: Zone,
    ) -> Result<Vec<Field>, Error> {
        let mut fields = Vec::with_capacity(wire.len());
        for (source, wire) in target.source.iter().zip(wire) {
            let members = if has_members(wire) {
                self.members(table, &wire.name_str()).await?
            } else {
                Vec::new()
            };
            fields.push(Field::new(source, wire, members, zone));
        }
        Ok(fields)
    }

    /// The members of an ENUM or SET.
    async fn members(&mut self, table: &str, column: &str) -> Result<Vec<String>, Error> {
        let shown: Vec<(String, String)> = self
            .conn()?
            .query_map(
                format!("SHOW COLUMNS FROM {table}"),
                |row: mysql_async::Row| {
                    let of = |name| row.get::<String, &str>(name).unwrap_or_default();
                    (of("Field"), of("Type"))
                },
            )
            .await
            .map_err(|e| talking(&e))?;
        let kind = shown.into_iter().find(|(name, _)| name == column);
        Ok(kind.map_or_else(Vec::new, |(_, kind)| members_of(&kind)))
    }
}

fn take(feed: &Mutex<Option<Feed>>) -> Option<Feed> {
    feed.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The texts in `enum('a','it''s')`.
fn members_of(kind: &str) -> Vec<String> {
    let inner = kind
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'))
        .map_or("", |(inner, _)| inner);
    let mut members = Vec::new();
    let mut characters = inner.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '\'' {
            continue;
        }
        let mut member = String::new();
        while let Some(c) = characters.next() {
            if c != '\'' {
                member.push(c);
            } else if characters.next_if_eq(&'\'').is_some() {
                member.push('\'');
            } else {
                break;
            }
        }
        members.push(member);
    }
    members
}

/// Whether instants go into a TIMESTAMP column.
fn holds_instants(target: &Target, wire: &[WireColumn]) -> bool {
    let mut pairs = target.source.iter().zip(wire);
    pairs.any(|(source, wire)| keeps_instants(source, wire))
}
