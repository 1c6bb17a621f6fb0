//! The scheduler's mind: events in, commands out.
//!
//! [`Engine::handle`] takes one event and the time, changes its state and pushes commands. It does no input or
//! output, asks no clock, and draws randomness from its own seeded generator: the same events give the same commands.

mod command;
mod engine;
mod event;
mod request;
mod run;

pub use command::{Command, Dispatch};
pub use engine::{Engine, Options};
pub use event::{AttemptResult, Event, Now, Peer, Report};
pub use request::{
    Answer, Origin, Refusal, RefusalKind, RegisterOutcome, Request, RequestId, RerunMode, RerunOf,
};
