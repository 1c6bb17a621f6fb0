//! The loop around the engine, and the handle by which the rest of the node asks it.
//!
//! While this node holds the lease, a [`term::Term`] takes what people ask and workers report, lets the engine handle
//! it, makes what follows durable in one batch, and only then acts (invariant 3).

mod active;
mod answers;
mod batch;
mod commit;
mod election;
mod handle;
mod hearing;
mod mastership;
mod requests;
mod service;
mod settings;
mod term;
mod worker_lease;
mod workers;

#[cfg(test)]
pub(crate) use handle::Ask;
pub(crate) use handle::Asked;
pub use handle::{AskError, SchedulerHandle, SchedulerState};
pub(crate) use service::{Scheduler, SchedulerParts};
