//! A look at a file of links.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

use crate::loader::scan::Stamp;

/// Bytes that a file of links may have.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What a look at a file gives.
pub(super) enum Look {
    /// It is as it was.
    Same,
    /// There is none.
    Gone,
    Content(Content),
}

/// What was read.
pub(super) struct Content {
    pub(super) stamp: Stamp,
    /// Others than its owner may read it.
    pub(super) is_open: bool,
    pub(super) bytes: Result<Vec<u8>, String>,
}

/// Looks whether the file is as `before`, and reads it where it is not. Waits for nobody.
pub(super) fn look(path: &Path, before: Option<Stamp>) -> Look {
    // Opened without waiting: a pipe would wait for who writes into it, for ever.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path);
    let looked = opened.and_then(|file| {
        let metadata = file.metadata()?;
        if metadata.is_file() {
            Ok((file, metadata))
        } else {
            Err(io::Error::other("it is a directory, a pipe or a device"))
        }
    });
    let (file, metadata) = match looked {
        Ok(looked) => looked,
        Err(error) if error.kind() == ErrorKind::NotFound => return Look::Gone,
        Err(error) => return Look::Content(unreadable(&error)),
    };
    let stamp = Stamp::of(&metadata);
    if before == Some(stamp) {
        return Look::Same;
    }
    let mut bytes = Vec::new();
    // One byte more than a file of links may have shows that it is too long.
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
    Look::Content(Content {
        stamp,
        is_open: metadata.permissions().mode() & 0o044 != 0,
        bytes: read
            .map(|_length| bytes)
            .map_err(|error| format!("it cannot be read: {error}")),
    })
}

fn unreadable(error: &io::Error) -> Content {
    Content {
        stamp: Stamp::absent(),
        is_open: false,
        bytes: Err(format!("it cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &Path) -> String {
        match look(path, None) {
            Look::Content(content) => content.bytes.unwrap_err(),
            Look::Same | Look::Gone => panic!("{} is there", path.display()),
        }
    }

    #[test]
    fn what_is_no_file_is_told_and_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("db_links.xml");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [&pipe, directory.path()] {
            let told = told(path);
            assert!(told.contains("a directory, a pipe or a device"), "{told}");
        }
        let gone = look(&directory.path().join("none.xml"), None);
        assert!(matches!(gone, Look::Gone));
    }

    #[test]
    fn a_file_is_read_again_once_it_is_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db_links.xml");
        std::fs::write(&path, "<db-links/>").unwrap();
        let Look::Content(first) = look(&path, None) else {
            panic!("it is new");
        };
        assert_eq!(first.bytes.unwrap(), b"<db-links/>");
        assert!(matches!(look(&path, Some(first.stamp)), Look::Same));
        std::fs::write(&path, "<db-links></db-links>").unwrap();
        assert!(matches!(look(&path, Some(first.stamp)), Look::Content(_)));
    }
}
