//! The lease of a store in memory.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_model::{Epoch, Restoration};

use super::MemoryStore;
use super::state::LeaseState;
use crate::error::Error;
use crate::lease::{Claimed, Lease, LeaseClaim, LeaseLoss, LeaseRow, LeaseStore, Sighting};

impl LeaseState {
    fn is_ours(&self, lease: &Lease) -> bool {
        self.holder.as_ref() == Some(&lease.holder) && self.epoch == lease.epoch
    }

    pub(super) fn sighting(&self) -> Sighting {
        Sighting {
            epoch: self.epoch,
            renewals: self.renewals,
            commit_seq: self.commit_seq,
        }
    }

    fn row(&self, now: Timestamp) -> LeaseRow {
        let held = self.holder.is_some() && self.expires_at > now;
        let left = self.expires_at.duration_since(now);
        LeaseRow {
            holder: self.holder.clone(),
            epoch: self.epoch,
            renewals: self.renewals,
            commit_seq: self.commit_seq,
            expires_at: self.expires_at,
            expired: self.expires_at <= now,
            remaining: Duration::try_from(left)
                .ok()
                .filter(|_| held)
                .unwrap_or_default(),
            restoration: self.restoration.clone(),
        }
    }
}

fn after(now: Timestamp, ttl: Duration) -> Timestamp {
    now.saturating_add(ttl).unwrap_or(Timestamp::MAX)
}

#[async_trait]
impl LeaseStore for MemoryStore {
    async fn acquire(&self, claim: &LeaseClaim) -> Result<Claimed, Error> {
        let now = self.now();
        let row = &mut self.state().lease;
        let own = claim.succeeds_itself && row.holder.as_ref() == Some(&claim.holder);
        if row.holder.is_some() && row.expires_at > now && !own {
            return Ok(Claimed::Held(row.row(now)));
        }
        let went_back = claim.seen.is_ahead_of(row.sighting());
        row.holder = Some(claim.holder.clone());
        row.epoch = Epoch(row.epoch.max(claim.seen.epoch).0 + 1);
        row.renewals += 1;
        row.expires_at = after(now, claim.ttl);
        row.held_before = row.held_at;
        row.held_at = Some(now);
        if went_back {
            row.restoration = Some(Restoration {
                epoch: row.epoch,
                found_at: now,
                last_queue_order: None,
            });
        }
        let lease = Lease {
            holder: claim.holder.clone(),
            epoch: row.epoch,
            renewals: row.renewals,
            commit_seq: row.commit_seq,
        };
        Ok(Claimed::Granted { lease, went_back })
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Result<Lease, LeaseLoss>, Error> {
        let now = self.now();
        let row = &mut self.state().lease;
        let expired = row.expires_at <= now;
        // A renewal whose answer was lost has moved the count already: nobody else could.
        let again = row.renewals == lease.renewals + 1;
        if !row.is_ours(lease) || expired || (row.renewals != lease.renewals && !again) {
            let holder = row.holder.clone();
            let loss = LeaseLoss::of(&lease.holder, lease.into(), holder, row.sighting(), expired);
            return Ok(Err(loss));
        }
        if !again {
            row.renewals += 1;
            row.expires_at = after(now, ttl);
            row.held_at = Some(now);
        }
        Ok(Ok(Lease {
            renewals: row.renewals,
            commit_seq: row.commit_seq,
            ..lease.clone()
        }))
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
        Ok((row.epoch != Epoch(0)).then(|| row.row(now)))
    }
}
