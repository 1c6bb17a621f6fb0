//! Names of files that are being written, and whose they are.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest name whose temporary name still fits the 255 bytes that file systems allow.
const LONGEST_STEM: usize = 160;

/// Where a process lives and since when: enough to tell later whether it still does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    machine: u32,
    /// Of the machine.
    boot: u32,
    /// The numbers of processes are counted in this namespace.
    namespace: u32,
    process: u32,
    /// In clock ticks after the boot.
    started: u64,
}

impl Owner {
    /// This process.
    pub(crate) fn this() -> Self {
        static THIS: OnceLock<Owner> = OnceLock::new();
        *THIS.get_or_init(|| {
            let machine = read("/etc/machine-id") + &read("/proc/sys/kernel/hostname");
            let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
            let process = std::process::id();
            Self {
                machine: digest(machine.as_bytes()),
                boot: digest(read("/proc/sys/kernel/random/boot_id").as_bytes()),
                namespace: digest(namespace.as_os_str().as_bytes()),
                process,
                started: started(process).unwrap_or_default(),
            }
        })
    }

    /// Whether that process is known to have ended. Of another machine, or another container, nothing is known.
    fn is_dead(self) -> bool {
        let this = Self::this();
        if self.machine != this.machine {
            return false;
        }
        if self.boot != this.boot {
            return true;
        }
        self.namespace == this.namespace && started(self.process) != Some(self.started)
    }
}

/// The beginning that all temporary names for `name` share. A long name gives only its beginning, so several can share one.
pub(crate) fn prefix(name: &str) -> String {
    let mut stem = name.len().min(LONGEST_STEM);
    while !name.is_char_boundary(stem) {
        stem -= 1;
    }
    format!(".{}.peerflow-", &name[..stem])
}

/// A new name for a file that shall become `name`, hidden and never given before.
pub(crate) fn new_name(name: &str) -> String {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    let given = GIVEN.fetch_add(1, Ordering::Relaxed);
    let Owner {
        machine,
        boot,
        namespace,
        process,
        started,
    } = Owner::this();
    let prefix = prefix(name);
    format!("{prefix}{machine:08x}{boot:08x}{namespace:08x}-{process:x}-{started:x}-{given:x}")
}

/// Who writes `candidate`, if it is a temporary name for `name`.
pub(crate) fn owner(name: &str, candidate: &str) -> Option<Owner> {
    let tag = candidate.strip_prefix(&prefix(name))?;
    let mut parts = tag.split('-');
    let place = parts.next().filter(|part| part.len() == 24)?;
    let eight = |from: usize| u32::from_str_radix(place.get(from..from + 8)?, 16).ok();
    let owner = Owner {
        machine: eight(0)?,
        boot: eight(8)?,
        namespace: eight(16)?,
        process: u32::from_str_radix(parts.next()?, 16).ok()?,
        started: u64::from_str_radix(parts.next()?, 16).ok()?,
    };
    u64::from_str_radix(parts.next()?, 16).ok()?;
    parts.next().is_none().then_some(owner)
}

/// Whether `candidate` is a temporary name for `name` that nobody writes any more: its process has ended, or it is of another
/// machine and lies there unchanged for a day.
pub(crate) fn is_leftover(name: &str, candidate: &str, unchanged: Option<Duration>) -> bool {
    const LONG: Duration = Duration::from_secs(24 * 60 * 60);
    owner(name, candidate).is_some_and(|owner| {
        owner.is_dead()
            || owner.machine != Owner::this().machine && unchanged.is_some_and(|since| since > LONG)
    })
}

/// When a process started; `None` when there is none of that number.
fn started(process: u32) -> Option<u64> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name, in parentheses, may hold anything; behind it the start is the 20th.
    let behind = &line[line.rfind(')')? + 1..];
    let mut fields = behind.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// FNV-1a, the same in every release.
fn digest(of: &[u8]) -> u32 {
    of.iter().fold(0x811c_9dc5, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_name_tells_its_owner() {
        let name = new_name("订单.csv");
        assert!(name.starts_with(".订单.csv.peerflow-"));
        assert_eq!(owner("订单.csv", &name), Some(Owner::this()));
        assert_ne!(name, new_name("订单.csv"));
        assert!(!is_leftover("订单.csv", &name, None));
        assert_eq!(owner("other.csv", &name), None);
        assert_eq!(owner("a", ".a.peerflow-b"), None);
        let nested = new_name("a.peerflow-1");
        assert_eq!(owner("a", &nested), None);
    }

    #[test]
    fn long_names_stay_within_what_file_systems_allow() {
        let name = "数".repeat(85);
        let temporary = new_name(&name);
        assert!(temporary.len() <= 255, "{}", temporary.len());
        assert!(owner(&name, &temporary).is_some());
    }

    #[test]
    fn what_an_ended_process_or_a_former_boot_left_is_a_leftover() {
        let this = Owner::this();
        let before = Owner {
            started: this.started.wrapping_sub(1),
            ..this
        };
        assert!(before.is_dead());
        let boot = Owner {
            boot: this.boot ^ 1,
            ..this
        };
        assert!(boot.is_dead());
        let elsewhere = Owner {
            machine: this.machine ^ 1,
            ..before
        };
        assert!(!elsewhere.is_dead());
        assert!(!this.is_dead());
    }
}
