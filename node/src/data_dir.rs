//! The data directory: a lock, who this node is, how often it lived, the highest epoch it saw.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg};
use peerflow_model::{Epoch, Incarnation, NodeId};
use rand::Rng;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process has it.
    #[error("the data directory {} is in use by another node; stop that one, or give this one another --data-dir", .path.display())]
    InUse { path: PathBuf },
    /// A file in it cannot be read or written.
    #[error("cannot use {} in the data directory: {source}", .path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A file in it holds something else.
    #[error("{} holds {content:?}, which is no number; restore the file, or delete it when this node is new to its cluster", .path.display())]
    NoNumber { path: PathBuf, content: String },
}

/// The data directory of a node.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
}

/// Keeps the data directory for one node, as long as this lives.
#[derive(Debug)]
pub(crate) struct DataDirLock {
    _file: Flock<File>,
}

impl DataDir {
    /// Makes it where it is missing, and locks it.
    pub(crate) fn open(path: &Path) -> Result<(Self, DataDirLock), DataDirError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DataDirError::File { path, source }
        };
        // Parameters, logs and outcomes of tasks lie in it: a new one is for its owner alone.
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed(path))?;
        let path = path.canonicalize().map_err(failed(path))?;
        let lock_path = path.join("node.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|_held| DataDirError::InUse { path: path.clone() })?;
        Ok((Self { path }, DataDirLock { _file: lock }))
    }

    /// Absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The configured id, or one made from the host's name and a random suffix, once.
    pub(crate) fn node_id(
        &self,
        configured: Option<&str>,
        random: &mut impl Rng,
    ) -> Result<NodeId, DataDirError> {
        if let Some(id) = configured {
            return Ok(NodeId::from(id));
        }
        if let Some(id) = self.read("node.id")? {
            return Ok(NodeId::from(id));
        }
        let id = made_up_id(&host_name(), random);
        self.write("node.id", &id)?;
        Ok(NodeId::from(id))
    }

    /// The number of this life: larger than any before it, also where the directory was emptied in between.
    pub(crate) fn next_incarnation(&self, now: Timestamp) -> Result<Incarnation, DataDirError> {
        let last = self.read_number("incarnation")?.unwrap_or(0);
        let by_clock = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let next = by_clock.max(last + 1);
        self.write("incarnation", &next.to_string())?;
        Ok(Incarnation(next))
    }

    /// The highest epoch this node has seen (invariant 1).
    pub(crate) fn highest_epoch(&self) -> Result<Epoch, DataDirError> {
        Ok(Epoch(self.read_number("epoch")?.unwrap_or(0)))
    }

    /// Remembers an epoch; before it is used.
    pub(crate) fn remember_epoch(&self, epoch: Epoch) -> Result<(), DataDirError> {
        self.write("epoch", &epoch.0.to_string())
    }

    /// How often the lease of an epoch had been renewed when this node last wrote it down; zeros where it never did.
    pub(crate) fn renewals(&self) -> Result<(Epoch, u64), DataDirError> {
        let Some(content) = self.read("renewals")? else {
            return Ok((Epoch(0), 0));
        };
        let numbers = content.split_once(' ').and_then(|(epoch, renewals)| {
            Some((Epoch(epoch.parse().ok()?), renewals.parse().ok()?))
        });
        numbers.ok_or_else(|| DataDirError::NoNumber {
            path: self.path.join("renewals"),
            content,
        })
    }

    /// Writes down how often the lease of an epoch has been renewed.
    pub(crate) fn remember_renewals(
        &self,
        epoch: Epoch,
        renewals: u64,
    ) -> Result<(), DataDirError> {
        self.write("renewals", &format!("{} {renewals}", epoch.0))
    }

    fn read_number(&self, name: &str) -> Result<Option<u64>, DataDirError> {
        let Some(content) = self.read(name)? else {
            return Ok(None);
        };
        match content.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_no_number) => Err(DataDirError::NoNumber {
                path: self.path.join(name),
                content,
            }),
        }
    }

    fn read(&self, name: &str) -> Result<Option<String>, DataDirError> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DataDirError::File { path, source }),
        }
    }

    /// Replaces the file as a whole, durably.
    fn write(&self, name: &str, content: &str) -> Result<(), DataDirError> {
        let path = self.path.join(name);
        let write = || {
            let new = self.path.join(format!("{name}.new"));
            let mut file = File::create(&new)?;
            writeln!(file, "{content}")?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|source| DataDirError::File {
            path: path.clone(),
            source,
        })
    }
}

/// The machine's name, without its domain.
pub(crate) fn host_name() -> String {
    let full = nix::sys::utsname::uname()
        .map(|names| names.nodename().to_string_lossy().into_owned())
        .unwrap_or_default();
    let short = full.split('.').next().unwrap_or_default();
    if short.is_empty() {
        "node".to_owned()
    } else {
        short.to_owned()
    }
}

/// At most 20 bytes: as much of the host's name as fits, a dash, six random characters.
fn made_up_id(host: &str, random: &mut impl Rng) -> String {
    const LETTERS: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut id: String = host
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
        .take(13)
        .collect();
    id.push('-');
    for _ in 0..6 {
        id.push(char::from(LETTERS[random.random_range(0..LETTERS.len())]));
    }
    id
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    #[test]
    fn a_directory_has_one_node_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).unwrap();
        assert!(matches!(
            DataDir::open(dir.path()),
            Err(DataDirError::InUse { .. })
        ));
        drop(first);
        assert!(DataDir::open(dir.path()).is_ok());
    }

    #[test]
    fn a_made_up_id_fits_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (data, _lock) = DataDir::open(dir.path()).unwrap();
        let id = data.node_id(None, &mut SmallRng::seed_from_u64(1)).unwrap();
        assert!(id.as_str().len() <= 20, "{id}");
        assert_eq!(
            data.node_id(None, &mut SmallRng::seed_from_u64(2)).unwrap(),
            id
        );
        let long = made_up_id(
            "a-host-name-that-goes-on-and-on",
            &mut SmallRng::seed_from_u64(3),
        );
        assert_eq!(long.len(), 20, "{long}");
    }

    #[test]
    fn incarnations_grow_also_when_the_clock_goes_back_and_when_the_directory_is_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let (data, _lock) = DataDir::open(dir.path()).unwrap();
        let late = Timestamp::from_second(2_000_000_000).unwrap();
        let early = Timestamp::from_second(1_000_000_000).unwrap();
        let first = data.next_incarnation(late).unwrap();
        let second = data.next_incarnation(early).unwrap();
        assert!(second > first);
        fs::remove_file(dir.path().join("incarnation")).unwrap();
        assert!(
            data.next_incarnation(late + std::time::Duration::from_secs(1))
                .unwrap()
                > second
        );
    }

    #[test]
    fn a_damaged_number_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (data, _lock) = DataDir::open(dir.path()).unwrap();
        assert_eq!(data.highest_epoch().unwrap(), Epoch(0));
        data.remember_epoch(Epoch(7)).unwrap();
        assert_eq!(data.highest_epoch().unwrap(), Epoch(7));
        fs::write(dir.path().join("epoch"), "seven").unwrap();
        let error = data.highest_epoch().unwrap_err().to_string();
        assert!(
            error.contains("epoch") && error.contains("seven"),
            "{error}"
        );
    }
}
