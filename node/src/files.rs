//! Files that belong to workflows: their content in the store, and where paths are looked up on this node.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use peerflow_actions::Files;
use peerflow_model::ContentHash;
use peerflow_store::Store;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

/// Brings files of workflows to tasks.
#[derive(Debug)]
pub(crate) struct StoredFiles {
    store: Arc<dyn Store>,
    /// Where workflow documents lie on this node.
    workflow_dir: Option<PathBuf>,
}

impl StoredFiles {
    pub(crate) fn new(store: Arc<dyn Store>, workflow_dir: Option<PathBuf>) -> Self {
        Self {
            store,
            workflow_dir,
        }
    }

    async fn copy(&self, hash: ContentHash, to: &Path) -> Result<(), String> {
        let unwritable = |error: std::io::Error| format!("cannot write {}: {error}", to.display());
        let mut file = tokio::fs::File::create_new(to).await.map_err(unwritable)?;
        let mut digest = Sha256::new();
        for number in 0.. {
            let chunk = self.store.file_chunk(hash, number).await;
            let Some(chunk) =
                chunk.map_err(|error| format!("cannot read a file of the workflow: {error}"))?
            else {
                break;
            };
            digest.update(&chunk);
            file.write_all(&chunk).await.map_err(unwritable)?;
        }
        file.flush().await.map_err(unwritable)?;
        if ContentHash(digest.finalize().into()) == hash {
            Ok(())
        } else {
            Err(format!(
                "the store does not hold the whole file {hash}; register the workflow again with its files"
            ))
        }
    }
}

#[async_trait]
impl Files for StoredFiles {
    async fn fetch(&self, hash: ContentHash, to: &Path) -> Result<(), String> {
        self.copy(hash, to).await
    }

    async fn find(&self, path: &str) -> Option<PathBuf> {
        let folder = self.workflow_dir.clone();
        let path = path.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            locate(&path, folder.as_deref(), folder.as_deref())
        })
        .await;
        found.ok().flatten()
    }
}

/// The file that `path` means: itself when it is absolute, else looked up in `folder`, its parents up to
/// `workflow_dir`, then the working directory.
pub(crate) fn locate(
    path: &str,
    folder: Option<&Path>,
    workflow_dir: Option<&Path>,
) -> Option<PathBuf> {
    let wanted = Path::new(path);
    if wanted.is_absolute() {
        return wanted.is_file().then(|| wanted.to_owned());
    }
    let inside = |folder: &&Path| workflow_dir.is_none_or(|dir| folder.starts_with(dir));
    let folders = folder
        .into_iter()
        .flat_map(Path::ancestors)
        .take_while(inside);
    let mut places: Vec<PathBuf> = folders.map(Path::to_owned).collect();
    places.extend(std::env::current_dir());
    places
        .into_iter()
        .map(|place| place.join(wanted))
        .find(|place| place.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_nearest_folder_wins_and_nothing_above_the_workflow_folder_is_tried() {
        let dir = tempfile::tempdir().unwrap();
        let (root, deep) = (dir.path().join("xml"), dir.path().join("xml/a/b"));
        fs::create_dir_all(&deep).unwrap();
        let find = |path: &str| locate(path, Some(&deep), Some(&root));
        fs::write(dir.path().join("x.sh"), "").unwrap();
        assert_eq!(find("x.sh"), None);
        fs::write(root.join("x.sh"), "").unwrap();
        assert_eq!(find("x.sh"), Some(root.join("x.sh")));
        fs::write(deep.join("x.sh"), "").unwrap();
        assert_eq!(find("x.sh"), Some(deep.join("x.sh")));
        assert_eq!(find("no.sh"), None);
        let absolute = root.join("x.sh");
        assert_eq!(find(absolute.to_str().unwrap()), Some(absolute));
    }
}
