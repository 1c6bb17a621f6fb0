//! How far mastership has come, as far as this node knows, kept across its lives (invariant 1).
//!
//! The epoch is in the data directory before it is used. How often its lease was renewed is written now and then: that is
//! enough to notice a store that was restored from an older backup within the same epoch.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use peerflow_model::Epoch;
use peerflow_store::Sighting;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::data_dir::{DataDir, DataDirError};

/// How often the renewals are written.
const WRITE_EVERY: Duration = Duration::from_secs(5);

/// The furthest that the lease has come anywhere: in the store, in gossip, by a master's word. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct HighestEpoch {
    data_dir: Arc<DataDir>,
    value: Arc<watch::Sender<Highest>>,
    /// Held while a file is written, so that a later number is never overwritten by an earlier one.
    writing: Arc<Mutex<()>>,
}

#[derive(Clone, Copy, Debug)]
struct Highest {
    sighting: Sighting,
    written_at: Instant,
}

impl HighestEpoch {
    /// As the data directory remembers it.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(crate) fn open(data_dir: Arc<DataDir>) -> Result<Self, DataDirError> {
        let mut sighting = Sighting::from(data_dir.highest_epoch()?);
        let (epoch, renewals) = data_dir.renewals()?;
        sighting.merge(Sighting {
            renewals,
            ..Sighting::from(epoch)
        });
        let written_at = Instant::now();
        Ok(Self {
            data_dir,
            value: Arc::new(watch::Sender::new(Highest {
                sighting,
                written_at,
            })),
            writing: Arc::default(),
        })
    }

    pub(crate) fn current(&self) -> Epoch {
        self.value.borrow().sighting.epoch
    }

    /// The epoch with what is known of its renewals.
    pub(crate) fn sighting(&self) -> Sighting {
        self.value.borrow().sighting
    }

    /// Waits until a higher epoch is seen than `known`.
    pub(crate) async fn higher_than(&self, known: Epoch) -> Epoch {
        let mut value = self.value.subscribe();
        let higher = value.wait_for(|highest| highest.sighting.epoch > known);
        let higher = higher.await.map(|highest| highest.sighting.epoch);
        match higher {
            Ok(epoch) => epoch,
            // This holds a sender itself.
            Err(_closed) => std::future::pending().await,
        }
    }

    /// Notes an epoch that was seen; it is in the data directory when this returns.
    ///
    /// # Errors
    /// When it cannot be written. It counts as seen all the same, for as long as this process lives.
    pub(crate) fn saw(&self, epoch: Epoch) -> Result<(), DataDirError> {
        self.merge(epoch.into()).0
    }

    /// Like [`Self::saw`], where there is nothing to be done about a failure but to tell it.
    pub(crate) fn heard_of(&self, epoch: Epoch) {
        self.heard(epoch.into());
    }

    /// Notes how far a lease has come.
    pub(crate) fn heard(&self, seen: Sighting) {
        let (written, renewals_are_due) = self.merge(seen);
        if let Err(error) = written {
            tracing::error!(%error, epoch = seen.epoch.0, "the highest epoch seen cannot be remembered");
        }
        if renewals_are_due && let Err(error) = self.write_renewals() {
            tracing::warn!(%error, "how far the lease has come cannot be remembered");
        }
    }

    fn merge(&self, seen: Sighting) -> (Result<(), DataDirError>, bool) {
        let (mut is_higher, mut renewals_are_due) = (false, false);
        self.value.send_if_modified(|highest| {
            is_higher = seen.epoch > highest.sighting.epoch;
            highest.sighting.merge(seen);
            // Gossip tells nothing of commits, so those are not compared.
            let is_latest =
                highest.sighting.epoch == seen.epoch && highest.sighting.renewals == seen.renewals;
            if seen.renewals > 0 && is_latest && highest.written_at.elapsed() >= WRITE_EVERY {
                renewals_are_due = true;
                highest.written_at = Instant::now();
            }
            is_higher
        });
        if is_higher {
            (self.write(), renewals_are_due)
        } else {
            (Ok(()), renewals_are_due)
        }
    }

    /// Writes the highest epoch, which may be higher by now than the one that made it necessary.
    fn write(&self) -> Result<(), DataDirError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.data_dir.remember_epoch(self.current())
    }

    /// Writes how often its lease was renewed.
    fn write_renewals(&self) -> Result<(), DataDirError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Sighting {
            epoch, renewals, ..
        } = self.sighting();
        self.data_dir.remember_renewals(epoch, renewals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewals_that_gossip_tells_are_remembered_also_after_a_look_into_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let (data_dir, _lock) = DataDir::open(folder.path()).unwrap();
        let data_dir = Arc::new(data_dir);
        let highest = HighestEpoch::open(Arc::clone(&data_dir)).unwrap();
        let told = |renewals, commit_seq| Sighting {
            renewals,
            commit_seq,
            ..Sighting::from(Epoch(3))
        };
        let pass_time = || {
            highest
                .value
                .send_modify(|known| known.written_at -= WRITE_EVERY);
        };
        highest.heard(told(10, 4));
        pass_time();
        highest.heard(told(20, 0));
        assert_eq!(data_dir.renewals().unwrap(), (Epoch(3), 20));
        // What is late is not taken for news.
        pass_time();
        highest.heard(told(15, 0));
        assert_eq!(data_dir.renewals().unwrap(), (Epoch(3), 20));
    }
}
