//! Tasks as real processes, through the real spawner.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod files;
mod logs;
mod mail;
mod metadata;
mod monitors;
mod processes;
mod scripted;
mod scripts;
mod servers;
mod spawner;
mod sql;
mod stage;
mod transfer;
