//! The schedule ledger, the plan of the day, readings and mail.

use jiff::Timestamp;
use peerflow_model::{DataReading, LedgerGap, LedgerRow, Mail, MailState, PlanRow};

use super::SqlStore;
use super::definitions as d;
use super::records::attempt_key;
use super::rows::Rows;
use super::value::Value;
use crate::cursor;
use crate::error::Error;
use crate::places;
use crate::query::{LedgerFilter, Page, ReadingFilter};

impl SqlStore {
    pub(super) async fn read_ledger(
        &self,
        filter: &LedgerFilter,
    ) -> Result<Page<LedgerRow>, Error> {
        let size = cursor::page_size(filter.limit);
        let mut sql = format!("SELECT {} FROM ledger WHERE 1 = 1", d::LEDGER.columns);
        let mut values: Vec<Value> = Vec::new();
        if let Some(key) = &filter.coordinator {
            sql.push_str(" AND kind = ? AND coordinator = ?");
            values.extend([d::kind_code(key.kind), key.name.as_str().into()]);
        }
        if let Some(workflow) = &filter.workflow {
            sql.push_str(" AND workflow = ?");
            values.push(workflow.as_str().into());
        }
        if let Some(from) = filter.from {
            sql.push_str(" AND instant >= ?");
            values.push(from.into());
        }
        if let Some(to) = filter.to {
            sql.push_str(" AND instant < ?");
            values.push(to.into());
        }
        if let Some(place) = &filter.cursor {
            let (at, kind, coordinator, workflow) = places::read_ledger(place)?;
            sql.push_str(
                " AND instant <= ? AND (instant < ? OR (kind, coordinator, workflow) < (?, ?, ?))",
            );
            values.extend([at.into(), at.into(), d::kind_code(kind)]);
            values.extend([coordinator.as_str().into(), workflow.as_str().into()]);
        }
        sql.push_str(" ORDER BY instant DESC, kind DESC, coordinator DESC, workflow DESC LIMIT ?");
        values.push(limit(size));
        let rows = self.all("ledger", &sql, &values, d::ledger).await?;
        Ok(cursor::page(rows, size, places::ledger))
    }

    pub(super) async fn read_gaps(&self, limit: u32) -> Result<Vec<LedgerGap>, Error> {
        let sql = "SELECT body FROM ledger_gaps ORDER BY last DESC, kind DESC, coordinator DESC, first DESC LIMIT ?";
        self.all("ledger_gaps", sql, &[limit.into()], |row| row.json(0))
            .await
    }

    pub(super) async fn read_plan(&self) -> Result<Vec<PlanRow>, Error> {
        self.all(
            "plan",
            "SELECT body FROM plan ORDER BY position",
            &[],
            |row| row.json(0),
        )
        .await
    }

    pub(super) async fn read_readings(
        &self,
        filter: &ReadingFilter,
    ) -> Result<Page<DataReading>, Error> {
        let size = cursor::page_size(filter.limit);
        let mut sql = format!("SELECT {} FROM readings WHERE 1 = 1", d::READINGS.columns);
        let mut values: Vec<Value> = Vec::new();
        if let Some(workflow) = &filter.workflow {
            sql.push_str(" AND workflow = ?");
            values.push(workflow.as_str().into());
        }
        if let Some(step) = &filter.step {
            sql.push_str(" AND step = ?");
            values.push(step.as_str().into());
        }
        if let Some(from) = filter.from {
            sql.push_str(" AND day >= ?");
            values.push(d::day_number(from));
        }
        if let Some(to) = filter.to {
            sql.push_str(" AND day <= ?");
            values.push(d::day_number(to));
        }
        if let Some(place) = &filter.cursor {
            let (at, attempt) = places::read_reading(place)?;
            sql.push_str(" AND at <= ? AND (at < ? OR (instance, run, step, visit, attempt) < (?, ?, ?, ?, ?))");
            values.extend([at.into(), at.into()]);
            values.extend(attempt_key(&attempt));
        }
        sql.push_str(" ORDER BY at DESC, instance DESC, run DESC, step DESC, visit DESC, attempt DESC LIMIT ?");
        values.push(limit(size));
        let rows = self.all("readings", &sql, &values, d::reading).await?;
        Ok(cursor::page(rows, size, places::reading))
    }

    pub(super) async fn read_due_mail(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Mail>, Error> {
        let sql =
            "SELECT body FROM mail WHERE state = 0 AND due_at <= ? ORDER BY due_at, id LIMIT ?";
        self.all("mail", sql, &[now.into(), limit.into()], |row| row.json(0))
            .await
    }

    pub(super) async fn read_mail(&self, limit: u32) -> Result<Vec<Mail>, Error> {
        let branch = |state| {
            let code = d::mail_code(state);
            format!(
                "SELECT * FROM (SELECT body, created_at, id FROM mail WHERE state = {code} \
                 ORDER BY created_at DESC, id DESC LIMIT ?) m{code}"
            )
        };
        let open = format!(
            "{} UNION ALL {}",
            branch(MailState::Due),
            branch(MailState::Abandoned)
        );
        let sql = format!("SELECT body FROM ({open}) m ORDER BY created_at DESC, id DESC LIMIT ?");
        self.all(
            "mail",
            &sql,
            &[limit.into(), limit.into(), limit.into()],
            |row| row.json(0),
        )
        .await
    }

    pub(super) async fn write_mail(&self, mail: &Mail) -> Result<(), Error> {
        crate::limits::name("the mail's id", &mail.id)?;
        let rows = Rows::of(&d::MAIL, [d::mail_row(mail).to_vec()]);
        self.transact(&self.write, &rows.statements("REPLACE INTO", ""))
            .await
            .map(drop)
    }
}

fn limit(size: usize) -> Value {
    Value::Int(i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1))
}
