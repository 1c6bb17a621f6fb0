//! What can go wrong with the store.

use peerflow_model::Epoch;

use crate::lease::LeaseLoss;

/// A read or a log write that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store does not answer: worth another try later.
    #[error("the store at {store} does not answer: {reason}")]
    Unavailable { store: String, reason: String },
    /// The address or its options make no sense.
    #[error("{0}")]
    Configuration(String),
    /// The schema could not be brought up to date.
    #[error("cannot bring the store's schema from version {from} to {to}: {reason}")]
    Migration { from: u32, to: u32, reason: String },
    /// It was asked for with something that is not one of its own cursors.
    #[error("{0:?} is no place to go on from: use the cursor of the page before")]
    Cursor(String),
    /// The store holds something that this version does not understand.
    #[error("the store's {table} holds a row that cannot be read: {reason}")]
    Corrupt { table: &'static str, reason: String },
    /// A limit of the store was reached.
    #[error("{0}")]
    Limit(String),
}

/// Why a batch of changes is not known to be durable.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else is master, or the store went back to an older state: stop scheduling, nothing was written.
    #[error("the lease of epoch {} is not ours any more: {loss}; the store has epoch {}, commit {found}, expected {expected}", .epoch.0, .stored.0)]
    Fenced {
        epoch: Epoch,
        stored: Epoch,
        expected: u64,
        found: u64,
        loss: LeaseLoss,
    },
    /// It cannot be done as it is (a name is too long for the store): nothing was written, and sending it again is of no
    /// use. A broken invariant of the caller's.
    #[error("the store refuses a commit: {0}")]
    Refused(#[source] Error),
    /// It may or may not have happened: send the same batch with the same fence again; only one of them can commit.
    #[error("the outcome of a commit is unknown: {0}")]
    Unknown(#[source] Error),
}
