//! Files that belong to workflows: their content in the store, and where paths are looked up on this node.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use peerflow_actions::{Files, Task};
use peerflow_model::{ContentHash, NodeId};
use peerflow_store::{Error, Store};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

/// How long it may take to learn where a document lies.
const READ_PATIENCE: Duration = Duration::from_secs(30);

/// Brings files of workflows to tasks.
#[derive(Debug)]
pub(crate) struct StoredFiles {
    store: Arc<dyn Store>,
    node: NodeId,
    /// Where workflow documents lie on this node.
    workflow_dir: Option<PathBuf>,
}

impl StoredFiles {
    pub(crate) fn new(store: Arc<dyn Store>, node: NodeId, workflow_dir: Option<PathBuf>) -> Self {
        Self {
            store,
            node,
            workflow_dir,
        }
    }

    /// The folder of the workflow's document, where this node's loader has offered it: the very document that `task`
    /// goes by, or the one that is registered now. Without it, the workflow folder.
    async fn folder(&self, task: &Task) -> Result<Option<PathBuf>, Error> {
        let Some(root) = &self.workflow_dir else {
            return Ok(None);
        };
        let offers = self.store.offers(self.node.as_str()).await?;
        let beside = |text: ContentHash| {
            let (path, _) = offers.iter().find(|(_, offered)| *offered == text)?;
            root.join(path).parent().map(Path::to_owned)
        };
        let text = |xml: &str| ContentHash::of(xml.as_bytes());
        // A definition without files is known by its text alone.
        let mut found = beside(task.definition);
        if found.is_none() && !offers.is_empty() {
            let definition = self.store.definition(task.definition).await?;
            found = definition.and_then(|definition| beside(text(&definition.xml)));
        }
        if found.is_none() && !offers.is_empty() {
            let registered = self.store.workflow(task.workflow.name.as_str()).await?;
            found = registered.and_then(|record| beside(text(&record.xml)));
        }
        Ok(Some(found.unwrap_or_else(|| root.clone())))
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

    async fn find(&self, task: &Task, path: &str) -> Result<Option<PathBuf>, String> {
        let folder = match tokio::time::timeout(READ_PATIENCE, self.folder(task)).await {
            Ok(Ok(folder)) => folder,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_elapsed) => return Err("the store does not answer in time".to_owned()),
        };
        let (path, root) = (path.to_owned(), self.workflow_dir.clone());
        let found =
            tokio::task::spawn_blocking(move || locate(&path, folder.as_deref(), root.as_deref()))
                .await;
        Ok(found.ok().flatten())
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

    use peerflow_model::{AttemptId, Change, Epoch, FileRecord, RunId, VisitId, WorkflowRecord};
    use peerflow_store::{Fence, LeaseClaim, LeaseStore, MemoryStore, RunStore};
    use peerflow_workflow::{Document, LogicalTime, StepIndex};

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

    /// A task of workflow `w` by the definition of this hash.
    fn task(definition: ContentHash) -> Task {
        let xml =
            r#"<work-flow name="w"><start name="start" to="end"/><end name="end"/></work-flow>"#;
        let Ok((Document::Workflow(document), _)) = Document::parse(xml) else {
            panic!("a workflow");
        };
        let time = LogicalTime {
            instant: jiff::Timestamp::UNIX_EPOCH,
            zone: jiff::tz::TimeZone::UTC,
        };
        let workflow = document.resolve_shared(&Default::default(), &time);
        let run = RunId {
            instance: "i".into(),
            run: 1,
        };
        let visit = VisitId {
            run,
            step: "a".into(),
            visit: 1,
        };
        Task {
            attempt: AttemptId { visit, attempt: 1 },
            workflow: workflow.expect("it has no parameters"),
            step: StepIndex(0),
            params: Arc::default(),
            logical_time: time,
            timeout: None,
            definition,
            files: Arc::from([]),
        }
    }

    /// `xml` of workflow `w` with a snapshotted file, registered.
    fn definition(xml: &str) -> WorkflowRecord {
        let files = vec![FileRecord {
            path: "snapshotted".to_owned(),
            hash: ContentHash::of(b"x"),
            size: 1,
            executable: false,
        }];
        WorkflowRecord {
            name: "w".into(),
            xml: xml.into(),
            hash: ContentHash::of_definition(xml, &files),
            dir: String::new(),
            creator: String::new(),
            description: String::new(),
            files,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn a_path_known_only_at_run_time_is_looked_up_beside_the_document() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("xml");
        fs::create_dir_all(root.join("own")).unwrap();
        fs::create_dir_all(root.join("other")).unwrap();
        for folder in ["own", "other"] {
            fs::write(root.join(folder).join("x.sh"), "").unwrap();
        }
        fs::write(root.join("above.sh"), "").unwrap();
        let store = Arc::new(MemoryStore::new(jiff::Timestamp::UNIX_EPOCH));
        let claim = LeaseClaim {
            holder: "n1".into(),
            ttl: Duration::from_secs(60),
            seen: Epoch(0).into(),
            succeeds_itself: false,
        };
        let lease = store.acquire(&claim).await.unwrap().granted().unwrap();
        let offer = |path: &str, text: &str| Change::PutOffer {
            node: "n1".to_owned(),
            path: path.to_owned(),
            hash: ContentHash::of(text.as_bytes()),
        };
        let (former, present) = (definition("<former/>"), definition("<present/>"));
        // The former document stays known as long as an instance goes by it.
        let changes = [
            offer("other/v.xml", "<another/>"),
            offer("own/w.xml", "<present/>"),
            Change::PutWorkflow(former.clone()),
            Change::PutWorkflow(present.clone()),
        ];
        let fence = Fence {
            holder: lease.holder,
            epoch: lease.epoch,
            commit_seq: lease.commit_seq,
        };
        store.commit(&fence, &changes).await.unwrap();
        let files = |node: &str| StoredFiles::new(store.clone(), node.into(), Some(root.clone()));
        for hash in [former.hash, present.hash] {
            let task = task(hash);
            let beside = files("n1").find(&task, "x.sh").await;
            assert_eq!(beside, Ok(Some(root.join("own/x.sh"))));
            let above = files("n1").find(&task, "above.sh").await;
            assert_eq!(above, Ok(Some(root.join("above.sh"))));
            let elsewhere = files("n2").find(&task, "x.sh").await;
            assert_eq!(elsewhere, Ok(None), "n2 has not loaded it");
        }
    }
}
