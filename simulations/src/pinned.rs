//! Runs that can be repeated from their seed: all that a thread takes for random follows from one number.
//!
//! A run lives on one fresh thread. What would differ from one run to the next, and what becomes of it there:
//!
//! * The order of a `HashMap`, `rand`'s generators, and quinn's connection ids and padding come from the C function
//!   `getrandom`. This crate defines it in the place of the C library's: see the module `getrandom`.
//! * tokio's choice between ready branches of `select!` follows from a runtime's seed: see [`runtime`].
//! * TLS draws from the kernel directly (ring does a bare system call), so keys and all that is encrypted differ from run
//!   to run. No length and no decision depends on them as long as what is drawn always has an encoding of the same length:
//!   Ed25519 and X25519 keys have, and serial numbers of certificates whose first byte is fixed. ECDSA signatures have not,
//!   nor has a serial number that is a hash. A trace may hold how long a datagram was, never its bytes or their hash.
//!
//! Not pinned: threads that a run starts itself (`spawn_blocking` is one), addresses in memory and hashes seeded by them
//! (hashbrown's own default), numbers that count through the process (tokio's task ids, thread ids), the clocks of std,
//! and the value of a tokio `Instant`, which begins at another real time in each runtime. Compare and record what has
//! passed since the run began instead.
//!
//! A `HashMap` or a generator that is made once per process shifts what follows on the thread that happens to make it. So
//! only the first run of a process repeats; [`fingerprint`] helps to find where two runs part.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::thread::{Builder, JoinHandle};

use tokio::runtime::Runtime;

#[cfg(target_os = "linux")]
mod getrandom;
#[cfg(target_os = "linux")]
mod link;
#[cfg(test)]
mod tests;

#[cfg(not(target_os = "linux"))]
mod getrandom {
    //! Elsewhere the system's randomness is reached in other ways, and stays as it is.

    pub(super) fn drawn() -> Option<u64> {
        None
    }

    pub(super) fn pin(_seed: u64) {}
}
#[cfg(not(target_os = "linux"))]
mod link {
    use super::PinError;

    pub(super) fn check() -> Result<(), PinError> {
        Err(PinError::System)
    }
}

/// Why a run could not be repeated from its seed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// Another operating system.
    #[error("a run can be repeated from its seed only on Linux; run it there")]
    System,
    /// tokio was compiled without the means to seed its random choices.
    #[error(
        "this program was compiled without `--cfg tokio_unstable`, so tokio's random choices cannot be repeated; \
         build it in its own folder, whose .cargo/config.toml sets that, and add it to RUSTFLAGS if you set those"
    )]
    Tokio,
    /// Random bytes reach std or the crates past this one.
    #[error(
        "{asker} does not draw from the seed, so a run cannot be repeated: either this program was linked with a version \
         script that hides its `getrandom` (link it without), or a sandbox refuses the system call of that name (allow it)"
    )]
    Link {
        /// Who got other bytes than those of the seed.
        asker: &'static str,
    },
    /// The calling thread has no seed.
    #[error("this thread's randomness is not pinned; start the run with on_pinned_thread")]
    NotPinned,
    /// The operating system refused a thread.
    #[error("could not start the run's thread; lower the number of runs at a time")]
    Thread(#[source] std::io::Error),
    /// The operating system refused what a runtime needs.
    #[error(
        "could not start the run's runtime; raise the limit of open files or lower the number of runs at a time"
    )]
    Runtime(#[source] std::io::Error),
}

/// Runs `work` on a fresh thread of that name on which all randomness follows from `seed`.
///
/// # Errors
/// When the run could not be repeated, before any of `work` is done; or when the thread cannot be started.
pub fn on_pinned_thread<T: Send + 'static>(
    name: &str,
    seed: u64,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, PinError> {
    tokio_can_be_seeded()?;
    link::check()?;
    Builder::new()
        // A name with a zero byte in it would be a panic of std.
        .name(name.replace('\0', ""))
        .spawn(move || {
            getrandom::pin(seed);
            work()
        })
        .map_err(PinError::Thread)
}

/// A runtime on the calling thread alone, its time paused, whose random choices follow from `seed`. It has timers and
/// no sockets.
///
/// # Errors
/// When tokio was compiled so that it cannot be seeded, or the operating system refuses what the runtime needs.
pub fn runtime(seed: u64) -> Result<Runtime, PinError> {
    tokio_can_be_seeded()?;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_le_bytes()));
    #[cfg(not(tokio_unstable))]
    let _ = seed;
    builder
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(PinError::Runtime)
}

/// Whether what the calling thread does can be repeated: it is pinned, and std and the crates draw from its seed.
///
/// # Errors
/// Says what is missing.
pub fn check() -> Result<(), PinError> {
    tokio_can_be_seeded()?;
    link::check()?;
    getrandom::drawn().map(drop).ok_or(PinError::NotPinned)
}

/// A number that follows from how many bytes the calling thread has drawn from its seed and how many hash maps (this call
/// counts as one) it has made; nothing where it is not pinned. A trace that holds it shows early where two runs part.
pub fn fingerprint() -> Option<u64> {
    let drawn = getrandom::drawn()?;
    Some(RandomState::new().hash_one(drawn))
}

fn tokio_can_be_seeded() -> Result<(), PinError> {
    if cfg!(tokio_unstable) {
        Ok(())
    } else {
        Err(PinError::Tokio)
    }
}
