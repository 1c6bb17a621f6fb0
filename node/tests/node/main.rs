//! A node in this process, on a real store, with tasks that follow a script.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod idempotency;
mod links;
mod loader;
mod mail;
mod restart;
mod run;
mod schedule;
mod stop;
mod support;
mod trouble;
mod uploads;
