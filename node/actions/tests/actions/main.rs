//! Tasks as real processes, through the real spawner.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod files;
mod logs;
mod mail;
mod monitors;
mod processes;
mod scripts;
mod spawner;
mod stage;
