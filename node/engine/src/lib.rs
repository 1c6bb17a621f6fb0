//! The scheduler's mind: events in, commands out.
//!
//! [`Engine::handle`] takes one event and the time, changes its state and pushes commands. It does no input or
//! output, asks no clock, and draws randomness from its own seeded generator: the same events give the same commands.

mod attempts;
mod blood;
mod command;
mod coordinators;
mod creation;
mod definitions;
mod documents;
mod doubt;
mod downstream;
mod engine;
mod event;
mod firing;
mod housekeeping;
mod ids;
mod instance_queue;
mod instances;
mod links;
mod load;
mod mail;
mod misfire;
mod outbox;
mod peers;
mod placement;
mod plan;
mod progress;
mod readiness;
mod refusal;
mod register;
mod request;
mod requests;
mod rerun;
mod run;
mod schedule_queue;
mod settings;
mod waiting_line;

#[cfg(test)]
mod tests;

pub use command::{Command, Dispatch};
pub use doubt::InDoubt;
pub use engine::{Engine, Options};
pub use event::{AttemptResult, Event, Now, Peer, Report};
pub use request::{
    Answer, Expected, Origin, Refusal, RefusalKind, RegisterOutcome, Request, RequestId, RerunMode,
    RerunOf,
};
