//! The highest epoch that this node has seen, kept across its lives (invariant 1).

use std::sync::Arc;

use peerflow_model::Epoch;
use tokio::sync::watch;

use crate::data_dir::{DataDir, DataDirError};

/// The highest epoch seen anywhere: in the store, in gossip, from a master. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct HighestEpoch {
    data_dir: Arc<DataDir>,
    value: Arc<watch::Sender<Epoch>>,
}

impl HighestEpoch {
    /// As the data directory remembers it.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(crate) fn open(data_dir: Arc<DataDir>) -> Result<Self, DataDirError> {
        let value = Arc::new(watch::Sender::new(data_dir.highest_epoch()?));
        Ok(Self { data_dir, value })
    }

    pub(crate) fn current(&self) -> Epoch {
        *self.value.borrow()
    }

    /// Tells when a higher one is seen.
    pub(crate) fn watch(&self) -> watch::Receiver<Epoch> {
        self.value.subscribe()
    }

    /// Notes an epoch that was seen; it is in the data directory when this returns.
    ///
    /// # Errors
    /// When it cannot be written. It counts as seen all the same, for as long as this process lives.
    pub(crate) fn saw(&self, epoch: Epoch) -> Result<(), DataDirError> {
        let is_higher = self.value.send_if_modified(|highest| {
            let is_higher = epoch > *highest;
            *highest = epoch.max(*highest);
            is_higher
        });
        if is_higher {
            self.data_dir.remember_epoch(epoch)
        } else {
            Ok(())
        }
    }

    /// Like [`Self::saw`], where there is nothing to be done about a failure but to tell it.
    pub(crate) fn heard_of(&self, epoch: Epoch) {
        if let Err(error) = self.saw(epoch) {
            tracing::error!(%error, epoch = epoch.0, "the highest epoch seen cannot be remembered");
        }
    }
}
