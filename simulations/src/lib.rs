//! Many nodes in one process on virtual time, with every fault, repeatable from one seed.

mod history;
mod network;
pub mod planning;
mod time;

pub use history::{Answer, Entry, History, RequestId, TaskFate, What, Wish};
pub use network::{
    Amount, Counts, Guard, HostNetwork, Kind, LEAST_LATENCY, LONGEST_DATAGRAM, Links, Losses,
    SimNet, Traffic, Weather,
};
pub use time::{MachineClock, VirtualTime, WorldClock};
