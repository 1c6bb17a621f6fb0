//! A client of one cluster, with the thread that its connections live on.

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use futures::future::join_all;
use hdfs_native::{Client, ClientBuilder, HdfsError};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;

use super::trouble;
use crate::{Error, HdfsSettings, Trouble};

/// For a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// For one answer of a name node, looking for the one that is active included.
pub(super) const ANSWER: Duration = Duration::from_secs(30);
/// How often a name node that cannot be reached is asked again, the others of its cluster in between.
const ROUNDS: usize = 3;
/// Name nodes that a name service has, when it is not known how many.
const FEW: usize = 3;
/// What name nodes that are named one by one are called together.
const TOGETHER: &str = "named-by-the-link";

/// One cluster.
pub(super) struct Cluster {
    pub client: Client,
    /// For people: where the files are.
    pub place: String,
    _background: Background,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// What the client starts lives here: once it has written a file it looks after leases and pipelines for ever, and ends only
/// with this.
struct Background(Option<Runtime>);

impl Background {
    fn start() -> io::Result<(Self, Handle)> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("hdfs")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok((Self(Some(runtime)), handle))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Cluster {
    /// Name nodes that are named with their ports are looked for at once; those of a name service when they are asked.
    pub(super) async fn connect(settings: &HdfsSettings) -> Result<Self, Error> {
        let place = format!("HDFS at hdfs://{}", settings.name_nodes.join(","));
        let mut addresses = settings.name_nodes.clone();
        if let [name] = settings.name_nodes.as_slice()
            && !has_port(name)
        {
            if let Some(cluster) = Self::build(settings, &place, Vec::new()).await? {
                return Ok(cluster);
            }
            addresses = vec![format!("{name}:{}", HdfsSettings::PORT)];
        }
        let there = reachable(&addresses, &place).await.map_err(|mut error| {
            if addresses != settings.name_nodes {
                error.message.push_str(
                    " (no cluster's settings in conf-dir or HADOOP_CONF_DIR know it as a name service)",
                );
            }
            error
        })?;
        let built = Self::build(settings, &place, there).await?;
        built.ok_or_else(|| Error::new(Trouble::Settings, format!("cannot use {place}")))
    }

    /// Without `addresses`, of the name service; nothing when the cluster's settings know of none.
    async fn build(
        settings: &HdfsSettings,
        place: &str,
        addresses: Vec<String>,
    ) -> Result<Option<Self>, Error> {
        let cannot = |why: &dyn fmt::Display| {
            Error::new(Trouble::Settings, format!("cannot use {place}: {why}"))
        };
        let (background, handle) = Background::start().map_err(|error| cannot(&error))?;
        let conf_dir = settings.conf_dir.as_deref();
        if let Some(missing) = conf_dir.filter(|directory| !directory.is_dir()) {
            let why = format!("{} is no directory; see to conf-dir", missing.display());
            return Err(cannot(&why));
        }
        let builder = builder(settings, &addresses).with_io_runtime(handle);
        // It reads files, and may look up names.
        match tokio::task::spawn_blocking(move || builder.build()).await {
            Ok(Ok(client)) => Ok(Some(Self {
                client,
                place: place.to_owned(),
                _background: background,
            })),
            Ok(Err(HdfsError::InvalidArgument(_))) if addresses.is_empty() => Ok(None),
            Ok(Err(error)) => Err(cannot(&format!(
                "{error}; see to the cluster's core-site.xml and hdfs-site.xml"
            ))),
            Err(broken) => Err(cannot(&broken)),
        }
    }

    /// Waits for an answer, for no longer than `limit`.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        tried: &str,
        asked: impl Future<Output = hdfs_native::Result<T>> + Send,
    ) -> Result<T, Error> {
        match timeout(limit, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(trouble::error(&error, tried, &self.place)),
            Err(_late) => {
                let message = format!(
                    "cannot {tried} {}: it does not answer within {} s",
                    self.place,
                    limit.as_secs()
                );
                Err(Error::new(Trouble::Unreachable, message))
            }
        }
    }

    /// What is asked for makes no sense there.
    pub(super) fn wrong(&self, tried: &str, why: &str) -> Error {
        Error::new(
            Trouble::Settings,
            format!("cannot {tried} {}: {why}", self.place),
        )
    }
}

fn builder(settings: &HdfsSettings, addresses: &[String]) -> ClientBuilder {
    let mut url = match addresses {
        [] => settings.name_nodes.concat(),
        [one] => one.clone(),
        _ => TOGETHER.to_owned(),
    };
    url.insert_str(0, "hdfs://");
    let attempts = match addresses.len() {
        1 => ROUNDS,
        several => ROUNDS * several.max(FEW),
    };
    let known = [
        ("max.attempts", attempts.to_string()),
        // Milliseconds; each wait is twice the one before.
        ("sleep.base.millis", "200".to_owned()),
        ("sleep.max.millis", "5000".to_owned()),
    ];
    let mut known = known
        .map(|(name, value)| (format!("dfs.client.failover.{name}"), value))
        .to_vec();
    if addresses.len() > 1 {
        let names: Vec<String> = (0..addresses.len()).map(|at| format!("n{at}")).collect();
        known.push((format!("dfs.ha.namenodes.{TOGETHER}"), names.join(",")));
        for (name, address) in names.iter().zip(addresses) {
            let key = format!("dfs.namenode.rpc-address.{TOGETHER}.{name}");
            known.push((key, address.clone()));
        }
    }
    let mut builder = ClientBuilder::new().with_url(url).with_config(known);
    if let Some(user) = &settings.user {
        builder = builder.with_user(user);
    }
    if let Some(directory) = &settings.conf_dir {
        builder = builder.with_config_dir(directory.to_string_lossy());
    }
    builder
}

/// Those that take a connection. The client itself would wait for one that is switched off as long as the operating system
/// does, minutes, before it asks the next.
async fn reachable(addresses: &[String], place: &str) -> Result<Vec<String>, Error> {
    let looked = join_all(addresses.iter().map(|address| async move {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(_connected)) => Ok(address.clone()),
            Ok(Err(error)) => Err(format!("{address}: {error}")),
            Err(_late) => Err(format!("{address} does not answer")),
        }
    }));
    let (there, missing): (Vec<_>, Vec<_>) = looked.await.into_iter().partition(Result::is_ok);
    if there.is_empty() {
        let why: Vec<String> = missing.into_iter().filter_map(Result::err).collect();
        let message = format!("cannot reach {place}: {}", why.join("; "));
        return Err(Error::new(Trouble::Unreachable, message));
    }
    Ok(there.into_iter().flatten().collect())
}

fn has_port(name: &str) -> bool {
    name.rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}
