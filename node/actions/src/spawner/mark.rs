//! The marker in the environment of every task process: by it survivors of an earlier life are found, and orphans are
//! told apart.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Name of the variable.
pub(crate) const MARK: &str = "PEERFLOW_MARK";

/// Marks of one life of one data directory: `DIRECTORY@LIFE.TASK`.
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    /// `DIRECTORY@`
    directory: Vec<u8>,
    /// `DIRECTORY@LIFE.`
    life: Vec<u8>,
}

impl Marks {
    /// Marks for the canonical path of a data directory; `life` differs for each spawner.
    pub(crate) fn new(data_dir: &Path, life: u64) -> Self {
        let mut directory = data_dir.as_os_str().as_bytes().to_vec();
        directory.push(b'@');
        let mut of_life = directory.clone();
        of_life.extend_from_slice(format!("{life:x}.").as_bytes());
        Self {
            directory,
            life: of_life,
        }
    }

    /// The value for a task's process.
    pub(crate) fn of(&self, task: u64) -> OsString {
        let mut value = self.life.clone();
        value.extend_from_slice(task.to_string().as_bytes());
        OsString::from_vec(value)
    }

    /// Whether `value` marks a process of this data directory, of any life.
    pub(crate) fn is_ours(&self, value: &OsStr) -> bool {
        // The part after the last `@` holds no `@`, so a directory whose name holds one is not mistaken.
        let bytes = value.as_bytes();
        bytes
            .iter()
            .rposition(|&byte| byte == b'@')
            .is_some_and(|at| bytes[..=at] == self.directory[..])
    }

    /// The task that `value` names, where it is one of this life.
    pub(crate) fn task(&self, value: &OsStr) -> Option<u64> {
        let task = value.as_bytes().strip_prefix(&self.life[..])?;
        std::str::from_utf8(task).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_directory_life_and_task() {
        let marks = Marks::new(Path::new("/data/a"), 17);
        let earlier = Marks::new(Path::new("/data/a"), 16);
        let other = Marks::new(Path::new("/data/a@b"), 17);
        assert_eq!(marks.task(&marks.of(42)), Some(42));
        assert!(marks.is_ours(&earlier.of(1)));
        assert_eq!(marks.task(&earlier.of(1)), None);
        assert!(!marks.is_ours(&other.of(1)));
        assert!(!other.is_ours(&marks.of(1)));
    }
}
