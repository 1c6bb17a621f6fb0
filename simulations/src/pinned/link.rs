//! Finds out whether this program was linked so that std and the crates reach our `getrandom`.

use std::collections::hash_map::RandomState;
use std::ffi::{c_uint, c_void};
use std::hint::black_box;
use std::mem::transmute;
use std::sync::OnceLock;
use std::thread::Builder;

use super::PinError;
use super::getrandom::{drawn, pin};

/// The same for the whole life of a process.
static ASTRAY: OnceLock<Option<&'static str>> = OnceLock::new();

/// Whether std and the crates draw from a thread's seed. Asks them once per process, on a thread of its own, so that no
/// run's bytes are drawn for it.
pub(super) fn check() -> Result<(), PinError> {
    if let Some(found) = ASTRAY.get() {
        return told(*found);
    }
    let asked = Builder::new()
        .name("pin-check".to_owned())
        .spawn(first_astray)
        .map_err(PinError::Thread)?;
    let found = asked.join().unwrap_or(Some("the thread that asked"));
    told(*ASTRAY.get_or_init(|| found))
}

fn told(astray: Option<&'static str>) -> Result<(), PinError> {
    astray.map_or(Ok(()), |asker| Err(PinError::Link { asker }))
}

/// The first that gets its bytes from elsewhere.
fn first_astray() -> Option<&'static str> {
    pin(0);
    black_box(RandomState::new());
    let by_std = drawn();
    if by_std == Some(0) {
        return Some("std");
    }
    look_up_and_draw();
    (drawn() == by_std).then_some("the crate getrandom")
}

/// Draws a few bytes as the crate `getrandom` does.
fn look_up_and_draw() {
    type GetRandom = unsafe extern "C" fn(*mut c_void, usize, c_uint) -> isize;
    let mut buffer = [0_u8; 8];
    #[expect(
        unsafe_code,
        reason = "a symbol can be looked up only so, and only so it is known whom others find"
    )]
    // SAFETY: the name ends with a zero byte, and whatever goes by it is a function of this type.
    let found = unsafe {
        transmute::<*mut c_void, Option<GetRandom>>(libc::dlsym(
            libc::RTLD_DEFAULT,
            c"getrandom".as_ptr(),
        ))
    };
    let Some(getrandom) = found else {
        return;
    };
    #[expect(unsafe_code, reason = "a function of C")]
    // SAFETY: the buffer is as long as we say. Its result is not needed: what counts is where it drew from.
    unsafe {
        getrandom(buffer.as_mut_ptr().cast(), buffer.len(), 0);
    }
}
