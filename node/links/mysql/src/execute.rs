//! Statements as their users wrote them.

use mysql_async::prelude::Queryable;
use mysql_async::{Column as WireColumn, Row, Value};
use peerflow_rows::{BatchBuilder, Column, Error, Executed, Kind};
use tokio::time::Instant;

use crate::error::talking;
use crate::kinds;
use crate::plain::Reading;
use crate::properties::ZeroDates;
use crate::session::{Facts, MySqlSession};
use crate::zone::Zone;

/// Warnings that are told at most.
const WARNINGS: usize = 100;

impl MySqlSession {
    pub(crate) async fn execute_statement(
        &mut self,
        statement: &str,
        first_rows: usize,
    ) -> Result<Executed, Error> {
        let facts = self.facts;
        let conn = self.conn()?;
        let began = Instant::now();
        let mut result = conn.query_iter(statement).await.map_err(|e| talking(&e))?;
        let mut tally = Tally::new(facts, first_rows);
        // A procedure gives several results, and then how many rows it changed.
        loop {
            tally.begin(result.columns_ref(), result.affected_rows());
            while let Some(row) = result.next().await.map_err(|e| talking(&e))? {
                tally.row(row)?;
            }
            if result.is_empty() {
                break;
            }
        }
        // An error in place of a further result shows only now.
        while result.next().await.map_err(|e| talking(&e))?.is_some() {}
        let warnings = result.warnings();
        drop(result);
        let took = began.elapsed();
        let mut executed = tally.end();
        executed.took = took;
        if warnings > 0 {
            let told: Vec<(String, u16, String)> = conn
                .query(format!("SHOW WARNINGS LIMIT {WARNINGS}"))
                .await
                .map_err(|e| talking(&e))?;
            executed.warnings = told
                .into_iter()
                .map(|(level, code, message)| format!("{level} {code}: {message}"))
                .collect();
        }
        Ok(executed)
    }
}

/// Counts rows and keeps the first of the first result.
#[derive(Debug)]
struct Tally {
    facts: Facts,
    first_rows: usize,
    columns: Vec<Column>,
    first: Option<(Vec<Reading>, BatchBuilder)>,
    /// Whether the rows that come are those of the first result.
    in_first: bool,
    given: u64,
    changed: u64,
    any_columns: bool,
}

impl Tally {
    fn new(facts: Facts, first_rows: usize) -> Self {
        Self {
            facts,
            first_rows,
            columns: Vec::new(),
            first: None,
            in_first: false,
            given: 0,
            changed: 0,
            any_columns: false,
        }
    }

    /// A result begins; one without columns tells how many rows were changed.
    fn begin(&mut self, wire: &[WireColumn], changed: u64) {
        self.in_first = false;
        if wire.is_empty() {
            self.changed += changed;
            return;
        }
        if self.any_columns {
            return;
        }
        self.any_columns = true;
        self.in_first = true;
        self.columns = kinds::columns(wire, self.facts.tiny_is_boolean);
        let readings = self
            .columns
            .iter_mut()
            .zip(wire)
            .map(|(column, wire)| {
                // Shown as the server writes it: nothing is computed from it.
                column.kind = match column.kind {
                    Kind::Instant { decimals } => Kind::Timestamp { decimals },
                    Kind::Float { .. } | Kind::Boolean => kinds::shown(wire),
                    kind => kind,
                };
                Reading::new(column, wire, ZeroDates::Keep, Zone::UTC)
            })
            .collect();
        self.first = Some((readings, BatchBuilder::new(wire.len())));
    }

    fn row(&mut self, row: Row) -> Result<(), Error> {
        self.given += 1;
        if !self.in_first || self.first_rows == 0 {
            return Ok(());
        }
        if let Some((readings, builder)) = &mut self.first {
            self.first_rows -= 1;
            for (reading, value) in readings.iter_mut().zip(row.unwrap()) {
                let value: Value = value;
                reading.push(&value, builder)?;
            }
        }
        Ok(())
    }

    fn end(self) -> Executed {
        let first_rows = self
            .first
            .map(|(_, mut builder)| builder.take())
            .unwrap_or_default();
        Executed {
            columns: self.columns,
            first_rows,
            rows: Some(if self.any_columns {
                self.given
            } else {
                self.changed
            }),
            ..Executed::default()
        }
    }
}
