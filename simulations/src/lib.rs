//! Many nodes in one process on virtual time, with every fault, repeatable from one seed.
//!
//! [`run()`] makes one run of a [`Scenario`] and tells what became of it. `docs/simulation.md` says how it works.

mod chaos;
mod client;
mod fault;
mod history;
pub mod invariants;
mod membership;
mod network;
mod node;
mod node_logs;
mod operator;
pub mod pinned;
pub mod planning;
pub mod report;
mod run;
mod scenario;
mod store;
mod tasks;
mod time;
mod world;

pub use client::Registration;
pub use fault::{Fault, Incident, Target};
pub use history::{Answer, Entry, History, RequestId, TaskFate, What, Wish, trace};
pub use membership::{MembershipError, MembershipFigures, MembershipOptions, Steady, membership};
pub use network::{
    Amount, Counts, Guard, HostNetwork, Kind, LEAST_LATENCY, LONGEST_DATAGRAM, Links, Losses,
    SimNet, Traffic, Weather,
};
pub use run::{Healing, Outcome, RunError, RunOptions, Watch, run, run_watched};
pub use scenario::{Cluster, Expect, FaultKind, Scenario, ScenarioError, mix, named, names};
pub use store::{Doors, SimStore, StoreFault, StoreLatency, at_once};
pub use tasks::{Draw, Play, PlayError, PlayResult, Playbook, RunningTask, Tasks};
pub use time::{MachineClock, VirtualTime, WorldClock};
pub use world::WorldError;
