//! What the history tells of the store: who has the lease, and which batches were made durable.

use std::time::Duration;

use async_trait::async_trait;
use peerflow_model::Change;
use peerflow_store::{
    Claimed, CommitError, Error, Fence, Lease, LeaseClaim, LeaseLoss, LeaseRow, LeaseStore,
    RunStore as _,
};

use super::door::Door;
use super::{SimStore, at_once};
use crate::history::What;

#[async_trait]
impl LeaseStore for Door {
    async fn acquire(&self, claim: &LeaseClaim) -> Result<Claimed, Error> {
        self.call(async { self.store.acquire(claim) }).await?
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Result<Lease, LeaseLoss>, Error> {
        self.call(self.memory().renew(lease, ttl)).await?
    }

    async fn release(&self, lease: &Lease) -> Result<(), Error> {
        self.call(async { self.store.release(lease) }).await?
    }

    async fn lease(&self) -> Result<Option<LeaseRow>, Error> {
        self.call(self.memory().lease()).await?
    }
}

/// The books stay locked over each operation and its entry, so that the history has the order of what happened.
impl SimStore {
    fn acquire(&self, claim: &LeaseClaim) -> Result<Claimed, Error> {
        let _books = self.books();
        let claimed = at_once(self.memory().acquire(claim))??;
        if let Claimed::Granted { lease, went_back } = &claimed {
            self.0.history.record(What::LeaseTaken {
                holder: lease.holder.clone(),
                epoch: lease.epoch,
                went_back: *went_back,
            });
        }
        Ok(claimed)
    }

    fn release(&self, lease: &Lease) -> Result<(), Error> {
        let _books = self.books();
        let before = self.row()?;
        at_once(self.memory().release(lease))??;
        let held = |row: LeaseRow| row.holder.as_ref() == Some(&lease.holder);
        if before.is_some_and(|row| row.epoch == lease.epoch && held(row)) {
            self.0.history.record(What::LeaseReleased {
                holder: lease.holder.clone(),
                epoch: lease.epoch,
            });
        }
        Ok(())
    }

    /// A batch that was sent again after it had been done leaves `commit_seq` where it is, and no entry.
    pub(super) fn commit(&self, fence: &Fence, changes: &[Change]) -> Result<(), CommitError> {
        let mut books = self.books();
        let before = self.commit_seq()?;
        let outcome =
            at_once(self.memory().commit(fence, changes)).map_err(CommitError::Unknown)?;
        let after = self.commit_seq()?;
        if after != before {
            books.committed();
            self.0.history.record(What::Committed {
                holder: fence.holder.clone(),
                epoch: fence.epoch,
                commit_seq: after,
                changes: changes.into(),
            });
        }
        if let Err(CommitError::Fenced { .. }) = &outcome {
            self.0.history.record(What::Fenced {
                holder: fence.holder.clone(),
                epoch: fence.epoch,
            });
        }
        outcome
    }

    fn commit_seq(&self) -> Result<u64, CommitError> {
        let row = self.row().map_err(CommitError::Unknown)?;
        Ok(row.map_or(0, |row| row.commit_seq))
    }

    fn row(&self) -> Result<Option<LeaseRow>, Error> {
        at_once(self.memory().lease())?
    }
}
