//! A log file for each day, old ones removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tracing_subscriber::fmt::MakeWriter;

/// Writes to `peerflow-2026-11-20.log` of a directory: a new file each local day.
#[derive(Clone, Debug)]
pub(super) struct DailyFile {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    keep: Duration,
    day: Date,
    file: File,
}

const PREFIX: &str = "peerflow-";
const SUFFIX: &str = ".log";

impl DailyFile {
    /// Opens today's file in `directory`, which is made, and removes files older than `keep`.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) fn open(directory: &Path, keep: Duration) -> io::Result<Self> {
        Self::open_on(today(), directory, keep)
    }

    fn open_on(day: Date, directory: &Path, keep: Duration) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let file = file_of(directory, day)?;
        remove_older(directory, day, keep);
        Ok(Self {
            inner: Arc::new(Mutex::new(Inner {
                directory: directory.to_owned(),
                keep,
                day,
                file,
            })),
        })
    }
}

impl Inner {
    /// Turns to the file of `day`; while that cannot be opened the last one is used.
    fn turn_to(&mut self, day: Date) {
        if day == self.day {
            return;
        }
        if let Ok(file) = file_of(&self.directory, day) {
            self.file = file;
            self.day = day;
            remove_older(&self.directory, day, self.keep);
        }
    }
}

fn today() -> Date {
    crate::now().to_zoned(TimeZone::system()).date()
}

fn file_of(directory: &Path, day: Date) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join(format!("{PREFIX}{day}{SUFFIX}")))
}

/// Removes our files of days more than `keep` ago. What cannot be removed stays until the next day.
fn remove_older(directory: &Path, day: Date, keep: Duration) {
    let days = i64::try_from(keep.as_secs() / 86_400)
        .unwrap_or(i64::MAX)
        .min(100_000);
    let Ok(oldest) = day.checked_sub(jiff::Span::new().days(days)) else {
        return;
    };
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let date = name.to_str().and_then(|name| {
            name.strip_prefix(PREFIX)?
                .strip_suffix(SUFFIX)?
                .parse::<Date>()
                .ok()
        });
        if date.is_some_and(|date| date < oldest) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// The file, held for one event.
#[derive(Debug)]
pub(super) struct Held<'a>(MutexGuard<'a, Inner>);

impl Write for Held<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.file.flush()
    }
}

impl<'a> MakeWriter<'a> for DailyFile {
    type Writer = Held<'a>;

    fn make_writer(&'a self) -> Held<'a> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn_to(today());
        Held(inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .expect("the directory is there")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn each_day_has_its_file_and_old_ones_go() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let logs = folder.path().join("logs");
        fs::create_dir_all(&logs).expect("a folder");
        for name in [
            "peerflow-2026-11-01.log",
            "peerflow-2026-11-18.log",
            "peerflow-notes.log",
            "other.txt",
        ] {
            fs::write(logs.join(name), "").expect("a file");
        }
        let keep = Duration::from_secs(2 * 86_400);
        let daily = DailyFile::open_on(date(2026, 11, 20), &logs, keep).expect("it opens");
        let kept = [
            "other.txt",
            "peerflow-2026-11-18.log",
            "peerflow-2026-11-20.log",
            "peerflow-notes.log",
        ];
        assert_eq!(names(&logs), kept);
        let mut inner = daily.inner.lock().expect("not poisoned");
        inner.file.write_all(b"first\n").expect("it writes");
        inner.turn_to(date(2026, 11, 21));
        inner.file.write_all(b"second\n").expect("it writes");
        let read = |name: &str| fs::read_to_string(logs.join(name)).expect("the file");
        assert_eq!(read("peerflow-2026-11-20.log"), "first\n");
        assert_eq!(read("peerflow-2026-11-21.log"), "second\n");
        assert!(!names(&logs).contains(&"peerflow-2026-11-18.log".to_owned()));
    }
}
