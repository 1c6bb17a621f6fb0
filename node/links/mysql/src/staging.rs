//! Staging tables: their definition, and how their rows are moved.

use mysql_async::prelude::Queryable;
use peerflow_rows::{Column, Error, Target};

use crate::error::{talking, warned};
use crate::names::{TableName, quote};
use crate::session::MySqlSession;

/// The key of a staging table, where the server takes no table without one. Nobody reads it.
const KEY: &str = "peerflow_row";

/// A column of the target, in the server's own words.
#[derive(Clone, Debug)]
struct Defined {
    name: String,
    /// `varchar(9)`, `enum('a','b')`
    kind: String,
    collation: Option<String>,
    is_nullable: bool,
}

impl MySqlSession {
    /// As CREATE TABLE … AS SELECT would make it, which servers with GTIDs refuse, with a key where they all must have one.
    pub(crate) async fn define_staging(
        &mut self,
        staging: &str,
        table: &str,
        columns: &[Column],
    ) -> Result<Option<String>, Error> {
        let TableName { schema, table } = TableName::parse(table)?;
        let conn = self.conn()?;
        let told: Vec<(String, String, Option<String>, String)> = conn
            .exec(
                "SELECT COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME, IS_NULLABLE FROM information_schema.COLUMNS \
                 WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?",
                (schema, table),
            )
            .await
            .map_err(|error| talking(&error))?;
        let wants_key: Option<(String, String)> = conn
            .query_first(
                "SHOW SESSION VARIABLES WHERE Variable_name IN ('sql_require_primary_key', 'innodb_force_primary_key') \
                 AND Value = 'ON'",
            )
            .await
            .map_err(|error| talking(&error))?;
        let defined: Vec<Defined> = told
            .into_iter()
            .map(|(name, kind, collation, nullable)| Defined {
                name,
                kind,
                collation,
                is_nullable: nullable == "YES",
            })
            .collect();
        Ok(definition(staging, columns, &defined, wants_key.is_some()))
    }

    /// Moves rows as strictly as they are loaded, and says how many there were.
    pub(crate) async fn move_staged(
        &mut self,
        statement: &str,
        target: &Target,
    ) -> Result<u64, Error> {
        let before = self.be_strict(target).await?;
        let moved = self.move_strictly(statement).await;
        before.restore(self).await;
        moved
    }

    async fn move_strictly(&mut self, statement: &str) -> Result<u64, Error> {
        let conn = self.conn()?;
        let result = conn.query_iter(statement).await.map_err(|e| talking(&e))?;
        let (rows, warnings) = (result.affected_rows(), result.warnings());
        result.drop_result().await.map_err(|e| talking(&e))?;
        if warnings > 0 {
            let told: Vec<(String, u16, String)> = conn
                .query("SHOW WARNINGS")
                .await
                .map_err(|error| talking(&error))?;
            // Notes are about the statement, as that it is unsafe for some binary logs.
            let first = told.into_iter().find(|(level, ..)| level != "Note");
            if let Some((_, code, message)) = first {
                return Err(warned(code, &message));
            }
        }
        Ok(rows)
    }
}

/// `None` where the server's words do not tell it all.
fn definition(
    staging: &str,
    columns: &[Column],
    defined: &[Defined],
    wants_key: bool,
) -> Option<String> {
    let mut parts = Vec::with_capacity(columns.len() + 1);
    for column in columns {
        let named = |it: &&Defined| it.name.to_lowercase() == column.name.to_lowercase();
        let column = defined.iter().find(named)?;
        let kind = &column.kind;
        // What a backslash means in a member of an ENUM depends on sql_mode.
        if kind.contains('\\') {
            return None;
        }
        let collation = match &column.collation {
            Some(collation) => format!(" COLLATE {collation}"),
            None => String::new(),
        };
        let null = match (column.is_nullable, kind.strip_prefix("timestamp")) {
            (true, _) => "NULL".to_owned(),
            (false, None) => "NOT NULL".to_owned(),
            // Without a default of its own it gets one that strict servers refuse.
            (false, Some(decimals)) => format!("NOT NULL DEFAULT CURRENT_TIMESTAMP{decimals}"),
        };
        parts.push(format!("{} {kind}{collation} {null}", quote(&column.name)));
    }
    if wants_key {
        parts.push(format!(
            "{KEY} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY"
        ));
    }
    Some(format!(
        "CREATE TABLE {staging} ({}) ENGINE=InnoDB",
        parts.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use peerflow_rows::Kind;

    fn defined(name: &str, kind: &str, collation: Option<&str>, is_nullable: bool) -> Defined {
        Defined {
            name: name.to_owned(),
            kind: kind.to_owned(),
            collation: collation.map(str::to_owned),
            is_nullable,
        }
    }

    #[test]
    fn a_staging_table_has_the_columns_that_are_loaded_and_a_key_where_it_must() {
        let of_table = [
            defined("hidden", "int(11)", None, false),
            defined("At", "timestamp(3)", None, false),
            defined("e", "enum('a','b')", Some("latin1_bin"), true),
        ];
        let columns = ["at", "e"].map(|name| Column::new(name, Kind::TEXT));
        let plain = definition("`s`", &columns, &of_table, false).unwrap();
        assert_eq!(
            plain,
            "CREATE TABLE `s` (`At` timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \
             `e` enum('a','b') COLLATE latin1_bin NULL) ENGINE=InnoDB"
        );
        let keyed = definition("`s`", &columns, &of_table, true).unwrap();
        assert!(
            keyed.contains(", peerflow_row BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY)")
        );
        let unknown = [Column::new("x", Kind::TEXT)];
        assert_eq!(definition("`s`", &unknown, &of_table, false), None);
    }
}
