//! The lease of a store in memory.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_model::Epoch;

use super::MemoryStore;
use super::state::LeaseState;
use crate::error::Error;
use crate::lease::{Lease, LeaseClaim, LeaseRow, LeaseStore};

impl LeaseState {
    fn is_ours(&self, lease: &Lease) -> bool {
        self.holder.as_ref() == Some(&lease.holder) && self.epoch == lease.epoch
    }

    fn lease(&self) -> Option<Lease> {
        Some(Lease {
            holder: self.holder.clone()?,
            epoch: self.epoch,
            renewals: self.renewals,
            commit_seq: self.commit_seq,
        })
    }
}

fn after(now: Timestamp, ttl: Duration) -> Timestamp {
    now.saturating_add(ttl).unwrap_or(Timestamp::MAX)
}

#[async_trait]
impl LeaseStore for MemoryStore {
    async fn acquire(&self, claim: &LeaseClaim) -> Result<Option<Lease>, Error> {
        let now = self.now();
        let row = &mut self.state().lease;
        let own = claim.succeeds_itself && row.holder.as_ref() == Some(&claim.holder);
        if row.holder.is_some() && row.expires_at > now && !own {
            return Ok(None);
        }
        row.holder = Some(claim.holder.clone());
        row.epoch = Epoch(row.epoch.max(claim.highest_seen).0 + 1);
        row.renewals += 1;
        row.expires_at = after(now, claim.ttl);
        row.held_before = row.held_at;
        row.held_at = Some(now);
        Ok(row.lease())
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Option<Lease>, Error> {
        let now = self.now();
        let row = &mut self.state().lease;
        if !row.is_ours(lease) || row.expires_at <= now {
            return Ok(None);
        }
        if row.renewals == lease.renewals {
            row.renewals += 1;
            row.expires_at = after(now, ttl);
            row.held_at = Some(now);
        } else if row.renewals != lease.renewals + 1 {
            return Ok(None);
        }
        Ok(row.lease())
    }

    async fn release(&self, lease: &Lease) -> Result<(), Error> {
        let now = self.now();
        let row = &mut self.state().lease;
        if row.is_ours(lease) {
            row.holder = None;
            row.expires_at = now;
            row.held_at = Some(now);
        }
        Ok(())
    }

    async fn lease(&self) -> Result<Option<LeaseRow>, Error> {
        let now = self.now();
        let row = &self.state().lease;
        Ok((row.epoch != Epoch(0)).then(|| LeaseRow {
            holder: row.holder.clone(),
            epoch: row.epoch,
            renewals: row.renewals,
            commit_seq: row.commit_seq,
            expires_at: row.expires_at,
            expired: row.expires_at <= now,
        }))
    }
}
