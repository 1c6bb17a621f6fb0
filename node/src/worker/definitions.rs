//! Definitions for attempts that another node dispatched: read from the store, parsed once, substituted once a run.

use std::collections::{BTreeMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use peerflow_model::{ContentHash, RunId};
use peerflow_store::{Error, Store};
use peerflow_workflow::{Document, LogicalTime, Workflow, WorkflowDocument};
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};

/// Documents kept.
const DOCUMENTS: usize = 64;
/// Workflows of runs kept.
const RUNS: usize = 256;
/// How long one read may take, and how often a read that fails is tried.
const READ_PATIENCE: Duration = Duration::from_secs(2);
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// Why an attempt cannot begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// The store is away: another try may fare better.
    #[error("its definition cannot be read from the store: {0}")]
    Away(String),
    /// It will not be better next time.
    #[error("{0}")]
    Unfit(String),
}

/// Definitions read lately. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Definitions {
    store: Arc<dyn Store>,
    documents: Arc<Mutex<Kept<ContentHash, WorkflowDocument>>>,
    runs: Arc<Mutex<Kept<Substituted, Arc<Workflow>>>>,
}

/// What a substituted workflow is known by: a store that went back may give the same run another definition.
type Substituted = (RunId, ContentHash);

impl Definitions {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            documents: Arc::new(Mutex::new(Kept::new(DOCUMENTS))),
            runs: Arc::new(Mutex::new(Kept::new(RUNS))),
        }
    }

    /// The workflow of a run, parameters substituted. Who asks while another reads the same waits for that one.
    pub(super) async fn workflow(
        &self,
        definition: ContentHash,
        run: &RunId,
        params: &BTreeMap<String, String>,
        time: &LogicalTime,
    ) -> Result<Arc<Workflow>, Unreadable> {
        let cell = lock(&self.runs).cell(&(run.clone(), definition));
        let workflow = cell.get_or_try_init(|| async {
            let document = self.document(definition).await?;
            document
                .resolve_shared(params, time)
                .map_err(|error| Unreadable::Unfit(error.to_string()))
        });
        workflow.await.cloned()
    }

    async fn document(&self, hash: ContentHash) -> Result<WorkflowDocument, Unreadable> {
        let cell = lock(&self.documents).cell(&hash);
        let document = cell.get_or_try_init(|| async {
            let xml = self.read(hash).await?.ok_or_else(|| {
                Unreadable::Unfit("its definition is not in the store any more".to_owned())
            })?;
            match Document::parse(&xml) {
                Ok((Document::Workflow(document), _warnings)) => Ok(document),
                Ok((Document::Coordinator(_), _)) => Err(Unreadable::Unfit(
                    "its definition is a coordinator, not a workflow".to_owned(),
                )),
                Err(diagnostics) => Err(Unreadable::Unfit(format!(
                    "its definition is refused by this node's version of peerflow: {diagnostics}"
                ))),
            }
        });
        document.await.cloned()
    }

    async fn read(&self, hash: ContentHash) -> Result<Option<Arc<str>>, Unreadable> {
        let mut problem = String::new();
        for _ in 0..TRIES {
            match timeout(READ_PATIENCE, self.store.definition(hash)).await {
                Ok(Ok(found)) => return Ok(found.map(|definition| definition.xml)),
                Ok(Err(error @ Error::Corrupt { .. })) => {
                    return Err(Unreadable::Unfit(error.to_string()));
                }
                Ok(Err(error)) => problem = error.to_string(),
                Err(_elapsed) => "it does not answer in time".clone_into(&mut problem),
            }
            sleep(PAUSE).await;
        }
        Err(Unreadable::Away(problem))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was read lately, the oldest leaving first.
#[derive(Debug)]
struct Kept<K, V> {
    limit: usize,
    cells: BTreeMap<K, Arc<OnceCell<V>>>,
    order: VecDeque<K>,
}

impl<K: Ord + Clone + Hash, V> Kept<K, V> {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            cells: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }

    fn cell(&mut self, key: &K) -> Arc<OnceCell<V>> {
        if let Some(cell) = self.cells.get(key) {
            return Arc::clone(cell);
        }
        while self.cells.len() >= self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.cells.remove(&oldest);
        }
        let cell = Arc::new(OnceCell::new());
        self.cells.insert(key.clone(), Arc::clone(&cell));
        self.order.push_back(key.clone());
        cell
    }
}
