//! The C function `getrandom` of the whole program: std looks it up when it is linked, the crate `getrandom` (0.3, 0.4)
//! when it first draws, and both find this one before the C library's. All but the bytes is left to the kernel; the bytes
//! are exchanged on a thread that has a seed.

use std::cell::Cell;
use std::ffi::{c_uint, c_void};

thread_local! {
    /// The calling thread's bytes. It needs neither set-up nor clean-up, so it may be asked at any time of a thread's life.
    static BYTES: Cell<Option<Bytes>> = const { Cell::new(None) };
}

/// An endless row of bytes that follows from a seed: SplitMix64, whose words depend on their number alone. So it makes no
/// difference in which portions the bytes are drawn.
#[derive(Clone, Copy)]
struct Bytes {
    start: u64,
    drawn: u64,
}

/// 2^64 divided by the golden ratio, the step of SplitMix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Bytes {
    fn of(seed: u64) -> Self {
        Self {
            // Seeds next to each other would otherwise begin in the same row, a few words apart.
            start: mix(seed),
            drawn: 0,
        }
    }

    fn next(&mut self) -> u8 {
        let (word, byte) = (self.drawn / 8, self.drawn % 8);
        self.drawn += 1;
        let word = mix(self
            .start
            .wrapping_add(STEP.wrapping_mul(word.wrapping_add(1))));
        (word >> (8 * byte)) as u8
    }
}

fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Has the calling thread draw from `seed` from now on. For a fresh thread: std may have drawn before.
pub(super) fn pin(seed: u64) {
    BYTES.set(Some(Bytes::of(seed)));
}

/// Bytes that the calling thread has drawn since it was pinned.
pub(super) fn drawn() -> Option<u64> {
    BYTES.get().map(|bytes| bytes.drawn)
}

/// As getrandom(2): fills `buffer` with up to `length` random bytes and gives their number, or -1 and `errno`.
///
/// # Safety
/// `length` bytes from `buffer` on belong to the caller.
#[expect(
    unsafe_code,
    reason = "std and the crates reach randomness by this symbol, and the C library's is to be replaced"
)]
// SAFETY: its name, arguments and results are those of the C library's function, so whoever finds it in that one's place
// gets what it expects.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn getrandom(
    buffer: *mut c_void,
    length: usize,
    flags: c_uint,
) -> isize {
    // SAFETY: the arguments are those of this system call; the kernel checks the buffer itself and sets `errno`.
    let filled = unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) } as isize;
    let (Ok(count @ 1..), Some(mut bytes)) = (usize::try_from(filled), BYTES.get()) else {
        return filled;
    };
    // SAFETY: the kernel has just written `count` bytes there, and until we return they are nobody else's.
    let drawn = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), count) };
    drawn.fill_with(|| bytes.next());
    BYTES.set(Some(bytes));
    filled
}

#[cfg(test)]
#[expect(unsafe_code, reason = "it is a function of C")]
mod tests {
    use std::io;
    use std::ptr;
    use std::thread;

    use super::*;

    /// Draws `length` bytes in one call.
    fn draw(length: usize) -> Vec<u8> {
        let mut buffer = vec![0; length];
        // SAFETY: the buffer is as long as we say.
        let filled = unsafe { getrandom(buffer.as_mut_ptr().cast(), length, 0) };
        assert_eq!(usize::try_from(filled).unwrap(), length);
        buffer
    }

    fn errno_of(answer: isize) -> Option<i32> {
        assert_eq!(answer, -1);
        io::Error::last_os_error().raw_os_error()
    }

    #[test]
    fn seed_zero_gives_the_published_words_of_splitmix64() {
        pin(0);
        assert_eq!(draw(8), 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
        assert_eq!(draw(8), 0x6e78_9e6a_a1b9_65f4_u64.to_le_bytes());
    }

    #[test]
    fn it_makes_no_difference_in_which_portions_bytes_are_drawn() {
        pin(5);
        let whole = draw(200);
        pin(5);
        let portions = [1, 3, 0, 8, 13, 64, 111].map(draw).concat();
        assert_eq!(portions, whole);
        assert_eq!(drawn(), Some(200));
    }

    #[test]
    fn seeds_one_step_apart_do_not_give_the_same_words_shifted() {
        pin(1);
        let one = draw(800);
        pin(1_u64.wrapping_add(STEP));
        let other = draw(8);
        assert!(one.windows(8).all(|window| window != other));
    }

    #[test]
    fn what_the_kernel_refuses_is_refused_with_its_errno_and_draws_nothing() {
        for seed in [None, Some(1)] {
            BYTES.set(seed.map(Bytes::of));
            let mut buffer = [0_u8; 8];
            // SAFETY: the buffer is as long as we say.
            let flags = unsafe { getrandom(buffer.as_mut_ptr().cast(), 8, !0) };
            assert_eq!(errno_of(flags), Some(libc::EINVAL));
            // SAFETY: the kernel finds out by itself that nothing can be written there.
            let nowhere = unsafe { getrandom(ptr::without_provenance_mut(1), 8, 0) };
            assert_eq!(errno_of(nowhere), Some(libc::EFAULT));
            assert_eq!(buffer, [0; 8]);
            assert_eq!(drawn(), seed.map(|_| 0));
        }
    }

    #[test]
    fn a_thread_without_a_seed_gets_what_the_kernel_gives() {
        let draws = thread::spawn(|| (draw(16), draw(16), drawn())).join();
        let (one, other, drawn) = draws.unwrap();
        assert_ne!(one, other);
        assert_eq!(drawn, None);
    }
}
