//! Many nodes in one process on virtual time, with every fault, repeatable from one seed.

mod history;
mod time;

pub use history::{Answer, Entry, History, RequestId, TaskFate, What, Wish};
pub use time::{MachineClock, VirtualTime, WorldClock};
