//! The lease row. Each change of it is one statement that is a transaction by itself: nothing is held in between.

use std::time::Duration;

use async_trait::async_trait;
use peerflow_model::Epoch;
use tokio::time::{Instant, sleep};

use super::SqlStore;
use super::failure::Failure;
use super::transaction::{PATIENCE, PAUSE};
use super::value::{Row, Statement, Value};
use crate::error::Error;
use crate::lease::{Lease, LeaseClaim, LeaseRow, LeaseStore};

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

fn row(row: &Row) -> Result<LeaseRow, Failure> {
    Ok(LeaseRow {
        holder: row.optional_text(0)?.map(Into::into),
        epoch: Epoch(row.unsigned(1)?),
        renewals: row.unsigned(2)?,
        commit_seq: row.unsigned(3)?,
        expires_at: row.time(4)?,
        expired: row.int(5)? != 0,
    })
}

impl LeaseRow {
    fn is_of(&self, lease: &Lease) -> bool {
        self.holder.as_ref() == Some(&lease.holder) && self.epoch == lease.epoch
    }

    fn lease(self) -> Option<Lease> {
        let Self {
            holder,
            epoch,
            renewals,
            commit_seq,
            ..
        } = self;
        Some(Lease {
            holder: holder?,
            epoch,
            renewals,
            commit_seq,
        })
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
        let sql = format!(
            "SELECT holder, epoch, renewals, commit_seq, expires_at, \
             CASE WHEN expires_at <= {now} THEN 1 ELSE 0 END FROM lease WHERE name = 'master'"
        );
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
    async fn acquire(&self, claim: &LeaseClaim) -> Result<Option<Lease>, Error> {
        crate::limits::name("the node's id", claim.holder.as_str())?;
        let now = self.dialect().now();
        let seen = number(claim.highest_seen.0)?;
        // MySQL assigns from left to right: what is kept of the old row stands before what replaces it.
        let sql = format!(
            "UPDATE lease SET held_before = held_at, held_at = {now}, holder = ?, \
             epoch = CASE WHEN epoch > ? THEN epoch ELSE ? END + 1, renewals = renewals + 1, expires_at = {now} + ? \
             WHERE name = 'master' AND (holder IS NULL OR expires_at <= {now} OR (holder = ? AND ? = 1))"
        );
        let holder = Value::from(claim.holder.as_str());
        let values = vec![
            holder.clone(),
            seen.into(),
            seen.into(),
            micros(claim.ttl),
            holder,
            i64::from(claim.succeeds_itself).into(),
        ];
        if !self.change_lease(sql, values).await? {
            return Ok(None);
        }
        // Somebody else may have taken it since, if it has expired already: then it is not ours.
        let row = self.lease_row().await?;
        let ours = row.holder.as_ref() == Some(&claim.holder) && row.epoch > claim.highest_seen;
        Ok(row.lease().filter(|_| ours))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Option<Lease>, Error> {
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
        let ours = row.is_of(lease) && row.renewals == lease.renewals + 1 && !row.expired;
        Ok(row.lease().filter(|_| ours))
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
