//! The loop around the engine, and the handle by which the rest of the node asks it.

mod handle;

pub use handle::{AskError, SchedulerHandle, SchedulerState};
