//! The spawner: a small process beside each node that owns every task process.
//!
//! The node asks, over a socket pair, for processes to be started and gives their pipes along; the spawner starts them
//! by `posix_spawn`, watches their timeouts and the node's grant by a clock that suspension does not stop, kills whole
//! trees and reports an end only when nothing is left of the tree. When the node's end of the socket closes it kills
//! everything at once. Since only the spawner forks, a file that the node has just written and closed can be executed at
//! once: no half-started child holds it open (`ETXTBSY`).

mod boot_time;
mod codec;
mod connection;
mod handle;
mod mark;
mod message;
mod orphans;
mod owned;
mod process;
mod processes;
mod serve;
mod starters;
mod supervise;
mod survivors;

pub use boot_time::BootTime;
pub use handle::{Spawner, SpawnerError, SpawnerOptions};
pub use process::{SPAWNER_ARGUMENT, become_subreaper, spawner_main};

pub(crate) use handle::{Process, ProcessEnd, StartFailure};
pub(crate) use message::{Cause, Exit, NotStarted, Start};
