//! The lease row. Each change of it is one statement that is a transaction by itself: nothing is held in between.

use std::time::Duration;

use async_trait::async_trait;
use peerflow_model::{Epoch, NodeId, Restoration};
use tokio::time::{Instant, sleep};

use super::SqlStore;
use super::failure::Failure;
use super::transaction::{PATIENCE, PAUSE};
use super::value::{Row, Statement, Value};
use crate::error::Error;
use crate::lease::{Claimed, Lease, LeaseClaim, LeaseLoss, LeaseRow, LeaseStore, Sighting};

/// A number as the databases keep it.
pub(super) fn number(value: u64) -> Result<i64, Error> {
    i64::try_from(value)
        .map_err(|_too_large| Error::Limit(format!("{value} is too large for the store")))
}

fn micros(ttl: Duration) -> Value {
    Value::Int(
        i64::try_from(ttl.as_micros())
            .unwrap_or(i64::MAX / 4)
            .min(i64::MAX / 4),
    )
}

/// The columns that [`row`] reads.
fn columns(now: &str) -> String {
    format!(
        "holder, epoch, renewals, commit_seq, expires_at, CASE WHEN expires_at <= {now} THEN 1 ELSE 0 END, \
         expires_at - {now}, restored_epoch, restored_at, restored_order"
    )
}

fn row(row: &Row) -> Result<LeaseRow, Failure> {
    let holder = row.optional_text(0)?.map(Into::into);
    let expired = row.int(5)? != 0;
    let left = u64::try_from(row.int(6)?).unwrap_or_default();
    let held = holder.is_some() && !expired;
    Ok(LeaseRow {
        holder,
        epoch: Epoch(row.unsigned(1)?),
        renewals: row.unsigned(2)?,
        commit_seq: row.unsigned(3)?,
        expires_at: row.time(4)?,
        expired,
        remaining: if held {
            Duration::from_micros(left)
        } else {
            Duration::ZERO
        },
        restoration: restoration(row, 7)?,
    })
}

/// What the columns `restored_epoch`, `restored_at` and `restored_order` say, from place `at` on.
pub(super) fn restoration(row: &Row, at: usize) -> Result<Option<Restoration>, Failure> {
    let restoration = Restoration {
        epoch: Epoch(row.unsigned(at)?),
        found_at: row.time(at + 1)?,
        last_queue_order: row.optional_unsigned(at + 2)?,
    };
    Ok(Some(restoration).filter(|found| found.epoch != Epoch(0)))
}

impl LeaseRow {
    fn is_of(&self, lease: &Lease) -> bool {
        self.holder.as_ref() == Some(&lease.holder) && self.epoch == lease.epoch
    }

    fn lease(&self, holder: &NodeId) -> Lease {
        Lease {
            holder: holder.clone(),
            epoch: self.epoch,
            renewals: self.renewals,
            commit_seq: self.commit_seq,
        }
    }
}

impl SqlStore {
    /// Runs one statement that changes the row; whether it did. A lock that somebody else holds is waited for.
    async fn change_lease(&self, sql: String, values: Vec<Value>) -> Result<bool, Error> {
        let statement = Statement::new(sql, values);
        let started = Instant::now();
        loop {
            match self.change_lease_once(&statement).await {
                Ok(count) => return Ok(count > 0),
                Err(Failure::Busy(_)) if started.elapsed() < PATIENCE => sleep(PAUSE).await,
                Err(failure) => return Err(self.error(failure)),
            }
        }
    }

    async fn change_lease_once(&self, statement: &Statement) -> Result<u64, Failure> {
        let turn = match self.server.gate(super::server::Role::Lease) {
            Some(gate) => Some(gate.lock_owned().await),
            None => None,
        };
        let done = self.lease.take().await?.execute(statement).await;
        drop(turn);
        done
    }

    async fn lease_row(&self) -> Result<LeaseRow, Error> {
        let now = self.dialect().now();
        let columns = columns(now);
        let sql = format!("SELECT {columns} FROM lease WHERE name = 'master'");
        let read = async {
            let rows = self.lease.take().await?.fetch(&sql, &[]).await?;
            let lost = || Failure::Corrupt {
                table: "lease",
                reason: "the row is gone".to_owned(),
            };
            row(rows.first().ok_or_else(lost)?)
        };
        read.await
            .map_err(|failure| self.error(failure.of("lease")))
    }
}

#[async_trait]
impl LeaseStore for SqlStore {
    async fn acquire(&self, claim: &LeaseClaim) -> Result<Claimed, Error> {
        crate::limits::name("the node's id", claim.holder.as_str())?;
        let now = self.dialect().now();
        let seen = number(claim.seen.epoch.0)?;
        let (renewals, commit_seq) = (number(claim.seen.renewals)?, number(claim.seen.commit_seq)?);
        // MySQL assigns from left to right: what is kept or judged of the old row stands before what replaces it.
        let back = "epoch < ? OR (epoch = ? AND (renewals < ? OR commit_seq < ?))";
        let epoch = "CASE WHEN epoch > ? THEN epoch ELSE ? END + 1";
        let sql = format!(
            "UPDATE lease SET restored_order = CASE WHEN {back} THEN NULL ELSE restored_order END, \
             restored_at = CASE WHEN {back} THEN {now} ELSE restored_at END, \
             restored_epoch = CASE WHEN {back} THEN {epoch} ELSE restored_epoch END, \
             held_before = held_at, held_at = {now}, holder = ?, \
             epoch = {epoch}, renewals = renewals + 1, expires_at = {now} + ? \
             WHERE name = 'master' AND (holder IS NULL OR expires_at <= {now} OR (holder = ? AND ? = 1))"
        );
        let back = || [seen, seen, renewals, commit_seq].map(Value::from);
        let holder = Value::from(claim.holder.as_str());
        let mut values = Vec::new();
        values.extend(back().into_iter().chain(back()).chain(back()));
        values.extend([seen, seen].map(Value::from));
        values.push(holder.clone());
        values.extend([seen, seen].map(Value::from));
        values.extend([
            micros(claim.ttl),
            holder,
            i64::from(claim.succeeds_itself).into(),
        ]);
        let taken = self.change_lease(sql, values).await?;
        let row = self.lease_row().await?;
        // Somebody else may have taken it since, if it has expired already: then it is not ours.
        let ours = row.holder.as_ref() == Some(&claim.holder) && row.epoch > claim.seen.epoch;
        if !taken || !ours {
            return Ok(Claimed::Held(row));
        }
        let restored = row.restoration.as_ref();
        Ok(Claimed::Granted {
            went_back: restored.is_some_and(|restored| restored.epoch == row.epoch),
            lease: row.lease(&claim.holder),
        })
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Result<Lease, LeaseLoss>, Error> {
        let now = self.dialect().now();
        let sql = format!(
            "UPDATE lease SET renewals = renewals + 1, expires_at = {now} + ?, held_at = {now} \
             WHERE name = 'master' AND holder = ? AND epoch = ? AND renewals = ? AND expires_at > {now}"
        );
        let (epoch, renewals) = (number(lease.epoch.0)?, number(lease.renewals)?);
        let values = vec![
            micros(ttl),
            lease.holder.as_str().into(),
            epoch.into(),
            renewals.into(),
        ];
        // A renewal whose answer was lost has moved the count already: nobody else could.
        self.change_lease(sql, values).await?;
        let row = self.lease_row().await?;
        if row.is_of(lease) && row.renewals == lease.renewals + 1 && !row.expired {
            return Ok(Ok(row.lease(&lease.holder)));
        }
        let sighting = Sighting::from(&row);
        Ok(Err(LeaseLoss::of(
            &lease.holder,
            lease.into(),
            row.holder,
            sighting,
            row.expired,
        )))
    }

    async fn release(&self, lease: &Lease) -> Result<(), Error> {
        let now = self.dialect().now();
        let sql = format!(
            "UPDATE lease SET holder = NULL, expires_at = {now}, held_at = {now} \
             WHERE name = 'master' AND holder = ? AND epoch = ?"
        );
        let values = vec![lease.holder.as_str().into(), number(lease.epoch.0)?.into()];
        self.change_lease(sql, values).await.map(drop)
    }

    async fn lease(&self) -> Result<Option<LeaseRow>, Error> {
        Ok(Some(self.lease_row().await?).filter(|row| row.epoch != Epoch(0)))
    }
}
