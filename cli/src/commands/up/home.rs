//! The directory of a local cluster: one `up` at a time, the secret, the folders of its nodes.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use peerflow_wire::ClusterSecret;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::language::Language;
use crate::output::Output;

/// How long nodes of an earlier `up` may take to end. They notice at once that it is gone, and give their tasks time.
const FORMER_NODES: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// The directory, locked as long as this lives.
#[derive(Debug)]
pub(super) struct Home {
    /// Absolute.
    pub(super) path: PathBuf,
    /// As text, since it becomes part of the store's address.
    pub(super) text: String,
    _lock: File,
}

impl Home {
    /// Makes the directory where it is missing, and locks it.
    ///
    /// # Errors
    /// When it cannot be used, or another `up` uses it.
    pub(super) fn open(path: &Path, language: Language) -> Result<Self, Error> {
        let failed = |path: &Path, error: &io::Error| {
            Error::Failed(language.cannot_write(path.display(), error))
        };
        // Logs and parameters of tasks lie in it: a new one is for its owner alone.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| failed(path, &error))?;
        let path = path.canonicalize().map_err(|error| failed(path, &error))?;
        let Some(text) = path.to_str().map(str::to_owned) else {
            return Err(Error::Usage(language.up_no_text(path.display())));
        };
        let lock_path = path.join("up.lock");
        let lock = open_lock(&lock_path).map_err(|error| failed(&lock_path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path,
                text,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::Failed(language.up_in_use(path.display()))),
            Err(TryLockError::Error(error)) => Err(failed(&lock_path, &error)),
        }
    }

    /// Waits until nodes of an earlier `up`, which was killed, have ended too.
    ///
    /// # Errors
    /// When one does not.
    pub(super) async fn wait_for_former(&self, output: &Output) -> Result<(), Error> {
        let begun = Instant::now();
        let mut told = false;
        for (name, folder) in self.nodes() {
            let path = folder.join("node.lock");
            let Ok(lock) = OpenOptions::new().write(true).open(&path) else {
                continue;
            };
            while matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
                if begun.elapsed() >= FORMER_NODES {
                    return Err(Error::Failed(output.language.up_former_stays(name)));
                }
                if !told {
                    output.note(&output.language.up_waits_for_former());
                    told = true;
                }
                sleep(BETWEEN_LOOKS).await;
            }
        }
        Ok(())
    }

    /// The file with the secret of this cluster, which is made once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn secret(&self, language: Language) -> Result<PathBuf, Error> {
        let path = self.path.join("cluster.secret");
        if path.exists() {
            return Ok(path);
        }
        let secret = ClusterSecret::generate().map_err(|error| Error::Failed(error.to_string()))?;
        self.replace("cluster.secret", &format!("{}\n", secret.reveal()))
            .map_err(|error| Error::Failed(language.cannot_write(path.display(), &error)))?;
        Ok(path)
    }

    /// Folders of nodes that are there, with their names.
    pub(super) fn nodes(&self) -> Vec<(String, PathBuf)> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let mut nodes: Vec<_> = entries
            .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
            .filter(|(name, path)| number_of(name).is_some() && path.is_dir())
            .collect();
        nodes.sort_by_key(|(name, _)| number_of(name));
        nodes
    }

    /// Writes a file of this directory as a whole, for its owner alone.
    ///
    /// # Errors
    /// When it cannot be written; then it is as it was.
    pub(super) fn replace(&self, name: &str, content: &str) -> io::Result<()> {
        let new = self.path.join(format!("{name}.new"));
        // One that a crash left may have other permissions.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, self.path.join(name))?;
        File::open(&self.path)?.sync_all()
    }
}

/// `node-7`
pub(super) fn name_of(number: u32) -> String {
    format!("node-{number}")
}

/// The number in `node-7`.
pub(super) fn number_of(name: &str) -> Option<u32> {
    let number = name.strip_prefix("node-")?.parse().ok()?;
    (name_of(number) == name).then_some(number)
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn open(path: &Path) -> Result<Home, Error> {
        Home::open(path, Language::English)
    }

    #[test]
    fn a_directory_has_one_up_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = open(folder.path()).expect("nobody uses it");
        assert!(
            matches!(open(folder.path()), Err(Error::Failed(text)) if text.contains("another"))
        );
        drop(first);
        assert!(open(folder.path()).is_ok());
    }

    #[test]
    fn the_secret_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = open(folder.path()).expect("nobody uses it");
        let path = home.secret(Language::English).expect("it is written");
        let first = fs::read_to_string(&path).expect("it is there");
        let mode = fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(first.trim().parse::<ClusterSecret>().is_ok());
        home.secret(Language::English).expect("it is there");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), first);
    }

    #[test]
    fn folders_of_nodes_are_known_by_their_names() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = open(folder.path()).expect("nobody uses it");
        for name in ["node-10", "node-2", "node-02", "node-", "nodes", "node-x"] {
            fs::create_dir(folder.path().join(name)).expect("it is new");
        }
        let names: Vec<String> = home.nodes().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["node-2", "node-10"]);
    }
}
