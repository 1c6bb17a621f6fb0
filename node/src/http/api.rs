//! What the handlers work with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::Settings;
use peerflow_store::{Error, Store};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::document::Upstreams;
use super::problem::ApiProblem;
use super::show::Show;
use crate::clock::Clock;
use crate::cluster::ClusterHandle;
use crate::config::format_duration;
use crate::events::EventHub;
use crate::identity::NodeIdentity;
use crate::links::LinkBook;
use crate::logs::LogHub;
use crate::metrics::Metrics;
use crate::scheduler::SchedulerHandle;

/// What the API needs of its node.
#[derive(Clone)]
pub(crate) struct ApiState {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) links: LinkBook,
    pub(crate) scheduler: SchedulerHandle,
    pub(crate) events: EventHub,
    pub(crate) logs: LogHub,
    pub(crate) identity: Arc<NodeIdentity>,
    pub(crate) cluster: ClusterHandle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    /// In force where the store has no setting of that key.
    pub(crate) settings: Settings,
    pub(crate) access: Access,
    /// The node stops: streams end.
    pub(crate) stopping: CancellationToken,
}

impl fmt::Debug for ApiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiState")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// Requests that may be under way at once.
const MAX_REQUESTS: usize = 1024;

/// Streams of events and logs that may be followed at once.
const MAX_FOLLOWERS: usize = 256;

/// Uploads of files held in memory at once.
const MAX_UPLOADS: usize = 4;

/// Links tried at once.
const MAX_TRIALS: usize = 16;

/// How long a read of the store may take before the caller is told to come back.
const READ_PATIENCE: Duration = Duration::from_secs(10);

/// How long a write of the store may take before the caller is told to come back.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);

/// Key of the setting that names the cluster's zone.
const TIMEZONE: &str = "node.timezone";

/// The node's side with what the API keeps for itself.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) state: ApiState,
    pub(super) requests: Semaphore,
    pub(super) followers: Arc<Semaphore>,
    pub(super) uploads: Semaphore,
    pub(super) trials: Semaphore,
    pub(super) upstreams: Upstreams,
}

/// How handlers take the API.
pub(super) type Shared = State<Arc<Api>>;

impl Api {
    pub(super) fn new(state: ApiState) -> Self {
        Self {
            state,
            requests: Semaphore::new(MAX_REQUESTS),
            followers: Arc::new(Semaphore::new(MAX_FOLLOWERS)),
            uploads: Semaphore::new(MAX_UPLOADS),
            trials: Semaphore::new(MAX_TRIALS),
            upstreams: Upstreams::default(),
        }
    }

    /// Waits for a call of the store, with a bound.
    pub(super) async fn read<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ApiProblem> {
        match tokio::time::timeout(READ_PATIENCE, call).await {
            Ok(result) => result.map_err(ApiProblem::from),
            Err(_elapsed) => Err(ApiProblem::store_unavailable(
                "the store did not answer in time; try again in a moment",
            )),
        }
    }

    /// Waits for a write of the store, with a bound that suits large files.
    pub(super) async fn write<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ApiProblem> {
        match tokio::time::timeout(WRITE_PATIENCE, call).await {
            Ok(result) => result.map_err(ApiProblem::from),
            Err(_elapsed) => Err(ApiProblem::store_unavailable(
                "the store did not take it in time; try again in a moment",
            )),
        }
    }

    /// The present instant.
    pub(super) fn now(&self) -> Timestamp {
        self.state.clock.now()
    }

    /// Cluster-wide settings by key, the store's before this node's own.
    pub(super) async fn settings(&self) -> Result<BTreeMap<String, String>, ApiProblem> {
        let own = &self.state.settings;
        let mut settings = BTreeMap::from([
            (TIMEZONE.to_owned(), own.timezone.clone()),
            ("cron_runner.reset".to_owned(), own.reset.clone()),
            ("cron_runner.plan".to_owned(), own.plan.clone()),
            (
                "email.node_retry_fail_times".to_owned(),
                own.node_retry_fail_times.to_string(),
            ),
            ("worker.lease".to_owned(), format_duration(own.worker_lease)),
        ]);
        let stored = self.read(self.state.store.settings()).await?.into_iter();
        settings.extend(stored.filter(|(key, _)| key != Settings::LONGEST_LEASE));
        Ok(settings)
    }

    /// Shows records with the times of the cluster's zone.
    pub(super) async fn show(&self) -> Result<Show, ApiProblem> {
        let stored = self.read(self.state.store.settings()).await?;
        let name = stored
            .into_iter()
            .find(|(key, _)| key == TIMEZONE)
            .map_or_else(|| self.state.settings.timezone.clone(), |(_, value)| value);
        Ok(in_zone(name))
    }

    /// Shows records with the times of the zone that this node was configured with, for when the store cannot be asked.
    pub(super) fn own_show(&self) -> Show {
        in_zone(self.state.settings.timezone.clone())
    }
}

fn in_zone(name: String) -> Show {
    Show::new(TimeZone::get(&name).unwrap_or(TimeZone::UTC), name)
}
