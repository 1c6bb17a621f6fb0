//! One running peer: start-up, the loop around the engine, worker slots, HTTP, mail, the loader of `xmlconfig/`.
//!
//! [`start`] brings a node up and gives a [`NodeHandle`]; two nodes may live in one process.

mod clock;
mod config;
mod events;
pub mod http;
mod scheduler;
mod start;

pub use clock::{Clock, SystemClock};
pub use config::{Config, ConfigError};
pub use events::{EventHub, NodeEvent};
pub use scheduler::{AskError, SchedulerHandle, SchedulerState};
pub use start::{NodeHandle, StartError, start};
