//! Showing an instance while it runs: a tree drawn in place on a terminal, one line per change elsewhere.

mod changes;
mod follow;
mod reason;
mod tree;

pub(crate) use follow::{OnInterrupt, follow};
pub(crate) use reason::show_reason;
pub(crate) use tree::{Frame, draw};
