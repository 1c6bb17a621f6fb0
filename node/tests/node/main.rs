//! A node in this process, on a real store, with tasks that follow a script.

mod idempotency;
mod loader;
mod mail;
mod restart;
mod run;
mod stop;
mod support;
mod trouble;
